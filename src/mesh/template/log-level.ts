import { PROXY_LOG_LEVELS, type ProxyLogLevel } from '../../filter/settings.ts';
import type { LogLevelBefore, WorkloadState } from '../identity/state.ts';

/** Envoy's component that the filters' own lines are logged by (https://www.envoyproxy.io/docs/envoy/latest/operations/cli). */
const COMPONENT = 'wasm';
/** What the injector starts proxies with where nobody sets the annotation; ours takes its place, so it has to say the same. */
const ISTIO_DEFAULT = 'misc:error';

/** The annotation that says at which level a proxy logs, and what it was before this action. */
export interface LogLevelAnnotation {
  /** `undefined`: there is none. */
  readonly text: string | undefined;
  /** `undefined` where nothing of this action is in it. */
  readonly before: LogLevelBefore | undefined;
}

/** Returns the level that the filters of a workload want together, the one that shows most; `undefined` if none wants one. */
export function wantedLogLevel(state: WorkloadState): ProxyLogLevel | undefined {
  const wanted = new Set(Object.values(state).map(({ logLevel }) => logLevel));
  return PROXY_LOG_LEVELS.find((level) => wanted.has(level));
}

/**
 * Returns the value of `sidecar.istio.io/componentLogLevel` with the level that filters want, or as it was before the first of them
 * wanted one. `now` is what is there, `before` what is remembered. What others say of other components stays to the letter, and
 * their own level of this one, too, where it shows more.
 */
export function changeLogLevel(
  now: string | undefined,
  before: LogLevelBefore | undefined,
  wanted: ProxyLogLevel | undefined,
): LogLevelAnnotation {
  if (wanted === undefined) {
    if (before === undefined) return { text: now, before };
    return { text: isAsWritten(now, before) ? before.text : withLevel(now, levelIn(before.text)), before: undefined };
  }
  const known = before ?? { ...(now !== undefined && { text: now }) };
  const base = before === undefined || isAsWritten(now, before) ? known.text : now;
  return { text: withAtLeast(base, wanted), before: known };
}

/** Whether nobody has changed the annotation since this action wrote it. */
function isAsWritten(now: string | undefined, { text }: LogLevelBefore): boolean {
  return PROXY_LOG_LEVELS.some((level) => withAtLeast(text, level) === now);
}

function withAtLeast(text: string | undefined, wanted: ProxyLogLevel): string | undefined {
  const own = levelIn(text);
  return withLevel(text ?? ISTIO_DEFAULT, own !== undefined && verbosity(own) >= verbosity(wanted) ? own : wanted);
}

/** The higher, the more is shown; below 0 for words that Envoy does not know. */
function verbosity(level: string): number {
  const place = (PROXY_LOG_LEVELS as readonly string[]).indexOf(level === 'warn' ? 'warning' : level);
  return place === -1 ? -1 : PROXY_LOG_LEVELS.length - place;
}

/** Envoy takes the last of several entries of one component. */
function levelIn(text: string | undefined): string | undefined {
  return entriesOf(text).filter(isOfWasm).at(-1)?.split(':')[1]?.trim();
}

function withLevel(text: string | undefined, level: string | undefined): string | undefined {
  const entries = entriesOf(text);
  const entry = `${COMPONENT}:${level}`;
  if (level === undefined) return entries.filter((one) => !isOfWasm(one)).join(',') || undefined;
  if (!entries.some(isOfWasm)) return [...entries, entry].join(',');
  return entries.map((one) => (isOfWasm(one) ? (levelIn(one) === level ? one : entry) : one)).join(',');
}

function entriesOf(text: string | undefined): string[] {
  return text === undefined || text.trim() === '' ? [] : text.split(',');
}

function isOfWasm(entry: string): boolean {
  return entry.split(':')[0]?.trim() === COMPONENT;
}
