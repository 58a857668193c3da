/** What differs between kinds when an object is created or updated (kubernetes: pkg/registry, the strategy.go of each kind). */
import type { FieldSet } from './fields/field-set.ts';
import { FieldSet as Fields } from './fields/field-set.ts';
import { equalJson, isList, type Json, type JsonObject, objectAt, withoutNulls } from './json.ts';
import { copy, type KubeObject, toJson } from './objects.ts';
import { groupVersion, type Resource } from './resources.ts';

/** The status a new object starts with; kinds that are not here start with an empty one. */
const FIRST_STATUS: Readonly<Record<string, JsonObject>> = {
  Pod: { phase: 'Pending', qosClass: 'BestEffort' },
  Namespace: { phase: 'Active' },
  StatefulSet: { replicas: 0, availableReplicas: 0 },
  DaemonSet: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  ReplicaSet: { replicas: 0 },
  Service: { loadBalancer: {} },
};

/** Sets what the server alone decides on create: the first status and what admission adds. */
export function prepareForCreate(resource: Resource, object: KubeObject): void {
  if (resource.custom) {
    if (resource.status) delete object.status;
  } else if (resource.status && resource.kind !== 'Node' && resource.kind !== 'CustomResourceDefinition') {
    object.status = copy(FIRST_STATUS[resource.kind] ?? {});
  }
  if (resource.kind === 'Namespace') {
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
  }
  if (resource.kind === 'Node') addNotReadyTaint(object);
}

/** The TaintNodesByCondition admission plugin taints every new node. */
function addNotReadyTaint(object: KubeObject): void {
  const spec = objectAt(object, 'spec');
  const taints = isList(spec.taints) ? spec.taints : [];
  object.spec = { ...spec, taints: [...taints, { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] };
}

/** Keeps the parts that the endpoint may not change: the main one leaves the status, `/status` leaves all but the status. */
export function prepareForUpdate(
  resource: Resource,
  object: KubeObject,
  live: KubeObject,
  subresource: string,
): KubeObject {
  if (subresource === 'status') {
    const metadata = resource.custom
      ? { ...live.metadata, ...pick(object, 'managedFields'), ...pick(object, 'resourceVersion') }
      : { ...object.metadata, ...pick(live, 'labels') };
    if (!resource.custom && live.metadata.labels === undefined) delete metadata.labels;
    return { ...live, metadata, ...('status' in object ? { status: object.status } : {}) };
  }
  if (!resource.status || subresource === 'binding' || resource.kind === 'CustomResourceDefinition') return object;
  const { status: _status, ...rest } = object;
  return ('status' in live ? { ...rest, status: live.status } : rest) as KubeObject;
}

function pick(object: KubeObject, key: 'labels' | 'managedFields' | 'resourceVersion'): object {
  const value = object.metadata[key];
  return value === undefined ? {} : { [key]: value };
}

/** The generation of an updated object: counts changes of the desired state. */
export function nextGeneration(resource: Resource, object: KubeObject, live: KubeObject): number | undefined {
  const current = live.metadata.generation;
  if (!resource.generation || current === undefined) return current;
  if (resource.custom) {
    const desired = (value: KubeObject): object => {
      const { metadata: _metadata, ...rest } = value;
      if (resource.status) delete rest.status;
      return rest;
    };
    return equalJson(desired(object), desired(live)) ? current : current + 1;
  }
  const annotationsCount = resource.kind === 'Deployment';
  const same =
    equalJson(object.spec, live.spec) &&
    (!annotationsCount || equalJson(object.metadata.annotations ?? {}, live.metadata.annotations ?? {}));
  return same ? current : current + 1;
}

/** Nulls go, as decoding drops them; below a custom resource's `spec` and `status` they may have a meaning and stay. */
export function normalised(resource: Resource, object: KubeObject): KubeObject {
  if (!resource.custom) return withoutNulls(toJson(object)) as unknown as KubeObject;
  return {
    ...object,
    metadata: withoutNulls(object.metadata as unknown as JsonObject) as unknown as KubeObject['metadata'],
  };
}

const TEMPLATE: JsonObject = { metadata: {}, spec: { containers: null } };
const EMPTY: Readonly<Record<string, JsonObject>> = {
  Deployment: { spec: { strategy: {}, template: TEMPLATE }, status: {} },
  StatefulSet: { spec: { updateStrategy: {}, template: TEMPLATE }, status: {} },
  DaemonSet: { spec: { updateStrategy: {}, template: TEMPLATE }, status: {} },
  ReplicaSet: { spec: { template: TEMPLATE }, status: {} },
  Pod: { spec: { containers: null }, status: {} },
  ConfigMap: {},
  Secret: {},
  Event: { involvedObject: {}, source: {} },
};

/** The empty object that field ownership of a create is measured against: the members a typed object always has. */
export function emptyObject(resource: Resource): Json {
  if (resource.custom) return { apiVersion: groupVersion(resource), kind: resource.kind };
  return { metadata: {}, ...(EMPTY[resource.kind] ?? { spec: {}, status: {} }) };
}

/** The fields an endpoint lets nobody own (the `GetResetFields` of each strategy). */
export function ownableFields(resource: Resource, subresource: string): (fields: FieldSet) => FieldSet {
  if (subresource === 'status') {
    if (resource.custom) return (fields) => new Fields(new Set(), fields.children).without(['f:spec', 'f:metadata']);
    return (fields) =>
      fields
        .without(['f:spec'])
        .withBelow(
          'f:metadata',
          fields.below('f:metadata').without(['f:labels', 'f:ownerReferences', 'f:deletionTimestamp']),
        );
  }
  return resource.status ? (fields) => fields.without(['f:status']) : (fields) => fields;
}
