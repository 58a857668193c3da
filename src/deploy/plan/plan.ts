import type { Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import type { Workload } from '../../cluster/objects.ts';
import { CONFIG_MAP } from '../../cluster/resources.ts';
import { STATE_ANNOTATION } from '../../mesh/identity/names.ts';
import { type PodRevision, type Revision, revisionName } from '../../mesh/identity/revision.ts';
import { parseState } from '../../mesh/identity/state.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { FILTER_RESOURCES, type FilterResource } from '../../mesh/objects/filter-resource.ts';
import type { AdoptedVolume } from '../../mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged, UnmanagedFilter } from '../../mesh/unmanaged/unmanaged.ts';
import type { WorkloadPatch } from '../../mesh/workload-patch.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { RunningProxies } from '../observe/running-proxies.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { MovedTag } from '../report/moved-tag.ts';
import type { DeployRequest, Unknown } from '../request.ts';

/** A revision on a workload, and what the pods carry for it: the same, unless its settings are pushed into an earlier one. */
export interface PlannedRevision {
  readonly revision: Revision;
  readonly podRevision: PodRevision;
  /** Set where it has the bytes that its tag named before, because the workload runs them, or its siblings do. */
  readonly earlier?: true;
  /** Set where the workload runs it already, but is recorded with another source than the one that the run names. */
  readonly otherSource?: true;
  /** How long the filter is to stay on the workload, in milliseconds; omitted for ever. */
  readonly expiresMs?: number;
}

/** What the pods of a workload go back to. */
export type RollbackTarget = PodRevision & {
  /** The revision whose settings were pushed into it; absent where it has its own. */
  readonly pushed?: string;
};

/** The ConfigMap or the filter resource of a revision in a namespace. */
export interface PlannedObject<T extends ConfigMap | FilterResource> extends PlannedRevision {
  readonly namespace: string;
  /** Whether it has to be written. */
  readonly write: boolean;
  /** Whether another run means to delete it as garbage. */
  readonly marked: boolean;
  /** Whether it is there, so that writing it changes it. */
  readonly exists: boolean;
  /** What others have changed about it, in words. */
  readonly drift?: string;
  /** Makes its body as the cluster keeps it, which may be a megabyte: only for those that are written. */
  readonly render: () => T;
}

/** A filter resource; if it is an EnvoyFilter, with what it takes the place of. */
export interface PlannedFilterResource extends PlannedObject<FilterResource> {
  /** What was observed, where its settings are replaced while pods run it. */
  readonly pushedOver?: EnvoyFilter;
  /** The filters of others that it takes out of its pods, because ours runs in their place. */
  readonly replaced: readonly UnmanagedFilter[];
  /** As `render` of every planned object; what is `gone`, by `unmanagedKey`, need not be taken out any more. */
  readonly render: (gone?: ReadonlySet<string>) => FilterResource;
}

/** A workload, the revisions that it shall run, and the filters that it shall not run any more. */
export interface PlannedWorkload {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly PlannedRevision[];
  readonly removals: readonly string[];
  /** From 1. */
  readonly wave: number;
  /** What has to be changed; `undefined` for nothing. */
  readonly patch: WorkloadPatch | undefined;
  /** The revisions it ran before, by filter: what ran, with the settings that were pushed, and not the label of its pods. */
  readonly before: ReadonlyMap<string, string>;
  /** What it goes back to when a wanted revision fails, by filter; a filter that has none goes. */
  readonly rollbackTargets: ReadonlyMap<string, RollbackTarget>;
  /** What others have changed since the last run, in words. */
  readonly drift: readonly string[];
  /** The filters of others that ours takes the place of. */
  readonly adopted: readonly AdoptedUnmanaged[];
  /** The volumes that held their files. */
  readonly volumes: readonly AdoptedVolume[];
  /** The revisions of other filters of this action whose mounts are put back, because its pods restart anyway. */
  readonly mended: readonly PodRevision[];
  /** Other filters of this action that its pods run. */
  readonly alsoRuns: readonly string[];
}

/** What may be garbage, by kind. */
export const GARBAGE_RESOURCES = { ConfigMap: CONFIG_MAP, ...FILTER_RESOURCES } as const;

/** An object of a revision that nothing names any more. */
export interface Garbage {
  readonly kind: keyof typeof GARBAGE_RESOURCES;
  readonly namespace: string;
  readonly name: string;
  readonly filter: string;
  readonly revision: string;
}

/** Everything a run will write, and everything it wants to be there. */
export interface Plan {
  readonly configMaps: readonly PlannedObject<ConfigMap>[];
  readonly filterResources: readonly PlannedFilterResource[];
  readonly workloads: readonly PlannedWorkload[];
  /** What is superseded once all of that is done. */
  readonly garbage: readonly Garbage[];
  readonly warnings: readonly Warning[];
  /** Tags that name other bytes than those that their workloads run; absent for what comes from no tag. */
  readonly movedTags?: readonly MovedTag[];
}

/** Whether a workload's pods will run something else. */
export function changesPods({ patch }: PlannedWorkload): boolean {
  return patch?.spec !== undefined;
}

/** Whether they will be replaced for it, and not take it as they run. */
export function restarts(planned: PlannedWorkload): boolean {
  return changesPods(planned) && !targetKind(planned.ref).binding.inPlace;
}

/** What the pods of a workload carry once the plan is done. */
export function podRevisionsOf({ revisions }: Pick<PlannedWorkload, 'revisions'>): readonly PodRevision[] {
  return revisions.map(({ podRevision }) => podRevision);
}

/** `shop/add-header-0123456789`: the key of a revision's objects. */
export function objectKey(namespace: string, podRevision: Pick<PodRevision, 'filter' | 'id'>): string {
  return `${namespace}/${revisionName(podRevision)}`;
}

/** When `sweep` may remove the first filter of a plan's targets, once the plan is done, ISO 8601; `undefined` for never. */
export function firstExpiry({ workloads }: Pick<Plan, 'workloads'>): string | undefined {
  const times = workloads.flatMap(({ observed, patch, revisions }) => {
    const recorded = observed.metadata.annotations?.[STATE_ANNOTATION];
    const state = parseState(patch?.metadata?.annotations[STATE_ANNOTATION] ?? recorded);
    return revisions.flatMap(({ podRevision }) => state[podRevision.filter]?.expires ?? []);
  });
  return times.sort()[0];
}

/** A plan and what it was made of. */
export interface PlannedDeployment {
  /** Where there are problems, the plan of what was found: for checks alone. */
  readonly plan: Plan;
  readonly request: DeployRequest;
  readonly snapshot: ClusterSnapshot;
  /** What is wrong with the request, the targets, the mounts and the workloads. */
  readonly problems: readonly Problem[];
  /** The permissions without which it is not known what is superseded. */
  readonly missingForCleanup: readonly Permission[];
  /** What the request holds stand-ins for. */
  readonly unknown: ReadonlySet<Unknown>;
  /** What the targets run now, each looked at once. */
  readonly proxies: RunningProxies;
}
