import type { Permission } from '../../base/permission.ts';
import { someOf, thousands } from '../../base/text.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { PlanPart } from '../plan-digest.ts';
import type { ImageReport } from './image-report.ts';
import type { WaveMark } from './wave-mark.ts';

/** What the API server said to a write that it was asked to try without doing it. */
export type Admission =
  | { readonly state: 'accepted'; readonly warnings: readonly string[] }
  | { readonly state: 'refused'; readonly message: string }
  /** It was not asked, and why: a permission is missing, or what it depends on is not there yet. */
  | { readonly state: 'not-asked'; readonly why: string };

/** One write that `deploy` would do. */
export interface PlannedChange {
  /** Of a run over several clusters, the one that it is in. */
  readonly cluster?: string;
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Why, where it is not plain: `the annotation sidecar.istio.io/userVolume was edited`. */
  readonly reasons: readonly string[];
  /** Lines that start with `+`, `-` or a blank, as in a unified diff; empty for a deletion. */
  readonly diff: readonly string[];
  readonly admission: Admission;
}

/** Returns how many writes do what: `2 to create, 5 to change, 0 to delete`. */
export function describeActions(actions: readonly PlannedChange['action'][]): string {
  return someOf(
    (['create', 'change', 'delete'] as const).map(
      (action) => `${thousands(actions.filter((one) => one === action).length)} to ${action}`,
    ),
  );
}

/** A workload whose pods would be replaced. */
export interface PlannedRestart extends WaveMark {
  readonly ref: WorkloadRef;
  readonly pods: number;
}

/** A Gateway whose pods would all get something else at once, without a restart. */
export interface PlannedReplacement extends WaveMark {
  readonly ref: WorkloadRef;
}

/** What a filter is told when it starts. */
export interface ToldSettings {
  readonly configuration: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Workloads whose filter would be told something else than the revision that they run now. */
export interface PlannedSettings {
  readonly filter: string;
  readonly workloads: readonly string[];
  readonly before: ToldSettings;
  readonly after: ToldSettings;
  /** Set where a page must not show the values. */
  readonly isHidden?: true;
}

/** The module of a filter. */
export interface ModuleVersion {
  /** `sha256:…`, of the module as it is delivered. */
  readonly digest: string;
  /** Its size; omitted where nobody has read it. */
  readonly bytes?: number;
  /** What the proxies pull; omitted where the module is mounted. */
  readonly image?: string;
}

/** Workloads that would get another revision of a filter, and whether its module is another one, too. */
export interface PlannedModule {
  readonly filter: string;
  readonly workloads: readonly string[];
  /** `new`: they have no such filter; `unknown`: nothing tells which module they run. */
  readonly state: 'same' | 'other' | 'new' | 'unknown';
  /** What they run; omitted for `new` and `unknown`. */
  readonly before?: ModuleVersion;
  readonly after: ModuleVersion;
}

/** What `deploy` would do with the same inputs. */
export interface MadePlan {
  readonly state: 'made';
  /** In the order in which they would be written. */
  readonly changes: readonly PlannedChange[];
  readonly modules: readonly PlannedModule[];
  readonly settings: readonly PlannedSettings[];
  readonly restarts: readonly PlannedRestart[];
  /** What would change in place. */
  readonly inPlace: readonly PlannedReplacement[];
  /** What would be taken over. */
  readonly adoptions: readonly PlannedAdoption[];
  /** The images that filters would be pushed as; empty where nothing is to be pushed. */
  readonly images: readonly ImageReport[];
  /** When `sweep` could remove the first filter of the targets, ISO 8601; omitted for never. */
  readonly expires?: string;
  /** What the plan does and goes by, each with its digest: for `planDigest`. */
  readonly parts: readonly PlanPart[];
  /** How many waves there would be. */
  readonly waves: number;
  /** Rights that `deploy` would need and that the user of the kubeconfig does not have. */
  readonly missingPermissions: readonly MissingPermission[];
  /** The same where that user may write nothing of it, so the account of `deploy` is another, and what it has is not known. */
  readonly uncheckedPermissions: readonly MissingPermission[];
}

/** A right that the user of the kubeconfig does not have. */
export interface MissingPermission extends Permission {
  /** Who lacks it, by the name that the API server gives; omitted where it did not say. */
  readonly user?: string;
  /** Of a run over several clusters, the one that it is missing in. */
  readonly cluster?: string;
}

/** A filter that is not this action's and that ours would take the place of. */
export interface PlannedAdoption {
  /** Which one, with its module, its context and its port. */
  readonly what: string;
  /** The name of this action. */
  readonly by: string;
  /** The workloads that it would be taken out of. */
  readonly workloads: readonly string[];
  /** What would become of its EnvoyFilter. */
  readonly fate: 'deleted' | 'patched' | 'stays';
  /** What the EnvoyFilter keeps, by what its patches do; or whom it still serves, where it stays. */
  readonly keeps: readonly string[];
  /** The volumes that hold its file, and why one stays; omitted when it goes. */
  readonly volumes: readonly { readonly volume: string; readonly stays?: string }[];
}
