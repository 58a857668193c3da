import { pick } from '../../base/json.ts';
import { count } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { controllerOf } from '../../cluster/pods.ts';
import { progressing, type ReadinessVerdict } from '../../cluster/readiness.ts';
import { resource } from '../../cluster/resources.ts';
import type { Blocker, RolloutNeeds, WantedTarget } from './kind.ts';
import { isOnDelete, onDeleteBlocker, templateBlocker } from './template-blockers.ts';
import { workloadKind } from './workload-kind.ts';

const RESOURCE = resource('apps/v1', 'StatefulSet', 'statefulsets');

export const STATEFUL_SET_KIND = workloadKind({
  resource: RESOURCE,
  shortNames: ['sts'],
  podReplacement: 'old-first',

  podCounts: ({ spec = {}, status = {} }) => ({
    wanted: spec.replicas ?? 1,
    all: status.replicas,
    updated: status.updatedReplicas,
    ready: status.readyReplicas,
    hasOld: status.currentRevision !== status.updateRevision,
  }),
  verdictOf,

  hasOldPods: (workload) =>
    !isOnDelete(workload) && workload.status?.currentRevision !== workload.status?.updateRevision,

  ownerOf: (pod) => controllerOf(pod, RESOURCE),

  blockerOf: (wanted, needs) =>
    templateBlocker(wanted, () => onDeleteBlocker(wanted, needs)) ?? partitionBlocker(wanted, needs),

  /**
   * Its controller waits for a pod that does not become ready before it replaces it, unless it manages them in parallel
   * (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback).
   */
  stuckPods: ({ spec }) => (pick(spec, 'podManagementPolicy') === 'Parallel' ? 'maybe-waited-for' : 'waited-for'),
});

function partitionBlocker({ observed }: WantedTarget, { wait }: RolloutNeeds): Blocker | undefined {
  const partition = observed.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition === 0 || !wait) return undefined;
  return {
    message: `has the partition ${partition}: its pods below that ordinal keep the old template, so not every pod would get the filter.`,
    remedy: 'Set the partition to 0, or set "wait: false" and lower it yourself.',
  };
}

/** kstatus's rule, with the gap closed that a StatefulSet counts as done while its revisions differ. */
function verdictOf(workload: Workload): ReadinessVerdict {
  const { spec = {}, status = {} } = workload;
  const wanted = spec.replicas ?? 1;
  const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status;
  if (status.observedGeneration === undefined) return progressing('the controller has not seen it yet');
  if (replicas < wanted) return progressing(`${replicas} of ${wanted} pods exist`);
  if (replicas > wanted) return progressing(`${count(replicas - wanted, 'pod')} too many`);
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (!isOnDelete(workload)) {
    const toUpdate = Math.max(0, wanted - partition);
    // Once a rollout is complete the controller counts the pods as current and may leave updatedReplicas out.
    if (currentRevision !== updateRevision && updatedReplicas < toUpdate) {
      return progressing(`${updatedReplicas} of ${toUpdate} pods updated`);
    }
    if (partition === 0 && currentRevision !== updateRevision && readyReplicas >= wanted)
      return progressing('the controller has not made the new revision the current one yet');
  }
  if (readyReplicas < wanted) return progressing(`${readyReplicas} of ${wanted} pods ready`);
  return undefined;
}
