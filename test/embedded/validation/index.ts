/** Everything a write is checked for, by kind. */
import { equalJson, isList, isObject, objectAt } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import type { Resource } from '../resources.ts';
import { type FieldError, invalidValue, notSupportedField, requiredField } from '../status-error.ts';
import { configMapErrors, configMapUpdateErrors } from './configmap.ts';
import { metadataErrors, metadataUpdateErrors } from './metadata.ts';
import { type Schema, schemaErrors } from './schema.ts';
import { GATEWAY, TRAFFIC_EXTENSION, WASM_PLUGIN } from './schemas.ts';
import { isWorkload, podSpecErrors, workloadErrors, workloadUpdateErrors } from './workload.ts';

/** The values of `applyTo` and `operation` in the schema of Istio's EnvoyFilter CRD. */
const APPLY_TO =
  'INVALID LISTENER FILTER_CHAIN NETWORK_FILTER HTTP_FILTER ROUTE_CONFIGURATION VIRTUAL_HOST HTTP_ROUTE CLUSTER EXTENSION_CONFIG BOOTSTRAP LISTENER_FILTER'.split(
    ' ',
  );
const OPERATION = 'INVALID MERGE ADD REMOVE INSERT_BEFORE INSERT_AFTER INSERT_FIRST REPLACE'.split(' ');

const SCHEMAS: Readonly<Record<string, Schema>> = {
  WasmPlugin: WASM_PLUGIN,
  TrafficExtension: TRAFFIC_EXTENSION,
  Gateway: GATEWAY,
};

/** Problems of an object that is about to be stored; `before` is absent on create. */
export function validationErrors(resource: Resource, object: KubeObject, before?: KubeObject): FieldError[] {
  const errors = [...metadataErrors(resource, object.metadata), ...kindErrors(resource, object)];
  if (before !== undefined) {
    errors.push(...metadataUpdateErrors(before.metadata, object.metadata), ...updateErrors(resource, before, object));
  }
  return errors;
}

function kindErrors(resource: Resource, object: KubeObject): FieldError[] {
  if (isWorkload(resource)) return workloadErrors(resource, object);
  if (resource.kind === 'ConfigMap') return configMapErrors(object);
  if (resource.kind === 'Pod') return podSpecErrors(objectAt(object, 'spec'), 'spec');
  if (resource.kind === 'EnvoyFilter') return envoyFilterErrors(object);
  const schema = SCHEMAS[resource.kind];
  if (schema !== undefined) return schemaErrors(schema, object);
  if (resource.kind === 'RoleBinding' || resource.kind === 'ClusterRoleBinding') {
    return objectAt(object, 'roleRef').name === undefined ? [requiredField('roleRef.name')] : [];
  }
  return [];
}

function updateErrors(resource: Resource, before: KubeObject, after: KubeObject): FieldError[] {
  if (isWorkload(resource)) return workloadUpdateErrors(resource, before, after);
  if (resource.kind === 'ConfigMap') return configMapUpdateErrors(before, after);
  if (resource.kind === 'RoleBinding' || resource.kind === 'ClusterRoleBinding') {
    return equalJson(before.roleRef, after.roleRef)
      ? []
      : [invalidValue('roleRef', after.roleRef, 'cannot change roleRef')];
  }
  return [];
}

function envoyFilterErrors(object: KubeObject): FieldError[] {
  const patches = objectAt(object, 'spec').configPatches;
  const errors: FieldError[] = [];
  for (const [index, patch] of (isList(patches) ? patches : []).entries()) {
    if (!isObject(patch)) continue;
    const path = `spec.configPatches[${index}]`;
    const applyTo = patch.applyTo;
    if (typeof applyTo === 'string' && !APPLY_TO.includes(applyTo)) {
      errors.push(notSupportedField(`${path}.applyTo`, applyTo, APPLY_TO));
    }
    const operation = objectAt(patch, 'patch').operation;
    if (typeof operation === 'string' && !OPERATION.includes(operation)) {
      errors.push(notSupportedField(`${path}.patch.operation`, operation, OPERATION));
    }
  }
  return errors;
}
