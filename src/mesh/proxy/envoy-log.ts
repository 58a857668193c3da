import { defined } from '../../base/defined.ts';
import { listWords, truncate } from '../../base/text.ts';
import { missesRootId } from '../../filter/compatibility/root-id.ts';
import type { WrittenFilter } from '../../filter/written.ts';
import { CAUSES, type EnvoyCause, TRAP_REMEDY } from './envoy-causes.ts';
import { findFailedPull } from './failed-pull.ts';
import { findFilterWords, findLastStartWords, MAX_SAID } from './filter-words.ts';
import { ownStarts } from './own-starts.ts';
import {
  type CarriedFilter,
  type carriedFilters,
  filtersAmong,
  foreignRemedy,
  isOneOf,
  type LogIds,
  type OwnFilter,
  ownAmong,
  refusedIn,
  siblingRemedy,
} from './refused-filter.ts';
import { findStartTrap } from './start-trap.ts';

/** The reason for which Envoy rejected the filter, or never got it. */
export interface EnvoyReason {
  /** Who says so, if not Envoy. */
  readonly by?: 'istio-agent';
  readonly reason: string;
  readonly remedy: string;
  /** The filter's own first word at level error or critical, else its last one before it failed to start. */
  readonly filterSaid?: string;
  /** Which of the filters of this run Envoy rejects; omitted where there is one only, or nobody knows. */
  readonly rejected?: string;
  /** Set where it is not our filter that Envoy rejects. */
  readonly foreign?: ForeignFilter;
}

/** A filter that the run is not about and that Envoy rejects, so that no pod which starts becomes ready. */
export interface ForeignFilter {
  /** Its file or the name of its plugin, as Envoy has it. */
  readonly refused: string;
  /** The filters that the run is about, which have nothing to do with it. */
  readonly ours: readonly string[];
  /** What inserts it, `EnvoyFilter shop/waf`; omitted when nobody could see that. */
  readonly filterResource?: string;
  /** Which filter of this action it is, as the pod carries it; omitted when it is somebody else's. */
  readonly sibling?: CarriedFilter;
}

/** What the filter itself has said, which tells most, and what Envoy says; whose filter it is about if not ours. A clause. */
export function describeReason({
  reason,
  filterSaid,
  foreign,
  rejected,
}: Omit<EnvoyReason, 'remedy' | 'rejected'> & { readonly rejected?: string | undefined }): string {
  const said = filterSaid === undefined ? reason : `the filter said: ${filterSaid} (${reason})`;
  if (foreign === undefined) return rejected === undefined ? said : `Envoy rejects ${rejected}: ${said}`;
  return `${rejectsAnother(foreign)}: ${said}${foreign.filterResource === undefined ? '' : ` (${foreign.filterResource})`}`;
}

/** `Envoy rejects another filter, not add-header`, or `… another filter of this action (auth 0123456789), not add-header`. */
export function rejectsAnother({ ours, sibling }: Pick<ForeignFilter, 'ours' | 'sibling'>): string {
  const whose = sibling === undefined ? '' : ` of this action (${sibling.filter} ${sibling.revision})`;
  return `Envoy rejects another filter${whose}${ours.length === 0 ? '' : `, not ${listWords(ours)}`}`;
}

/** The same refusal, with what inserts the filter of others. */
export function insertedBy(
  reason: EnvoyReason,
  foreign: ForeignFilter,
  filterResource: string | undefined,
): EnvoyReason {
  if (filterResource === undefined) return reason;
  return { ...reason, foreign: { ...foreign, filterResource }, remedy: foreignRemedy(foreign.refused, filterResource) };
}

/** What tells one WasmPlugin's trouble from another's in a proxy's log. */
export interface PluginNames {
  /** `NAMESPACE.NAME` of the WasmPlugin. */
  readonly plugin: string;
  /** Absent where it was pulled: then what the log says of earlier tries does not matter. */
  readonly image?: string;
  /** Set where the WasmPlugin is replaced in place: what the log says of an earlier one does not matter. By the proxy's clock. */
  readonly since?: Date;
  /** What its lines begin with; omitted where its settings are not known. */
  readonly ids?: LogIds;
  /** Omitted as `ids` is. */
  readonly written?: WrittenFilter;
}

/** The time that Envoy and istio-agent begin their lines with. */
const LINE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/;

/** The lines of a log from a time on, with those that go on with one of them. */
export function logSince(log: string, since: Date | undefined): string {
  if (since === undefined) return log;
  const lines = log.split('\n');
  const first = lines.findIndex((line) => {
    const time = LINE_TIME.exec(line)?.[0];
    return time !== undefined && Date.parse(time) >= since.getTime();
  });
  return first === -1 ? '' : lines.slice(first).join('\n');
}

/**
 * Finds in a proxy's log why a WasmPlugin does not run there: istio-agent could not pull its image (istio pkg/wasm/convert.go),
 * or Envoy rejected the module. A pod becomes ready all the same.
 */
export function findPluginReason(
  log: string,
  { plugin, image, ids, written }: Omit<PluginNames, 'since'>,
): EnvoyReason | undefined {
  const pull = image === undefined ? undefined : findFailedPull(log, plugin, image, written);
  if (pull !== undefined) return { by: 'istio-agent', ...pull };
  const refused = [...log.matchAll(/Unable to create Wasm (?:HTTP filter|plugin) ([^\s~]+)/g)];
  return refused.some(([, name]) => name === plugin)
    ? findEnvoyReason(ownStarts(log, [{ name: plugin }]), [{ name: plugin, ...defined({ ids, written }) }])
    : undefined;
}

