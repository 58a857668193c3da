import { defined } from '../base/defined.ts';
import { isObject } from '../base/json.ts';
import type { KubernetesObject, ObjectMeta } from './objects.ts';

type ManagedFields = NonNullable<ObjectMeta['managedFields']>[number];

/**
 * Returns an object whose field sets (`metadata.managedFields`) hold only what is asked of them anywhere: who holds something of its
 * metadata, of its spec, and of the metadata of its pod template. The rest, a branch for each field of each container and of the
 * status, is most of a workload's size in memory, and thousands of workloads are kept.
 */
export function withReadFieldSets<T extends KubernetesObject>(object: T): T {
  const { managedFields } = object.metadata;
  if (managedFields === undefined) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: managedFields.map(cutEntry) } };
}

/** Field sets: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/, `fieldsV1`. */
function cutEntry({ fieldsV1, ...entry }: ManagedFields): ManagedFields {
  if (!isObject(fieldsV1)) return { ...entry, ...defined({ fieldsV1 }) };
  const { 'f:metadata': metadata, 'f:spec': spec } = fieldsV1;
  return { ...entry, fieldsV1: defined({ 'f:metadata': metadata, 'f:spec': isObject(spec) ? cutSpec(spec) : spec }) };
}

function cutSpec({ 'f:template': template }: Readonly<Record<string, unknown>>): object {
  if (!isObject(template)) return defined({ 'f:template': template });
  return { 'f:template': defined({ 'f:metadata': template['f:metadata'] }) };
}
