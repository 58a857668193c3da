import type { Problem } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { isMounted, lacksVolume, mountChanges } from '../../mesh/template/sidecar-mounts.ts';
import { filtersOn, revisionOn } from '../../mesh/template/template.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { WantedTarget } from '../kinds/kind.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type ClusterSnapshot, observedFilter } from '../observe/snapshot.ts';

/**
 * Returns the mounted filters of this action on a workload, other than those that the run brings or takes away: their revisions as a
 * run has recorded them, whose modules are there. A run whose pods restart anyway puts back what somebody has taken of their mounts,
 * or its own pods could not start.
 */
export function filtersBeside(
  { ref, observed }: Pick<WantedTarget, 'ref' | 'observed'>,
  own: readonly string[],
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): PodRevision[] {
  const { binding } = targetKind(ref);
  if (binding.inPlace) return [];
  return otherFilters(observed, own).flatMap((filter) => {
    const current = observedFilter(filter, { ref, workload: observed }, snapshot);
    const { id, recorded, configMap, filterResource } = current;
    if (id === undefined || recorded?.revision !== id) return [];
    if (configMap === undefined || imageOf(configMap) !== undefined) return [];
    const known =
      binding.podRevisionFromWorkload(observed, filter, id) ??
      (filterResource && binding.podRevisionFromResource(filterResource, { filter, id }, ref.name));
    return known === undefined || known.image !== undefined ? [] : [known];
  });
}

/** Returns those of them of which a pod template lacks the volume or the mount. */
export function lackingOn(observed: Workload, beside: readonly PodRevision[]): PodRevision[] {
  return beside.filter(
    ({ filter, id }) => revisionOn(observed, filter) === id && !isMounted(observed.spec?.template ?? {}, filter),
  );
}

/** Returns in words what of them somebody has taken from a pod template. */
export function lostBeside(observed: Workload, lacking: readonly PodRevision[]): string[] {
  return lacking.flatMap(({ filter, id, mountPath }) =>
    mountChanges(observed.spec?.template ?? {}, { filter, id }, mountPath).map(
      (change) => `${filter} ${id}: ${change}`,
    ),
  );
}

/** Returns the other filters whose mounts keep new pods from starting and cannot be mended by this run. */
export function besideProblems(
  { ref, observed }: { readonly ref: WorkloadRef; readonly observed: Workload },
  own: readonly string[],
  mended: readonly PodRevision[],
): Problem[] {
  if (targetKind(ref).binding.inPlace) return [];
  return otherFilters(observed, own)
    .filter((filter) => mended.every((one) => one.filter !== filter))
    .filter((filter) => lacksVolume(observed.spec?.template ?? {}, filter))
    .map((filter) => ({
      kind: 'mount',
      subject: describeWorkload(ref),
      message: `could start no new pod: the volume of its filter ${quoted(filter)} was removed from the annotations of its pod template, and the mount is still there.`,
      remedy: `Deploy ${quoted(filter)} to it in the same run, by a manifest, or remove ${quoted(filter)} from it first.`,
    }));
}

function otherFilters(observed: Workload, own: readonly string[]): string[] {
  return filtersOn(observed).filter((filter) => !own.includes(filter));
}
