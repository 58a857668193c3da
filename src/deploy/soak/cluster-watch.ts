import { mapLimited, pause } from '../../base/concurrency.ts';
import { listWords } from '../../base/text.ts';
import { isRefused } from '../../cluster/node-refusal.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import { hasProxyContainer, isReady, isTerminating } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { Way } from '../../mesh/proxy/traffic.ts';
import { workloadKey } from '../../targets/target.ts';
import { type DeployContext, during } from '../context.ts';
import { belongsTo, targetKind } from '../kinds/kinds.ts';
import { evidenceSource, readIfPossible } from '../observe/evidence-source.ts';
import { listNewPods, podId } from '../observe/new-pods.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { DEFAULT_SOAK_LIMITS, type RolloutPolicy } from '../policy.ts';
import type { SoakReport } from '../report/soak-report.ts';
import type { Breach } from './crash-judge.ts';
import type { Usage } from './pod-look.ts';
import type { PodRecord } from './pod-record.ts';
import { ProbeSender } from './probe-sender.ts';
import { type Means, PodSampler } from './sampler.ts';
import { WorkloadWatch } from './workload-watch.ts';

/** So many proxies are asked at the same time: the connections to the API server are eight, and the run goes on meanwhile. */
const PARALLEL = 4;
/** So many pods are asked in one look; of more, the others are next, so that a pod's turn comes within five looks of 1,000. */
const MAX_PODS_PER_LOOK = 200;

/** A workload that is watched. */
interface Watched {
  readonly planned: PlannedWorkload;
  readonly watch: WorkloadWatch;
  readonly way: Way;
}

/** A pod whose turn it is. */
interface Due {
  readonly one: Watched;
  readonly record: PodRecord;
}

/** Something is wrong with a workload that is watched. */
export interface WatchedBreach {
  readonly planned: PlannedWorkload;
  readonly breach: Breach;
}

/** Watches the pods of workloads of one cluster, a look at a time: when, whoever has it says. Nothing is thrown. */
export class ClusterWatch {
  readonly #context: DeployContext;
  readonly #policy: RolloutPolicy;
  readonly #sampler: PodSampler;
  readonly #probes: ProbeSender | undefined;
  readonly #watched = new Map<string, Watched>();
  #turn = 0;

  constructor(context: DeployContext, policy: RolloutPolicy) {
    this.#context = during(context, 'waiting for pods');
    this.#policy = policy;
    this.#sampler = new PodSampler(this.#context);
    const { probe, soakLimits } = policy;
    this.#probes = probe && soakLimits?.traffic === 'probe' ? new ProbeSender(probe, this.#context) : undefined;
  }

