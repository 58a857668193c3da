/** The Deployment controller: which ReplicaSets there are and how large each is (kubernetes: pkg/controller/deployment). */
import { equalJson, type JsonObject, objectAt, stringAt } from '../json.ts';
import { controllerOf, controllerRef, copy, type KubeObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';
import { labelSelectorMatch } from '../selectors.ts';
import type { StoreEvent } from '../store.ts';
import { deploymentStatus, progressOnFound, progressOnNew, progressOnPause } from './deployment-status.ts';
import { MANAGER, numberAt, ownedBy, writeStatus } from './pods.ts';
import { templateHash } from './revisions.ts';
import { type Limits, limitsOf, reconcileSizes, type Sized, sizeOf } from './rollout.ts';
import { type Controller, controllerKeys, type Key, keyOf } from './runner.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
const HASH = 'pod-template-hash';
/** Annotations of the Deployment that its ReplicaSets do not get. */
const NOT_COPIED = [
  REVISION,
  DESIRED,
  MAX,
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
];

export class DeploymentController implements Controller {
  readonly #registry: Registry;
  readonly #deployments: Resource;
  readonly #sets: Resource;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#deployments = registry.table.get('deployments');
    this.#sets = registry.table.get('replicasets');
  }

  keysFor(event: StoreEvent): readonly Key[] {
    if (event.resource.kind === 'Deployment') return [keyOf(event.object)];
    if (event.resource.kind === 'ReplicaSet') return controllerKeys(event.object, 'Deployment');
    if (event.resource.kind === 'Pod' && event.type === 'DELETED') return this.#recreating(event.object);
    return [];
  }

  /** A Recreate rollout waits for the last old pod. */
  #recreating(pod: KubeObject): Key[] {
    const set = this.#registry.store.get(this.#sets, pod.metadata.namespace ?? '', controllerOf(pod)?.name ?? '');
    const owner = set === undefined ? undefined : controllerOf(set);
    return owner?.kind === 'Deployment' ? [{ namespace: pod.metadata.namespace ?? '', name: owner.name }] : [];
  }

  reconcile(key: Key): number | undefined {
    const deployment = this.#registry.store.get(this.#deployments, key.namespace, key.name);
    if (deployment === undefined) return undefined;
    const sets = this.#setsOf(deployment);
    const current = sets.find((set) => sameTemplate(set, deployment));
    if (deployment.metadata.deletionTimestamp !== undefined) return this.#finish(deployment, current, sets);
    const paused = objectAt(deployment, 'spec').paused === true;
    const before = conditions(deployment);
    const next = paused ? current : this.#currentSet(deployment, sets, current);
    const known = next === undefined || sets.some((set) => set.metadata.name === next.metadata.name);
    const all = known ? sets : [...sets, next];
    const live = this.#fresh(all);
    const limits = limitsOf(deployment);
    this.#resize(deployment, live, next?.metadata.name, limits, paused);
    const refreshed = this.#fresh(live);
    const newest = refreshed.find((set) => set.metadata.name === next?.metadata.name);
    const created = current === undefined && next !== undefined;
    const first =
      progressOnPause(deployment, paused) ?? (created ? progressOnNew(next) : progressOnFound(before, next));
    return this.#finish(this.#revisionFrom(deployment, newest), newest, refreshed, first);
  }

  /** The owned ReplicaSets, oldest first. Ones that match the selector and have no owner are adopted. */
  #setsOf(deployment: KubeObject): KubeObject[] {
    const { namespace, deletionTimestamp } = deployment.metadata;
    const match = labelSelectorMatch(objectAt(deployment, 'spec').selector);
    const isOrphan = ({ metadata }: KubeObject): boolean =>
      (metadata.ownerReferences ?? []).length === 0 &&
      metadata.namespace === namespace &&
      metadata.deletionTimestamp === undefined;
    const orphans =
      deletionTimestamp === undefined ? [...this.#registry.store.values(this.#sets)].filter(isOrphan) : [];
    for (const set of orphans.filter((item) => match(item.metadata.labels ?? {}))) {
      this.#update(set, (live) => {
        live.metadata.ownerReferences = [controllerRef(deployment)];
      });
    }
    return ownedBy(this.#registry, this.#sets, deployment).sort(
      (a, b) =>
        Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '') ||
        revisionOf(a) - revisionOf(b),
    );
  }

  /** The ReplicaSet of the present template with the right revision: found, or created. */
  #currentSet(deployment: KubeObject, sets: readonly KubeObject[], current: KubeObject | undefined): KubeObject {
    const newest = Math.max(0, ...sets.filter((set) => set !== current).map((set) => revisionOf(set)));
    if (current === undefined) return this.#createSet(deployment, sets, newest + 1);
    const annotations = setAnnotations(deployment, Math.max(newest + 1, revisionOf(current)), current);
    if (equalJson(annotations, current.metadata.annotations ?? {})) return current;
    return this.#update(current, (set) => {
      set.metadata.annotations = annotations;
    });
  }

  #createSet(deployment: KubeObject, sets: readonly KubeObject[], revision: number): KubeObject {
    const template = copy(objectAt(deployment, 'spec', 'template'));
    const hash = templateHash(template);
    const labels = { ...objectAt(template, 'metadata', 'labels'), [HASH]: hash };
    const selector = copy(objectAt(deployment, 'spec', 'selector'));
    const limits = limitsOf(deployment);
    const created: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        labels: labels as Record<string, string>,
        annotations: setAnnotations(deployment, revision),
        ownerReferences: [controllerRef(deployment)],
      },
      spec: {
        replicas: initialSize(sets, limits),
        ...(numberAt(deployment, ['spec', 'minReadySeconds']) === 0
          ? {}
          : { minReadySeconds: numberAt(deployment, ['spec', 'minReadySeconds']) }),
        selector: { ...selector, matchLabels: { ...objectAt(selector, 'matchLabels'), [HASH]: hash } },
        template: { ...template, metadata: { ...objectAt(template, 'metadata'), labels } },
      },
    };
    return this.#registry.create(this.#sets, deployment.metadata.namespace ?? '', created, { manager: MANAGER });
  }

  #resize(
    deployment: KubeObject,
    sets: readonly KubeObject[],
    newest: string | undefined,
    limits: Limits,
    paused: boolean,
  ): void {
    const podsLeft = (set: KubeObject): boolean =>
      ownedBy(this.#registry, this.#registry.table.get('pods'), set).length > 0;
    const sizes = reconcileSizes(
      sets.map((set) => sized(set, newest, podsLeft)),
      limits,
      paused,
    );
    for (const set of sets) {
      const size = sizes.get(set.metadata.name) ?? sizeOf(set);
      const annotations = { ...set.metadata.annotations };
      if (size > 0 || sizeOf(set) !== size) {
        annotations[DESIRED] = String(limits.replicas);
        annotations[MAX] = String(limits.replicas + limits.maxSurge);
      }
      if (size === sizeOf(set) && equalJson(annotations, set.metadata.annotations ?? {})) continue;
      this.#update(set, (live) => {
        live.metadata.annotations = annotations;
        live.spec = { ...objectAt(live, 'spec'), replicas: size };
      });
    }
    this.#cleanup(deployment, sets, newest);
  }

  /** Removes the oldest empty ReplicaSets beyond the history limit once the rollout is complete. */
  #cleanup(deployment: KubeObject, sets: readonly KubeObject[], newest: string | undefined): void {
    const limit = numberAt(deployment, ['spec', 'revisionHistoryLimit'], 10);
    const old = this.#fresh(sets).filter(
      (set) => set.metadata.name !== newest && set.metadata.deletionTimestamp === undefined,
    );
    const empty = old.filter((set) => sizeOf(set) === 0 && numberAt(set, ['status', 'replicas']) === 0);
    for (const set of empty.slice(0, Math.max(0, old.length - limit))) this.#registry.store.remove(this.#sets, set);
  }

  /** The Deployment shows the revision of its newest ReplicaSet; written together with the status. */
  #revisionFrom(deployment: KubeObject, newest: KubeObject | undefined): KubeObject {
    const revision = newest?.metadata.annotations?.[REVISION];
    if (revision === undefined || deployment.metadata.annotations?.[REVISION] === revision) return deployment;
    const { namespace = '', name } = deployment.metadata;
    return this.#registry.update(
      this.#deployments,
      namespace,
      name,
      { manager: MANAGER, subresource: 'status' },
      (live) => {
        live.metadata.annotations = { ...live.metadata.annotations, [REVISION]: revision };
        return live;
      },
    );
  }

  #finish(
    deployment: KubeObject,
    newest: KubeObject | undefined,
    sets: readonly KubeObject[],
    first?: JsonObject,
  ): number | undefined {
    const { status, againMs } = deploymentStatus(deployment, newest, sets, first);
    writeStatus(this.#registry, this.#deployments, deployment, status);
    return againMs;
  }

  #fresh(sets: readonly KubeObject[]): KubeObject[] {
    return sets.flatMap(
      (set) => this.#registry.store.get(this.#sets, set.metadata.namespace ?? '', set.metadata.name) ?? [],
    );
  }

  #update(set: KubeObject, change: (set: KubeObject) => void): KubeObject {
    return this.#registry.update(
      this.#sets,
      set.metadata.namespace ?? '',
      set.metadata.name,
      { manager: MANAGER },
      (live) => {
        change(live);
        return live;
      },
    );
  }
}

