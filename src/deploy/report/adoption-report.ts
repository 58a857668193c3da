import { describePatch } from '../../mesh/objects/http-patches.ts';
import { describeUnmanaged } from '../../mesh/unmanaged/adoption-choice.ts';
import { envoyFilterKey } from '../../mesh/unmanaged/unmanaged.ts';
import { describeWorkload, workloadKey } from '../../targets/target.ts';
import { type AdoptedEnvoyFilter, adoptedEnvoyFilters } from '../apply/adopted-envoy-filters.ts';
import type { Observation } from '../observe/observer.ts';
import type { Plan, PlannedWorkload } from '../plan/plan.ts';

/** A filter that is not this action's and that ours would take the place of. */
export interface PlannedAdoption {
  /** Which one, with its module, its context and its port. */
  readonly what: string;
  /** The name of ours. */
  readonly by: string;
  /** The workloads that it would be taken out of. */
  readonly workloads: readonly string[];
  /** What would become of its EnvoyFilter. */
  readonly fate: 'deleted' | 'patched' | 'stays';
  /** What the EnvoyFilter keeps, by what its patches do; or whom it still serves, where it stays. */
  readonly keeps: readonly string[];
  /** The volumes that hold its file, and why one stays; absent where it goes. */
  readonly volumes: readonly { readonly volume: string; readonly stays?: string }[];
}

/** What a plan would take over, filter by filter. */
export function describeAdoptions(plan: Plan, observation: Observation): PlannedAdoption[] {
  return adoptedEnvoyFilters(plan, observation).flatMap((adopted) =>
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

/** The EnvoyFilters that ours runs in the place of on a workload, once a run has brought it there. */
export function takenOverFrom({ adopted, patch }: PlannedWorkload): string[] {
  if (patch?.spec === undefined) return [];
  return [...new Set(adopted.map(({ envoyFilter }) => envoyFilterKey(envoyFilter)))];
}
