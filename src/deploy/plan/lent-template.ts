import type { Problem } from '../../base/problem.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { referrersIn } from '../observe/template-sources.ts';

/** Returns which targets lend their pod templates to workloads that were listed. */
export function lentTemplates(
  refs: readonly WorkloadRef[],
  snapshot: Pick<ClusterSnapshot, 'workloadIndex'>,
): Problem[] {
  const referrers = referrersIn(
    refs.map(({ namespace }) => namespace),
    snapshot,
  );
  return refs.flatMap((ref) => {
    const referrer = referrers.get(workloadKey(ref));
    return referrer === undefined ? [] : [lentTemplate(ref, referrer)];
  });
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
