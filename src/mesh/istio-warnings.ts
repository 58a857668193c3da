/**
 * What Istio's webhook says to every write of an EnvoyFilter; a warning of admission is text and nothing else (istio
 * pkg/config/validation).
 */
const OF_EVERY_ENVOY_FILTER = 'EnvoyFilter exposes internal implementation details';

/** Whether a warning says nothing of the object that was written, since Istio gives it to all of its kind. */
export function isUsualWarning(warning: string): boolean {
  return warning.includes(OF_EVERY_ENVOY_FILTER);
}
