import type { Pod, Workload } from '../../cluster/objects.ts';
import type { EarlierProgress } from '../../cluster/progress.ts';
import {
  conditionOf,
  countPods,
  isUnseen as isUnseenByGeneration,
  judgeReadiness,
  type PodCounts,
  type ReadinessVerdict,
} from '../../cluster/readiness.ts';
import { isInjectedGateway } from '../../mesh/template/gateway-mounts.ts';
import { readRedirection } from '../../mesh/template/redirection.ts';
import type { Blocker, RolloutNeeds, StuckPods, TargetKind, WantedTarget } from './kind.ts';
import { templateBinding } from './template-binding.ts';
import { templateBlocker } from './template-blockers.ts';

/** What tells a kind with a pod template from the others of that sort. */
export interface WorkloadKindParts
  extends Pick<TargetKind, 'resource' | 'shortNames' | 'podReplacement' | 'ownerOf'>,
    Partial<
      Pick<
        TargetKind,
        | 'binding'
        | 'isUnseen'
        | 'selectedByDefault'
        | 'manualRollback'
        | 'restart'
        | 'surgeField'
        | 'promotion'
        | 'isStable'
        | 'retiresPods'
        | 'notInstalled'
      >
    > {
  /** The pods of an object, as its status counts them. */
  podCounts(workload: Workload): PodCounts;
  /** What keeps an object from being ready beyond what holds for every kind; `earlier` as in `TargetKind.readiness`. */
  verdictOf(workload: Workload, earlier?: EarlierProgress): ReadinessVerdict;
  /** Whether its controller still has old pods to replace. */
  hasOldPods(workload: Workload): boolean;
  /** `undefined`: nothing of this kind alone stands in the way of a change. */
  blockerOf?(wanted: WantedTarget, needs: RolloutNeeds): Blocker | undefined;
  /** Omitted where its controller replaces them. */
  stuckPods?(workload: Workload): StuckPods;
}

/** Returns a kind of target whose pods are made of a template, which is in `spec.template` unless its binding finds it elsewhere. */
export function workloadKind(parts: WorkloadKindParts): TargetKind {
  const readiness: TargetKind['readiness'] = (workload, earlier) =>
    judgeReadiness(workload, countPods(parts.podCounts(workload)), (one) => parts.verdictOf(one, earlier));
  const { isUnseen = isUnseenByGeneration } = parts;
  const { kind } = parts.resource;
  return {
    selectedByDefault: true,
    binding: templateBinding,
    blockerOf: (wanted) => templateBlocker(wanted),
    stuckPods: () => 'replaced',
    manualRollback: ({ namespace, name }) => ({
      does: 'undo',
      command: `kubectl rollout undo -n ${namespace} ${kind.toLowerCase()}/${name}`,
    }),
    restart: ({ namespace, name }) => `\`kubectl rollout restart -n ${namespace} ${kind.toLowerCase()}/${name}\``,
    ...parts,
    resource: { ...parts.resource, isWorkload: true },
    readiness,
    isUnseen,
    wantedPods: (workload) => readiness(workload).wanted,
    readyPods: (workload) => parts.podCounts(workload).ready ?? 0,
    isRolling: (workload) => isUnseen(workload) || parts.hasOldPods(workload),
    isGateway: ({ spec }) => isInjectedGateway(spec?.template ?? {}),
    listenerDirection: (_, asked) => asked,
    redirectionOf: (pod: Pod, { spec }) => readRedirection(pod, spec?.template ?? {}),
  };
}

/** Returns that the API server rejects to make the pods of a workload's ReplicaSets, and why; `undefined` if it does not. */
export function refusedPods(workload: Workload): ReadinessVerdict {
  const failure = conditionOf(workload, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const message = `pods cannot be created: ${failure.message ?? failure.reason ?? 'unknown reason'}`;
  return { state: 'progressing', message, podsRefused: true };
}
