import type { Problem } from '../../base/problem.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { referrerOf } from '../observe/template-sources.ts';

/** Returns that a target lends its pod template to a workload that was listed; nothing where it does not. */
export function lentTemplates(ref: WorkloadRef, snapshot: Pick<ClusterSnapshot, 'workloadIndex'>): Problem[] {
  const referrer = referrerOf(ref, snapshot);
  return referrer === undefined ? [] : [lentTemplate(ref, referrer)];
}

/** A target whose pod template another workload's pods are made of: they would restart, and nobody would look at them. */
export function lentTemplate(ref: WorkloadRef, referrer: WorkloadRef): Problem {
  const name = (one: WorkloadRef): string => `${one.kind.toLowerCase()}/${one.name}`;
  return {
    kind: 'targets',
    subject: describeWorkload(ref),
    message: `lends its pod template to ${describeWorkload(referrer)} (workloadRef), whose pods would get the change, and nobody would verify them.`,
    remedy: `Write "${name(referrer)}" in the target list, and not "${name(ref)}"; where labels select it, leave it out with "exclude".`,
  };
}
