import { listWords } from '../base/text.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { holdsRevision, renderConfigMap } from '../mesh/config-map.ts';
import { editorsOf } from '../mesh/editors.ts';
import { isSameEnvoyFilter, renderEnvoyFilter } from '../mesh/envoy-filter.ts';
import type { HandMade } from '../mesh/hand-made.ts';
import { isMarked, PUSHED_ANNOTATION } from '../mesh/names.ts';
import { revisionName } from '../mesh/revision.ts';
import { revisionOn, stateOn } from '../mesh/template.ts';
import type { Observation } from './observe.ts';
import { objectKey, type Plan, type PlannedEnvoyFilter, type PlannedRevision, type PlannedWorkload } from './plan.ts';

interface Needed extends PlannedRevision {
  readonly namespace: string;
  /** What was put in by hand on the workloads that need it. */
  readonly replaced: readonly HandMade[];
  /** Whether a workload's pods carry it already, or should. */
  readonly carried: boolean;
}

/** The ConfigMaps and EnvoyFilters that workloads need: one of each per namespace and revision that their pods carry. */
export function planObjects(
  workloads: readonly PlannedWorkload[],
  observation: Observation,
): Pick<Plan, 'configMaps' | 'envoyFilters'> {
  const needed = neededObjects(workloads);
  return {
    configMaps: needed.map(({ revision, carrier, namespace, carried }) => {
      const observed = find(observation.configMaps(namespace), revisionName(carrier));
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
    envoyFilters: needed.map((object) => planEnvoyFilter(object, observation)),
  };
}

function planEnvoyFilter(
  { revision, carrier, namespace, replaced, carried }: Needed,
  observation: Observation,
): PlannedEnvoyFilter {
  const rendered = renderEnvoyFilter(revision, namespace, { carrier, replaced });
  const observed = find(observation.envoyFilters(namespace), revisionName(carrier));
  const write = observed === undefined || !isSameEnvoyFilter(observed, rendered);
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
    ...(drifted ? { drift: driftOf(objectKey(namespace, carrier), observed) } : {}),
    ...(write && carried && otherSettings ? { pushedOver: observed } : {}),
    render: () => rendered,
  };
}

function driftOf(key: string, observed: KubernetesObject | undefined): string {
  if (observed === undefined) return `EnvoyFilter ${key} was deleted`;
  const editors = editorsOf(observed);
  return `EnvoyFilter ${key} was edited${editors.length === 0 ? '' : ` by ${listWords(editors, 'and')}`}`;
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

function find<T extends KubernetesObject>(objects: readonly T[], name: string): T | undefined {
  return objects.find(({ metadata }) => metadata.name === name);
}
