import { count } from '../base/text.ts';
import type { Condition, Workload } from './objects.ts';
import type { TargetKind } from './resources.ts';

/** Where a rollout stands. `failed` is final, `progressing` may still become `ready`. */
export interface Readiness {
  readonly state: 'ready' | 'progressing' | 'failed';
  /** What is missing, in words; empty when ready. */
  readonly message: string;
  /** Pods that are ready under the current template. */
  readonly ready: number;
  /** Pods that are wanted. */
  readonly wanted: number;
  /** Set when the API server refuses to make pods (a quota, a webhook); the message says why. */
  readonly podsRefused?: true;
}

/**
 * Whether every wanted pod of a workload runs its current template and is ready.
 * The rules are kstatus's (sigs.k8s.io/cli-utils, pkg/kstatus/status/core.go), with the gap closed that a StatefulSet counts
 * as done while its revisions differ.
 */
export function readinessOf(kind: TargetKind, workload: Workload): Readiness {
  const counts = countPods(kind, workload);
  const verdict = beforeKind(workload) ?? RULES[kind](workload);
  return verdict === undefined ? { ...counts, state: 'ready', message: '' } : { ...counts, ...verdict };
}

/** Whether a controller is replacing pods of a workload now: old ones are still there, or it has not seen the change yet. */
export function isRolling(kind: TargetKind, { metadata, spec = {}, status = {} }: Workload): boolean {
  if (kind === 'Gateway') return false;
  const { generation = 0 } = metadata;
  if (generation > (status.observedGeneration ?? generation)) return true;
  if (kind === 'StatefulSet') {
    const { currentRevision, updateRevision } = status;
    return spec.updateStrategy?.type !== 'OnDelete' && currentRevision !== updateRevision;
  }
  const updated = (kind === 'DaemonSet' ? status.updatedNumberScheduled : status.updatedReplicas) ?? 0;
  const all = (kind === 'DaemonSet' ? status.desiredNumberScheduled : status.replicas) ?? 0;
  return updated < all && !(kind === 'DaemonSet' && spec.updateStrategy?.type === 'OnDelete');
}

type Verdict = (Pick<Readiness, 'message' | 'podsRefused'> & { readonly state: 'progressing' | 'failed' }) | undefined;

const RULES: Readonly<Record<TargetKind, (workload: Workload) => Verdict>> = {
  Deployment: deploymentVerdict,
  StatefulSet: statefulSetVerdict,
  DaemonSet: daemonSetVerdict,
  Gateway: gatewayVerdict,
};

/** Deployments whose deadline is this or absent never report a stalled rollout, and set no Progressing condition. */
const NO_DEADLINE = 2 ** 31 - 1;

function beforeKind(workload: Workload): Verdict {
  const { metadata, status } = workload;
  if (metadata.deletionTimestamp !== undefined) return failed('the workload is being deleted');
  if (
    metadata.generation !== undefined &&
    status?.observedGeneration !== undefined &&
    metadata.generation !== status.observedGeneration
  ) {
    return progressing('the controller has not seen the change yet');
  }
  const stalled = conditionOf(workload, 'Stalled');
  if (stalled?.status === 'True') return failed(stalled.message ?? 'stalled');
  if (conditionOf(workload, 'Reconciling')?.status === 'True') return progressing('reconciling');
  return undefined;
}

