import { defined } from '../../base/defined.ts';
import type { FilePosition, Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { DIGEST_ANNOTATION } from '../../mesh/identity/names.ts';
import { isPlugin, shownSettings } from '../../mesh/objects/filter-resource.ts';
import { describeUnmanaged } from '../../mesh/unmanaged/adoption-choice.ts';
import { sharingOf, type VmUser } from '../../mesh/unmanaged/shared-vm.ts';
import { hasNameOf, unmanagedKey } from '../../mesh/unmanaged/unmanaged.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type ClusterSnapshot, observedFilter } from '../observe/snapshot.ts';
import type { FilterRequest } from '../request.ts';
import { moduleDigestOf, remainingOn } from './adoption.ts';
import type { PlannedRevision, PlannedWorkload } from './plan.ts';
import { perWorkload } from './workload-warnings.ts';

/**
 * What is wrong, or may be, about VMs that wanted filters would share with other filters of their pods: those of this action and those
 * that EnvoyFilters of others insert, as far as this run has read them. Each of the filters stands in the listeners, so no
 * verification would tell. What proxies pull as an image has no VM id that could be chosen.
 * `requests` know where the filters are written down.
 */
export function judgeSharedVms(
  workloads: readonly PlannedWorkload[],
  snapshot: ClusterSnapshot,
  requests: readonly Pick<FilterRequest, 'name' | 'places'>[],
): { readonly problems: readonly Problem[]; readonly warnings: readonly Warning[] } {
  const pairs = workloads.flatMap((planned) => {
    const subject = describeWorkload(planned.ref);
    const mounted = planned.revisions.filter(({ podRevision }) => podRevision.image === undefined);
    return mounted.flatMap((wanted, index) => {
      const user = wantedUser(wanted);
      const isNew = planned.before.get(wanted.revision.filter) !== wanted.revision.id;
      const others = [...mounted.slice(0, index).map(wantedUser), ...usersBeside(planned, wanted, snapshot)];
      return others.map((other) => ({ subject, wanted, user, other, isNew, sharing: sharingOf(user, other) }));
    });
  });
  return {
    problems: pairs
      .filter(({ sharing }) => sharing === 'everything')
      .map(({ subject, wanted, user, other }) => ({
        ...sharedProblem(subject, wanted, user, other),
        ...defined({ at: vmIdAt(wanted.revision.filter, requests) }),
      })),
    warnings: perWorkload(
      pairs
        .filter(({ sharing, isNew }) => sharing === 'roots' && isNew)
        .map(({ subject, user, other }) => ({
          subject,
          kind: 'note' as const,
          topic: 'Shared Wasm VM',
          text: sharedWarning(user, other),
        })),
    ),
  };
}

/** Where a filter's VM id is written, or the filter where it has none of its own; `undefined` where no file does. */
function vmIdAt(name: string, requests: readonly Pick<FilterRequest, 'name' | 'places'>[]): FilePosition | undefined {
  const places = requests.find((request) => request.name === name)?.places;
  return (places?.['vm-id'] ?? places?.filter)?.at;
}

function wantedUser({ revision: { filter, module, settings } }: PlannedRevision): VmUser {
  return { what: filter, vmId: settings.vmId, rootId: settings.rootId, digest: module.digest };
}

function usersBeside(
  { ref, observed, adopted, alsoRuns }: PlannedWorkload,
  { revision }: PlannedRevision,
  snapshot: ClusterSnapshot,
): VmUser[] {
  const target = { ref, workload: observed };
  const ours = alsoRuns.flatMap((filter): VmUser[] => {
    const { filterResource, configMap } = observedFilter(filter, target, snapshot);
    if (filterResource === undefined || isPlugin(filterResource)) return [];
    const { vmId, rootId } = shownSettings(filterResource);
    const digest = configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
    return [{ what: `${filter} of this action`, vmId, rootId, digest }];
  });
  const gone = new Set(adopted.map(unmanagedKey));
  const foreign = remainingOn(target, revision.filter, snapshot)
    // One with our name runs twice, which is told already.
    .filter((one) => !gone.has(unmanagedKey(one)) && !hasNameOf(one, revision.filter))
    .map((one): VmUser => {
      const digest = moduleDigestOf(one, target, snapshot);
      return { what: describeUnmanaged(one), vmId: one.vmId ?? '', rootId: one.rootId, digest };
    });
  return [...ours, ...foreign];
}

function sharedProblem(subject: string, { revision }: PlannedRevision, user: VmUser, other: VmUser): Problem {
  const { filter } = revision;
  const root = user.rootId === '' ? 'no root id' : `the root id ${JSON.stringify(user.rootId)}`;
  return {
    kind: 'conflict',
    subject,
    clause: 'two filters would run as one',
    message: `would run ${filter} and ${other.what} as one: both have the vm-id ${JSON.stringify(user.vmId)}, ${root} and the same module, so Envoy runs them in one VM, where the configuration of one can replace the other's.`,
    remedy:
      user.vmId === filter
        ? 'Choose a "vm-id" that no other filter there has.'
        : `Leave out "vm-id", whose default is the filter's name (${JSON.stringify(filter)}), or choose one that no other filter there has.`,
  };
}

function sharedWarning(user: VmUser, other: VmUser): string {
  return `${user.what} shares the Wasm VM of ${other.what}: both have the vm-id ${JSON.stringify(user.vmId)} and the same module, with the root ids ${JSON.stringify(user.rootId)} and ${JSON.stringify(other.rootId)}. If that is not intended, leave out "vm-id".`;
}
