import type { Problem } from '../base/problem.ts';
import type { FilterModule } from '../filter/module.ts';
import type { FilterSettings, SettingsOverride } from '../filter/settings.ts';
import type { TargetEntry } from '../targets/target.ts';

/** One filter and where it shall run. */
export interface FilterRequest {
  readonly name: string;
  readonly module: FilterModule;
  /** For every target that has no settings of its own. */
  readonly settings: FilterSettings;
  readonly targets: readonly TargetEntry[];
}

/** What a run shall reach. */
export interface DeployRequest {
  readonly filters: readonly FilterRequest[];
  /** Recorded on each workload that the run changes. */
  readonly run: string;
  readonly wait: boolean;
  /** How long one workload's rollout may take, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * A request whose inputs may be faulty. The targets that could be read are still looked up in the cluster, so that one
 * run reports everything that is wrong.
 */
export type DraftRequest =
  | { readonly ok: true; readonly request: DeployRequest }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      readonly targets: readonly TargetEntry[];
      /** The settings of targets that have none of their own. */
      readonly defaults: SettingsOverride;
    };
