import { type Json, pick } from '../../base/json.ts';
import { listWords, nameSome } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { Pod } from '../../cluster/objects.ts';
import { describeReturn } from '../../mesh/identity/applier.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { describePatch } from '../../mesh/objects/http-patches.ts';
import { annotatedMounts, mountOf } from '../../mesh/unmanaged/adopted-volumes.ts';
import { describeSource, describeUnmanaged } from '../../mesh/unmanaged/adoption-choice.ts';
import { remainingPatches } from '../../mesh/unmanaged/adoption-limits.ts';
import {
  type AdoptedUnmanaged,
  type EnvoyFilterRef,
  envoyFilterKey,
  selectsTemplate,
  type UnmanagedFilter,
  unmanagedKey,
  workloadSelectorOf,
} from '../../mesh/unmanaged/unmanaged.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { PlannedAdoption } from '../report/plan-report.ts';
import type { Plan, PlannedWorkload } from './plan.ts';

/** What there is to know of a workload on which ours takes the place of others' filters. */
export type AdoptingWorkload = Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions' | 'adopted' | 'volumes'>;

/** A filter that ours takes the place of, and where. */
export interface AdoptedFilter {
  readonly filter: AdoptedUnmanaged;
  readonly workloads: readonly WorkloadRef[];
  /** What its EnvoyFilter still puts it into: workloads, pods, other namespaces, in words. */
  readonly others: readonly string[];
}

/** What happens to an EnvoyFilter that is not this action's once ours runs in the place of filters of it. */
export interface AdoptedEnvoyFilter {
  readonly ref: EnvoyFilterRef;
  readonly observed: EnvoyFilter;
  readonly filters: readonly AdoptedFilter[];
  /** The filters that nothing else needs: only their patches are taken out. */
  readonly taken: readonly AdoptedUnmanaged[];
  /** The entries that it keeps; it is deleted where none are left. */
  readonly keeps: readonly Json[];
  /** Which pods it is for. */
  readonly scope: 'selected pods' | 'its whole namespace' | 'the whole mesh';
  /** The ConfigMaps that held the files of `taken`, and that none of the workloads mounts any more. */
  readonly configMaps: readonly string[];
  /** Whether a pod of the namespace still runs one of `taken`: it is selected, and carries no filter of this action in its place. */
  readonly runsIn: (pod: Pod) => boolean;
}

/** The EnvoyFilters that filters are taken over from. An EnvoyFilter of the whole mesh keeps everything: it serves other namespaces. */
export function adoptedEnvoyFilters(
  { workloads }: { readonly workloads: readonly AdoptingWorkload[] },
  snapshot: ClusterSnapshot,
): AdoptedEnvoyFilter[] {
  const pairs = workloads.flatMap((planned) => planned.adopted.map((filter) => ({ planned, filter })));
  const groups = Map.groupBy(pairs, ({ filter }) => envoyFilterKey(filter.envoyFilter));
  return [...groups.values()].flatMap((group): AdoptedEnvoyFilter[] => {
    const [first] = group;
    if (first === undefined) return [];
    const ref = first.filter.envoyFilter;
    const observed = observedEnvoyFilter(ref, snapshot);
    if (observed === undefined) return [];
    const isMeshWide = group.some(({ planned }) => planned.ref.namespace !== ref.namespace);
    const filters = Map.groupBy(group, ({ filter }) => unmanagedKey(filter));
    const adopted = [...filters.values()].flatMap((those): AdoptedFilter[] => {
      const [one] = those;
      if (one === undefined) return [];
      const refs = those.map(({ planned }) => planned.ref);
      const others = isMeshWide ? ['every other namespace'] : othersOf(ref.namespace, observed, refs, snapshot);
      return [{ filter: one.filter, workloads: refs, others }];
    });
    const taken = adopted.filter(({ others }) => others.length === 0).map(({ filter }) => filter);
    const planned = group.map((one) => one.planned);
    return [
      {
        ref,
        observed,
        filters: adopted,
        taken,
        keeps: remainingPatches(observed, taken),
        scope: isMeshWide
          ? 'the whole mesh'
          : Object.keys(workloadSelectorOf(observed)).length === 0
            ? 'its whole namespace'
            : 'selected pods',
        configMaps: configMapsOf(taken, planned),
        runsIn: runningIn(observed, planned),
      },
    ];
  });
}

