import type { KubernetesObject } from '../cluster/objects.ts';
import { holdsRevision, renderConfigMap } from '../mesh/config-map.ts';
import { describeEdit } from '../mesh/editors.ts';
import type { EnvoyFilter } from '../mesh/envoy-filter.ts';
import type { HandMade } from '../mesh/hand-made.ts';
import { type InserterKind, isSameInserter, kindOf, renderInserter } from '../mesh/inserter.ts';
import { isMarked, PUSHED_ANNOTATION } from '../mesh/names.ts';
import { revisionOn, stateOn } from '../mesh/template.ts';
import { keptForm } from '../mesh/traffic-extension.ts';
import { configMapOf, inserterOf, type Observation } from './observe.ts';
import { objectKey, type Plan, type PlannedInserter, type PlannedRevision, type PlannedWorkload } from './plan.ts';

interface Needed extends PlannedRevision {
  readonly namespace: string;
  /** What was put in by hand on the workloads that need it. */
  readonly replaced: readonly HandMade[];
  /** Whether a workload's pods carry it already, or should. */
  readonly carried: boolean;
}

/** The ConfigMaps and inserters that workloads need: one of each per namespace and revision that their pods carry. */
export function planObjects(
  workloads: readonly PlannedWorkload[],
  observation: Observation,
): Pick<Plan, 'configMaps' | 'inserters'> {
  const needed = neededObjects(workloads);
  return {
    configMaps: needed.map(({ revision, carrier, namespace, carried }) => {
      const observed = configMapOf(observation, namespace, carrier);
      const write = observed === undefined || !holdsRevision(observed, revision, carrier);
      return {
        revision,
        carrier,
        namespace,
        write,
        marked: isMarked(observed),
        exists: observed !== undefined,
        ...(write && carried && !isMarked(observed)
          ? { drift: `ConfigMap ${objectKey(namespace, carrier)} was ${observed === undefined ? 'deleted' : 'edited'}` }
          : {}),
        render: () => renderConfigMap(revision, namespace, carrier),
      };
    }),
    inserters: needed.map((object) => planInserter(object, observation)),
  };
}

function planInserter(
  { revision, carrier, namespace, replaced, carried }: Needed,
  observation: Observation,
): PlannedInserter {
  const rendered = renderInserter(revision, namespace, carrier, replaced);
  const observed = inserterOf(observation, namespace, carrier);
  const write = observed === undefined || !isSameInserter(observed, rendered);
  const had = observed?.metadata.annotations?.[PUSHED_ANNOTATION] ?? carrier.id;
  const otherSettings = observed !== undefined && had !== revision.id;
  const drifted = write && carried && !otherSettings && replaced.length === 0 && !isMarked(observed);
  return {
    revision,
    carrier,
    namespace,
    write,
    marked: isMarked(observed),
    exists: observed !== undefined,
    ...(drifted ? { drift: driftOf(kindOf(rendered), objectKey(namespace, carrier), observed) } : {}),
    // Only the settings of EnvoyFilters are pushed.
    ...(write && carried && otherSettings ? { pushedOver: observed as EnvoyFilter } : {}),
    render: () => keptForm(rendered),
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
      const replaced = new Map((known?.replaced ?? []).map((one) => [handMadeKey(one), one]));
      for (const one of adopted) replaced.set(handMadeKey(one), one);
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

function handMadeKey({ httpFilter, context, portNumber = 0 }: HandMade): string {
  return `${context} ${portNumber} ${httpFilter}`;
}
