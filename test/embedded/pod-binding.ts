/** `POST pods/NAME/binding`: gives a pod its node (kubernetes: pkg/registry/core/pod/storage/storage.go, BindingREST). */
import { isList, type Json, type JsonObject, objectAt, stringAt } from './json.ts';
import { type KubeObject, timestamp } from './objects.ts';
import type { Registry, WriteOptions } from './registry.ts';
import { conflict } from './status-error.ts';

/** Binds the pod and gives the Status to answer. @throws StatusError 409 for a pod that is bound or being deleted */
export function bindPod(
  registry: Registry,
  namespace: string,
  name: string,
  binding: KubeObject,
  options: WriteOptions,
): JsonObject {
  const resource = registry.table.get('pods');
  const node = stringAt(binding, 'target', 'name');
  registry.update(resource, namespace, name, { ...options, subresource: 'binding' }, (pod) => {
    const refused = (why: string): Error => conflict({ group: '', plural: 'pods/binding' }, name, why);
    if (pod.metadata.deletionTimestamp !== undefined)
      throw refused(`pod ${name} is being deleted, cannot be assigned to a host`);
    const bound = stringAt(pod, 'spec', 'nodeName');
    if (bound !== '') throw refused(`pod ${name} is already assigned to node ${JSON.stringify(bound)}`);
    pod.spec = { ...objectAt(pod, 'spec'), nodeName: node };
    const status = objectAt(pod, 'status');
    const others: Json[] = (isList(status.conditions) ? status.conditions : []).filter(
      (item) => stringAt(item, 'type') !== 'PodScheduled',
    );
    const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: timestamp() };
    pod.status = { ...status, conditions: [...others, scheduled] };
    return pod;
  });
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}
