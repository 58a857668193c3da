/** The ReplicaSet controller: as many active pods as asked for (kubernetes: pkg/controller/replicaset). */
import { at, isList, type Json, type JsonObject, objectAt } from '../json.ts';
import { type KubeObject, timestamp } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';
import { labelSelectorMatch } from '../selectors.ts';
import type { StoreEvent } from '../store.ts';
import {
  conditionOf,
  createPod,
  deletePod,
  isActive,
  isAvailable,
  isReady,
  nextAvailable,
  numberAt,
  omitEmpty,
  ownedBy,
  phaseOf,
  writeStatus,
} from './pods.ts';
import { type Controller, controllerKeys, type Key, keyOf } from './runner.ts';

export class ReplicaSetController implements Controller {
  readonly #registry: Registry;
  readonly #resource: Resource;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#resource = registry.table.get('replicasets');
  }

  keysFor(event: StoreEvent): readonly Key[] {
    if (event.resource.kind === 'ReplicaSet') return [keyOf(event.object)];
    return event.resource.kind === 'Pod' ? controllerKeys(event.object, 'ReplicaSet') : [];
  }

  reconcile(key: Key): number | undefined {
    const set = this.#registry.store.get(this.#resource, key.namespace, key.name);
    if (set === undefined) return undefined;
    const active = this.#activePods(set);
    let failure: string | undefined;
    if (set.metadata.deletionTimestamp === undefined) failure = this.#manage(set, active);
    const now = this.#activePods(set);
    const minReadySeconds = numberAt(set, ['spec', 'minReadySeconds']);
    writeStatus(this.#registry, this.#resource, set, statusOf(set, now, minReadySeconds, failure));
    return failure === undefined ? nextAvailable(now, minReadySeconds) : 200;
  }

  #activePods(set: KubeObject): KubeObject[] {
    return ownedBy(this.#registry, this.#registry.table.get('pods'), set).filter((pod) => isActive(pod));
  }

  /** Creates or deletes the difference; gives the message of a create that was refused. */
  #manage(set: KubeObject, active: readonly KubeObject[]): string | undefined {
    const difference = active.length - numberAt(set, ['spec', 'replicas'], 1);
    if (difference > 0) {
      for (const pod of [...active].sort(deleteFirst).slice(0, difference)) deletePod(this.#registry, pod);
      return undefined;
    }
    try {
      for (let missing = difference; missing < 0; missing += 1) {
        createPod(this.#registry, { owner: set, template: objectAt(set, 'spec', 'template') });
      }
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Pods that do the least go first: unbound, pending, not ready, youngest (`ActivePodsWithRanks`). */
function deleteFirst(a: KubeObject, b: KubeObject): number {
  const rank = (pod: KubeObject): number[] => [
    at(pod, 'spec', 'nodeName') ? 1 : 0,
    ['Pending', 'Unknown', 'Running'].indexOf(phaseOf(pod)),
    isReady(pod) ? 1 : 0,
    -Date.parse(String(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '') || '0'),
    -Date.parse(pod.metadata.creationTimestamp ?? ''),
  ];
  const left = rank(a);
  const right = rank(b);
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    if (value !== other) return value - other;
  }
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function statusOf(
  set: KubeObject,
  pods: readonly KubeObject[],
  minReadySeconds: number,
  failure: string | undefined,
): JsonObject {
  const labelled = labelSelectorMatch({ matchLabels: objectAt(set, 'spec', 'template', 'metadata', 'labels') });
  const conditions: Json[] = [];
  const existing = at(set, 'status', 'conditions');
  if (isList(existing)) conditions.push(...existing.filter((item) => (item as JsonObject).type !== 'ReplicaFailure'));
  if (failure !== undefined) {
    const before = conditionOf(set, 'ReplicaFailure');
    conditions.push(
      before ?? {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: timestamp(),
        reason: 'FailedCreate',
        message: failure,
      },
    );
  }
  return {
    replicas: pods.length,
    ...omitEmpty({
      fullyLabeledReplicas: pods.filter((pod) => labelled(pod.metadata.labels ?? {})).length,
      readyReplicas: pods.filter((pod) => isReady(pod)).length,
      availableReplicas: pods.filter((pod) => isAvailable(pod, minReadySeconds)).length,
      observedGeneration: set.metadata.generation ?? 0,
      conditions,
    }),
  };
}
