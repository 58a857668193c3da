import { count } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { controllerOf } from '../../cluster/pods.ts';
import {
  DEADLINE_EXCEEDED,
  type EarlierProgress,
  keepsProgress,
  NEW_REPLICA_SET_AVAILABLE,
  progressOf,
} from '../../cluster/progress.ts';
import { conditionOf, failed, progressing, type ReadinessVerdict } from '../../cluster/readiness.ts';
import { DEPLOYMENT as DEPLOYMENT_RESOURCE, REPLICA_SET } from '../../cluster/resources.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { Blocker, WantedTarget } from './kind.ts';
import { templateBlocker } from './template-blockers.ts';
import { refusedPods, workloadKind } from './workload-kind.ts';

/** Deployments whose deadline is this or absent never report a stalled rollout, and set no Progressing condition. */
const NO_DEADLINE = 2 ** 31 - 1;

export const DEPLOYMENT_KIND = workloadKind({
  resource: DEPLOYMENT_RESOURCE,
  shortNames: ['deploy'],
  podReplacement: 'new-first',

  podCounts: ({ spec = {}, status = {} }) => ({
    wanted: spec.replicas ?? 1,
    all: status.replicas,
    updated: status.updatedReplicas,
    ready: status.readyReplicas,
    hasOld: true,
  }),
  verdictOf,

  hasOldPods: ({ status = {} }) => (status.updatedReplicas ?? 0) < (status.replicas ?? 0),

  /** Its pods belong to a ReplicaSet that is named after it and the label `pod-template-hash`. */
  ownerOf: (pod) => {
    const set = controllerOf(pod, REPLICA_SET);
    const hash = pod.metadata.labels?.['pod-template-hash'];
    if (set === undefined || hash === undefined || !set.endsWith(`-${hash}`)) return undefined;
    return set.slice(0, -hash.length - 1);
  },

  /** `Recreate` ends all old pods first. */
  surgeField: ({ spec = {} }) => (spec.strategy?.type === 'Recreate' ? undefined : 'spec.strategy.rollingUpdate'),

  blockerOf: (wanted) => templateBlocker(wanted, () => pausedBlocker(wanted)),
});

function pausedBlocker({ ref, observed }: WantedTarget): Blocker | undefined {
  if (observed.spec?.paused !== true) return undefined;
  return {
    message: 'is paused, so no pod would get the change.',
    remedy: `Resume it: ${resumeCommand(ref)}.`,
  };
}

function resumeCommand({ namespace, name }: Pick<WorkloadRef, 'namespace' | 'name'>): string {
  return `\`kubectl rollout resume -n ${namespace} deployment/${name}\``;
}

/** Old pods stay until new ones are ready. The status does not tell which are; old ones were so before. */
function oldPodsLeft(old: number, updated: number, ready: number): string {
  const readyNew = Math.max(0, ready - old);
  const left = `${count(old, 'old pod')} still there`;
  return readyNew < updated ? `${readyNew} of ${updated} new pods ready, ${left}` : left;
}

/** Its deadline has passed. Why no pod could be made is what the reader needs, and no pod is there to ask. */
function stalled(workload: Workload): ReadinessVerdict {
  const message = `no progress for ${workload.spec?.progressDeadlineSeconds} s (progressDeadlineSeconds)`;
  const refused = refusedPods(workload);
  return refused === undefined
    ? failed(message)
    : { ...refused, state: 'failed', message: `${message}: ${refused.message}` };
}

function verdictOf(workload: Workload, earlier?: EarlierProgress): ReadinessVerdict {
  if (workload.spec?.paused === true) return pausedVerdict(workload);
  if (progressOf(workload)?.reason === DEADLINE_EXCEEDED && !keepsProgress(workload, earlier)) return stalled(workload);
  return podsVerdict(workload) ?? conditionsVerdict(workload);
}

/**
 * While it is paused, its controller replaces no pods and counts no progress, whatever its condition Progressing says: its pods are all
 * there is to see.
 */
function pausedVerdict(workload: Workload): ReadinessVerdict {
  const pods = podsVerdict(workload);
  if (pods === undefined) return availableVerdict(workload);
  // Nobody helps pods by resuming it that cannot be created, or are there and not ready.
  if (pods.podsRefused === true || !hasPodsToReplace(workload)) return pods;
  const { namespace = '', name } = workload.metadata;
  return {
    ...pods,
    message: `it is paused by spec.paused until somebody resumes it, with ${pods.message}`,
    resume: resumeCommand({ namespace, name }),
  };
}

function hasPodsToReplace({ spec = {}, status = {} }: Workload): boolean {
  const { replicas = 0, updatedReplicas = 0 } = status;
  return updatedReplicas < (spec.replicas ?? 1) || replicas > updatedReplicas;
}

function podsVerdict(workload: Workload): ReadinessVerdict {
  const { spec = {}, status = {} } = workload;
  const wanted = spec.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, readyReplicas = 0 } = status;
  if (updatedReplicas < wanted)
    return refusedPods(workload) ?? progressing(`${updatedReplicas} of ${wanted} pods updated`);
  if (replicas > updatedReplicas)
    return progressing(oldPodsLeft(replicas - updatedReplicas, updatedReplicas, readyReplicas));
  if (replicas > wanted) return progressing(`${count(replicas - wanted, 'pod')} too many`);
  if (availableReplicas < updatedReplicas)
    return progressing(`${availableReplicas} of ${updatedReplicas} pods available`);
  return readyReplicas < wanted ? progressing(`${readyReplicas} of ${wanted} pods ready`) : undefined;
}

function conditionsVerdict(workload: Workload): ReadinessVerdict {
  const { progressDeadlineSeconds = NO_DEADLINE } = workload.spec ?? {};
  const progressed = progressOf(workload);
  const isDone = progressed?.status === 'True' && progressed.reason === NEW_REPLICA_SET_AVAILABLE;
  if (progressDeadlineSeconds < NO_DEADLINE && !isDone) return progressing('the new ReplicaSet is not available yet');
  return availableVerdict(workload);
}

function availableVerdict(workload: Workload): ReadinessVerdict {
  return conditionOf(workload, 'Available')?.status === 'True' ? undefined : progressing('not available yet');
}
