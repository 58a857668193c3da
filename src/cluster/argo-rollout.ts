import type { Workload } from './objects.ts';

/** A step of a canary. Those that stop it are pauses: for a time (`30`, `5m`), or until somebody promotes it. */
export interface CanaryStep {
  readonly pause?: { readonly duration?: number | string };
  readonly analysis?: AnalysisTemplates;
}

/** What an analysis is made of. */
export interface AnalysisTemplates {
  readonly templates?: readonly { readonly templateName?: string }[];
}

/** What a Rollout says of an AnalysisRun. */
export interface AnalysisRunStatus {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
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
      readonly canary?: { readonly steps?: readonly CanaryStep[]; readonly analysis?: AnalysisTemplates };
      readonly blueGreen?: {
        readonly autoPromotionEnabled?: boolean;
        readonly prePromotionAnalysis?: AnalysisTemplates;
        readonly postPromotionAnalysis?: AnalysisTemplates;
      };
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
    readonly canary?: {
      readonly currentStepAnalysisRunStatus?: AnalysisRunStatus;
      readonly currentBackgroundAnalysisRunStatus?: AnalysisRunStatus;
      readonly currentExperiment?: string;
    };
    readonly blueGreen?: {
      readonly prePromotionAnalysisRunStatus?: AnalysisRunStatus;
      readonly postPromotionAnalysisRunStatus?: AnalysisRunStatus;
    };
  };
}

export interface WorkloadReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name: string;
}
