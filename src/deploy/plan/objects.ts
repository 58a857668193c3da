import { defined } from '../../base/defined.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { describeEdit } from '../../mesh/identity/editors.ts';
import { isMarked } from '../../mesh/identity/names.ts';
import { holdsRevision, renderConfigMap } from '../../mesh/objects/config-map.ts';
import type { EnvoyFilter, ForeignHttpFilter } from '../../mesh/objects/envoy-filter.ts';
import {
  type FilterResource,
  type FilterResourceKind,
  isSameFilterResource,
  kindOf,
  renderFilterResource,
} from '../../mesh/objects/filter-resource.ts';
import { toStored } from '../../mesh/objects/traffic-extension.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { replacedBy, type UnmanagedFilter, unmanagedKey } from '../../mesh/unmanaged/unmanaged.ts';
import { type ClusterSnapshot, settingsIn } from '../observe/snapshot.ts';
import {
  objectKey,
  type Plan,
  type PlannedFilterResource,
  type PlannedRevision,
  type PlannedWorkload,
} from './plan.ts';

interface Needed extends PlannedRevision {
  readonly namespace: string;
  /** What it takes the place of on the workloads that need it. */
  readonly replaced: readonly UnmanagedFilter[];
  /** Whether a workload's pods carry it already, or should. */
  readonly carried: boolean;
}

/** The ConfigMaps and filter resources that workloads need: one of each per namespace and revision that their pods carry. */
export function planObjects(
  workloads: readonly PlannedWorkload[],
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): Pick<Plan, 'configMaps' | 'filterResources'> {
  const needed = neededObjects(workloads).map((object) => ({
    object,
    found: snapshot.objectsOf(object.namespace, object.podRevision),
  }));
  return {
    configMaps: needed.map(
      ({ object: { revision, podRevision, earlier, namespace, carried }, found: { configMap: observed } }) => {
        const write = observed === undefined || !holdsRevision(observed, revision, podRevision);
        return {
          revision,
          podRevision,
          ...defined({ earlier }),
          namespace,
          write,
          marked: isMarked(observed),
          exists: observed !== undefined,
          ...(write &&
            carried &&
            !isMarked(observed) && {
              drift: `ConfigMap ${objectKey(namespace, podRevision)} was ${observed === undefined ? 'deleted' : 'edited'}`,
            }),
          render: () => renderConfigMap(revision, namespace, podRevision),
        };
      },
    ),
    filterResources: needed.map(({ object, found }) => planFilterResource(object, found.filterResource)),
  };
}

function planFilterResource(
  { revision, podRevision, earlier, namespace, replaced, carried }: Needed,
  observed: FilterResource | undefined,
): PlannedFilterResource {
  const render = (gone?: ReadonlySet<string>): FilterResource =>
    renderFilterResource(
      revision,
      namespace,
      podRevision,
      removalsOf(replaced.filter((filter) => !gone?.has(unmanagedKey(filter)))),
    );
  const rendered = render();
  const write = observed === undefined || !isSameFilterResource(observed, rendered);
  const otherSettings =
    observed !== undefined && settingsIn({ filterResource: observed }, podRevision.id) !== revision.id;
  const drifted = write && carried && !otherSettings && replaced.length === 0 && !isMarked(observed);
  return {
    revision,
    podRevision,
    ...defined({ earlier }),
    namespace,
    write,
    marked: isMarked(observed),
    exists: observed !== undefined,
    ...(drifted && { drift: describeDrift(kindOf(rendered), objectKey(namespace, podRevision), observed) }),
    // Only the settings of EnvoyFilters are pushed.
    ...(write && carried && otherSettings && { pushedOver: observed as EnvoyFilter }),
    replaced,
    render: (gone) => toStored(render(gone)),
  };
}

function describeDrift(kind: FilterResourceKind, key: string, observed: KubernetesObject | undefined): string {
  return observed === undefined ? `${kind} ${key} was deleted` : describeEdit(`${kind} ${key}`, observed);
}

function neededObjects(workloads: readonly PlannedWorkload[]): Needed[] {
  const needed = new Map<string, Needed>();
  for (const { ref, revisions, adopted, observed } of workloads) {
    for (const { revision, podRevision, earlier } of revisions) {
      const key = objectKey(ref.namespace, podRevision);
      const known = needed.get(key);
      const replaced = new Map((known?.replaced ?? []).map((one) => [unmanagedKey(one), one]));
      for (const one of adopted) if (one.by === podRevision.filter) replaced.set(unmanagedKey(one), one);
      needed.set(key, {
        revision,
        podRevision,
        ...defined({ earlier }),
        namespace: ref.namespace,
        replaced: [...replaced.values()],
        carried:
          known?.carried === true ||
          revisionOn(observed, podRevision.filter) === podRevision.id ||
          stateOn(observed)[podRevision.filter]?.revision === podRevision.id,
      });
    }
  }
  return [...needed.values()];
}

/** What is to be taken out, each place once: after the last of the EnvoyFilters that insert it there. */
function removalsOf(replaced: readonly UnmanagedFilter[]): ForeignHttpFilter[] {
  const places = Map.groupBy(
    replaced.flatMap(replacedBy),
    ({ httpFilter, context, portNumber = 0 }) => `${context} ${portNumber} ${httpFilter}`,
  );
  return [...places.values()].flatMap((those) =>
    those.sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0)).slice(0, 1),
  );
}
