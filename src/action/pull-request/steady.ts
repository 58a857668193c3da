import type { Report } from '../../deploy/report/report.ts';

/** What of a report is different in each run, though nothing else is. */
const TIMES = new Set(['durationMs', 'started', 'times', 'requests']);

/**
 * Returns a report without when things were, how long they took, and how often the API server was asked: runs that found and did the
 * same have equal ones.
 */
export function withoutTimes(report: Report): Report {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !TIMES.has(key))
        .map(([key, inner]) => [key, key === 'cause' ? inner : walk(inner)]),
    );
  };
  return { ...(walk(report) as Report), started: '', durationMs: 0, requests: { reads: 0, writes: 0 } };
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
