import type { Explanation, Problem } from '../../base/problem.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import type { EarlierProgress } from '../../cluster/progress.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import type { Resource } from '../../cluster/resources.ts';
import type { Direction } from '../../filter/settings.ts';
import type { PodRevision, Revision } from '../../mesh/identity/revision.ts';
import type { Redirection } from '../../mesh/template/redirection.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { FilterBinding } from './binding.ts';

/** Why a change would never reach the pods of a target or would do nothing there; `kind` is that of the problem it becomes. */
export interface Blocker extends Explanation {
  readonly kind?: Problem['kind'];
}

/** A target and the revisions that it shall run. */
export interface WantedTarget {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly { readonly revision: Revision; readonly podRevision: PodRevision }[];
}

/** What a run asks for beyond the write itself, as far as a kind may be unable to give it. */
export interface RolloutNeeds {
  /** Whether the run waits until the pods have the change. */
  readonly wait: boolean;
  /** What every pod is to answer; only whether there is one matters here. */
  readonly probe?: unknown;
}

/**
 * In which order pods are replaced: old ones serve until new ones are ready (`new-first`), or one goes and its successor is waited
 * for (`old-first`); `never` where proxies take a change as they run.
 */
export type PodReplacement = 'new-first' | 'old-first' | 'never';

/**
 * What happens to a failed revision's pods once the template is as before: the controller replaces them (`replaced`), or waits
 * for them for ever until somebody deletes them (`waited-for`), or may do so (`maybe-waited-for`).
 */
export type StuckPods = 'replaced' | 'maybe-waited-for' | 'waited-for';

/**
 * What somebody types to promote a rollout that waits for it, to abort it, and to try one again that was aborted: commands between
 * backticks, as parts of a sentence.
 */
export interface Promotion {
  readonly promote: string;
  readonly abort: string;
  readonly retry: string;
}

/** A kubectl command that rolls a target back by hand (`undo`) or, where Kubernetes keeps no history of it, shows what it has. */
export interface ManualRollback {
  readonly does: 'undo' | 'inspect';
  readonly command: string;
  /** What kubectl needs for it; omitted where it needs nothing. */
  readonly needs?: string;
}

/**
 * A kind of object that may be a target: all that the run has to know of it. Everything else asks here, so a new kind is one file
 * and an entry in `list.ts`. `workloadKind` answers most of it for kinds whose pods are made of a template in `spec.template`.
 */
export interface TargetKind {
  readonly resource: Resource;
  /** What kubectl calls it for short: `deploy`. */
  readonly shortNames: readonly string[];
  /** Whether an entry of the target list with a selector and without `kinds` means this kind, too. */
  readonly selectedByDefault: boolean;
  /** How filters get to its pods. */
  readonly binding: FilterBinding;
  /** The way that all traffic through its proxies goes, whatever was asked for; omitted when the settings decide. */
  readonly direction?: Direction;
  readonly podReplacement: PodReplacement;

  /**
   * Whether every wanted pod runs the current template and is ready. `earlier`: what it said of the rollout before the one that is
   * waited for; that such a rollout missed its deadline is no news of this one.
   */
  readiness(workload: Workload, earlier?: EarlierProgress): Readiness;
  /** Whether its controller has not seen the last change yet, so that its status is of before. */
  isUnseen(workload: Workload): boolean;
  /** How many pods there must be; `undefined` where the status does not say it and those count that there are. */
  wantedPods(workload: Workload): number | undefined;
  /** How many pods are ready, under whichever template. */
  readyPods(workload: Workload): number;
  /** Whether a controller is replacing pods now: old ones are still there, or it has not seen the change yet. */
  isRolling(workload: Workload): boolean;
  /** Whether old pods are left of a rollout that is done, which its controller ends after a delay; omitted where it ends them at once. */
  retiresPods?(workload: Workload): boolean;
  /** The name of the object of this kind that a pod is one of; `undefined` if it is none's. Needs no further request. */
  ownerOf(pod: Pod): string | undefined;

  /** Why a change would not get to the pods, or do nothing there; `undefined` if nothing stands in its way. */
  blockerOf(wanted: WantedTarget, needs: RolloutNeeds): Blocker | undefined;
  /** What happens to the failed revision's pods in a rollback. */
  stuckPods(workload: Workload): StuckPods;
  manualRollback(ref: WorkloadRef, observed: Workload): ManualRollback;
  /** What restarts all pods, under the template that there is, between backticks; omitted for kinds whose pods others make. */
  restart?(ref: WorkloadRef): string;
  /**
   * The field that holds `maxSurge` and `maxUnavailable`, by which a rollout can end an old pod before it makes its successor and so
   * needs no room for one more; omitted or `undefined` where it does so already, or never can.
   */
  surgeField?(observed: Workload): string | undefined;
  /** How a rollout that waits is promoted; omitted for kinds whose rollouts never wait for anybody. */
  promotion?(ref: WorkloadRef): Promotion;
  /** Whether a pod is of the template that was promoted last; omitted for kinds whose rollouts are never promoted. */
  isStable?(pod: Pick<Pod, 'metadata'>, workload: Workload): boolean;

  /** Whether its proxies are those of a gateway, not sidecars. */
  isGateway(workload: Workload): boolean;
  /** The direction of the listeners that a filter has to be in, which the proxies may call otherwise than the settings (`asked`). */
  listenerDirection(workload: Workload, asked: Direction): Direction;
  /** What a pod's redirection was told; `undefined` for proxies that take connections themselves. */
  redirectionOf(pod: Pod, workload: Workload): Redirection | undefined;
  /** Why its pods have no proxy; omitted when Istio's injection says why. */
  readonly withoutProxy?: Explanation;
  /** That the cluster does not know the resource; omitted when every cluster does. */
  readonly notInstalled?: Explanation;
  /** Why there is no pod of it; omitted when the status tells how many there must be. */
  readonly withoutPods?: Explanation;
}
