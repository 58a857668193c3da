import type { Workload } from './objects.ts';

/** A step of a canary. Those that stop it are pauses: for a time (`30`, `5m`), or until somebody promotes it. */
export interface CanaryStep {
  readonly pause?: { readonly duration?: number | string };
}

/**
 * A Rollout of Argo Rollouts: what is looked at beyond the fields of every workload
 * (https://argo-rollouts.readthedocs.io/en/stable/features/specification/).
 */
export interface ArgoRollout extends Workload {
  readonly spec?: NonNullable<Workload['spec']> & {
    /** The workload whose pod template it takes, in the place of one of its own. */
    readonly workloadRef?: WorkloadReference;
    readonly strategy?: {
      readonly canary?: { readonly steps?: readonly CanaryStep[] };
      readonly blueGreen?: { readonly autoPromotionEnabled?: boolean };
    };
  };
  readonly status?: NonNullable<Workload['status']> & {
    /** The generation of the workload that it takes its pod template from. */
    readonly workloadObservedGeneration?: string;
    readonly phase?: string;
    /** Why it is in its phase. */
    readonly message?: string;
    /** Whether it was aborted: its new pods go, those of the stable ReplicaSet serve. */
    readonly abort?: boolean;
    /** Whether the controller has paused it; with no pause conditions left, it was promoted a moment ago. */
    readonly controllerPause?: boolean;
    readonly pauseConditions?: readonly { readonly reason: string }[];
    /** Of the canary's steps, from 0. */
    readonly currentStepIndex?: number;
    /** The hash of the pod template as it is, and that of the one which was promoted last. */
    readonly currentPodHash?: string;
    readonly stableRS?: string;
  };
}

export interface WorkloadReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name: string;
}
