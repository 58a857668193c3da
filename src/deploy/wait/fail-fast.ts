import { mapLimited } from '../../base/concurrency.ts';
import { describeRefusal, isRefused } from '../../cluster/node-refusal.ts';
import type { Pod } from '../../cluster/objects.ts';
import { creationFailure } from '../../cluster/pod-events.ts';
import { describeTrouble, type PodTrouble, troubleOf } from '../../cluster/pod-trouble.ts';
import { isCreating, isProxyUnready, isReady } from '../../cluster/pods.ts';
import { pluginOf } from '../../mesh/objects/wasm-plugin.ts';
import { rejectsAnother } from '../../mesh/proxy/envoy-log.ts';
import { workloadKey } from '../../targets/target.ts';
import type { EvidenceSource } from '../observe/evidence-source.ts';
import { listNewPods, listWarnings, podId, unreadyOf } from '../observe/new-pods.ts';
import { readEnvoyReason, readPluginReason } from '../observe/pod-logs.ts';
import type { RolloutGoal } from './rollout-goal.ts';
import { goalFilters } from './rollout-goal.ts';
import type { StuckVerdict } from './rollout-result.ts';
import type { Pending } from './rollout-watch.ts';

/** How long a trouble that may pass by itself has to last before it is a verdict, in milliseconds. */
const PATIENCE_MS = 20_000;

/** A proxy that is not ready for this long is asked for its reason; it says so within a second of its start. */
const PROXY_PATIENCE_MS = 3_000;

/** A crash loop runs for a moment between its crashes: a break up to this long does not end a trouble. */
const BREAK_MS = 15_000;

/**
 * After so many restarts, a container that has ended once more is in a crash loop, though it runs for longer than a break each time:
 * one that waits for its database seldom ends as often.
 */
const LOOP_RESTARTS = 2;

/** How often one pod's log or one namespace's events are read. */
const ASK_AGAIN_MS = 8_000;
const PARALLEL = 8;

/** So many new pods are asked whether they could pull an image; the rest is left to the verification. */
const MAX_PULLS = 4;

/** What a look at the pending workloads found. */
export interface PendingVerdicts {
  /** The pods that are not ready, by `workloadKey`. */
  readonly unready: ReadonlyMap<string, readonly Pod[]>;
  /** The workloads that cannot become ready, by `workloadKey`, and why. */
  readonly stuck: ReadonlyMap<string, StuckVerdict>;
}

/**
 * Looks at the new pods of pending workloads again and again and says which cannot become ready, long before the timeout.
 * A proxy that rejects the filter is certain at once; a trouble of Kubernetes must last, for it may pass.
 */
export class FailFast {
  readonly #source: EvidenceSource;
  readonly #now: () => number;
  readonly #troubles = new Map<string, { since: number; last: number }>();
  /** When a container of a pod was seen in trouble first. */
  readonly #firstSeen = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #refused = new Set<string>();

