import { canonicalJson, isObject, type Json, parseJson, pick } from '../../base/json.ts';
import { remembered } from '../../base/remembered.ts';
import type { ProxyLogLevel } from '../../filter/settings.ts';
import { MOUNT_ANNOTATIONS, type MountAnnotation } from './names.ts';

/** What is recorded of one filter on a workload. */
export interface FilterState {
  readonly revision: string;
  /** The last good revision before this one, to go back to; omitted when there was none. */
  readonly previous?: string;
  /** The same in records of versions that kept in `previous` what was there directly before, also where that never was good. */
  readonly fallback?: string;
  /** The run that set the revision. */
  readonly run: string;
  /** When that run started, as `toISOString` writes it; absent in records of versions that did not keep it. */
  readonly started?: string;
  /** The image that it came from, as `formatSource` writes it; absent for what came from no registry, and in records of versions that did not keep it. */
  readonly source?: string;
  /** With `source`: the digest of the filter as it was delivered. */
  readonly digest?: string;
  /** ISO 8601; when `sweep` may remove the filter. Absent: never. */
  readonly expires?: string;
  /** From which level on the pods' proxies log what filters say; absent where the revision does not ask for one. */
  readonly logLevel?: ProxyLogLevel;
}

/** The state of every filter on a workload, by the filter's name. */
export type WorkloadState = Readonly<Record<string, FilterState>>;

/** What annotations without entries looked like before the first entry of this action, by annotation. */
export type EmptyLists = Readonly<Partial<Record<MountAnnotation, string>>>;

/** What the annotation of log levels was before the first filter wanted one; without a text where there was none. */
export interface LogLevelBefore {
  readonly text?: string;
}

/** What of a pod template comes back to the letter once the last filter goes. */
export interface RememberedTexts {
  readonly emptyLists?: EmptyLists;
  /** Omitted where no filter wants a level. */
  readonly logLevel?: LogLevelBefore;
}

/** Where the state annotation remembers them; no filter has a name with a capital letter. */
const EMPTY_LISTS = 'emptyLists';
const LOG_LEVEL = 'logLevel';

/** Reads the state annotation. An absent or damaged one counts as empty: the next deploy writes it anew. */
export function parseState(annotation: string | undefined): WorkloadState {
  return annotation === undefined ? {} : readState(annotation);
}

/** It is asked for each filter of a workload, one workload after the other. */
const readState = remembered(
  (annotation): WorkloadState =>
    Object.fromEntries(
      Object.entries(parseObject(annotation)).filter(
        (entry): entry is [string, FilterState & Record<string, unknown>] => isFilterState(entry[1]),
      ),
    ),
  16,
);

/** The lists of the pod template's annotations that had no entries before ours, as the state annotation remembers them. */
export function parseEmptyLists(annotation: string | undefined): EmptyLists {
  const lists = parseObject(annotation)[EMPTY_LISTS];
  return Object.fromEntries(
    MOUNT_ANNOTATIONS.flatMap((key) => {
      const text = pick(lists, key);
      return typeof text === 'string' ? [[key, text]] : [];
    }),
  );
}

/** What the annotation of log levels was, as the state annotation remembers it; `undefined` if nothing of this action is in it. */
export function parseLogLevelBefore(annotation: string | undefined): LogLevelBefore | undefined {
  const before = parseObject(annotation)[LOG_LEVEL];
  if (!isObject(before)) return undefined;
  return typeof before.text === 'string' ? { text: before.text } : {};
}

function parseObject(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = parseJson(text ?? '{}');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isFilterState(value: unknown): value is FilterState {
  return isObject(value) && typeof value.revision === 'string' && typeof value.run === 'string';
}

/** Writes the state annotation; equal states give equal text, and the state of no filter none. */
export function formatState(
  state: WorkloadState,
  { emptyLists = {}, logLevel }: RememberedTexts = {},
): string | undefined {
  if (Object.keys(state).length === 0) return undefined;
  const lists = Object.keys(emptyLists).length === 0 ? {} : { [EMPTY_LISTS]: emptyLists };
  const level = logLevel === undefined ? {} : { [LOG_LEVEL]: logLevel };
  return canonicalJson({ ...state, ...lists, ...level } as unknown as Json);
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
