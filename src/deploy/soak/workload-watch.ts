import { defined } from '../../base/defined.ts';
import { greatest } from '../../base/lists.ts';
import { count } from '../../base/text.ts';
import type { Pod } from '../../cluster/objects.ts';
import { quantileOf, type Traffic } from '../../mesh/proxy/traffic.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { podId } from '../observe/new-pods.ts';
import type { SoakLimits } from '../policy.ts';
import type { SoakComparison, SoakCounts, SoakPoint, SoakReport } from '../report/soak-report.ts';
import { allOf, compareRequests, type Requests, recentOf } from './compared-requests.ts';
import { type Breach, crashesOf, judgeCrashes, judgeReadiness, judgeRestarts } from './crash-judge.ts';
import { judgeMemory, largestMemory } from './memory-judge.ts';
import { PodRecord } from './pod-record.ts';
import { ProbeTally } from './probe-tally.ts';
import { failuresIn, TrafficJudge } from './traffic-judge.ts';
import { sumOver, TrafficMark } from './traffic-mark.ts';
import { formatShareOf } from './words.ts';

/** So many pods of a workload are watched; the others run the same. */
export const MAX_WATCHED = 10;
const MAX_POINTS = 60;
const RECENT_MS = 30_000;
/** Old pods are read at each look at first, and four times a minute later on: a rollout may take long. */
const OFTEN_MS = 15_000;
const SELDOM_MS = 15_000;

/** What is known of the pods of one workload while it is watched, and the verdict on them. */
export class WorkloadWatch {
  readonly ref: WorkloadRef;
  readonly probes: ProbeTally;
  readonly #limits: SoakLimits;
  readonly #judge: TrafficJudge;
  readonly #new = new Map<string, PodRecord>();
  readonly #old = new Map<string, PodRecord>();
  #course: SoakPoint[] = [];
  #all = 0;
  #began: number | undefined;
  #noted: number | undefined;
  #mark: TrafficMark | undefined;
  #excused: string | undefined;
  #oldRead: { readonly first: number; readonly last: number } | undefined;
  #breach: (Breach & { readonly noticedMs?: number }) | undefined;

  constructor(ref: WorkloadRef, limits: SoakLimits) {
    this.ref = ref;
    this.#limits = limits;
    this.#judge = new TrafficJudge(limits);
    this.probes = new ProbeTally(limits);
  }

  /** Takes the pods that there are before the change. */
  begin(pods: readonly Pod[]): void {
    for (const pod of pods.slice(0, MAX_WATCHED)) this.#record(this.#old, pod, 'old');
  }