  /** Looks at the pods of workloads before they are changed, so that there is something to compare with. */
  async begin(workloads: readonly PlannedWorkload[]): Promise<void> {
    const source = evidenceSource(this.#context);
    const begun = workloads.map((planned): Watched => {
      const watch = new WorkloadWatch(planned.ref, this.#policy.soakLimits ?? DEFAULT_SOAK_LIMITS);
      return { planned, watch, way: wayOf(planned) };
    });
    await mapLimited(begun, PARALLEL, async ({ planned, watch }) => {
      const pods = await readIfPossible(source.debug, () => this.#allPods(planned, planned.observed));
      watch.begin((pods ?? []).filter((pod) => isReady(pod) && !hasChange(pod, planned)));
    });
    await this.#lookAt(begun.flatMap((one) => one.watch.oldPods.map((record) => ({ one, record }))));
    for (const one of begun) this.#watched.set(workloadKey(one.planned.ref), one);
  }

  /** Whether the old pods of any of some workloads have counted requests. */
  hasOldRequests(workloads: readonly PlannedWorkload[]): boolean {
    return this.#watchedOf(workloads).some(({ watch }) => watch.oldPods.some(({ traffic }) => traffic !== undefined));
  }

  /** Reads once more what the old pods of workloads have counted that are about to be changed, all of them. */
  async readAgain(workloads: readonly PlannedWorkload[]): Promise<void> {
    await this.#lookAt(await this.#remaining(this.#watchedOf(workloads)));
  }

  /**
   * Reads what the old pods of workloads have counted that are being replaced; each pod less often, the longer it takes. Those that take
   * a change as they run are none: nobody knows from when on they have it.
   */
  async readReplaced(isReplaced: (planned: PlannedWorkload) => boolean): Promise<void> {
    const replaced = [...this.#watched.values()].filter(({ planned }) => isReplaced(planned) && !isInPlace(planned));
    const now = this.#context.now();
    await this.#lookAt(this.#next(await this.#remaining(replaced.filter(({ watch }) => watch.isOldDue(now)))));
  }

  #watchedOf(workloads: readonly PlannedWorkload[]): Watched[] {
    return workloads.flatMap(({ ref }) => this.#watched.get(workloadKey(ref)) ?? []);
  }

  /** The old pods of workloads that are still there: what one counts as it ends is nobody's fault. */
  async #remaining(watched: readonly Watched[]): Promise<Due[]> {
    const source = evidenceSource(this.#context);
    const found = await mapLimited(watched, PARALLEL, async (one): Promise<Due[]> => {
      const records = one.watch.oldPods.filter((record) => record.isSeen && !this.#gone.has(record));
      if (records.length === 0) return [];
      const pods = await readIfPossible(source.debug, () => this.#allPods(one.planned, one.planned.observed));
      if (pods === undefined) return [];
      const there = new Set(pods.map(podId));
      for (const record of records) if (!there.has(podId(record.pod))) this.#gone.add(record);
      return records.filter((record) => !this.#gone.has(record)).map((record) => ({ one, record }));
    });
    return found.flat();
  }

  /**
   * Looks once at the pods of the workloads that are watched; of more than 200 pods, at the next ones. Returns with which of them
   * something is wrong.
   */
  async look(isWatched: (planned: PlannedWorkload) => boolean): Promise<readonly WatchedBreach[]> {
    const watched = [...this.#watched.values()].filter(({ planned }) => isWatched(planned));
    if (watched.length === 0) return [];
    const pods = await this.#newPods(watched.map(({ planned }) => planned));
    const due = watched.flatMap((one) => {
      const shown = pods.get(workloadKey(one.planned.ref)) ?? [];
      return one.watch
        .show(shown.filter((pod) => hasProxyContainer(pod) && !isTerminating(pod) && !isRefused(pod)))
        .map((record) => ({ one, record }));
    });
    this.#probes?.aim(
      due.filter(({ record }) => isReady(record.pod)).map(({ one, record }) => ({ watch: one.watch, record })),
    );
    // Pods that take a change as they run are the new ones now.
    const old = await this.#remaining(watched.filter(({ planned }) => !isInPlace(planned)));
    await this.#lookAt(this.#next([...due, ...old]));
    return watched.flatMap(({ planned, watch }) => {
      const breach = watch.judge(this.#context.now());
      return breach === undefined ? [] : [{ planned, breach }];
    });
  }

  readonly #gone = new Set<PodRecord>();

  async #lookAt(due: readonly Due[]): Promise<void> {
    const namespaces = [...new Set(due.map(({ one }) => one.planned.ref.namespace))];
    const usages = new Map(
      await mapLimited(namespaces, PARALLEL, async (namespace): Promise<[string, ReadonlyMap<string, Usage>]> => {
        return [namespace, await this.#sampler.usagesIn(namespace)];
      }),
    );
    await mapLimited(due, PARALLEL, async ({ one, record }) => {
      const { namespace } = one.planned.ref;
      const shown = await this.#look(record, namespace, one.way, usages.get(namespace));
      // One that does not answer any more has ended: it is not asked again.
      if (record.side === 'old' && !shown) this.#gone.add(record);
    });
  }

  /** What was seen of a workload; `undefined` where it is not watched. */
  reportOf({ ref }: Pick<PlannedWorkload, 'ref'>): SoakReport | undefined {
    return this.#watched.get(workloadKey(ref))?.watch.report(unseenIn(this.#sampler, ref.namespace));
  }

  /** That a workload has had too few requests to be judged by them; `undefined` if it had enough, or is not watched. */
  tooFewRequests({ ref }: Pick<PlannedWorkload, 'ref'>): string | undefined {
    return this.#watched.get(workloadKey(ref))?.watch.tooFewWords;
  }

  /** What of a workload is worse, and began before the change; `undefined` if nothing is, or it is not watched. */
  excused({ ref }: Pick<PlannedWorkload, 'ref'>): string | undefined {
    return this.#watched.get(workloadKey(ref))?.watch.excusedWords;
  }

  /** That more requests of a workload failed than its limit allows, not surely; `undefined` if not, or it is not watched. */
  perhapsExceeded({ ref }: Pick<PlannedWorkload, 'ref'>): string | undefined {
    return this.#watched.get(workloadKey(ref))?.watch.unsureWords;
  }

  /** Ends the sending of probes. */
  async close(): Promise<void> {
    await this.#probes?.close();
  }

  /** The next ones of more than may be asked in one look. */
  #next<T>(all: readonly T[]): readonly T[] {
    if (all.length <= MAX_PODS_PER_LOOK) return all;
    const from = (this.#turn++ * MAX_PODS_PER_LOOK) % all.length;
    return [...all, ...all].slice(from, from + MAX_PODS_PER_LOOK);
  }

  /** Returns whether a look at a pod has shown anything. */
  async #look(
    record: PodRecord,
    namespace: string,
    way: Way,
    usages: ReadonlyMap<string, Usage> | undefined,
  ): Promise<boolean> {
    const look = await record.inTurn(async () => {
      const shown = await this.#sampler.look(record.pod, namespace, way, usages?.get(record.name));
      record.add(shown);
      return shown;
    });
    return look.counters !== undefined || look.log !== undefined;
  }

  async #newPods(workloads: readonly PlannedWorkload[]): Promise<ReadonlyMap<string, readonly Pod[]>> {
    const source = evidenceSource(this.#context);
    const listed = workloads.filter((planned) => !isInPlace(planned));
    const labelled = listed.map(({ ref, revisions }) => {
      // The pods of one filter are those of all: one patch brings them.
      return { ref, podRevisions: revisions.slice(0, 1).map(({ podRevision }) => podRevision) };
    });
    const found = new Map(await listNewPods(labelled, source));
    for (const planned of listed) {
      const key = workloadKey(planned.ref);
      found.set(
        key,
        (found.get(key) ?? []).filter((pod) => hasChange(pod, planned)),
      );
    }
    await mapLimited(workloads.filter(isInPlace), PARALLEL, async (planned) => {
      const pods = await readIfPossible(source.debug, () => this.#allPods(planned, planned.observed));
      found.set(workloadKey(planned.ref), pods ?? []);
    });
    return found;
  }

  async #allPods({ ref }: PlannedWorkload, observed: Workload): Promise<readonly Pod[]> {
    const { items } = await this.#context.client.list<Pod>(POD, ref.namespace, { labelSelector: selectorOf(observed) });
    return items.filter((pod) => belongsTo(pod, ref) && hasProxyContainer(pod) && !isTerminating(pod));
  }
}

/** Returns what could not be watched in a namespace, each as words with the right that it takes. */
export function unseenIn(sampler: PodSampler, namespace: string): string[] {
  const lacks = (means: Means): boolean => sampler.lacks(namespace, means);
  const exec = lacks('exec') ? 'get and create pods/exec' : undefined;
  return [
    ...(lacks('log') ? ['crashes in the log of proxies (get pods/log)'] : []),
    ...(lacks('stats') && exec !== undefined ? [`counters of proxies (get pods/proxy, or ${exec})`] : []),
    ...(lacks('metrics') && exec !== undefined
      ? [`memory of proxies (${listWords(['list pods.metrics.k8s.io where it is served', exec])})`]
      : []),
  ];
}

function isInPlace({ ref }: PlannedWorkload): boolean {
  return targetKind(ref).binding.inPlace;
}

/** Whether a pod has all that the run brings to its workload; nothing on pods that take a change as they run tells. */
function hasChange({ metadata }: Pod, planned: PlannedWorkload): boolean {
  if (isInPlace(planned)) return false;
  return planned.revisions.every(
    ({ podRevision }) => metadata.labels?.[podLabel(podRevision.filter)] === podRevision.id,
  );
}

/** Which way the requests go that pass the filters of a workload. */
export function wayOf({ ref, observed, revisions }: Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions'>): Way {
  if (targetKind(ref).isGateway(observed)) return 'outbound';
  const ways = new Set(revisions.map(({ revision }) => revision.settings.direction));
  const [only = 'inbound'] = ways;
  if (ways.size > 1 || only === 'any') return 'any';
  return only === 'inbound' ? 'inbound' : 'outbound';
}

/** Waits until the next look, or until the signal aborts. */
export function untilNextLook(signal: AbortSignal): Promise<void> {
  return pause(LOOK_MS, signal);
}

/** A look every so often: with one more for what a test needs, a breach is seen within ten seconds. */
const LOOK_MS = 3_000;
