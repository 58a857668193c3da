import { makeLimiter, pause, untilAborted } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { messageOf, type Problem } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import { followWorkloads } from '../../cluster/watch.ts';
import { type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { otherRevisionOn } from '../observe/superseded.ts';
import { foreignChange, lostMount } from '../plan/foreign-change.ts';
import { lookOnce } from './look-once.ts';
import { lostProblem } from './lost.ts';
import type { FollowOptions, RolloutGoal } from './rollout-goal.ts';
import { type RolloutResult, remedyOf, type StuckVerdict } from './rollout-result.ts';
import { SeenWorkload } from './seen-workload.ts';

/** A workload whose rollout is not decided yet. */
export interface Pending {
  readonly goal: RolloutGoal;
  readonly readiness: Readiness;
}

export interface RolloutWatchContext {
  readonly client: Client;
  /** Ends the waiting; what is pending is then cancelled. */
  readonly signal: AbortSignal;
  readonly debug: (line: string) => void;
  /** Where the workloads of a kind were listed already, the version of that list: the watch goes on from there. */
  readonly listedAt: ClusterSnapshot['listedAt'];
  readonly now: () => number;
  /**
   * Called every few seconds with what is still pending; gives the workloads that cannot become ready, by `workloadKey`, and why.
   */
  readonly inspectPending: (pending: readonly Pending[]) => Promise<ReadonlyMap<string, StuckVerdict>>;
}

interface Entry extends FollowOptions {
  readonly goal: RolloutGoal;
  /** States of an earlier generation are from before the change. */
  readonly generation: number;
  readonly started: number;
  readonly timer: NodeJS.Timeout;
  readonly decide: (result: RolloutResult | undefined) => void;
  /** Whether its new pods have been ready once. */
  hadReadyPods: boolean;
  readonly seen: SeenWorkload;
}

interface Follower {
  /** What it has shown of workloads that nobody followed then. */
  readonly unfollowed: Map<string, Workload | undefined>;
  readonly kind: string;
  readonly namespace: string;
  /** Whether the API server has stopped to show the workloads. */
  lost: boolean;
  /** Why it shows none of them at the moment. */
  trouble?: string | undefined;
}

const POLL_MS = 2_000;
/** So many looks at once that none has to wait for a connection for long. */
const PARALLEL_LOOKS = 4;

/**
 * Follows any number of rollouts with one watch per kind and namespace, from the list that the plan was made of. Each workload has a verdict of its own: it is
 * ready under the wanted revisions, has failed, or its time is over.
 */
export class RolloutWatch {
  readonly #context: RolloutWatchContext;
  readonly #stop = new AbortController();
  readonly #entries = new Map<string, Entry>();
  readonly #followers = new Map<string, Follower>();
  readonly #running: Promise<void>[] = [];
  readonly #problems: Problem[] = [];
  readonly #limit = makeLimiter(PARALLEL_LOOKS);

  constructor(context: RolloutWatchContext) {
    this.#context = context;
    context.signal.addEventListener('abort', this.#cancel, { once: true });
  }

  /** Why rollouts could not be followed to their end: the API server does not show the workloads any more. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /**
   * Waits for one rollout, from the state of the workload that its patch gave. `undefined` if the API server does not show the
   * workload any more (see `problems`), or it was let go.
   */
  follow(
    goal: RolloutGoal,
    from: Workload,
    timeoutMs: number,
    options: FollowOptions = {},
  ): Promise<RolloutResult | undefined> {
    const { ref } = goal;
    return new Promise((decide) => {
      const key = workloadKey(ref);
      this.#entries.set(key, {
        goal,
        generation: from.metadata.generation ?? 0,
        started: this.#context.now(),
        timer: setTimeout(() => void this.#timeOut(key), timeoutMs),
        decide,
        ...options,
        hadReadyPods: false,
        seen: new SeenWorkload(ref, from),
      });
      if (this.#context.signal.aborted) {
        this.#end(key, 'cancelled');
        return;
      }
      this.#see(ref, from);
      const follower = this.#followerOf(ref);
      // What the watch has told between the patch and this call.
      if (follower.unfollowed.has(ref.name)) this.#see(ref, follower.unfollowed.get(ref.name));
      follower.unfollowed.delete(ref.name);
      if (follower.lost) this.#abandon(key);
    });
  }

  /** Returns the workload as the API server has shown it since nobody follows it; `undefined` if it has not, or it was deleted. */
  shownSince({ kind, namespace, name }: WorkloadRef): Workload | undefined {
    return this.#followers.get(`${namespace}/${kind}`)?.unfollowed.get(name);
  }

  /** Takes in the state of a workload that somebody else has read. */
  show(ref: WorkloadRef, workload: Workload): void {
    this.#see(ref, workload);
  }

  /** Lets go of every rollout that is pending: it will be rolled back, whatever it comes to. */
  abandonPending(): void {
    for (const [key, { isRollback, decide }] of [...this.#entries]) {
      if (isRollback === true) continue;
      this.#take(key);
      decide(undefined);
    }
  }

  /** Ends the following; what is pending then stays undecided. */
  async close(): Promise<void> {
    this.#context.signal.removeEventListener('abort', this.#cancel);
    this.#stop.abort();
    for (const { timer, decide } of this.#entries.values()) {
      clearTimeout(timer);
      decide(undefined);
    }
    this.#entries.clear();
    await Promise.all(this.#running);
  }

  readonly #cancel = (): void => {
    for (const key of [...this.#entries.keys()]) this.#end(key, 'cancelled');
  };

  #followerOf({ kind, namespace }: WorkloadRef): Follower {
    const key = `${namespace}/${kind}`;
    const known = this.#followers.get(key);
    if (known !== undefined) return known;
    const follower: Follower = { unfollowed: new Map(), kind, namespace, lost: false };
    this.#followers.set(key, follower);
    if (this.#running.length === 0) this.#running.push(this.#pollPods());
    this.#running.push(this.#run(follower));
    return follower;
  }

  async #run(follower: Follower): Promise<void> {
    const { kind, namespace, unfollowed } = follower;
    const { client, debug, listedAt } = this.#context;
    try {
      await followWorkloads(client, {
        resource: targetKind(follower).resource,
        namespace,
        ...defined({ since: listedAt({ kind, namespace }) }),
        signal: this.#stop.signal,
        debug,
        onTrouble: (trouble) => {
          follower.trouble = trouble;
        },
        awaited: () => this.#entriesIn(follower).map(([, { goal }]) => goal.ref.name),
        onWorkload: (name, workload) => {
          const ref = { kind, namespace, name };
          if (this.#entries.has(workloadKey(ref))) this.#see(ref, workload);
          else unfollowed.set(name, workload);
        },
      });
    } catch (error) {
      this.#problems.push(lostProblem(error));
      follower.lost = true;
      for (const [key] of this.#entriesIn(follower)) this.#abandon(key);
    }
  }

  #abandon(key: string): void {
    this.#take(key)?.decide(undefined);
  }

  #entriesIn({ kind, namespace }: Follower): [string, Entry][] {
    return [...this.#entries].filter(([, { goal }]) => goal.ref.kind === kind && goal.ref.namespace === namespace);
  }

  /** Takes in the state of a workload, or that it is gone. Workloads that nobody waits for are passed over. */
  #see(ref: WorkloadRef, shown: Workload | undefined): void {
    const key = workloadKey(ref);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (shown === undefined) {
      this.#decide(key, 'deleted', 'the workload was deleted');
      return;
    }
    if ((shown.metadata.generation ?? 0) < entry.generation) return;
    const { seen } = entry;
    const workload = seen.see(shown);
    const { state, message } = seen.readiness;
    const foreign = foreignChange(entry.goal, workload);
    const lost = lostMount(entry.goal, workload);
    if (foreign !== undefined) {
      const other = otherRevisionOn(entry.goal, workload);
      const { message: what, remedy, reverted } = foreign;
      this.#decide(key, 'superseded', what, { remedy, byRun: !reverted, ...defined({ other }) });
    } else if (lost !== undefined) this.#decide(key, 'stuck', lost.message, { remedy: lost.remedy });
    else if (state !== 'progressing' && !(state === 'waiting' && entry.goal.throughPromotion))
      this.#decide(key, state, message, remedyOf(seen.readiness));
    else if (!entry.hadReadyPods && seen.hasReadyPods) {
      entry.hadReadyPods = true;
      entry.onPodsReady?.(workload);
    }
  }

  /** Ends the time of a workload after a last look: a watch cannot tell a server that hangs from one that has nothing to say. */
  async #timeOut(key: string): Promise<void> {
    await this.#limit(async () => {
      const entry = this.#entries.get(key);
      if (entry === undefined) return;
      const { ref } = entry.goal;
      const follower = this.#followerOf(ref);
      if (follower.trouble !== undefined) return;
      const look = await lookOnce(this.#context.client, ref, entry.seen.latest);
      if (look.state === 'unseen') follower.trouble = look.trouble;
      else if (look.state !== 'forbidden') this.#see(ref, look.state === 'seen' ? look.workload : undefined);
    });
    this.#end(key, 'timeout');
  }

  #end(key: string, state: 'timeout' | 'cancelled'): void {
    const { goal, seen } = this.#entries.get(key) ?? {};
    if (goal === undefined || seen === undefined) return;
    const { message, state: stands } = seen.readiness;
    const trouble = this.#followers.get(`${goal.ref.namespace}/${goal.ref.kind}`)?.trouble;
    if (state === 'timeout' && trouble !== undefined) this.#decide(key, 'unseen', message, { trouble });
    else if (state === 'timeout' && stands === 'waiting') this.#decide(key, stands, message);
    else this.#decide(key, state, message, remedyOf(seen.readiness));
  }

  #decide(
    key: string,
    state: RolloutResult['state'],
    message: string,
    more: Pick<RolloutResult, 'trouble' | 'remedy' | 'resume' | 'byRun' | 'other' | 'rejectsFilter'> = {},
  ): void {
    const entry = this.#take(key);
    if (entry === undefined) return;
    const { ready, wanted } = entry.seen.readiness;
    // It may be followed on, and the watch tells each state once.
    const { ref } = entry.goal;
    if (state === 'waiting') this.#followerOf(ref).unfollowed.set(ref.name, entry.seen.latest);
    entry.decide({ state, message, ready, wanted, durationMs: this.#context.now() - entry.started, ...more });
  }

  #take(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    clearTimeout(entry?.timer);
    this.#entries.delete(key);
    return entry;
  }

  async #pollPods(): Promise<void> {
    const { now, debug, inspectPending } = this.#context;
    const { signal } = this.#stop;
    for (let wait = POLL_MS; ; ) {
      await pause(wait, signal);
      if (signal.aborted) return;
      const started = now();
      const pending = [...this.#entries.values()].map(({ goal, seen }) => ({ goal, readiness: seen.readiness }));
      try {
        const stuck: ReadonlyMap<string, StuckVerdict> =
          pending.length === 0 ? new Map() : await untilAborted(inspectPending(pending), signal);
        for (const [key, { message, ...more }] of stuck) this.#decide(key, 'stuck', message, more);
      } catch (error) {
        if (!signal.aborted) debug(`Looking at the pods: ${messageOf(error)}`);
      }
      // Where a look takes long, because there are many pods, it is taken less often.
      wait = Math.max(POLL_MS, 5 * (now() - started));
    }
  }
}
