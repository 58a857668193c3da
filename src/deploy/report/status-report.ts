import type { MessageForm } from '../../base/problem.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { Verification } from './evidence-level.ts';
import type { SoakReport } from './soak-report.ts';

/**
 * How a filter does on a workload: `verified`: as its verification says; `progressing`: its pods are being replaced, so nothing
 * can be said yet; `waiting-for-promotion`: those that have it run it, and somebody has to promote the rollout before the others do;
 * `aborted`: its rollout was aborted, so the pods of before serve, and no pod gets what the template says until somebody retries it;
 * `drifted`: others changed something of this action; `outdated`: it runs as it was deployed, but the manifest says something else
 * now; `not-ready`: not every pod is ready; `no-effect`: the pods
 * are ready, but the filter does not run in them; `missing`: a target that does not have it, such as one that was made since the
 * last deployment; `scaled-to-zero`: no pod is wanted.
 */
export type FilterHealth =
  | 'verified'
  | 'progressing'
  | 'waiting-for-promotion'
  | 'aborted'
  | 'drifted'
  | 'outdated'
  | 'not-ready'
  | 'no-effect'
  | 'missing'
  | 'scaled-to-zero';

/** What of a filter was compared with a manifest. */
export const COMPARED = ['everything', 'settings', 'nothing'] as const;
export type Compared = (typeof COMPARED)[number];

/** One filter on one workload. */
export interface FilterStatus {
  readonly filter: string;
  readonly health: FilterHealth;
  /** The revision that its pods run; omitted when its label is gone from the pod template. */
  readonly revision?: string;
  /** The revision that the manifest says, where it is not that one and known. */
  readonly wanted?: string;
  /** How much of it was compared with what the manifest says; omitted where no manifest says anything. */
  readonly compared?: Compared;
  /** Other revisions of it that pods of the workload still run. */
  readonly alsoRuns?: readonly string[];
  /** Set where it came by the files of `render`: who has applied them, as far as is known. */
  readonly rendered?: readonly string[];
  /** Digest of its module, as its ConfigMap says. */
  readonly digest?: string;
  /** The image that its proxies pull; omitted when the module is mounted. */
  readonly image?: string;
  /** The revision directly before. */
  readonly previous?: string;
  /** The run that set the revision: `owner/repo/run/attempt`. */
  readonly run?: string;
  /** ISO 8601; when `sweep` may remove it. */
  readonly expires?: string;
  readonly expired?: true;
  readonly verification?: Verification;
  /** Set where something of this action is missing or was changed by others, whatever its health. */
  readonly changed?: true;
  /** Set with `changed` where the workload belongs to an object whose controller may put its pod template back: `Shop hello`. */
  readonly owner?: string;
  /** What is wrong or was changed by others. */
  readonly notes: readonly StatusNote[];
}

/** One sentence about a filter on a workload, which is its subject unless it has a form of its own. */
export interface StatusNote {
  readonly text: string;
  readonly form?: MessageForm;
}

export interface WorkloadStatus {
  readonly ref: WorkloadRef;
  readonly pods: { readonly ready: number; readonly wanted: number };
  readonly filters: readonly FilterStatus[];
  /** What its proxies have counted and logged since they began; omitted where nobody looked, or it has no pods. */
  readonly soak?: SoakReport;
}

/** The filters that a status was asked for, and those that workloads of its namespaces have, each once. */
export interface AskedFilters {
  readonly names: readonly string[];
  readonly present: readonly string[];
}

/** What `status` found. */
export interface FoundStatus {
  readonly state: 'read';
  readonly workloads: readonly WorkloadStatus[];
  /** Where it looked. */
  readonly namespaces: readonly string[];
  /** Set where filters were asked for by their names. */
  readonly asked?: AskedFilters;
  /** Objects of revisions that no pod template and no pod names: `ConfigMap shop/add-header-0123456789`. */
  readonly garbage: readonly string[];
  /** Those that `keep-revisions` keeps to go back to. */
  readonly kept?: readonly string[];
  /** Those of revisions that only pods run, which are replaced or end. */
  readonly inUse?: readonly string[];
  /** Those that pods run whose workload may not be listed, so that nobody knows whether it is to run them. */
  readonly inUseUnseen?: readonly string[];
  /** Those of which nobody knows whether something uses them, as not all pods and workloads may be listed. */
  readonly unknown?: readonly string[];
}
