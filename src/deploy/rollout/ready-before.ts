import { messageOf, type Problem } from '../../base/problem.ts';
import { formatDuration, sentence, someOf } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import { troubleOf } from '../../cluster/pod-trouble.ts';
import { describePod, isReady, isTerminating, troubledContainers } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { describeWorkload } from '../../targets/target.ts';
import { belongsTo, readinessOf, targetKind } from '../kinds/kinds.ts';
import { deletedProblem } from '../observe/deleted.ts';
import type { EvidenceSource } from '../observe/evidence-source.ts';
import { type PlannedWorkload, restarts } from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import { causeRemedy } from '../wait/cause-remedy.ts';
import { type Diagnosis, unreadyCause } from '../wait/diagnose.ts';
import type { RolloutResult } from '../wait/rollout-result.ts';

/** In what condition a workload was or is that is not ready. */
export interface UnreadyState {
  /** Its pods that are ready, under whichever template. */
  readonly ready: number;
  /** What keeps pods from being ready, as `CONTAINER: CLASS`; `undefined` if its pods may not be listed. */
  readonly causes: ReadonlySet<string> | undefined;
  /** The same for people: `shop-7d4f: ImagePullBackOff (app)`. */
  readonly words: string;
}

/** How a rollout ends whose pods are there and not ready. */
export const UNREADY_ENDS: ReadonlySet<RolloutResult['state']> = new Set(['failed', 'stuck', 'timeout', 'unseen']);

/**
 * Whether a workload has to be ready before the run replaces its pods, or what replaces them is blamed for what was wrong before.
 * Not where the filter goes, which nothing may hold up; and not where a revision that the run replaces or takes away was never
 * verified, or was changed by somebody since, and may be what keeps it from being ready: deploying is the remedy then. It is none
 * for the other filters of this action.
 */
export function mustBeReadyBefore(
  planned: PlannedWorkload,
  { wait, unready }: Pick<RolloutPolicy, 'wait' | 'unready'>,
  isVerified: (filter: string, id: string) => boolean,
): boolean {
  if (!wait || unready !== 'fail' || planned.revisions.length === 0 || !wasUnready(planned)) return false;
  return planned.drift.length === 0 && !mayMend(planned, isVerified);
}

/** Whether pods are to be replaced that were not ready when the run saw their workload. */
export function wasUnready(planned: PlannedWorkload): boolean {
  return restarts(planned) && readinessOf(planned.ref, planned.observed).state !== 'ready';
}

/** Whether what the run replaces or takes away may be what keeps a workload from being ready. */
function mayMend(
  { observed, revisions, removals }: Pick<PlannedWorkload, 'observed' | 'revisions' | 'removals'>,
  isVerified: (filter: string, id: string) => boolean,
): boolean {
  const state = stateOn(observed);
  return [...revisions.map(({ podRevision }) => podRevision.filter), ...removals].some((filter) => {
    const id = revisionOn(observed, filter);
    return id !== undefined && state[filter]?.revision === id && !isVerified(filter, id);
  });
}

/** Why a workload was left as it is: it was not ready before the run, and nothing changed that while it was waited for. */
export function unreadyProblem(
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  { state, message, trouble }: RolloutResult,
  diagnosis: Diagnosis,
): Problem {
  const subject = describeWorkload(ref);
  if (state === 'deleted') return deletedProblem(ref, 'while this run waited for it');
  if (state === 'unseen') {
    return {
      kind: 'connection',
      subject,
      message: sentence(
        `was not ready before this run, and then lost from sight, so it was not changed: the API server did not show it any more (${trouble})`,
      ),
      remedy:
        'Check the API server (`kubectl get --raw /readyz`) and the connection from the runner to it, then re-run the job.',
    };
  }
  if (state === 'waiting') {
    return {
      kind: 'workload',
      subject,
      message: sentence(
        `waited for the promotion of an earlier change (${message}), and a new pod template would begin its rollout anew, so it was not changed`,
      ),
      remedy: `${promotionWords(ref)} and re-run; "unready: deploy" deploys all the same.`,
    };
  }
  const known = knownRemedy({ ref, observed }, message, diagnosis);
  return {
    kind: 'workload',
    subject,
    message: sentence(
      `was not ready before this run, and its pods would restart, so it was not changed: ${unreadyCause(message, diagnosis) || 'its state could not be followed'}`,
    ),
    remedy: `${known === undefined ? 'Fix the cause and re-run' : `${known} Then re-run`}; "unready: deploy" deploys to workloads that are not ready, too.`,
  };
}

/** What helps against that a workload is not ready which the run has not changed; `undefined` where the cause is not known. */
function knownRemedy(
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  message: string,
  diagnosis: Diagnosis,
): string | undefined {
  return (
    abortedRemedy({ ref, observed }) ??
    diagnosis.envoy?.remedy ??
    causeRemedy({ ref, observed, change: 'none' }, message, diagnosis)
  );
}

