import { makeLimiter } from '../../base/concurrency.ts';
import type { Pod } from '../../cluster/objects.ts';
import { isReady } from '../../cluster/pods.ts';
import { proxyMemoryLimit, proxyRestarts } from '../../cluster/proxy-container.ts';
import { addTraffic, type Traffic, trafficSince } from '../../mesh/proxy/traffic.ts';
import type { Trap } from '../../mesh/proxy/trap-log.ts';
import type { ProxyCounters, Reloads } from '../../mesh/proxy/wasm-counters.ts';
import type { PodLook, Usage } from './pod-look.ts';
import { LastMinutes, type RecentTraffic } from './recent-traffic.ts';

const MAX_USAGES = 200;
const MAX_SAID = 5;
const NO_RELOADS: Reloads = { success: 0, failure: 0, backoff: 0 };

/** What looks at a pod have shown so far. */
export class PodRecord {
  #pod: Pod;
  /** Which of the pods it is: of those that have the change, or not. */
  readonly side: 'new' | 'old';
  /** Looks at it follow each other: of two at once, counters that come late look like those of a proxy that was started anew. */
  readonly inTurn = makeLimiter(1);
  #restartsBefore: number | undefined;
  #restarts = { count: 0, oomKilled: false };
  #counters: ProxyCounters | undefined;
  #traffic: Traffic | undefined;
  #firstTraffic: Traffic | undefined;
  readonly #lastMinutes = new LastMinutes();
  readonly #isNewPod: boolean;
  #reloadsBefore = new Map<string, Reloads>();
  #traps = 0;
  readonly #kinds = new Map<string, Trap>();
  #said: readonly string[] = [];
  readonly #usages: Usage[] = [];
  #looks = 0;
  #wasReady = false;
  #unreadyLooks = 0;
  #logRead = false;

  /** `base`: what it had shown before it had the change, where it takes that as it runs. */
  constructor(pod: Pod, side: 'new' | 'old', base?: PodRecord) {
    this.#pod = pod;
    this.side = side;
    this.#isNewPod = base === undefined;
    if (base === undefined) return;
    this.#counters = base.#counters;
    this.#reloadsBefore = new Map(base.#counters?.plugins);
    this.#restartsBefore = base.#restartsBefore;
  }

  /** Takes what a look has shown. */
  add({ at, counters, log, usage }: PodLook): void {
    this.#looks++;
    if (counters !== undefined) this.#count(counters, at);
    if (log !== undefined) {
      this.#logRead = true;
      this.#traps += log.traps;
      for (const trap of log.kinds) if (!this.#kinds.has(trap.callback)) this.#kinds.set(trap.callback, trap);
      this.#said = [...this.#said, ...log.said].slice(-MAX_SAID);
    }
    if (usage !== undefined && usage.at !== this.#usages.at(-1)?.at) {
      this.#usages.push(usage);
      if (this.#usages.length > MAX_USAGES) this.#usages.shift();
    }
  }

  /** Takes what the pod's status says now. */
  see(pod: Pod): void {
    this.#pod = pod;
    if (isReady(pod)) [this.#wasReady, this.#unreadyLooks] = [true, 0];
    else if (this.#wasReady) this.#unreadyLooks++;
    const { count, oomKilled } = proxyRestarts(pod);
    this.#restartsBefore ??= count;
    this.#restarts = { count: count - this.#restartsBefore, oomKilled };
  }

  /** From now on, its last minutes are those until now and all since. */
  holdRecent(): void {
    this.#lastMinutes.hold();
  }

  #count(counters: ProxyCounters, at: number): void {
    const { traffic } = counters;
    // What a proxy that was started anew has counted is all new, however much that is.
    const earlier = isStartedAnew(counters, this.#counters) ? undefined : this.#counters;
    if (traffic !== undefined) {
      this.#traffic = addTraffic(this.#traffic, trafficSince(traffic, earlier?.traffic));
      this.#firstTraffic ??= this.#traffic;
      if (this.#traffic !== undefined) this.#lastMinutes.add(at, this.#traffic);
    }
    // One that has just served its first request has counters that were not there before.
    this.#counters = traffic === undefined ? { ...counters, ...keptTraffic(earlier) } : counters;
  }

  /** As it was last seen. */
  get pod(): Pod {
    return this.#pod;
  }

  /** For how many looks it has not been ready any more; 0 of one that never was. */
  get unreadyLooks(): number {
    return this.#unreadyLooks;
  }

  get name(): string {
    return this.pod.metadata.name;
  }

  /** Whether any look has shown something of its proxy. */
  get isSeen(): boolean {
    return this.#logRead || this.#counters !== undefined;
  }

  get looks(): number {
    return this.#looks;
  }

  /** Whether its log could be read. */
  get hasLog(): boolean {
    return this.#logRead;
  }

  get hasCounters(): boolean {
    return this.#counters !== undefined;
  }

  /** All requests that were counted; of a pod that takes the change as it runs, those since. */
  get traffic(): Traffic | undefined {
    return this.#traffic;
  }

  /** Those of its last minutes; `undefined` where it was not read twice. */
  get recent(): RecentTraffic | undefined {
    return this.#lastMinutes.counted;
  }

  /** Those that the first look has shown. */
  get firstTraffic(): Traffic | undefined {
    return this.#firstTraffic;
  }

  /**
   * Those since the first look at a pod that has just started: what an app fails before it is up, where nothing says when it is ready, it
   * would fail with any filter.
   */
  get trafficSinceStart(): Traffic | undefined {
    if (this.#traffic === undefined || !this.#isNewPod) return this.#traffic;
    return trafficSince(this.#traffic, this.#firstTraffic);
  }

  /** How often a filter has trapped, by the log. */
  get traps(): number {
    return this.#traps;
  }

  get kinds(): readonly Trap[] {
    return [...this.#kinds.values()];
  }

  get said(): readonly string[] {
    return this.#said;
  }

  /** How often the VM of each plugin was started anew, or could not be, by the name that the metric has. */
  get reloads(): ReadonlyMap<string, Reloads> {
    const now = this.#counters?.plugins ?? new Map<string, Reloads>();
    return new Map(
      [...now].map(([plugin, { success, failure, backoff }]) => {
        const before = this.#reloadsBefore.get(plugin) ?? NO_RELOADS;
        const since = { success: success - before.success, failure: failure - before.failure };
        const all = { ...since, backoff: backoff - before.backoff };
        // The proxy has begun to count anew.
        return [plugin, Object.values(all).some((value) => value < 0) ? { success, failure, backoff } : all];
      }),
    );
  }

  get vms(): ProxyCounters['vms'] | undefined {
    return this.#counters?.vms;
  }

  /** How often the proxy's container was started anew since the first look, and whether memory ran out. */
  get restarts(): { readonly count: number; readonly oomKilled: boolean } {
    return this.#restarts;
  }

  get usages(): readonly Usage[] {
    return this.#usages;
  }

  get memoryLimit(): number | undefined {
    return proxyMemoryLimit(this.pod);
  }
}

function isStartedAnew({ uptimeSeconds: now }: ProxyCounters, earlier: ProxyCounters | undefined): boolean {
  const before = earlier?.uptimeSeconds;
  return now !== undefined && before !== undefined && now < before;
}

function keptTraffic(counters: ProxyCounters | undefined): Pick<ProxyCounters, 'traffic'> {
  return counters?.traffic === undefined ? {} : { traffic: counters.traffic };
}
