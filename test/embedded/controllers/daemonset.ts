/** The DaemonSet controller: one pod on every node that fits (kubernetes: pkg/controller/daemon). */
import { at, isList, isObject, type Json, type JsonObject, objectAt, stringAt } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';
import type { StoreEvent } from '../store.ts';
import {
  createPod,
  deletePod,
  intOrPercent,
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
import { revisionHash, syncRevisions, trimRevisions } from './revisions.ts';
import { type Controller, controllerKeys, type Key, keyOf } from './runner.ts';

const HASH = 'controller-revision-hash';

/** The tolerations every daemon pod gets. */
const TOLERATIONS: readonly JsonObject[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

export class DaemonSetController implements Controller {
  readonly #registry: Registry;
  readonly #resource: Resource;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#resource = registry.table.get('daemonsets');
  }

  keysFor(event: StoreEvent): readonly Key[] {
    if (event.resource.kind === 'DaemonSet') return [keyOf(event.object)];
    if (event.resource.kind === 'Node')
      return nodeChanged(event) ? this.#registry.store.list(this.#resource).map((set) => keyOf(set)) : [];
    return event.resource.kind === 'Pod' ? controllerKeys(event.object, 'DaemonSet') : [];
  }

  reconcile(key: Key): number | undefined {
    const set = this.#registry.store.get(this.#resource, key.namespace, key.name);
    if (set === undefined) return undefined;
    const revisions = syncRevisions(this.#registry, set);
    const hash = revisionHash(revisions.update);
    if (set.metadata.deletionTimestamp === undefined) {
      this.#manage(set, hash);
      if (stringAt(set, 'spec', 'updateStrategy', 'type') !== 'OnDelete') this.#roll(set, hash);
    }
    const pods = this.#pods(set);
    const minReadySeconds = numberAt(set, ['spec', 'minReadySeconds']);
    writeStatus(this.#registry, this.#resource, set, this.#status(set, hash));
    trimRevisions(this.#registry, set, revisions, new Set(pods.map((pod) => pod.metadata.labels?.[HASH] ?? '')));
    return nextAvailable(pods, minReadySeconds);
  }

  #pods(set: KubeObject): KubeObject[] {
    return ownedBy(this.#registry, this.#registry.table.get('pods'), set);
  }

  #nodes(): KubeObject[] {
    return this.#registry.store.list(this.#registry.table.get('nodes'));
  }

  #byNode(set: KubeObject): Map<string, KubeObject[]> {
    const byNode = new Map<string, KubeObject[]>();
    for (const pod of this.#pods(set)) {
      const node = nodeOf(pod);
      byNode.set(node, [...(byNode.get(node) ?? []), pod]);
    }
    return byNode;
  }

  /** Creates what is missing and removes what does not belong. A pod that is going away holds its node. */
  #manage(set: KubeObject, hash: string): void {
    const byNode = this.#byNode(set);
    const nodes = this.#nodes();
    for (const node of nodes) {
      const pods = byNode.get(node.metadata.name) ?? [];
      const staying = pods.filter((pod) => !isTerminating(pod));
      if (!fits(node, set)) {
        for (const pod of staying) deletePod(this.#registry, pod);
        continue;
      }
      if (pods.length === 0) this.#create(set, node, hash);
      const failed = staying.filter((pod) => phaseOf(pod) === 'Failed' || phaseOf(pod) === 'Succeeded');
      for (const pod of failed) deletePod(this.#registry, pod);
      const running = staying.filter((pod) => !failed.includes(pod)).sort(byAge);
      if (!surges(set)) for (const pod of running.slice(1)) deletePod(this.#registry, pod);
    }
    const names = new Set(nodes.map((node) => node.metadata.name));
    for (const [node, pods] of byNode) {
      if (!names.has(node)) for (const pod of pods) if (!isTerminating(pod)) deletePod(this.#registry, pod);
    }
  }

  /** Replaces outdated pods: unavailable ones at once, available ones as far as `maxUnavailable` (or the surge) allows. */
  #roll(set: KubeObject, hash: string): void {
    const minReadySeconds = numberAt(set, ['spec', 'minReadySeconds']);
    const nodes = this.#nodes().filter((node) => fits(node, set));
    const byNode = this.#byNode(set);
    const rolling = objectAt(set, 'spec', 'updateStrategy', 'rollingUpdate');
    const maxSurge = intOrPercent(rolling.maxSurge, nodes.length, 'up');
    const maxUnavailable = Math.max(
      intOrPercent(rolling.maxUnavailable ?? 1, nodes.length, 'up'),
      maxSurge > 0 ? 0 : 1,
    );
    let unavailable = 0;
    let surging = 0;
    const candidates: { node: KubeObject; old: KubeObject }[] = [];
    for (const node of nodes) {
      const staying = (byNode.get(node.metadata.name) ?? []).filter((pod) => !isTerminating(pod));
      const updated = staying.find((pod) => pod.metadata.labels?.[HASH] === hash);
      const old = staying.find((pod) => pod.metadata.labels?.[HASH] !== hash);
      if (updated !== undefined) {
        const available = isAvailable(updated, minReadySeconds);
        if (!available) unavailable += 1;
        if (old !== undefined && (available || maxSurge === 0)) deletePod(this.#registry, old);
        else if (old !== undefined) surging += 1;
      } else if (old === undefined) {
        unavailable += 1;
      } else if (!isAvailable(old, minReadySeconds)) {
        unavailable += 1;
        if (maxSurge > 0) this.#create(set, node, hash);
        else deletePod(this.#registry, old);
      } else {
        candidates.push({ node, old });
      }
    }
    if (maxSurge > 0)
      for (const { node } of candidates.slice(0, Math.max(0, maxSurge - surging))) this.#create(set, node, hash);
    else
      for (const { old } of candidates.slice(0, Math.max(0, maxUnavailable - unavailable)))
        deletePod(this.#registry, old);
  }

  #create(set: KubeObject, node: KubeObject, hash: string): void {
    const labels = { [HASH]: hash, 'pod-template-generation': String(numberAt(set, ['metadata', 'generation'], 1)) };
    createPod(this.#registry, {
      owner: set,
      template: objectAt(set, 'spec', 'template'),
      labels,
      spec: (spec) => {
        const affinity = objectAt(spec, 'affinity');
        const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }] }];
        const required = { nodeSelectorTerms: terms };
        const nodeAffinity = {
          ...objectAt(affinity, 'nodeAffinity'),
          requiredDuringSchedulingIgnoredDuringExecution: required,
        };
        spec.affinity = { ...affinity, nodeAffinity };
        const own = isList(spec.tolerations) ? spec.tolerations : [];
        spec.tolerations = [...own, ...TOLERATIONS];
      },
    });
  }

  #status(set: KubeObject, hash: string): JsonObject {
    const minReadySeconds = numberAt(set, ['spec', 'minReadySeconds']);
    const byNode = this.#byNode(set);
    const counts = { current: 0, misscheduled: 0, desired: 0, ready: 0, updated: 0, available: 0 };
    for (const node of this.#nodes()) {
      const [pod] = (byNode.get(node.metadata.name) ?? []).sort(byAge);
      if (!fits(node, set)) {
        if (pod !== undefined) counts.misscheduled += 1;
        continue;
      }
      counts.desired += 1;
      if (pod === undefined) continue;
      counts.current += 1;
      if (isReady(pod)) counts.ready += 1;
      if (isAvailable(pod, minReadySeconds)) counts.available += 1;
      if (pod.metadata.labels?.[HASH] === hash) counts.updated += 1;
    }
    return {
      currentNumberScheduled: counts.current,
      numberMisscheduled: counts.misscheduled,
      desiredNumberScheduled: counts.desired,
      numberReady: counts.ready,
      ...omitEmpty({
        observedGeneration: set.metadata.generation ?? 0,
        updatedNumberScheduled: counts.updated,
        numberAvailable: counts.available,
        numberUnavailable: counts.desired - counts.available,
      }),
    };
  }
}

