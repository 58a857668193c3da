/** The StatefulSet controller: pods with ordinals, one revision after the other (kubernetes: pkg/controller/statefulset/stateful_set_control.go). */
import { at, type JsonObject, objectAt, stringAt } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';
import type { StoreEvent } from '../store.ts';
import {
  createPod,
  deletePod,
  isAvailable,
  isReady,
  isTerminating,
  nextAvailable,
  numberAt,
  omitEmpty,
  ownedBy,
  phaseOf,
  writeStatus,
} from './pods.ts';
import { revisionTemplate, syncRevisions, trimRevisions } from './revisions.ts';
import { type Controller, controllerKeys, type Key, keyOf } from './runner.ts';

const REVISION = 'controller-revision-hash';

interface Plan {
  readonly set: KubeObject;
  readonly current: KubeObject;
  readonly update: KubeObject;
  readonly replicas: number;
  /** One pod after the other (`OrderedReady`), or all at once (`Parallel`). */
  readonly ordered: boolean;
  readonly partition: number | undefined;
  readonly minReadySeconds: number;
}

export class StatefulSetController implements Controller {
  readonly #registry: Registry;
  readonly #resource: Resource;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#resource = registry.table.get('statefulsets');
  }

  keysFor(event: StoreEvent): readonly Key[] {
    if (event.resource.kind === 'StatefulSet') return [keyOf(event.object)];
    return event.resource.kind === 'Pod' ? controllerKeys(event.object, 'StatefulSet') : [];
  }

  reconcile(key: Key): number | undefined {
    const set = this.#registry.store.get(this.#resource, key.namespace, key.name);
    if (set === undefined) return undefined;
    const revisions = syncRevisions(this.#registry, set);
    const currentName = stringAt(set, 'status', 'currentRevision');
    const current = revisions.all.find((revision) => revision.metadata.name === currentName) ?? revisions.update;
    const plan: Plan = {
      set,
      current,
      update: revisions.update,
      replicas: numberAt(set, ['spec', 'replicas'], 1),
      ordered: stringAt(set, 'spec', 'podManagementPolicy') !== 'Parallel',
      partition: partitionOf(set),
      minReadySeconds: numberAt(set, ['spec', 'minReadySeconds']),
    };
    if (set.metadata.deletionTimestamp === undefined) this.#act(plan);
    const pods = this.#pods(set);
    writeStatus(this.#registry, this.#resource, set, statusOf(plan, pods));
    const used = new Set([...pods.map((pod) => pod.metadata.labels?.[REVISION] ?? ''), current.metadata.name]);
    trimRevisions(this.#registry, set, revisions, used);
    return nextAvailable(pods, plan.minReadySeconds);
  }

  #pods(set: KubeObject): KubeObject[] {
    return ownedBy(this.#registry, this.#registry.table.get('pods'), set);
  }

  /** One round: create what is missing, remove what is too much, then replace one outdated pod. */
  #act(plan: Plan): void {
    const pods = this.#pods(plan.set);
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
    const condemned = pods.filter((pod) => ordinalOf(pod) >= plan.replicas).sort((a, b) => ordinalOf(b) - ordinalOf(a));
    const isUnavailable = (pod: KubeObject | undefined): boolean =>
      pod === undefined || isTerminating(pod) || !isRunningAndAvailable(pod, plan.minReadySeconds);
    const ordinals = Array.from({ length: plan.replicas }, (_, ordinal) => ordinal);
    const firstUnhealthy = ordinals.some((ordinal) => isUnavailable(byOrdinal.get(ordinal)))
      ? undefined
      : condemned.findLast((pod) => isUnavailable(pod));
    for (const ordinal of ordinals) if (this.#replica(plan, ordinal, byOrdinal)) return;
    for (const pod of condemned) if (this.#condemn(plan, pod, firstUnhealthy)) return;
    if (stringAt(plan.set, 'spec', 'updateStrategy', 'type') !== 'OnDelete') this.#updateOne(plan, byOrdinal);
  }

  /** Sees to one ordinal; true ends the round. A pod that is not ready blocks all after it, also its own replacement. */
  #replica(plan: Plan, ordinal: number, byOrdinal: Map<number, KubeObject>): boolean {
    const pod = byOrdinal.get(ordinal);
    if (pod !== undefined && ['Failed', 'Succeeded'].includes(phaseOf(pod))) {
      if (!isTerminating(pod)) deletePod(this.#registry, pod);
      return true;
    }
    if (pod === undefined) {
      byOrdinal.set(ordinal, this.#create(plan, ordinal));
      return plan.ordered;
    }
    return plan.ordered && (isTerminating(pod) || !isRunningAndAvailable(pod, plan.minReadySeconds));
  }

  #condemn(plan: Plan, pod: KubeObject, firstUnhealthy: KubeObject | undefined): boolean {
    if (isTerminating(pod)) return plan.ordered;
    if (plan.ordered && pod !== firstUnhealthy && !isRunningAndAvailable(pod, plan.minReadySeconds)) return true;
    deletePod(this.#registry, pod);
    return plan.ordered;
  }

  /** From the highest ordinal down to the partition: delete the first outdated pod, wait for each that is not available. */
  #updateOne(plan: Plan, byOrdinal: ReadonlyMap<number, KubeObject>): void {
    for (let ordinal = plan.replicas - 1; ordinal >= (plan.partition ?? 0); ordinal -= 1) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) return;
      if (pod.metadata.labels?.[REVISION] !== plan.update.metadata.name && !isTerminating(pod)) {
        deletePod(this.#registry, pod);
        return;
      }
      if (isTerminating(pod) || !isRunningAndAvailable(pod, plan.minReadySeconds)) return;
    }
  }

  #create(plan: Plan, ordinal: number): KubeObject {
    const { set } = plan;
    const rolling = stringAt(set, 'spec', 'updateStrategy', 'type') === 'RollingUpdate';
    const kept = plan.partition ?? (rolling ? numberAt(set, ['status', 'currentReplicas']) : 0);
    const revision = ordinal < kept ? plan.current : plan.update;
    const name = `${set.metadata.name}-${ordinal}`;
    const labels = {
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
      [REVISION]: revision.metadata.name,
    };
    return createPod(this.#registry, {
      owner: set,
      template: revisionTemplate(revision),
      name,
      labels,
      spec: (spec) => {
        spec.hostname = name;
        const service = objectAt(set, 'spec').serviceName;
        if (typeof service === 'string' && service !== '') spec.subdomain = service;
      },
    });
  }
}

