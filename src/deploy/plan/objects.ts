import type { KubernetesObject } from '../../cluster/objects.ts';
import { describeEdit } from '../../mesh/identity/editors.ts';
import { isMarked } from '../../mesh/identity/names.ts';
import { holdsRevision, renderConfigMap } from '../../mesh/objects/config-map.ts';
import type { EnvoyFilter, ForeignHttpFilter } from '../../mesh/objects/envoy-filter.ts';
import {
  type Inserter,
  type InserterKind,
  isSameInserter,
  kindOf,
  renderInserter,
} from '../../mesh/objects/filter-resource.ts';
import { keptForm } from '../../mesh/objects/traffic-extension.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { replacedBy, type UnmanagedFilter, unmanagedKey } from '../../mesh/unmanaged/unmanaged.ts';
import { type Observation, settingsIn } from '../observe/snapshot.ts';
import { objectKey, type Plan, type PlannedInserter, type PlannedRevision, type PlannedWorkload } from './plan.ts';

interface Needed extends PlannedRevision {
  readonly namespace: string;
  /** What it takes the place of on the workloads that need it. */
  readonly replaced: readonly UnmanagedFilter[];
  /** Whether a workload's pods carry it already, or should. */
  readonly carried: boolean;
}

/** The ConfigMaps and inserters that workloads need: one of each per namespace and revision that their pods carry. */
export function planObjects(
  workloads: readonly PlannedWorkload[],
  observation: Pick<Observation, 'objectsOf'>,
): Pick<Plan, 'configMaps' | 'inserters'> {
  const needed = neededObjects(workloads).map((object) => ({
    object,
    found: observation.objectsOf(object.namespace, object.carrier),
  }));
  return {
    configMaps: needed.map(({ object: { revision, carrier, namespace, carried }, found: { configMap: observed } }) => {
      const write = observed === undefined || !holdsRevision(observed, revision, carrier);
      return {
        revision,
        carrier,
        namespace,
        write,
        marked: isMarked(observed),
        exists: observed !== undefined,
        ...(write &&
          carried &&
          !isMarked(observed) && {
            drift: `ConfigMap ${objectKey(namespace, carrier)} was ${observed === undefined ? 'deleted' : 'edited'}`,
          }),
        render: () => renderConfigMap(revision, namespace, carrier),
      };
    }),
    inserters: needed.map(({ object, found }) => planInserter(object, found.inserter)),
  };
}

function planInserter(
  { revision, carrier, namespace, replaced, carried }: Needed,
  observed: Inserter | undefined,
): PlannedInserter {
  const render = (gone?: ReadonlySet<string>): Inserter =>
    renderInserter(
      revision,
      namespace,
      carrier,
      removalsOf(replaced.filter((filter) => !gone?.has(unmanagedKey(filter)))),
    );
  const rendered = render();
  const write = observed === undefined || !isSameInserter(observed, rendered);
  const otherSettings = observed !== undefined && settingsIn({ inserter: observed }, carrier.id) !== revision.id;
  const drifted = write && carried && !otherSettings && replaced.length === 0 && !isMarked(observed);
  return {
    revision,
    carrier,
    namespace,
    write,
    marked: isMarked(observed),
    exists: observed !== undefined,
    ...(drifted && { drift: driftOf(kindOf(rendered), objectKey(namespace, carrier), observed) }),
    // Only the settings of EnvoyFilters are pushed.
    ...(write && carried && otherSettings && { pushedOver: observed as EnvoyFilter }),
    replaced,
    render: (gone) => keptForm(render(gone)),
  };
}

function driftOf(kind: InserterKind, key: string, observed: KubernetesObject | undefined): string {
  return observed === undefined ? `${kind} ${key} was deleted` : describeEdit(`${kind} ${key}`, observed);
}

function neededObjects(workloads: readonly PlannedWorkload[]): Needed[] {
  const needed = new Map<string, Needed>();
  for (const { ref, revisions, adopted, observed } of workloads) {
    for (const { revision, carrier } of revisions) {
      const key = objectKey(ref.namespace, carrier);
      const known = needed.get(key);
      const replaced = new Map((known?.replaced ?? []).map((one) => [unmanagedKey(one), one]));
      for (const one of adopted) if (one.by === carrier.filter) replaced.set(unmanagedKey(one), one);
      needed.set(key, {
        revision,
        carrier,
        namespace: ref.namespace,
        replaced: [...replaced.values()],
        carried:
          known?.carried === true ||
          revisionOn(observed, carrier.filter) === carrier.id ||
          stateOn(observed)[carrier.filter]?.revision === carrier.id,
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