function conditions(deployment: KubeObject): unknown {
  return objectAt(deployment, 'status').conditions;
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0);
}

/** A new ReplicaSet starts with what the surge leaves room for. */
function initialSize(sets: readonly KubeObject[], limits: Limits): number {
  const total = sets.reduce((sum, set) => sum + sizeOf(set), 0);
  if (limits.recreate) return 0;
  return Math.max(0, Math.min(limits.replicas, limits.replicas + limits.maxSurge - total));
}

function setAnnotations(deployment: KubeObject, revision: number, set?: KubeObject): Record<string, string> {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.includes(key));
  const limits = limitsOf(deployment);
  const size = { [DESIRED]: String(limits.replicas), [MAX]: String(limits.replicas + limits.maxSurge) };
  return {
    ...(set === undefined ? size : set.metadata.annotations),
    ...Object.fromEntries(copied),
    [REVISION]: String(revision),
  };
}

/** Equal but for the hash label, which only the ReplicaSet's template has. */
function sameTemplate(set: KubeObject, deployment: KubeObject): boolean {
  const template = copy(objectAt(set, 'spec', 'template'));
  const labels = objectAt(template, 'metadata', 'labels');
  delete labels[HASH];
  return equalJson(template, objectAt(deployment, 'spec', 'template'));
}

function sized(set: KubeObject, newest: string | undefined, podsLeft: (set: KubeObject) => boolean): Sized {
  return {
    name: set.metadata.name,
    size: sizeOf(set),
    available: numberAt(set, ['status', 'availableReplicas']),
    newest: set.metadata.name === newest,
    desired: Number(stringAt(set, 'metadata', 'annotations', DESIRED) || Number.NaN),
    podsLeft: podsLeft(set),
  };
}
