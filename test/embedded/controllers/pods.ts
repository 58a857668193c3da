/** What controllers ask about pods, and how they make and delete them (kubernetes: pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go). */
import { deleteObject } from '../deletion.ts';
import { at, isList, isObject, type Json, type JsonObject, objectAt, stringAt } from '../json.ts';
import { nameSuffix } from '../lifecycle.ts';
import { controllerOf, controllerRef, copy, type KubeObject, type ObjectMeta } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resources.ts';

/** The field manager of all controllers. */
export const MANAGER = 'kube-controller-manager';

/** The number at a path, or the given one. */
export function numberAt(value: unknown, path: readonly string[], otherwise = 0): number {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : otherwise;
}

/** A count or a percentage of `total`, rounded up or down. */
export function intOrPercent(value: unknown, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const match = /^(\d+)%$/.exec(String(value ?? ''));
  if (match === null) return 0;
  const exact = (Number(match[1]) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** The condition of a type, of any object. */
export function conditionOf(object: unknown, type: string): JsonObject | undefined {
  const conditions = at(object, 'status', 'conditions');
  const found = isList(conditions) ? conditions.find((item) => stringAt(item, 'type') === type) : undefined;
  return isObject(found) ? found : undefined;
}

export function isTerminating(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function phaseOf(pod: KubeObject): string {
  return stringAt(pod, 'status', 'phase');
}

/** Neither ended nor being deleted. */
export function isActive(pod: KubeObject): boolean {
  return !isTerminating(pod) && !['Succeeded', 'Failed'].includes(phaseOf(pod));
}

export function isReady(pod: KubeObject): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** Milliseconds until a ready pod counts as available: 0 when it does, Infinity when it is not ready. */
export function untilAvailable(pod: KubeObject, minReadySeconds: number): number {
  if (!isReady(pod)) return Number.POSITIVE_INFINITY;
  if (minReadySeconds === 0) return 0;
  const since = Date.parse(stringAt(conditionOf(pod, 'Ready'), 'lastTransitionTime'));
  return Math.max(0, since + minReadySeconds * 1000 - Date.now());
}

export function isAvailable(pod: KubeObject, minReadySeconds: number): boolean {
  return untilAvailable(pod, minReadySeconds) === 0;
}

/** The soonest moment at which one of the pods becomes available, in milliseconds, if that is a matter of time alone. */
export function nextAvailable(pods: readonly KubeObject[], minReadySeconds: number): number | undefined {
  const waits = pods
    .map((pod) => untilAvailable(pod, minReadySeconds))
    .filter((wait) => wait > 0 && Number.isFinite(wait));
  return waits.length === 0 ? undefined : Math.min(...waits) + 1;
}

/** The objects that name `owner` as their controller. */
export function ownedBy(registry: Registry, resource: Resource, owner: KubeObject): KubeObject[] {
  return registry.store
    .ownedBy(owner.metadata.uid ?? '')
    .filter((found) => found.resource === resource && controllerOf(found.object)?.uid === owner.metadata.uid)
    .map((found) => found.object);
}

export interface NewPod {
  readonly owner: KubeObject;
  readonly template: JsonObject;
  /** An exact name; without it the pod gets `OWNER-xxxxx`. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Last changes to the spec. */
  readonly spec?: (spec: JsonObject) => void;
}

/** Creates a pod from a template. @throws StatusError when the server refuses it */
export function createPod(registry: Registry, pod: NewPod): KubeObject {
  const { owner, template } = pod;
  const metadata = copy(objectAt(template, 'metadata'));
  const generateName = `${owner.metadata.name}-`;
  const labels = { ...objectAt(metadata, 'labels'), ...pod.labels } as Record<string, string>;
  const annotations = objectAt(metadata, 'annotations') as Record<string, string>;
  const objectMeta: ObjectMeta = {
    ...(pod.name === undefined ? { name: generateName + nameSuffix(), generateName } : { name: pod.name }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ownerReferences: [controllerRef(owner)],
  };
  const spec = copy(objectAt(template, 'spec'));
  pod.spec?.(spec);
  const object: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: objectMeta, spec };
  return registry.create(registry.table.get('pods'), owner.metadata.namespace ?? '', object, { manager: MANAGER });
}

/** Deletes a pod the way controllers do: with its own grace period. */
export function deletePod(registry: Registry, pod: KubeObject): void {
  deleteObject(registry, registry.table.get('pods'), pod.metadata.namespace ?? '', pod.metadata.name, {});
}

/** Writes the status when it differs. */
export function writeStatus(registry: Registry, resource: Resource, object: KubeObject, status: JsonObject): void {
  registry.update(
    resource,
    object.metadata.namespace ?? '',
    object.metadata.name,
    { manager: MANAGER, subresource: 'status' },
    (live) => ({
      ...live,
      status,
    }),
  );
}

/** The object without the members that are zero or empty, as `omitempty` leaves them out. */
export function omitEmpty(values: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== 0 && value !== '' && !(isList(value) && value.length === 0)),
  );
}