/**
 * The same workloads, with a reason to stay for each volume whose file an EnvoyFilter that stays goes on naming: when ours is removed
 * with what it takes out, the pods need that file again.
 */
export function keepNeededVolumes<T extends AdoptingWorkload>(workloads: readonly T[], snapshot: ClusterSnapshot): T[] {
  const staying = adoptedEnvoyFilters({ workloads }, snapshot)
    .flatMap(({ filters }) => filters)
    .filter(({ others }) => others.length > 0);
  return workloads.map((workload) => {
    const key = workloadKey(workload.ref);
    const mounts = annotatedMounts(workload.observed.spec?.template ?? {});
    const reasons = staying
      .filter(({ workloads: adopting }) => adopting.some((ref) => workloadKey(ref) === key))
      .flatMap(({ filter: { code, envoyFilter }, others }) => {
        const volume = code.kind === 'file' ? mountOf(code.file, mounts)?.volume : undefined;
        const why = `${describeSource(envoyFilter)} still serves ${shortList(others)} and names its file`;
        return volume === undefined ? [] : [[volume, why] as const];
      });
    const needed = new Map(reasons);
    const volumes = workload.volumes.map((one) => {
      const stays = one.stays ?? needed.get(one.volume);
      return stays === undefined ? one : { ...one, stays };
    });
    return { ...workload, volumes };
  });
}

/** What an EnvoyFilter selects besides the workloads that take over from it, in words. */
function othersOf(
  namespace: string,
  envoyFilter: EnvoyFilter,
  adopting: readonly WorkloadRef[],
  snapshot: ClusterSnapshot,
): string[] {
  const keys = new Set(adopting.map(workloadKey));
  const workloads = snapshot
    .workloads(namespace)
    .filter(
      ({ ref, workload }) =>
        !targetKind(ref).binding.inPlace &&
        !keys.has(workloadKey(ref)) &&
        selectsTemplate(envoyFilter, workload.spec?.template?.metadata?.labels ?? {}),
    );
  const pods = snapshot.unmanaged.otherPods(namespace).filter(({ labels }) => selectsTemplate(envoyFilter, labels));
  return [...workloads.map(({ ref }) => describeWorkload(ref)), ...pods.map(({ name }) => name)];
}