/** What ends that a rollout was aborted; `undefined` where none was. */
function abortedRemedy({ ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>): string | undefined {
  const retry = targetKind(ref).promotion?.(ref).retry;
  if (readinessOf(ref, observed).aborted !== true || retry === undefined) return undefined;
  return `Retry it (${retry}) or take back what was aborted.`;
}

/** `Promote it (kubectl …) or abort it (kubectl …)`. */
function promotionWords(ref: PlannedWorkload['ref']): string {
  const { promote, abort } = targetKind(ref).promotion?.(ref) ?? {};
  const inBrackets = (command: string | undefined): string => (command === undefined ? '' : ` (${command})`);
  return `Promote it${inBrackets(promote)} or abort it${inBrackets(abort)}`;
}

/** That a deployment would wait for a workload, and what it comes to if it stays as it is. */
export function unreadyWarning(
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  timeoutMs: number,
  diagnosis: Diagnosis,
): Warning {
  const { state, message } = readinessOf(ref, observed);
  const subject = describeWorkload(ref);
  if (state === 'waiting') {
    const text = `${subject} waits for the promotion of an earlier change (${message}). A new pod template would restart that rollout, so "deploy" does not change it, and fails as long as it waits. ${promotionWords(ref)} first; "unready: deploy" deploys all the same.`;
    return { topic: 'Waits for promotion', subject, text };
  }
  const cause = unreadyCause(message, diagnosis);
  const text = `${subject} is not ready now (${cause}), and its pods would restart. "deploy" waits up to ${formatDuration(timeoutMs)} until it is; if it does not become ready, nothing is changed on it and the run fails. ${knownRemedy({ ref, observed }, message, diagnosis) ?? 'Fix the cause first.'} "unready: deploy" deploys to workloads that are not ready, too.`;
  return { topic: 'Not ready', subject, text };
}

/** How long a pod that was just made may take to show what keeps it from being ready, in milliseconds. */
const SETTLING_MS = 30_000;

/**
 * How long the pods of a workload may still take to show what keeps them from being ready, in milliseconds: 0 once the newest names a
 * trouble or is old enough, where nodes or a quota refuse pods, and where they may not be listed.
 */
export function settlesInMs(
  { ref, observed }: Pick<PlannedWorkload, 'ref' | 'observed'>,
  pods: readonly Pod[] | undefined,
  now: number,
): number {
  if (pods === undefined || readinessOf(ref, observed).podsRefused) return 0;
  const madeAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? '') || 0;
  const newest = [...pods].sort((a, b) => madeAt(b) - madeAt(a))[0];
  if (newest === undefined) return SETTLING_MS;
  if (troubleOf(newest) !== undefined) return 0;
  return Math.min(SETTLING_MS, Math.max(0, madeAt(newest) + SETTLING_MS - now));
}

/** The pods of a workload that are there and not ready, under whichever template; `undefined` if they may not be listed. */
export async function listUnreadyPods(
  ref: PlannedWorkload['ref'],
  workload: Workload,
  { client, debug }: EvidenceSource,
): Promise<readonly Pod[] | undefined> {
  try {
    const { items } = await client.list<Pod>(POD, ref.namespace, { labelSelector: selectorOf(workload) });
    return items.filter((pod) => belongsTo(pod, ref) && !isTerminating(pod) && !isReady(pod));
  } catch (error) {
    debug(`The pods of ${describeWorkload(ref)} cannot be listed: ${messageOf(error)}`);
    return undefined;
  }
}

/** In what condition a workload is now. */
export async function readUnreadyState(
  ref: PlannedWorkload['ref'],
  workload: Workload,
  source: EvidenceSource,
): Promise<UnreadyState> {
  const { message, podsRefused } = readinessOf(ref, workload);
  const ready = targetKind(ref).readyPods(workload);
  const pods = await listUnreadyPods(ref, workload, source);
  if (pods === undefined) return { ready, causes: undefined, words: message };
  const words = pods.map((pod) => `${pod.metadata.name}: ${describePod(pod)}`);
  return {
    ready,
    causes: new Set([...pods.flatMap(troubledContainers), ...(podsRefused ? ['pods: refused'] : [])]),
    words: words.length === 0 || podsRefused ? message : someOf(words, 2, '; '),
  };
}

/**
 * What is left to say of a workload that is not ready after the change and was not before: that it is no worse and for the
 * same cause, or what is worse or new. Where the filter only goes, all that counts is that no pod is lost by it.
 */
export function compareUnreadyStates(
  before: UnreadyState,
  after: UnreadyState,
  { removal, envoy }: { readonly removal: boolean; readonly envoy: boolean },
): { readonly same: string } | { readonly worse: string } {
  const same = `not ready before either: ${after.words || before.words}`;
  if (after.ready < before.ready)
    return {
      worse: `${before.ready} ${before.ready === 1 ? 'pod was' : 'pods were'} ready before, ${after.ready} now`,
    };
  if (removal) return { same };
  if (envoy) return { worse: 'it was not ready before either, and its proxies reject the filter' };
  if (before.causes === undefined || after.causes === undefined) {
    return { worse: 'whether it is for the cause of before is unknown without the permission to list pods' };
  }
  const fresh = [...after.causes].filter((cause) => !before.causes?.has(cause));
  if (fresh.length === 0) return { same };
  return { worse: `it was not ready before either, but for a different cause (${before.words || 'not known'})` };
}