function deploymentVerdict(workload: Workload): Verdict {
  const { spec = {}, status = {} } = workload;
  const wanted = spec.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, readyReplicas = 0 } = status;
  const progressed = conditionOf(workload, 'Progressing');
  const hasDeadline = spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds < NO_DEADLINE;
  if (progressed?.reason === 'ProgressDeadlineExceeded') {
    return failed(`no progress for ${spec.progressDeadlineSeconds} s (progressDeadlineSeconds)`);
  }
  const failure = conditionOf(workload, 'ReplicaFailure');
  if (failure?.status === 'True' && updatedReplicas < wanted) {
    const message = `pods cannot be created: ${failure.message ?? failure.reason ?? 'unknown reason'}`;
    return { state: 'progressing', message, podsRefused: true };
  }
  if (updatedReplicas < wanted) return progressing(`${updatedReplicas} of ${wanted} pods updated`);
  if (replicas > updatedReplicas) return progressing(`${count(replicas - updatedReplicas, 'old pod')} still there`);
  if (replicas > wanted) return progressing(`${count(replicas - wanted, 'pod')} too many`);
  if (availableReplicas < updatedReplicas)
    return progressing(`${availableReplicas} of ${updatedReplicas} pods available`);
  if (readyReplicas < wanted) return progressing(`${readyReplicas} of ${wanted} pods ready`);
  // A paused Deployment has no progress to report; that its pods are as wanted is all there is to see.
  if (
    hasDeadline &&
    spec.paused !== true &&
    !(progressed?.status === 'True' && progressed.reason === 'NewReplicaSetAvailable')
  ) {
    return progressing('the new ReplicaSet is not available yet');
  }
  if (conditionOf(workload, 'Available')?.status !== 'True') return progressing('not available yet');
  return undefined;
}

function statefulSetVerdict(workload: Workload): Verdict {
  const { spec = {}, status = {} } = workload;
  const wanted = spec.replicas ?? 1;
  const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status;
  if (status.observedGeneration === undefined) return progressing('the controller has not seen it yet');
  if (replicas < wanted) return progressing(`${replicas} of ${wanted} pods exist`);
  if (replicas > wanted) return progressing(`${count(replicas - wanted, 'pod')} too many`);
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (spec.updateStrategy?.type !== 'OnDelete') {
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

function daemonSetVerdict(workload: Workload): Verdict {
  const { spec = {}, status = {} } = workload;
  const { desiredNumberScheduled: wanted, currentNumberScheduled = 0, updatedNumberScheduled = 0 } = status;
  const { numberAvailable = 0, numberReady = 0 } = status;
  if (status.observedGeneration === undefined || wanted === undefined)
    return progressing('the controller has not seen it yet');
  if (currentNumberScheduled < wanted) return progressing(`${currentNumberScheduled} of ${wanted} pods exist`);
  if (spec.updateStrategy?.type !== 'OnDelete' && updatedNumberScheduled < wanted) {
    return progressing(`${updatedNumberScheduled} of ${wanted} pods updated`);
  }
  if (numberAvailable < wanted) return progressing(`${numberAvailable} of ${wanted} pods available`);
  if (numberReady < wanted) return progressing(`${numberReady} of ${wanted} pods ready`);
  return undefined;
}

/**
 * Whether a controller has taken a Gateway. That it is programmed is not asked for: without a load balancer it never is, and serves
 * all the same (https://gateway-api.sigs.k8s.io/geps/gep-1364/).
 */
function gatewayVerdict(workload: Workload): Verdict {
  const accepted = conditionOf(workload, 'Accepted');
  if (accepted === undefined || accepted.status === 'True') return undefined;
  return progressing(`no controller has accepted it (${accepted.message ?? accepted.reason ?? accepted.status})`);
}

/**
 * Pods that are ready under the current template, of those that are wanted. A status does not tell which pods are ready, so
 * old pods that are still there count as ready ones: better too few than a rollout that looks done.
 */
function countPods(kind: TargetKind, { spec = {}, status = {} }: Workload): { ready: number; wanted: number } {
  // Only its pods tell how many there are.
  if (kind === 'Gateway') return { ready: 0, wanted: 0 };
  const rolling = kind !== 'StatefulSet' || status.currentRevision !== status.updateRevision;
  const [all = 0, updated = 0, ready = 0] =
    kind === 'DaemonSet'
      ? [status.currentNumberScheduled, status.updatedNumberScheduled, status.numberReady]
      : [status.replicas, status.updatedReplicas, status.readyReplicas];
  const wanted = kind === 'DaemonSet' ? (status.desiredNumberScheduled ?? 0) : (spec.replicas ?? 1);
  const old = rolling ? Math.max(0, all - updated) : 0;
  return { wanted, ready: Math.min(Math.max(0, ready - old), wanted) };
}

function conditionOf(workload: Workload, type: string): Condition | undefined {
  return workload.status?.conditions?.find((condition) => condition.type === type);
}

function failed(message: string): Verdict {
  return { state: 'failed', message };
}

function progressing(message: string): Verdict {
  return { state: 'progressing', message };
}