  /** Takes the pods that have the change now, and returns those that are watched: the same ones as long as they are there. */
  show(pods: readonly Pod[]): readonly PodRecord[] {
    this.#all = Math.max(this.#all, pods.length);
    if (pods.length > 0) for (const record of this.oldPods) record.holdRecent();
    const known = pods.filter((pod) => this.#new.has(podId(pod)));
    const others = pods.filter((pod) => !this.#new.has(podId(pod)));
    const watched = [...known, ...others].slice(0, MAX_WATCHED);
    return watched.map((pod) => this.#record(this.#new, pod, 'new'));
  }

  #record(records: Map<string, PodRecord>, pod: Pod, side: 'new' | 'old'): PodRecord {
    const id = podId(pod);
    // One that takes the change as it runs goes on counting.
    const base = side === 'new' ? this.#old.get(id) : undefined;
    const record = records.get(id) ?? new PodRecord(pod, side, base);
    records.set(id, record);
    record.see(pod);
    return record;
  }

  /** Whether the old pods are to be read again before they are replaced; if so, they are taken as read. */
  isOldDue(now: number): boolean {
    const { first, last } = this.#oldRead ?? { first: now, last: now };
    const isDue = now - last >= (now - first <= OFTEN_MS ? 0 : SELDOM_MS);
    this.#oldRead = { first, last: isDue ? now : last };
    return isDue;
  }

  /** The pods without the change that are still watched: of those that are gone, the last that was seen counts. */
  get oldPods(): readonly PodRecord[] {
    return [...this.#old.values()];
  }

  /** Those that the change came to, of which some may be gone. */
  get newPods(): readonly PodRecord[] {
    return [...this.#new.values()];
  }

  /** Judges what all looks have shown so far; returns what is wrong, the first of it. `now`: milliseconds since the run's start. */
  judge(now: number): Breach | undefined {
    this.#began ??= now;
    this.#note(now);
    if (this.#breach !== undefined) return this.#breach;
    const found = this.#find(now);
    // What a look shows has happened since the one before.
    const since = this.#noted;
    if (found !== undefined) this.#breach = { ...found, ...(since !== undefined && { noticedMs: now - since }) };
    this.#noted = now;
    return this.#breach;
  }

  #find(now: number): Breach | undefined {
    const old = this.oldPods;
    const { namespace } = this.ref;
    for (const record of this.newPods) {
      const breach = judgeCrashes(record, namespace, old) ?? judgeRestarts(record, old) ?? judgeReadiness(record);
      if (breach !== undefined) return breach;
    }
    const traffic = this.#traffic();
    const wrong = traffic.now === undefined ? undefined : this.#judgeTraffic(now, { ...traffic, now: traffic.now });
    if (wrong !== undefined) {
      return { cause: 'requests', text: wrong, clause: 'its requests got worse', said: this.#said() };
    }
    const largest = largestMemory(old);
    for (const record of this.newPods) {
      const leak = judgeMemory(record, largest);
      if (leak === undefined) continue;
      const clause = 'a proxy needs more and more memory';
      return { cause: 'memory', text: `pod ${record.name}: ${leak}`, clause, said: record.said };
    }
    const failing = this.probes.judge();
    if (failing === undefined) return undefined;
    return { cause: 'probe', text: failing, clause: 'the probe failed during the soak', said: this.#said() };
  }

  /** What has begun only now is lost in all that was well for an hour, so the last half minute is judged by itself, too. */
  #judgeTraffic(now: number, traffic: Requests & { readonly now: Traffic }): string | undefined {
    const { oldPods, newPods } = this;
    const compared = { ...traffic, beforeName: NAMES[traffic.with] };
    const mark = this.#mark;
    const latest = mark?.since(newPods, now);
    const latestOld = mark?.since(oldPods, now);
    const found = [
      this.#judge.judge(compared),
      latest &&
        this.#judge.judge(
          {
            ...compared,
            now: latest.traffic,
            // Where old pods still run, they show what happens just now.
            recent: [
              ...compared.recent,
              ...(latestOld !== undefined && latestOld.traffic.requests > 0 ? [latestOld] : []),
            ],
          },
          'recent ',
        ),
    ];
    if (mark === undefined || now - mark.at >= RECENT_MS) this.#mark = new TrafficMark([...oldPods, ...newPods], now);
    this.#excused = found.find((one) => one?.isBreach === false)?.text ?? this.#excused;
    return found.find((one) => one?.isBreach)?.text;
  }

  /** That no proxy has shown its counters, although it may be asked for them. */
  #uncounted(unseen: readonly string[], watched: number): string[] {
    const isKnown = unseen.some((one) => one.startsWith('counters of proxies'));
    if (watched === 0 || isKnown || this.newPods.some(({ hasCounters }) => hasCounters)) return [];
    return ['counters of proxies (none has answered)'];
  }

  #said(): string[] {
    return this.newPods.flatMap(({ said }) => said).slice(-5);
  }

  #traffic(): Requests {
    return compareRequests(this.newPods, this.oldPods, this.#limits.minRequests);
  }

  #note(now: number): void {
    const traffic = sumOver(this.newPods, allOf);
    if (traffic === undefined) return;
    const { all, hits } = failuresIn(traffic);
    const seconds = Math.round((now - (this.#began ?? now)) / 100) / 10;
    this.#course.push({ seconds, requests: all, failed: hits });
    // Every other one of them tells the same, as they are sums.
    if (this.#course.length > MAX_POINTS) {
      this.#course = this.#course.filter((_, index) => index % 2 === 0);
    }
  }

  /** How many requests went to the new pods, as far as anybody has counted. */
  get requests(): number {
    return Math.max(sumOver(this.newPods, allOf)?.requests ?? 0, this.probes.sent);
  }

  /** Returns the verdict so far. `unseen`: what could not be watched. */
  report(unseen: readonly string[]): SoakReport {
    const records = this.newPods;
    const all = sumOver(records, allOf);
    const traffic = this.#traffic();
    const watched = records.filter(({ isSeen }) => isSeen).length;
    const hasBefore = this.oldPods.some(({ isSeen }) => isSeen) || traffic.with === 'own-start';
    const before = traffic.with === 'own-start' ? traffic.before : sumOver(this.oldPods, allOf);
    return {
      verdict: this.#verdict(watched),
      ...(this.#breach !== undefined && {
        breach: this.#breach.text,
        ...defined({ noticedMs: this.#breach.noticedMs }),
      }),
      pods: { watched, all: this.#all },
      comparedWith: traffic.with,
      new: countsOf(all, records),
      ...(hasBefore && { old: countsOf(before, this.oldPods) }),
      ...defined({ recent: recentOf(traffic), excused: this.excusedWords }),
      ...defined({ counters: all?.source }),
      crashes: records.reduce((sum, record) => sum + crashesOf(record), 0),
      restarts: records.reduce((sum, { restarts }) => sum + Math.max(0, restarts.count), 0),
      ...(this.probes.sent > 0 && { probes: { sent: this.probes.sent, failed: this.probes.failed } }),
      unseen: [...unseen, ...this.#uncounted(unseen, watched)],
      ...(this.#course.length > 0 && { course: [...this.#course] }),
    };
  }

  #verdict(watched: number): SoakReport['verdict'] {
    if (this.#breach !== undefined) return 'breached';
    if (watched === 0 && this.probes.sent === 0) return 'not-watched';
    return this.requests < this.#limits.minRequests ? 'no-traffic' : 'passed';
  }

  /** `no traffic seen: 3 requests, "min-requests" is 10`; where proxies count none, nobody knows whether there were any. */
  get tooFewWords(): string | undefined {
    if (this.requests >= this.#limits.minRequests) return undefined;
    if (sumOver(this.newPods, allOf) === undefined && this.probes.sent === 0)
      return 'no requests counted: there were none, or its proxies have no counters of requests';
    return `no traffic seen: ${count(this.requests, 'request')}, "min-requests" is ${this.#limits.minRequests}`;
  }

  /** What is worse than in all that the old pods counted, and not than in their last minutes; `undefined` where nothing is. */
  get excusedWords(): string | undefined {
    return this.#breach === undefined ? this.#excused : undefined;
  }

  /** `1.9% of 1956 requests failed`: more than the limit allows, where that may still be chance; `undefined` where it is not more. */
  get unsureWords(): string | undefined {
    const { maxErrorRate, minRequests } = this.#limits;
    const { now, before } = this.#traffic();
    if (maxErrorRate === undefined || now === undefined || now.requests < minRequests) return undefined;
    if (this.excusedWords !== undefined) return undefined;
    const { all, hits } = failuresIn(now);
    const earlier = before === undefined ? { all: 0, hits: 0 } : failuresIn(before);
    const allowed = maxErrorRate.beyond === 'zero' || earlier.all === 0 ? 0 : earlier.hits / earlier.all;
    if (all === 0 || hits / all <= maxErrorRate.share + allowed) return undefined;
    return `${formatShareOf(hits, all)} of ${count(all, 'request')} failed`;
  }
}

const NAMES: Readonly<Record<SoakComparison, string>> = {
  'old-pods': 'in the old pods',
  'own-start': 'at first',
  nothing: 'before',
};

function countsOf(traffic: Traffic | undefined, records: readonly PodRecord[]): SoakCounts {
  const failures = traffic === undefined ? { all: 0, hits: 0 } : failuresIn(traffic);
  const latencies = traffic?.latencies;
  const cpus = records.flatMap(({ usages }) => usages.at(-1)?.cpu ?? []);
  return {
    requests: failures.all,
    failed: failures.hits,
    ...(latencies !== undefined &&
      defined({ p50Ms: rounded(quantileOf(latencies, 0.5)), p99Ms: rounded(quantileOf(latencies, 0.99)) })),
    ...defined({
      memoryBytes: largestMemory(records),
      cpu: cpus.length === 0 ? undefined : greatest(cpus),
    }),
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10;
}
