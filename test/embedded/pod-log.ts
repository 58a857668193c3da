/** The log of a container: since when it is asked for, and what there is of it (kubernetes: pkg/apis/core/validation/validation.go). */
import { stringAt } from './json.ts';
import type { KubeObject } from './objects.ts';
import { forbiddenField, invalid, invalidValue } from './status-error.ts';

/**
 * The time from which on lines are asked for by `sinceTime` or `sinceSeconds`, in milliseconds; undefined when all are.
 * @throws StatusError 422
 */
export function logSince(query: URLSearchParams, now = Date.now()): number | undefined {
  const [time, seconds] = [query.get('sinceTime'), query.get('sinceSeconds')];
  if (time !== null && seconds !== null) {
    throw refused(forbiddenField('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  }
  if (seconds !== null) {
    if (!(Number(seconds) >= 1)) throw refused(invalidValue('sinceSeconds', Number(seconds), 'must be greater than 0'));
    return now - Number(seconds) * 1000;
  }
  if (time === null) return undefined;
  const since = Date.parse(time);
  if (Number.isNaN(since)) throw refused(invalidValue('sinceTime', time, 'must be a time by RFC 3339'));
  return since;
}

/** What the annotation `sim/log` puts into the log of a pod's containers; it counts as written when the pod started. */
export function podLog(pod: KubeObject, query: URLSearchParams): string {
  const since = logSince(query);
  const started = Date.parse(stringAt(pod, 'status', 'startTime') || (pod.metadata.creationTimestamp ?? ''));
  return since === undefined || started >= since ? (pod.metadata.annotations?.['sim/log'] ?? '') : '';
}

function refused(error: ReturnType<typeof invalidValue>): Error {
  return invalid('', 'PodLogOptions', '', [error]);
}
