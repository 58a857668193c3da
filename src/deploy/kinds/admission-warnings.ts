import type { WarningList } from '../../base/warning.ts';
import { isUsualWarning } from '../../mesh/istio-warnings.ts';

/** Returns the admission warnings that tell something, each once. */
export function tellingAdmission(warnings: readonly string[]): string[] {
  return [...new Set(warnings)].filter((warning) => !isUsualWarning(warning));
}

/** Keeps the same among the warnings of a run. */
export function keepAdmission(warnings: readonly string[], into: WarningList): void {
  for (const text of tellingAdmission(warnings)) into.add({ topic: 'Admission warning', text });
}
