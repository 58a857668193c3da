import { greatest } from '../../base/lists.ts';
import { count } from '../../base/text.ts';
import { describePod } from '../../cluster/pods.ts';
import { describeSuspects, filterOfPlugin, suspectsIn } from '../../mesh/proxy/suspects.ts';
import { describeTrap } from '../../mesh/proxy/trap-log.ts';
import type { PodRecord } from './pod-record.ts';

/** What has got worse; on this depends what to do about it. */
export type BreachCause = 'crash' | 'restart' | 'unready' | 'requests' | 'memory' | 'probe';

/** What a pod shows to be wrong. */
export interface Breach {
  readonly cause: BreachCause;
  /** A clause about the workload, with both values, without its end. */
  readonly text: string;
  /** For a headline: `a filter crashed in its proxies`. */
  readonly clause: string;
  /** What the filters of that pod have logged. */
  readonly said: readonly string[];
}

/** A pod may miss one readiness probe. */
const UNREADY_LOOKS = 3;
const CRASHED = 'the filter crashed under traffic';

/** Returns how often filters have crashed in a pod, by its log or by its counters, whichever tells more. */
export function crashesOf(record: PodRecord): number {
  const reloads = [...record.reloads.values()].reduce((sum, { success, failure }) => sum + success + failure, 0);
  return Math.max(record.traps, reloads);
}

/**
 * Returns why the proxy of a pod shows that a filter has crashed; `undefined` if it does not. `old`: the pods without the change, whose
 * crashes are told; where one of those was in the same function, and filters of others run there, it may be theirs and is none of the
 * change.
 */
export function judgeCrashes(record: PodRecord, namespace: string, old: readonly PodRecord[]): Breach | undefined {
  const suspects = suspectsIn(record.pod, namespace, [...record.reloads.keys()]);
  const known = new Set(old.flatMap(({ kinds }) => kinds.map(({ callback }) => callback)));
  const trap = record.kinds.find(({ callback }) => suspects.foreign.length === 0 || !known.has(callback));
  const reloaded = [...record.reloads].find(([, { success, failure }]) => success + failure > 0);
  const before = old.reduce((sum, one) => sum + crashesOf(one), 0);
  if (trap !== undefined) {
    // The counters tell whose VM it was, where it was started anew.
    const who =
      reloaded === undefined ? describeSuspects(suspects) : filterOfPlugin(reloaded[0], record.pod, namespace);
    const text = `pod ${record.name}: ${describeTrap(trap, who)}; ${count(record.traps, 'trap')} in the log of its proxy${inOld(before, old)}`;
    return { cause: 'crash', text, clause: CRASHED, said: record.said };
  }
  const isTheirs = reloaded !== undefined && suspects.foreign.includes(reloaded[0]) && before > 0;
  if (reloaded === undefined || isTheirs) return undefined;
  const [plugin, { success, failure, backoff }] = reloaded;
  const filter = filterOfPlugin(plugin, record.pod, namespace);
  const text = `pod ${record.name}: ${filter} crashed and its VM was started anew; wasm.${plugin}.vm_reload_success is ${success}, …_failure ${failure}, …_backoff ${backoff}${inOld(before, old)}`;
  return { cause: 'crash', text, clause: CRASHED, said: record.said };
}

function inOld(crashes: number, old: readonly PodRecord[]): string {
  return old.length === 0 ? '' : `, ${crashes} in the old pods`;
}

/** Returns that a pod which was ready has ceased to be for several looks; `undefined` if it has not. */
export function judgeReadiness(record: PodRecord): Breach | undefined {
  if (record.unreadyLooks < UNREADY_LOOKS) return undefined;
  const why = describePod(record.pod);
  const text = `pod ${record.name} is no longer ready${why === '' ? '' : ` (${why})`}`;
  return { cause: 'unready', text, clause: 'pods did not stay ready', said: record.said };
}

/** Returns why the proxy of a pod shows that it ended itself; `undefined` if it did not. */
export function judgeRestarts(record: PodRecord, old: readonly PodRecord[]): Breach | undefined {
  const { count: times, oomKilled } = record.restarts;
  if (times <= 0) return undefined;
  const before = greatest(
    old.map(({ restarts }) => restarts.count),
    0,
  );
  const why = oomKilled ? 'because its memory ran out (OOMKilled)' : 'after it had become ready';
  const than = old.length === 0 ? '' : `, ${before} in the old pods`;
  const text = `pod ${record.name}: its proxy restarted ${count(times, 'time')} ${why}${than}`;
  const clause = oomKilled ? 'a proxy ran out of memory' : 'a proxy restarted under traffic';
  return { cause: 'restart', text, clause, said: record.said };
}
