import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { formatDuration, listWords, MAX_LISTED, sentence, someOf } from '../../base/text.ts';
import { describeEvent } from '../../cluster/pod-events.ts';
import { filterPlace, nameSettings } from '../../filter/written.ts';
import { describeReason } from '../../mesh/proxy/envoy-log.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { deletedProblem } from '../observe/deleted.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { causeRemedy, isCauseInCluster, type UnreadyChange } from './cause-remedy.ts';
import type { Diagnosis } from './diagnose.ts';
import { thenReRunLost } from './lost.ts';
import type { RolloutResult } from './rollout-result.ts';

/**
 * Why a workload did not become ready, and what to do about it. `undefined` if it did, if it waits for promotion, or if
 * nobody waited. `change` is what the run has done to its pods.
 */
export function rolloutProblem(
  { ref, observed, revisions }: Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions'>,
  rollout: RolloutResult | undefined,
  diagnosis: Diagnosis | undefined,
  timeoutMs: number,
  change: UnreadyChange = revisions.length > 0 ? 'filter-added' : 'filter-removed',
): Problem | undefined {
  if (rollout === undefined || rollout.state === 'ready' || rollout.state === 'waiting') return undefined;
  const subject = describeWorkload(ref);
  switch (rollout.state) {
    case 'cancelled':
      return {
        kind: 'cancelled',
        subject,
        form: 'clause',
        message: `the run was cancelled while it waited (${rollout.message || 'not ready yet'}).`,
        remedy: 'The rollout continues in the cluster; re-run the job to complete verification.',
      };
    case 'superseded':
      return {
        kind: 'conflict',
        subject,
        form: 'clause',
        message: `${rollout.message} while this run waited.`,
        remedy: `This run changed nothing else. ${rollout.remedy ?? 'Use "concurrency" in the workflow to keep runs apart.'}`,
      };
    case 'unseen':
      return {
        kind: 'connection',
        subject,
        message: sentence(
          `was lost from sight while this run waited: the API server did not show it any more (${rollout.trouble}). Seen last: ${rollout.message || 'nothing of its new state'}`,
        ),
        remedy: thenReRunLost(
          'What its pods do now is not known. Check the API server (`kubectl get --raw /readyz`) and the connection from the runner to it.',
        ),
      };
    case 'deleted':
      return deletedProblem(ref, 'while this run waited for it');
    default:
      return unreadyProblem({ ref, observed, revisions }, { ...rollout, state: rollout.state }, diagnosis, {
        timeoutMs,
        change,
      });
  }
}

/** Why new pods did not become ready, as far as rollout and diagnosis tell. */
function unreadyProblem(
  { ref, observed, revisions }: Pick<PlannedWorkload, 'ref' | 'observed' | 'revisions'>,
  rollout: RolloutResult & { readonly state: keyof typeof FAILURES },
  diagnosis: Diagnosis | undefined,
  { timeoutMs, change }: { readonly timeoutMs: number; readonly change: UnreadyChange },
): Problem {
  // No message: what is known of the workload is from before the change.
  const missing = rollout.message || 'its new state was never seen';
  const own = causeOf(rollout, missing, diagnosis);
  const causes = [own, rollout.worse ?? []].flat();
  const cause = someOf(causes, MAX_LISTED, '; ');
  const { failure, ...form } = rollout.lacksFilter ? lacking(change) : FAILURES[rollout.state](timeoutMs);
  const isAll = rollout.lacksFilter === true && cause === missing;
  const known =
    rollout.remedy ??
    thenResume(diagnosis?.envoy?.remedy, rollout.resume) ??
    otherPath(diagnosis?.cannotMount, revisions) ??
    thenReRun(causeRemedy({ ref, observed, change }, rollout.message, diagnosis ?? {}));
  return {
    kind: diagnosis?.envoy?.foreign === undefined ? 'rollout' : 'proxy',
    subject: describeWorkload(ref),
    ...form,
    message: `${sentence(isAll ? failure : `${failure}: ${cause}`)}${unseenWords(diagnosis)}`,
    ...(isCauseInCluster(rollout.message, diagnosis ?? {}) && { causeIn: 'cluster' }),
    ...placeOfFailed(diagnosis, revisions),
    ...defined({ permission: diagnosis?.missing?.[0], filter: failedFilter(diagnosis, revisions) }),
    ...(known === undefined
      ? { remedy: lookFurther(ref, change, rollout.state), offersEvents: true }
      : { remedy: known }),
  };
}

function failedFilter(diagnosis: Diagnosis | undefined, revisions: readonly unknown[]): string | undefined {
  return diagnosis?.envoy?.rejected ?? (revisions.length < 2 ? undefined : diagnosis?.cannotMount);
}

/** Where the filter is written down that keeps its pods from being ready. */
function placeOfFailed(diagnosis: Diagnosis | undefined, revisions: PlannedWorkload['revisions']): Pick<Problem, 'at'> {
  const { envoy, cannotMount } = diagnosis ?? {};
  const isOfFilter = cannotMount !== undefined || (envoy !== undefined && envoy.foreign === undefined);
  if (!isOfFilter) return {};
  const name = envoy?.rejected ?? cannotMount;
  const one = revisions.length < 2 ? revisions[0] : revisions.find(({ revision }) => revision.filter === name);
  return one === undefined ? {} : filterPlace(one.revision);
}

