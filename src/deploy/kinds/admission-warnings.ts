import type { WarningList } from '../../base/warning.ts';

/** Istio says this to every EnvoyFilter write; it tells the user of this action nothing. */
const USUAL_WARNING = /EnvoyFilter exposes internal implementation details/;

/** Returns the admission warnings that tell something, each once. */
export function tellingAdmission(warnings: readonly string[]): string[] {
  return [...new Set(warnings)].filter((warning) => !USUAL_WARNING.test(warning));
}

/** Keeps the same among the warnings of a run. */
export function keepAdmission(warnings: readonly string[], into: WarningList): void {
  for (const text of tellingAdmission(warnings)) into.add({ topic: 'Admission warning', text });
}