function partitionOf(set: KubeObject): number | undefined {
  const partition = at(set, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  return typeof partition === 'number' ? partition : undefined;
}

function ordinalOf(pod: KubeObject): number {
  return Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? -1);
}

function isRunningAndAvailable(pod: KubeObject, minReadySeconds: number): boolean {
  return phaseOf(pod) === 'Running' && isAvailable(pod, minReadySeconds);
}

function statusOf(plan: Plan, pods: readonly KubeObject[]): JsonObject {
  const staying = pods.filter((pod) => !isTerminating(pod));
  const atRevision = (revision: KubeObject): number =>
    staying.filter((pod) => pod.metadata.labels?.[REVISION] === revision.metadata.name).length;
  const running = pods.filter((pod) => phaseOf(pod) === 'Running');
  const counts = {
    readyReplicas: running.filter((pod) => isReady(pod)).length,
    currentReplicas: atRevision(plan.current),
    updatedReplicas: atRevision(plan.update),
  };
  const rolling = stringAt(plan.set, 'spec', 'updateStrategy', 'type') === 'RollingUpdate';
  const complete = rolling && counts.updatedReplicas === pods.length && counts.readyReplicas === pods.length;
  return {
    observedGeneration: plan.set.metadata.generation ?? 0,
    replicas: pods.length,
    ...omitEmpty({
      readyReplicas: counts.readyReplicas,
      currentReplicas: complete ? counts.updatedReplicas : counts.currentReplicas,
      updatedReplicas: counts.updatedReplicas,
      currentRevision: (complete ? plan.update : plan.current).metadata.name,
      updateRevision: plan.update.metadata.name,
    }),
    collisionCount: 0,
    availableReplicas: running.filter((pod) => isAvailable(pod, plan.minReadySeconds)).length,
  };
}