/** A heartbeat of a node is no reason to look at every DaemonSet. */
function nodeChanged(event: StoreEvent): boolean {
  if (event.previous === undefined || event.type !== 'MODIFIED') return true;
  const relevant = (node: KubeObject): string => JSON.stringify([node.metadata.labels, node.spec]);
  return relevant(event.previous) !== relevant(event.object);
}

function surges(set: KubeObject): boolean {
  return intOrPercent(at(set, 'spec', 'updateStrategy', 'rollingUpdate', 'maxSurge'), 100, 'up') > 0;
}

function byAge(a: KubeObject, b: KubeObject): number {
  return (
    Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '') ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

/** The node a daemon pod runs on or is meant for. */
function nodeOf(pod: KubeObject): string {
  const bound = stringAt(pod, 'spec', 'nodeName');
  if (bound !== '') return bound;
  const terms = at(
    pod,
    'spec',
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  for (const term of isList(terms) ? terms : []) {
    const fields = isObject(term) ? term.matchFields : undefined;
    for (const field of isList(fields) ? fields : []) {
      const values = isObject(field) ? field.values : undefined;
      if (isList(values) && typeof values[0] === 'string') return values[0];
    }
  }
  return '';
}

/** The node has the labels the template selects and no taint that keeps daemon pods away. */
function fits(node: KubeObject, set: KubeObject): boolean {
  const spec = objectAt(set, 'spec', 'template', 'spec');
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(objectAt(spec, 'nodeSelector')).every(([key, value]) => labels[key] === value)) return false;
  const taints = objectAt(node, 'spec').taints;
  const own: readonly Json[] = isList(spec.tolerations) ? spec.tolerations : [];
  const tolerations = [...own, ...TOLERATIONS];
  return (isList(taints) ? taints : []).every((taint) => {
    const effect = stringAt(taint, 'effect');
    if (effect === 'PreferNoSchedule' || stringAt(taint, 'key') === 'node.kubernetes.io/not-ready') return true;
    return tolerations.some((toleration) => tolerates(toleration, taint));
  });
}

function tolerates(toleration: Json, taint: Json): boolean {
  const effect = stringAt(toleration, 'effect');
  if (effect !== '' && effect !== stringAt(taint, 'effect')) return false;
  const key = stringAt(toleration, 'key');
  if (key !== '' && key !== stringAt(taint, 'key')) return false;
  return stringAt(toleration, 'operator') === 'Exists' || stringAt(toleration, 'value') === stringAt(taint, 'value');
}
