import type { Pod } from './objects.ts';

/**
 * Whether a pod that no node runs any more was refused or ended by its node, which is no matter of its containers: for want
 * of what it asks for (OutOfcpu, UnexpectedAdmissionError, NodeAffinity, SysctlForbidden, …), evicted, or preempted.
 */
export function isRefused({ metadata, status }: Pod): boolean {
  return status?.phase === 'Failed' && metadata.deletionTimestamp === undefined;
}

/** Why its node refused or ended a pod: `UnexpectedAdmissionError: Allocate failed`. */
export function describeRefusal({ status = {} }: Pod): string {
  return [status.reason ?? 'Failed', status.message].filter(Boolean).join(': ');
}
