import { canonicalJson, isObject, type Json } from '../base/json.ts';

/** What is recorded of one filter on a workload. */
export interface FilterState {
  readonly revision: string;
  /** The revision before this one, to go back to; absent when there was none. */
  readonly previous?: string;
  /** The run that set the revision. */
  readonly run: string;
  /** ISO 8601; when `sweep` may remove the filter. Absent: never. */
  readonly expires?: string;
}

/** The state of every filter on a workload, by the filter's name. */
export type WorkloadState = Readonly<Record<string, FilterState>>;

/** Reads the state annotation. An absent or damaged one counts as empty: the next deploy writes it anew. */
export function parseState(annotation: string | undefined): WorkloadState {
  let value: unknown;
  try {
    value = JSON.parse(annotation ?? '{}');
  } catch {
    return {};
  }
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, FilterState & Record<string, unknown>] =>
      isFilterState(entry[1]),
    ),
  );
}

function isFilterState(value: unknown): value is FilterState {
  return isObject(value) && typeof value.revision === 'string' && typeof value.run === 'string';
}

/** Writes the state annotation; equal states give equal text, and the state of no filter none. */
export function formatState(state: WorkloadState): string | undefined {
  return Object.keys(state).length === 0 ? undefined : canonicalJson(state as unknown as Json);
}

/** The state with filters taken out of it. */
export function withoutFilters(state: WorkloadState, filters: readonly string[]): WorkloadState {
  return Object.fromEntries(Object.entries(state).filter(([filter]) => !filters.includes(filter)));
}

/**
 * When a filter expires that shall stay for `expiresMs` milliseconds from `now`: a time that is recorded stays while more than
 * half of it is left, so that repeated runs do not write all the time.
 */
export function renewExpiry(
  recorded: string | undefined,
  expiresMs: number | undefined,
  now: Date,
): string | undefined {
  if (expiresMs === undefined) return undefined;
  const left = Date.parse(recorded ?? '') - now.getTime();
  if (left > expiresMs / 2 && left <= expiresMs) return recorded;
  return new Date(now.getTime() + expiresMs).toISOString();
}

/** Whether a filter's time is over. */
export function isExpired({ expires }: FilterState, now: Date): boolean {
  return expires !== undefined && Date.parse(expires) <= now.getTime();
}