/**
 * Finds in a proxy's log why Envoy rejects its listeners, and whether that is about one of the filters asked for, about another
 * one of this action that the pod carries, or about one of somebody else's. `undefined` if the log says nothing of that kind.
 */
export function findReasonFor(
  log: string,
  asked: readonly OwnFilter[],
  carried: ReturnType<typeof carriedFilters> = [],
): EnvoyReason | undefined {
  const names = new Set(asked.map(({ name }) => name));
  const own = [...asked, ...carried.flatMap((one) => (names.has(one.filter) ? one.own : []))];
  const refused = refusedIn(log);
  const [other] = refused.filter((one) => !isOneOf(one, own));
  if (other === undefined || refused.some((one) => isOneOf(one, own))) return findOwnReason(ownStarts(log, own), asked);
  const about = [{ name: other }];
  const found = refusesListener(log, other) ? findEnvoyReason(ownStarts(log, about), about) : undefined;
  if (found === undefined) return undefined;
  const ours = [...new Set(asked.filter(({ name }) => !name.includes('.')).map(({ name }) => name))];
  const sibling = carried.find((one) => isOneOf(other, one.own));
  if (sibling === undefined) {
    return { ...found, remedy: foreignRemedy(other, undefined), foreign: { refused: other, ours } };
  }
  const { filter, revision } = sibling;
  return {
    ...found,
    remedy: siblingRemedy(sibling),
    foreign: { refused: other, ours, sibling: { filter, revision } },
  };
}

/** The reason with the one of several filters that Envoy names, or else with the one whose words are quoted. */
function findOwnReason(log: string, asked: readonly OwnFilter[]): EnvoyReason | undefined {
  if (filtersAmong(asked).length < 2) return findEnvoyReason(log, asked);
  const named = ownAmong(refusedIn(log), asked);
  const found = named === undefined ? findCause(log, asked) : undefined;
  const [speaking, ...others] = found?.saidBy ?? [];
  const rejected = named ?? (others.length === 0 ? speaking : undefined);
  if (rejected === undefined) return found?.reason;
  // What it says and what helps is told of the one filter.
  const entries = asked.filter(({ name }) => ownAmong([name], asked) === rejected);
  const reason = findEnvoyReason(named === undefined ? log : ownStarts(log, entries), entries) ?? found?.reason;
  return reason && { ...reason, rejected };
}

/** Whether a listener is refused for the sake of a filter. That of a plugin comes apart from it, and no pod waits for it. */
function refusesListener(log: string, refused: string): boolean {
  return log.split('\n').some((line) => /listener/i.test(line) && refusedIn(line).includes(refused));
}

/**
 * Finds in a proxy's log why Envoy rejected a filter; `undefined` if the log says nothing of that kind. `filters` are those that
 * it may be about, for a log that names none, and to know by which ids they log. Where these are several, nobody knows whose settings
 * help.
 */
export function findEnvoyReason(log: string, filters: readonly OwnFilter[] = []): EnvoyReason | undefined {
  return findCause(log, filters)?.reason;
}

/** The reason, and the filters of which each may have said what is quoted with it. */
function findCause(
  log: string,
  filters: readonly OwnFilter[],
): { readonly reason: EnvoyReason; readonly saidBy: readonly string[] } | undefined {
  const refused = refusedIn(log).filter((one) => !one.startsWith('/'));
  const asked = filters.filter(({ name }) => refused.includes(name));
  const named = asked.length > 0 ? asked : refused.map((name) => ({ name }));
  const own = named.length > 0 ? named : filters;
  const [written, ...others] = new Map(
    filters.flatMap((one) => one.written ?? []).map((one) => [one.filter, one]),
  ).values();
  const about = others.length > 0 ? undefined : written;
  for (const { pattern, says, remedy, unloaded, ofStart } of CAUSES) {
    // The log may tell of several starts, of which the last one counts.
    const from = ofStart ? Math.max(log.lastIndexOf(says), 0) : 0;
    const match = pattern.exec(log.slice(from));
    if (match === null) continue;
    // Envoy ends its lines with the thread, after a tab.
    const thread = match[0].lastIndexOf('\tthread=');
    const reason = truncate(thread === -1 ? match[0] : match[0].slice(0, thread), MAX_SAID).trim();
    const before = ofStart ? startBefore(log, from + match.index) : '';
    const words = unloaded
      ? undefined
      : (findFilterWords(before, own) ?? findFilterWords(log, own) ?? findLastStartWords(before, own));
    const saidBy = words === undefined ? [] : filtersAmong(words.by);
    const said = defined({ filterSaid: words?.said });
    const trap = findStartTrap(before);
    // AssemblyScript's SDK crashes on purpose where nothing is registered under the root id.
    if (trap !== undefined && !missesRootId([words?.said ?? ''])) {
      return { reason: { reason: trap, remedy: TRAP_REMEDY, ...said }, saidBy };
    }
    return { reason: { reason, remedy: remedyOf(remedy, match, about), ...said }, saidBy };
  }
  return undefined;
}

/** What was logged before Envoy's words for a start that failed, from the failure of another start on. */
function startBefore(log: string, at: number): string {
  const line = log.lastIndexOf('\n', at) + 1;
  return log.slice(Math.max(log.lastIndexOf('Wasm VM failed', line - 1), 0), line);
}

function remedyOf(remedy: EnvoyCause['remedy'], match: RegExpExecArray, written: WrittenFilter | undefined): string {
  return typeof remedy === 'string' ? remedy : remedy(match, written);
}
