/** The delete path: grace periods, finalizers, propagation and preconditions (apiserver: store.go, registry/rest/delete.go). */
import type { Json, JsonObject } from './json.ts';
import { at, objectAt } from './json.ts';
import { copy, type KubeObject, timestamp, toJson } from './objects.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resources.ts';
import { conflict } from './status-error.ts';

export interface DeleteOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly dryRun?: boolean;
}

/** The options in the body and the query of a DELETE; the query wins, as in the server. */
export function deleteOptions(body: Json, query: URLSearchParams): DeleteOptions {
  const policy = query.get('propagationPolicy') ?? at(body, 'propagationPolicy');
  const graceText = query.get('gracePeriodSeconds');
  const grace = graceText === null ? at(body, 'gracePeriodSeconds') : Number(graceText);
  const orphan = query.get('orphanDependents') ?? at(body, 'orphanDependents');
  const preconditions = objectAt(body, 'preconditions');
  const dryRun = query.getAll('dryRun').includes('All') || JSON.stringify(at(body, 'dryRun') ?? []).includes('All');
  return {
    ...(policy === 'Background' || policy === 'Foreground' || policy === 'Orphan' ? { propagationPolicy: policy } : {}),
    ...(policy === undefined && String(orphan) === 'true' ? { propagationPolicy: 'Orphan' as const } : {}),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(typeof preconditions.uid === 'string' ? { uid: preconditions.uid } : {}),
    ...(typeof preconditions.resourceVersion === 'string' ? { resourceVersion: preconditions.resourceVersion } : {}),
    dryRun,
  };
}

/** What a DELETE answers: the object when it stays for a while, or a Status. */
export function deleteObject(
  registry: Registry,
  resource: Resource,
  namespace: string,
  name: string,
  options: DeleteOptions,
): JsonObject {
  const live = registry.get(resource, namespace, name);
  checkPreconditions(resource, live, options);
  const next = markDeleted(resource, live, options);
  const finalizers = next.metadata.finalizers ?? [];
  const waits =
    finalizers.length > 0 || (next.metadata.deletionGracePeriodSeconds ?? 0) > 0 || resource.kind === 'Namespace';
  const unchanged = live.metadata.deletionTimestamp !== undefined && sameDeletion(live, next);
  if (options.dryRun === true) return waits || resource.kind === 'Pod' ? toJson(next) : success(resource, live);
  if (waits) return toJson(unchanged ? live : registry.store.put(resource, next));
  const removed = registry.store.remove(resource, next);
  return resource.kind === 'Pod' ? toJson(removed) : success(resource, live);
}

function sameDeletion(live: KubeObject, next: KubeObject): boolean {
  return (
    live.metadata.deletionGracePeriodSeconds === next.metadata.deletionGracePeriodSeconds &&
    (live.metadata.finalizers ?? []).join() === (next.metadata.finalizers ?? []).join()
  );
}

/** The words of rest.BeforeDelete, which names the kind where other conflicts name the resource. */
function checkPreconditions(resource: Resource, live: KubeObject, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = live.metadata;
  const checks = [
    ['UID', options.uid, uid, 'deleted and then recreated'],
    ['ResourceVersion', options.resourceVersion, resourceVersion, 'modified'],
  ] as const;
  for (const [field, wanted, actual, what] of checks) {
    if (wanted === undefined || wanted === actual) continue;
    const why = `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${actual}). The object might have been ${what}`;
    throw conflict({ group: resource.group, plural: resource.kind }, name, why);
  }
}

/** The object with its deletion time, grace period and the finalizers that the propagation policy asks for. */
function markDeleted(resource: Resource, live: KubeObject, options: DeleteOptions): KubeObject {
  const object = copy(live);
  const metadata = object.metadata;
  const grace = gracePeriod(resource, live, options);
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = timestamp(new Date(Date.now() + grace * 1000));
    metadata.deletionGracePeriodSeconds = grace;
    if (metadata.generation !== undefined) metadata.generation += 1;
  } else if (grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    metadata.deletionTimestamp = timestamp(new Date(Date.now() + grace * 1000));
    metadata.deletionGracePeriodSeconds = grace;
  }
  if (options.propagationPolicy !== undefined) {
    const others = (metadata.finalizers ?? []).filter(
      (finalizer) => finalizer !== 'orphan' && finalizer !== 'foregroundDeletion',
    );
    const added = { Background: [], Foreground: ['foregroundDeletion'], Orphan: ['orphan'] }[options.propagationPolicy];
    const finalizers = [...others, ...added];
    if (finalizers.length === 0) delete metadata.finalizers;
    else metadata.finalizers = finalizers;
  }
  if (resource.kind === 'Namespace') object.status = { ...objectAt(object, 'status'), phase: 'Terminating' };
  return object;
}

/** Only pods have a grace period: none when no node runs them or they have ended. */
function gracePeriod(resource: Resource, live: KubeObject, options: DeleteOptions): number {
  if (resource.kind !== 'Pod') return 0;
  const phase = at(live, 'status', 'phase');
  if (!at(live, 'spec', 'nodeName') || phase === 'Failed' || phase === 'Succeeded') return 0;
  const own = at(live, 'spec', 'terminationGracePeriodSeconds');
  const current = live.metadata.deletionTimestamp === undefined ? undefined : live.metadata.deletionGracePeriodSeconds;
  const wanted = options.gracePeriodSeconds ?? current ?? (typeof own === 'number' ? own : 30);
  return current === undefined ? wanted : Math.min(wanted, current);
}

function success(resource: Resource, live: KubeObject): JsonObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: live.metadata.name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: live.metadata.uid ?? '',
    },
  };
}