/** Resuming it helps nobody whose filter Envoy does not take, and correcting the filter nobody whose pods are not replaced. */
function thenResume(remedy: string | undefined, resume: string | undefined): string | undefined {
  return remedy !== undefined && resume !== undefined ? `${remedy} ${resume}` : (remedy ?? resume);
}

function thenReRun(remedy: string | undefined): string | undefined {
  return remedy && `${remedy} Then re-run the job.`;
}

/** Where to look for a cause that the run has not found, and what a failed removal leaves there. */
function lookFurther({ namespace }: WorkloadRef, change: UnreadyChange, state: RolloutResult['state']): string {
  return [
    `Look for the cause in the events (\`kubectl events -n ${namespace} --types=Warning\`) and in the logs of the pods, fix it and re-run the job.`,
    ...(state === 'timeout' ? ['If the pods only need more time, set a longer "timeout".'] : []),
    ...(change === 'filter-removed' ? ['Once the workload is rolled back, its pods have the filter again.'] : []),
  ].join(' ');
}

/** What to do where the folder that a filter is mounted at cannot be made; `undefined` where that is not so of any. */
function otherPath(cannotMount: string | undefined, revisions: PlannedWorkload['revisions']): string | undefined {
  if (cannotMount === undefined) return undefined;
  const written = revisions.find(({ revision }) => revision.filter === cannotMount)?.revision;
  return `The node cannot create the folder of the filter inside another mount. Choose another folder with ${nameSettings(['mount-path'], written)} and re-run the job.`;
}

type Failure = Pick<Problem, 'form'> & { readonly failure: string };

const FAILURES: Readonly<Record<'timeout' | 'failed' | 'stuck', (timeoutMs: number) => Failure>> = {
  timeout: (timeoutMs) => ({ form: 'clause', failure: `not ready after ${formatDuration(timeoutMs)}` }),
  failed: () => ({ failure: 'failed to roll out' }),
  stuck: () => ({ failure: 'cannot become ready' }),
};

/** Its pods are ready, which is the trouble: they serve without the filter. A pod that no run has changed is a scout. */
function lacking(change: UnreadyChange): Failure {
  return { failure: change === 'none' ? 'runs without the filter' : 'has new pods that run without the filter' };
}

function envoyCause(diagnosis: Diagnosis | undefined): string | undefined {
  return diagnosis?.envoy && describeReason(diagnosis.envoy);
}

/** Why the cause is not known, where pods, events or logs could not be read; empty where they could, or something else told it. */
function unseenWords(diagnosis: Diagnosis | undefined): string {
  if (diagnosis?.missing === undefined || diagnosis.cause !== undefined || diagnosis.envoy !== undefined) return '';
  return ` The cause could not be seen: the kubeconfig user cannot ${listWords(diagnosis.missing.map(describePermission), 'or')}.`;
}

/** The cause leads; how far the rollout came follows where nobody knows more. */
function causeOf(
  { state, rejectsFilter, lacksFilter }: Pick<RolloutResult, 'state' | 'rejectsFilter' | 'lacksFilter'>,
  missing: string,
  diagnosis: Diagnosis | undefined,
): string {
  const envoy = envoyCause(diagnosis);
  // What begins with the filter that Envoy rejects says that it does.
  const isNamed = diagnosis?.envoy?.rejected !== undefined && rejectsFilter === true;
  if (
    envoy !== undefined &&
    state === 'stuck' &&
    (isNamed || lacksFilter === true || diagnosis?.envoy?.foreign !== undefined)
  )
    return envoy;
  if (envoy !== undefined) return `${missing}. ${envoy.charAt(0).toUpperCase()}${envoy.slice(1)}`;
  if (diagnosis?.cause !== undefined) return diagnosis.cause;
  const pods = state === 'stuck' ? undefined : podCause(diagnosis);
  // A controller may say the same in the status of its workload and in an event.
  return pods === undefined || sentence(pods) === sentence(missing) ? missing : `${missing}. ${pods}`;
}

function podCause(diagnosis: Diagnosis | undefined): string | undefined {
  if (diagnosis === undefined) return undefined;
  const { pods, event } = diagnosis;
  const said = event && describeEvent(event);
  if (event?.reason.startsWith('Failed') || pods.length === 0) return said;
  const named = listWords(pods.slice(0, 2), 'and');
  const more = [event?.reason === 'Unhealthy' ? said : undefined, diagnosis.said];
  return [named, ...more]
    .filter((text) => text !== undefined)
    .map((text, at, all) => (at < all.length - 1 ? sentence(text) : text))
    .join(' ');
}

/** What a workload's proxies, events and pods say, a line each. */
export function diagnosisLines(diagnosis: Diagnosis | undefined): string[] {
  if (diagnosis === undefined) return [];
  const { pods, event, envoy, said } = diagnosis;
  // Of several filters, which one it is.
  const of = envoy?.rejected === undefined ? '' : ` ${envoy.rejected}`;
  return [
    // The filter's own words say most of what it lacks.
    ...(envoy?.filterSaid === undefined ? [] : [`the filter${of}: ${envoy.filterSaid}`]),
    ...(envoy === undefined ? [] : [`${envoy.by ?? 'Envoy'}${of && ` about${of}`}: ${envoy.reason}`]),
    ...(event === undefined ? [] : [`event ${describeEvent(event)}`]),
    ...pods.map((pod) => `pod ${pod}`),
    ...(said === undefined ? [] : [said]),
  ];
}
