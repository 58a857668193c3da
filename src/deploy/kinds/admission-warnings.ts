/** Istio says this to every EnvoyFilter write; it tells the user of this action nothing. */
const USUAL_WARNING = /EnvoyFilter exposes internal implementation details/;

/** Keeps the admission warnings that tell something. */
export function keepWarnings(from: readonly string[], into: Set<string>): void {
  for (const warning of from) if (!USUAL_WARNING.test(warning)) into.add(warning);
}