function observedEnvoyFilter({ namespace, name }: EnvoyFilterRef, snapshot: ClusterSnapshot): EnvoyFilter | undefined {
  const all = [...snapshot.foreignEnvoyFilters(namespace), ...snapshot.unmanaged.meshEnvoyFilters];
  return all.find(({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace);
}

function configMapsOf(taken: readonly UnmanagedFilter[], planned: readonly AdoptingWorkload[]): string[] {
  const found = planned.flatMap(({ observed }) => {
    const mounts = annotatedMounts(observed.spec?.template ?? {});
    return taken.flatMap(({ code }) => (code.kind === 'file' ? (mountOf(code.file, mounts)?.configMap ?? []) : []));
  });
  return [...new Set(found)].filter((configMap) => !planned.some((one) => stillMounts(one, configMap)));
}

function stillMounts({ observed, volumes }: AdoptingWorkload, configMap: string): boolean {
  const { spec, ...template } = observed.spec?.template ?? {};
  const gone = volumes.filter(({ stays }) => stays === undefined).map(({ volume }) => volume);
  return (
    annotatedMounts(template).some((mount) => mount.configMap === configMap && !gone.includes(mount.volume)) ||
    (spec?.volumes ?? []).some((volume) => pick(volume, 'configMap', 'name') === configMap)
  );
}

function runningIn(envoyFilter: EnvoyFilter, planned: readonly AdoptingWorkload[]): (pod: Pod) => boolean {
  const podRevisions = planned.flatMap(({ revisions }) => revisions.map(({ podRevision }) => podRevision));
  return ({ metadata: { labels = {} }, status }) =>
    status?.phase !== 'Succeeded' &&
    status?.phase !== 'Failed' &&
    selectsTemplate(envoyFilter, labels) &&
    !podRevisions.some(({ filter, id }) => labels[podLabel(filter)] === id);
}

/** Why a filter stays although ours runs in its place on some workloads. */
export function staysFor({ filter: { httpFilter, envoyFilter, code }, others }: AdoptedFilter): Warning {
  const file = code.kind === 'file' ? ', which keep its file for when the filter of this action is removed' : '';
  const subject = describeSource(envoyFilter);
  const text = `"${httpFilter}" of ${subject} still serves ${shortList(others)}: it stays, and the filter of this action takes it out of its own pods${file}.`;
  return { topic: 'Adopted filter stays', subject, text };
}

/** What an adoption does beside the workloads that are asked for, to be said before it. */
export function adoptionWarnings(adopted: readonly AdoptedEnvoyFilter[]): Warning[] {
  return adopted.flatMap(({ ref, observed, filters, taken, scope }) => [
    ...filters.filter(({ others }) => others.length > 0).map(staysFor),
    ...(taken.length > 0 && scope === 'its whole namespace'
      ? [
          {
            topic: 'Adopted filter of a whole namespace',
            subject: describeSource(ref),
            text: `${describeSource(ref)} is for its whole namespace: nothing else runs there now, and later pods will run without ${listWords(
              taken.map(({ httpFilter }) => `"${httpFilter}"`),
              'and',
            )}.`,
          },
        ]
      : []),
    ...(taken.length > 0 ? returnWarnings(ref, taken, observed) : []),
  ]);
}

/** Of an EnvoyFilter that somebody writes again from another source. */
function returnWarnings(ref: EnvoyFilterRef, taken: readonly UnmanagedFilter[], observed: EnvoyFilter): Warning[] {
  const found = describeReturn(observed);
  if (found === undefined) return [];
  const what = listWords(
    taken.map(({ httpFilter }) => `"${httpFilter}"`),
    'and',
  );
  const subject = describeSource(ref);
  const text = `${subject} can bring ${what} back ${found.when}, so that it runs beside the filter of this action. ${found.remedy}`;
  return [{ topic: 'Adopted filter may come back', subject, text }];
}

/** At most five names. */
export function shortList(names: readonly string[]): string {
  return names.length > 5 ? nameSome(names, 5) : listWords(names, 'and');
}

/** What a plan would take over, filter by filter. */
export function describeAdoptions(plan: Plan, snapshot: ClusterSnapshot): PlannedAdoption[] {
  return adoptedEnvoyFilters(plan, snapshot).flatMap((adopted) =>
    adopted.filters.map(({ filter, workloads, others }): PlannedAdoption => {
      const keys = new Set(workloads.map(workloadKey));
      const planned = plan.workloads.filter(({ ref }) => keys.has(workloadKey(ref)));
      return {
        what: describeUnmanaged(filter),
        by: filter.by,
        workloads: workloads.map(describeWorkload),
        ...fateOf(adopted, others),
        volumes: volumesOf(planned),
      };
    }),
  );
}

function fateOf({ keeps }: AdoptedEnvoyFilter, others: readonly string[]): Pick<PlannedAdoption, 'fate' | 'keeps'> {
  if (others.length > 0) return { fate: 'stays', keeps: others };
  return keeps.length === 0 ? { fate: 'deleted', keeps: [] } : { fate: 'patched', keeps: keeps.map(describePatch) };
}

function volumesOf(planned: readonly PlannedWorkload[]): PlannedAdoption['volumes'] {
  const volumes = planned.flatMap((one) => one.volumes);
  const distinct = new Map(volumes.map(({ volume, stays }) => [`${volume} ${stays ?? ''}`, { volume, stays }]));
  return [...distinct.values()].map(({ volume, stays }) => (stays === undefined ? { volume } : { volume, stays }));
}
