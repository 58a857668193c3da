import type { Problem, WithProblems } from '../base/problem.ts';
import type { ProxyVersion } from '../filter/compatibility/proxy-version.ts';
import type { FilterModule } from '../filter/module/module.ts';
import type { FilterSettings } from '../filter/settings.ts';
import type { WrittenTest } from '../filter/tests/written-test.ts';
import type { SettingPlaces } from '../filter/written.ts';
import type { DeliveryRequest } from '../mesh/objects/delivery.ts';
import type { Adopt } from '../mesh/unmanaged/adoption-choice.ts';
import type { PackedImage } from '../registry/pack.ts';
import type { ImageReference } from '../registry/reference.ts';
import type { TargetEntry } from '../targets/target.ts';
import type { FilterCheck } from './filter-checks.ts';
import type { ReviewedPlan } from './plan-digest.ts';
import type { Missing, OnNewDigest, RolloutPolicy, SettingsChange } from './policy.ts';

/** An image that is to be in a registry before the cluster is told of it. */
export interface ImageToPush {
  readonly image: PackedImage;
  readonly reference: ImageReference;
}

/** One filter and where it shall run. */
export interface FilterRequest {
  readonly name: string;
  /** Where a manifest says what it is and gets; omitted where none does. */
  readonly places?: SettingPlaces;
  readonly module: FilterModule;
  /** For every target that has no settings of its own. */
  readonly settings: FilterSettings;
  readonly targets: readonly TargetEntry[];
  /** Set where the module is to be pushed first. */
  readonly push?: ImageToPush;
  /** Which filters that are not managed by this action are taken over. */
  readonly adopt: Adopt;
  /** Whether the module is looked at and tried before anything is written. */
  readonly check: boolean;
  /** What is tried with it beside that; omitted for nothing. */
  readonly tests?: readonly WrittenTest[];
  /** What happens to workloads that run what its tag named before; `deploy` where no tag decides on its bytes. */
  readonly onNewDigest: OnNewDigest;
  /** How it was asked to be delivered: what its tag named before may come to the proxies otherwise than what it names now. */
  readonly delivery: DeliveryRequest;
  /** What its tag named before and workloads keep, by the digest of its bytes, as far as this run had to get them; omitted for none. */
  readonly earlier?: ReadonlyMap<string, FilterModule>;
  /** How long the filter is to stay, in milliseconds; `sweep` removes it after that. Omitted for ever. */
  readonly expiresMs?: number;
}

/** What a run shall reach. */
export interface DeployRequest extends RolloutPolicy {
  readonly filters: readonly FilterRequest[];
  /** Recorded on each workload that the run changes. */
  readonly run: string;
  /** When the run started; see `RunMark`. */
  readonly started: string;
  /** The plan that somebody has reviewed: any other is not carried out. Omitted where nobody has. */
  readonly expectPlan?: ReviewedPlan;
  /** How a change of settings alone reaches the pods. */
  readonly settingsChange: SettingsChange;
  /** Whether workloads that carry a filter and are no target any more lose it, in the namespaces of the target list. */
  readonly prune: boolean;
  /** How many superseded revisions of a filter stay in a namespace. */
  readonly keepRevisions: number;
}

/**
 * What `status`, `remove` and `sweep` are about, one for each filter that was asked for: the workloads of the entries or, without
 * entries, every workload of the namespaces.
 */
export interface Scope {
  /** The filter; `undefined` means all. */
  readonly filter?: string;
  readonly entries: readonly TargetEntry[];
  readonly namespaces: readonly string[];
}

/** What `remove` and `sweep` shall do. */
export interface RemovalRequest extends Pick<RolloutPolicy, 'wait' | 'timeoutMs' | 'maxParallel' | 'promote'> {
  readonly scopes: readonly Scope[];
  readonly run: string;
  /** When the run started; see `RunMark`. */
  readonly started: string;
  /** Whether a filter that is not there is what was wanted. */
  readonly missing: Missing;
}

/** What `status` shall look at. */
export interface StatusRequest extends Pick<RolloutPolicy, 'verify'> {
  readonly scopes: readonly StatusScope[];
  /** How many superseded revisions of a filter a deployment keeps. */
  readonly keepRevisions: number;
}

export interface StatusScope extends Scope {
  /** What the filter's image is now, and what becomes of workloads that run another; omitted when none was named. */
  readonly tagged?: Pick<FilterRequest, 'module' | 'onNewDigest'>;
  /** What a manifest says that its workloads should run; omitted where there is none. */
  readonly wanted?: WantedFilter;
}

/** What a manifest says of a filter, as far as this job can tell. */
export type WantedFilter =
  | { readonly state: 'unknown' }
  | {
      readonly state: 'known';
      readonly settings: FilterSettings;
      readonly onNewDigest: OnNewDigest;
      readonly delivery: DeliveryRequest;
      /** Omitted where it could not be had, as without the artifact of a build. */
      readonly module?: FilterModule;
      /** Whether the manifest's other filters, which decide on the order, are in the request, too. */
      readonly withOthers: boolean;
    };

/** What `render` shall write. */
export interface RenderRequest {
  readonly filters: readonly FilterRequest[];
  /** The folder that the files go to. */
  readonly folder: string;
}

/** A filter that `check` shall look at, as far as it is known. */
export interface FilterToCheck extends FilterRequest {
  /** What stands in for what could not be read or had; empty where all is known. */
  readonly unknown: ReadonlySet<Unknown>;
  /** The checks that the inputs themselves fail already, and whose problems are told. */
  readonly failed: readonly FilterCheck[];
}

/** What `check` shall look at. */
export interface CheckRequest {
  readonly filters: readonly FilterToCheck[];
  /** Oldest first; empty for all that the tables cover. */
  readonly proxies: readonly ProxyVersion[];
}

/**
 * What inputs do not tell, so that a stand-in takes its place: the filter's name, the folder that it is mounted at, its module, or
 * settings that it gets.
 */
export type Unknown = 'name' | 'mount-path' | 'module' | 'settings';

/**
 * A request whose inputs may be faulty. Then it holds what could be read, and stand-ins for the rest: the other checks go on, so
 * that one run reports everything that is wrong, and it is never carried out.
 */
export type RequestOrProblems<T = DeployRequest> = { readonly request: T } & (
  | { readonly ok: true }
  | ({ readonly ok: false; readonly unknown: ReadonlySet<Unknown> } & WithProblems)
);

/** Returns what is wrong with the inputs of a request; none where it is good. */
export function requestProblems(requested: RequestOrProblems<unknown>): readonly Problem[] {
  return requested.ok ? [] : requested.problems;
}
