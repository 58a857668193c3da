import type { Pod } from '../../cluster/objects.ts';
import { ownerOf } from '../../cluster/pods.ts';
import { GATEWAY_NAME_LABEL } from '../../mesh/gateway/attachment.ts';
import { type WorkloadRef, workloadKey } from '../../targets/target.ts';

/**
 * The targets that a pod of a namespace is one of, by `workloadKey`: what has made it, and the Gateway that its label names, which is
 * how Istio finds the pods of one, whoever has made them.
 */
export function targetsOf(pod: Pod, namespace: string): string[] {
  const owner = ownerOf(pod);
  const gateway = pod.metadata.labels?.[GATEWAY_NAME_LABEL];
  return [
    ...(owner === undefined ? [] : [workloadKey({ ...owner, namespace })]),
    ...(gateway === undefined ? [] : [workloadKey({ kind: 'Gateway', namespace, name: gateway })]),
  ];
}

/** Whether a pod is one of a target's. */
export function belongsTo(pod: Pod, ref: WorkloadRef): boolean {
  return targetsOf(pod, ref.namespace).includes(workloadKey(ref));
}
