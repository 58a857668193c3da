import { canonicalJson } from '../../base/json.ts';
import type { Fault, Result } from '../../base/problem.ts';
import type { Pod, PodTemplate } from '../../cluster/objects.ts';
import { isReady, isTerminating, proxyImageOf } from '../../cluster/pods.ts';
import { type PodRevision, runHash } from '../../mesh/identity/revision.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { belongsTo, targetKind } from '../kinds/kinds.ts';
import { changesPods, objectKey, type Plan, type PlannedRevision, type PlannedWorkload } from '../plan/plan.ts';
import { type ProxyLike, proxyLike, scoutMounts } from './scout-pod.ts';
import { type ScoutRevision, scoutRevisionOf } from './scout-revision.ts';

/** One scout: what it carries, and whose new pods it stands for. */
export interface PlannedScout {
  readonly namespace: string;
  readonly name: string;
  readonly like: ProxyLike;
  readonly revisions: readonly ScoutRevision[];
  readonly targets: readonly WorkloadRef[];
  /** Whether it stands for gateways, which get their files otherwise. */
  readonly gateways: boolean;
}

/** Targets that no scout can stand for. `why` is a clause. */
export interface Unscouted {
  readonly targets: readonly WorkloadRef[];
  readonly why: string;
}

export interface PlannedScouts {
  readonly scouts: readonly PlannedScout[];
  readonly unscouted: readonly Unscouted[];
}

/** What becomes something else in the proxies of a target. */
interface Change {
  readonly planned: PlannedWorkload;
  readonly revisions: readonly PlannedRevision[];
  readonly inPlace: boolean;
}

/**
 * Returns the scouts of a plan: one for each namespace and sort of proxy, which carries all filters that its targets are to have; more
 * where targets are to have different revisions of one filter, or mounts that are in the way of each other. Targets without pods have
 * nothing to lose, so they get none; nor do those that are to have again what was verified on them and others have changed. `podsIn` gives the pods of a namespace as they are, or why nobody knows.
 */
export async function planScouts(
  plan: Pick<Plan, 'workloads' | 'filterResources'>,
  run: string,
  isVerified: (ref: WorkloadRef, podRevision: PodRevision) => boolean,
  podsIn: (namespace: string) => Promise<Result<readonly Pod[], Fault>>,
): Promise<PlannedScouts> {
  const scouts = new Map<string, Draft[]>();
  const unscouted = new Map<string, WorkloadRef[]>();
  const leave = (ref: WorkloadRef, why: string): void => {
    unscouted.set(why, [...(unscouted.get(why) ?? []), ref]);
  };
  for (const change of changesOf(plan, isVerified)) {
    const { ref, observed } = change.planned;
    if (targetKind(ref).wantedPods(observed) === 0) continue;
    const pods = await podsIn(ref.namespace);
    if (!pods.ok) {
      leave(ref, pods.fault);
      continue;
    }
    const running = proxyPod(ref, pods.value);
    if (running === undefined) {
      leave(ref, 'no pod with a proxy runs there, whose image a scout could have');
      continue;
    }
    const isGateway = targetKind(ref).isGateway(observed);
    const like = proxyLike(running, observed.spec?.template ?? {}, isGateway);
    const { image, controlPlane = '', annotations } = like;
    const key = canonicalJson([ref.namespace, image, controlPlane, annotations]);
    const { namespace } = ref;
    const revisions = change.revisions.map((one) =>
      scoutRevisionOf(one, { namespace, isGateway, inPlace: change.inPlace, run }),
    );
    const drafts = scouts.get(key) ?? [];
    scouts.set(key, drafts);
    const draft = drafts.find((one) => canCarry(one, revisions));
    if (draft === undefined) {
      drafts.push({
        namespace,
        like,
        targets: [ref],
        gateways: isGateway,
        carried: new Map(revisions.map((one) => [one.filter, one])),
      });
    } else {
      draft.targets.push(ref);
      draft.gateways &&= isGateway;
      for (const one of revisions) draft.carried.set(one.filter, one);
    }
  }
  return {
    scouts: [...scouts.values()].flat().map((draft, index) => named(draft, `${run} ${index}`)),
    unscouted: [...unscouted].map(([why, targets]) => ({ why, targets })),
  };
}

interface Draft {
  readonly namespace: string;
  readonly like: ProxyLike;
  readonly targets: WorkloadRef[];
  gateways: boolean;
  readonly carried: Map<string, ScoutRevision>;
}

function named({ namespace, like, targets, gateways, carried }: Draft, what: string): PlannedScout {
  const name = `deploy-wasm-filter-scout-${runHash(what, namespace)}`;
  return { namespace, name, like, targets, gateways, revisions: [...carried.values()] };
}

/** Whether a scout that carries some filters can carry more. */
function canCarry({ carried }: Draft, more: readonly ScoutRevision[]): boolean {
  const all = new Map(carried);
  for (const one of more) {
    const label = all.get(one.filter)?.label;
    if (label !== undefined && label !== one.label) return false;
    all.set(one.filter, one);
  }
  return scoutMounts([...all.values()]) !== undefined;
}

/** What a plan brings to proxies: to new pods all filters that they are to have, to running ones what is new in them. */
function changesOf(
  { workloads, filterResources }: Pick<Plan, 'workloads' | 'filterResources'>,
  isVerified: (ref: WorkloadRef, podRevision: PodRevision) => boolean,
): Change[] {
  const pushed = new Set(
    filterResources
      .filter(({ pushedOver }) => pushedOver !== undefined)
      .map(({ namespace, podRevision }) => objectKey(namespace, podRevision)),
  );
  return workloads.flatMap((planned): Change[] => {
    const { ref, revisions, before } = planned;
    const { inPlace } = targetKind(ref).binding;
    const isPushed = ({ podRevision }: PlannedRevision): boolean => pushed.has(objectKey(ref.namespace, podRevision));
    const changing =
      changesPods(planned) && inPlace
        ? revisions.filter(({ revision }) => before.get(revision.filter) !== revision.id)
        : changesPods(planned)
          ? revisions.filter((one) => !isPushed(one))
          : [];
    const isBack = changing.every(
      ({ revision, podRevision }) => before.get(revision.filter) === revision.id && isVerified(ref, podRevision),
    );
    const [live, rolled] = [revisions.filter(isPushed), isBack ? [] : changing];
    return [
      ...(rolled.length > 0 ? [{ planned, revisions: rolled, inPlace }] : []),
      ...(live.length > 0 ? [{ planned, revisions: live, inPlace: true }] : []),
    ];
  });
}

/** A pod whose proxy is like those that the target will have: its own or, where it has none now, another one of the namespace. */
function proxyPod(ref: WorkloadRef, pods: readonly Pod[]): { pod: Pod; image: string } | undefined {
  const all = pods.flatMap((pod) => {
    const image = isTerminating(pod) ? undefined : proxyImageOf(pod);
    return image === undefined ? [] : [{ pod, image }];
  });
  const own = all.filter(({ pod }) => belongsTo(pod, ref));
  return own.find(({ pod }) => isReady(pod)) ?? own[0] ?? all.find(({ pod }) => isReady(pod));
}

/** The pod template of a scout, for whoever looks at its pod as at that of a workload. */
export function scoutTemplate({ metadata, spec }: Pod): PodTemplate {
  return { metadata, ...(spec !== undefined && { spec }) };
}
