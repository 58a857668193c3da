import type { ArgoRollout } from '../../cluster/argo-rollout.ts';
import type { Workload } from '../../cluster/objects.ts';
import { controllerOf } from '../../cluster/pods.ts';
import { DEADLINE_EXCEEDED, type EarlierProgress, keepsProgress } from '../../cluster/progress.ts';
import { isUnseen, progressing, type ReadinessVerdict, waiting } from '../../cluster/readiness.ts';
import { REPLICA_SET, ROLLOUT } from '../../cluster/resources.ts';
import { awaitedAnalysis, failedAnalysis, inconclusiveAnalysis } from './argo-analysis.ts';
import { argoCommand, pluginCommand, resumeCommand } from './argo-commands.ts';
import type { Blocker, WantedTarget } from './kind.ts';
import { isSupported, referenceBinding, templateSourceOf } from './reference-binding.ts';
import { templateBlocker } from './template-blockers.ts';
import { refusedPods, workloadKind } from './workload-kind.ts';

/** Its pods carry it, and their ReplicaSet is named after the Rollout and it. */
const HASH_LABEL = 'rollouts-pod-template-hash';

/**
 * A Rollout of Argo Rollouts. Its controller judges it by its strategy; the rules of when that judgement is of the current template
 * are those of `kubectl argo rollouts` (`GetRolloutPhase` in utils/rollout/rolloututil.go).
 */
export const ARGO_ROLLOUT_KIND = workloadKind({
  resource: ROLLOUT,
  shortNames: ['ro'],
  // A cluster without Argo Rollouts is the rule, and then nobody who selects workloads by a label means it.
  selectedByDefault: false,
  notInstalled: {
    message: 'The cluster has no Rollout resource (argoproj.io), but the target list names one.',
    remedy: 'Install Argo Rollouts, check the context of the kubeconfig, or name the Deployment.',
  },
  binding: referenceBinding,
  podReplacement: 'new-first',

  podCounts: (workload) => {
    const { spec = {}, status = {} }: ArgoRollout = workload;
    const { replicas: all, updatedReplicas: updated = 0, readyReplicas: ready = 0 } = status;
    // Of a blue-green Rollout only the pods that serve count as ready; it waits once those of the preview are, too.
    const preview = spec.strategy?.blueGreen !== undefined && verdictOf(workload)?.state === 'waiting' ? updated : 0;
    // Once it is promoted, others are on their way out: they stay for `scaleDownDelaySeconds`.
    return { wanted: spec.replicas ?? 1, all, updated, ready: ready + preview, hasOld: !isPromoted(workload) };
  },
  verdictOf,

  isUnseen: (workload) => isUnseen(workload) || unseenSource(workload) !== undefined,

  retiresPods: (workload) => {
    const { replicas = 0, updatedReplicas = 0 } = workload.status ?? {};
    return isPromoted(workload) && replicas > updatedReplicas;
  },

  hasOldPods: (workload) => !isPromoted(workload) || verdictOf(workload)?.state === 'progressing',

  ownerOf: (pod) => {
    const set = controllerOf(pod, REPLICA_SET);
    const hash = pod.metadata.labels?.[HASH_LABEL];
    if (set === undefined || hash === undefined || !set.endsWith(`-${hash}`)) return undefined;
    return set.slice(0, -hash.length - 1);
  },

  blockerOf: (wanted) => referenceBlocker(wanted) ?? templateBlocker(wanted, () => pausedBlocker(wanted)),
  manualRollback: (ref) => ({ does: 'undo', command: pluginCommand('undo', ref), needs: PLUGIN }),
  restart: (ref) => argoCommand('restart', ref),
  /** A blue-green Rollout has all its new pods beside all old ones. */
  surgeField: ({ spec = {} }: ArgoRollout) =>
    spec.strategy?.canary === undefined ? undefined : 'spec.strategy.canary',
  promotion: (ref) => ({
    promote: argoCommand('promote', ref),
    abort: argoCommand('abort', ref),
    retry: argoCommand('retry rollout', ref),
  }),
  isStable: ({ metadata }, { status = {} }: ArgoRollout) => metadata.labels?.[HASH_LABEL] === status.stableRS,
});

const PLUGIN = 'the kubectl plugin of Argo Rollouts';

function isPromoted({ status = {} }: ArgoRollout): boolean {
  return status.stableRS !== undefined && status.stableRS === status.currentPodHash;
}

/** The Deployment that has its pod template, where the controller has not seen the last change of it yet. */
function unseenSource(workload: Workload): Workload | undefined {
  const { status = {} }: ArgoRollout = workload;
  const source = templateSourceOf(workload);
  const isUnseen = Number(status.workloadObservedGeneration ?? 0) < (source?.metadata.generation ?? 0);
  return isUnseen ? source : undefined;
}