  constructor(source: EvidenceSource, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  async inspectPending(pending: readonly Pending[]): Promise<PendingVerdicts> {
    const pods = await listNewPods(
      pending.map(({ goal }) => goal),
      this.#source,
    );
    const unready = unreadyOf(pods);
    const found = await mapLimited(pending, PARALLEL, async (entry): Promise<[string, StuckVerdict | undefined]> => {
      const key = workloadKey(entry.goal.ref);
      const trouble =
        this.#judgeRefusals(key, pods.get(key) ?? []) ?? (await this.#judge(entry, unready.get(key) ?? []));
      return [key, trouble ?? (await this.#judgePulls(entry.goal, pods.get(key) ?? []))];
    });
    const stuck = found.filter((entry): entry is [string, StuckVerdict] => entry[1] !== undefined);
    return { unready, stuck: new Map(stuck) };
  }

  /** Says of one pod, which no workload made, that it cannot become ready or run the filters of its goal; see `inspectPending`. */
  async inspectPod(goal: RolloutGoal, pod: Pod): Promise<StuckVerdict | undefined> {
    if (isReady(pod)) return this.#judgePulls(goal, [pod]);
    return this.#judgePods(goal, [pod]);
  }

  async #judge({ goal, readiness }: Pending, pods: readonly Pod[]): Promise<StuckVerdict | undefined> {
    const { ref } = goal;
    if (readiness.podsRefused && this.#lasts(workloadKey(ref), PATIENCE_MS)) return { message: readiness.message };
    return this.#judgePods(goal, pods);
  }

  async #judgePods(goal: RolloutGoal, pods: readonly Pod[]): Promise<StuckVerdict | undefined> {
    const { ref } = goal;
    for (const pod of pods) {
      const trouble = troubleOf(pod);
      if (trouble !== undefined && this.#isFatal(podId(pod), trouble)) return { message: describeTrouble(trouble) };
      if (isProxyUnready(pod) && this.#lasts(`${podId(pod)} proxy`, PROXY_PATIENCE_MS) && this.#mayAsk(podId(pod))) {
        const reason = await readEnvoyReason(pod, ref.namespace, goalFilters(goal), this.#source);
        if (reason?.foreign !== undefined) return { message: rejectsAnother(reason.foreign) };
        if (reason !== undefined) return { message: 'Envoy rejects the filter', rejectsFilter: true };
      }
      if (isCreating(pod) && this.#lasts(`${podId(pod)} creating`, PATIENCE_MS) && this.#mayAsk(ref.namespace)) {
        const event = creationFailure(await listWarnings(ref.namespace, this.#source), pod.metadata.name);
        if (event !== undefined) return { message: event };
      }
    }
    return undefined;
  }

  /**
   * Pods that nodes refuse again and again: each is replaced by another one, so it is not one pod whose trouble lasts. One that
   * was evicted, and whose successor starts, is no trouble.
   */
  #judgeRefusals(workload: string, pods: readonly Pod[]): StuckVerdict | undefined {
    const refused = pods.filter(isRefused);
    const isNewest = ({ metadata: { creationTimestamp = '' } }: Pod): boolean =>
      pods.every((pod) => isRefused(pod) || (pod.metadata.creationTimestamp ?? '') <= creationTimestamp);
    const fresh = refused.filter((pod) => !this.#refused.has(podId(pod)));
    for (const pod of fresh) this.#refused.add(podId(pod));
    const telling = fresh[0] ?? refused.find(isNewest);
    if (telling === undefined || !this.#lasts(`${workload} refused`, PATIENCE_MS)) return undefined;
    return { message: `nodes do not run its pods: ${describeRefusal(telling)}` };
  }

  /**
   * A pod becomes ready without the image that its filter is in, and then answers nothing or lets all pass. So the first pods
   * that are ready are asked, before the others are replaced.
   */
  async #judgePulls({ ref, podRevisions }: RolloutGoal, pods: readonly Pod[]): Promise<StuckVerdict | undefined> {
    for (const podRevision of podRevisions) {
      if (podRevision.image === undefined) continue;
      const names = { plugin: pluginOf(ref.namespace, podRevision), image: podRevision.image };
      for (const pod of pods.filter(isReady).slice(0, MAX_PULLS)) {
        const once = `${podId(pod)} ${names.plugin}`;
        if (this.#asked.has(once)) continue;
        this.#asked.set(once, this.#now());
        const log = await readPluginReason(pod, ref.namespace, names, this.#source);
        if (log.state === 'explains') return { message: 'its new pods run without the filter', lacksFilter: true };
      }
    }
    return undefined;
  }

  /** Whether a trouble has been there for so long, or has come back so often, that it does not pass. */
  #isFatal(pod: string, { container, restarts }: PodTrouble): boolean {
    const now = this.#now();
    const first = this.#firstSeen.get(`${pod} ${container}`) ?? now;
    this.#firstSeen.set(`${pod} ${container}`, first);
    const lasts = this.#lasts(`${pod} fatal`, PATIENCE_MS);
    return lasts || (restarts >= LOOP_RESTARTS && now - first >= PATIENCE_MS);
  }

  /** Notes that a trouble is there, and says whether it has been for long enough. */
  #lasts(trouble: string, patienceMs: number): boolean {
    const now = this.#now();
    const known = this.#troubles.get(trouble);
    const since = known !== undefined && now - known.last <= BREAK_MS ? known.since : now;
    this.#troubles.set(trouble, { since, last: now });
    return now - since >= patienceMs;
  }

  #mayAsk(what: string): boolean {
    const now = this.#now();
    if (now - (this.#asked.get(what) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) return false;
    this.#asked.set(what, now);
    return true;
  }
}
