import { canonicalJson, isObject, type Json } from '../base/json.ts';

/** What is recorded of one filter on a workload. */
export interface FilterState {
  readonly revision: string;
  /** The revision before this one, to go back to; absent when there was none. */
  readonly previous?: string;
  /** The run that set the revision. */
  readonly run: string;
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

/** Writes the state annotation; equal states give equal text. */
export function formatState(state: WorkloadState): string {
  return canonicalJson(state as unknown as Json);
}