function verdictOf(workload: Workload, earlier?: EarlierProgress): ReadinessVerdict {
  const { status = {} }: ArgoRollout = workload;
  const { phase, message = '', abort, controllerPause, pauseConditions = [] } = status;
  if (status.observedGeneration === undefined || phase === undefined) {
    return progressing('the controller has not seen it yet (does Argo Rollouts run?)');
  }
  const source = unseenSource(workload);
  if (source !== undefined) {
    return progressing(`the controller has not seen the change of Deployment ${source.metadata.name} yet`);
  }
  if (controllerPause === true && pauseConditions.length === 0)
    return progressing('promoted; the controller continues');
  switch (phase) {
    case 'Healthy':
      return isPromoted(workload) ? undefined : progressing('not promoted yet');
    case 'Paused':
      return abort === true ? progressing('it is being aborted') : pauseVerdict(workload);
    case 'Degraded':
      // The phase is made of the conditions, of which one may be of the rollout before.
      if (message.startsWith(DEADLINE_EXCEEDED) && keepsProgress(workload, earlier)) return stepVerdict(workload, '');
      // Whoever retries it takes the abort back first.
      return message.startsWith('RolloutAborted') && abort !== true
        ? progressing('it was retried after its abort; the controller continues')
        : degradedVerdict(workload);
    default:
      return stepVerdict(workload, message);
  }
}

/** What it does on its way. */
function stepVerdict(workload: Workload, message: string): ReadinessVerdict {
  const { spec = {}, status = {} }: ArgoRollout = workload;
  const { replicas: wanted = 1 } = spec;
  const { updatedReplicas = 0 } = status;
  if (updatedReplicas >= wanted) return progressing(awaitedAnalysis(workload) ?? (message || 'not promoted yet'));
  return (
    refusedPods(workload) ?? progressing(awaitedAnalysis(workload) ?? `${updatedReplicas} of ${wanted} pods updated`)
  );
}

function degradedVerdict(workload: Workload): ReadinessVerdict {
  const { metadata, status = {} }: ArgoRollout = workload;
  const aborted = status.abort === true ? ({ aborted: true } as const) : {};
  const analysis = failedAnalysis(workload);
  if (analysis === undefined) return { state: 'failed', message: status.message || 'degraded', ...aborted };
  const { namespace = '', name } = metadata;
  const look = `See what it measured (${argoCommand('get rollout', { namespace, name })}).`;
  return { state: 'failed', message: analysis, look, ...aborted };
}

/** A pause that ends by itself is progress. */
function pauseVerdict(workload: Workload): ReadinessVerdict {
  const { metadata, spec = {}, status = {} }: ArgoRollout = workload;
  const { pauseConditions = [], currentStepIndex = 0 } = status;
  const { canary, blueGreen } = spec.strategy ?? {};
  if (spec.paused === true) {
    const { namespace = '', name } = metadata;
    return waiting(`it is paused (spec.paused) until somebody resumes it (${resumeCommand({ namespace, name })})`);
  }
  const reasons = pauseConditions.map(({ reason }) => reason);
  const inconclusive = inconclusiveAnalysis(workload);
  if (inconclusive !== undefined) return waiting(inconclusive);
  if (reasons.includes('BlueGreenPause')) {
    return blueGreen?.autoPromotionEnabled === false
      ? waiting('its preview is ready')
      : progressing('its preview is ready; it is promoted after autoPromotionSeconds');
  }
  const steps = canary?.steps ?? [];
  const at = `at step ${currentStepIndex + 1} of ${steps.length} of its canary`;
  const duration = steps[currentStepIndex]?.pause?.duration;
  return duration === undefined ? waiting(`paused ${at}`) : progressing(`pauses ${at} (${duration})`);
}

/** That the pod template is where this action cannot change it. */
function referenceBlocker({ ref, observed }: WantedTarget): Blocker | undefined {
  const { workloadRef }: NonNullable<ArgoRollout['spec']> = observed.spec ?? {};
  if (workloadRef === undefined || templateSourceOf(observed) !== undefined) return undefined;
  const source = `${workloadRef.kind ?? 'workload'} ${workloadRef.name}`;
  return isSupported(workloadRef)
    ? {
        message: `takes its pod template from ${source} (workloadRef), which does not exist.`,
        remedy: `Create it in the namespace ${ref.namespace}, or correct the workloadRef.`,
      }
    : {
        message: `takes its pod template from ${source} (workloadRef), and only that of a Deployment can be changed.`,
        remedy: 'Refer to a Deployment, or give the Rollout a pod template of its own.',
      };
}

function pausedBlocker({ ref, observed }: WantedTarget): Blocker | undefined {
  if (observed.spec?.paused !== true) return undefined;
  return {
    message: 'is paused (spec.paused), so no pod would get the change.',
    remedy: `Resume it: ${resumeCommand(ref)}.`,
  };
}
