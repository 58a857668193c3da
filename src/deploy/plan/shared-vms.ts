import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWritten, nameSettings } from '../../filter/written.ts';
import { DIGEST_ANNOTATION } from '../../mesh/identity/names.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { isPlugin, shownSettings } from '../../mesh/objects/filter-resource.ts';
import { describeUnmanaged } from '../../mesh/unmanaged/adoption-choice.ts';
import { sharingOf, type VmUser } from '../../mesh/unmanaged/shared-vm.ts';
import { hasNameOf, unmanagedKey } from '../../mesh/unmanaged/unmanaged.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type ClusterSnapshot, observedFilter } from '../observe/snapshot.ts';
import { moduleDigestOf, remainingOn } from './adoption.ts';
import type { PlannedRevision, PlannedWorkload } from './plan.ts';
import { perWorkload } from './workload-warnings.ts';

/**
 * What is wrong, or may be, about VMs that wanted filters would share with other filters of their pods: those of this action and those
 * that EnvoyFilters of others insert, as far as this run has read them. Each of the filters stands in the listeners, so no
 * verification would tell. What proxies pull as an image has no VM id that could be chosen.
 */
export function judgeSharedVms(
  workloads: readonly PlannedWorkload[],
  snapshot: ClusterSnapshot,
): { readonly problems: readonly Problem[]; readonly warnings: readonly Warning[] } {
  const pairs = workloads.flatMap((planned) => {
    const subject = describeWorkload(planned.ref);
    const mounted = planned.revisions.filter(({ podRevision }) => podRevision.image === undefined);
    // That two filters have one name is told already.
    return mounted.flatMap((wanted, index) => {
      const user = vmUserOf(wanted.revision);
      const isNew = planned.before.get(wanted.revision.filter) !== wanted.revision.id;
      const others = [
        ...mounted
          .slice(0, index)
          .filter(({ revision }) => revision.filter !== wanted.revision.filter)
          .map(({ revision }) => vmUserOf(revision)),
        ...usersBeside(planned, wanted, snapshot),
      ];
      return others.map((other) => ({ subject, wanted, user, other, isNew, sharing: sharingOf(user, other) }));
    });
  });
  return {
    problems: pairs
      .filter(({ sharing }) => sharing === 'everything')
      .map(({ subject, wanted, other }) => ({
        ...oneVm(subject, wanted.revision, other),
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

/** A filter of a run, as far as its VM is concerned. */
export type VmRevision = Pick<Revision, 'filter' | 'module' | 'settings' | 'places'>;

/** Where a filter's VM id is written, or the filter where it has none of its own; nowhere where no file does. */
function vmIdAt({ places }: VmRevision): Pick<Problem, 'at'> {
  return defined({ at: (places?.['vm-id'] ?? places?.filter)?.at });
}

/** Returns a filter of a run as what Envoy would make its VM of. */
export function vmUserOf(revision: VmRevision): VmUser {
  const { module, settings } = revision;
  return {
    what: describeWritten(revision, 'vm-id'),
    vmId: settings.vmId,
    rootId: settings.rootId,
    digest: module.digest,
  };
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

/** Returns the problem that a filter of a run would run as one with another one of its workload, the `subject`. */
export function oneVm(subject: string, revision: VmRevision, other: VmUser): Problem {
  const { filter } = revision;
  const user = vmUserOf(revision);
  const root = user.rootId === '' ? 'no root id' : `the root id ${JSON.stringify(user.rootId)}`;
  return {
    kind: 'conflict',
    subject,
    ...vmIdAt(revision),
    clause: 'two filters would run as one',
    message: `would run ${user.what} and ${other.what} as one: both have the vm-id ${JSON.stringify(user.vmId)}, ${root} and the same module, so Envoy runs them in one VM, where the configuration of one can replace the other's.`,
    remedy:
      user.vmId === filter
        ? `Choose one that no other filter there has: ${nameSettings(['vm-id'], revision)}.`
        : `Leave out "vm-id", whose default is the filter's name (${JSON.stringify(filter)}), or choose one that no other filter there has.`,
  };
}

function sharedWarning(user: VmUser, other: VmUser): string {
  return `${user.what} shares the Wasm VM of ${other.what}: both have the vm-id ${JSON.stringify(user.vmId)} and the same module, with the root ids ${JSON.stringify(user.rootId)} and ${JSON.stringify(other.rootId)}. If that is not intended, leave out "vm-id".`;
}
