import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { formatDuration, listWords, MAX_LISTED, sentence, someOf } from '../../base/text.ts';
import { describeEvent } from '../../cluster/pod-events.ts';
import { describeReason, REJECTS_FILTER } from '../../mesh/proxy/envoy-log.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import { causeRemedy, isCauseInCluster, type UnreadyChange } from './cause-remedy.ts';
import type { Diagnosis } from './diagnose.ts';
import type { RolloutResult } from './rollout-watch.ts';

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
        message: `the run was cancelled while it waited (${rollout.message || 'not ready yet'}).`,
        remedy: 'The rollout continues in the cluster; re-run the job to complete verification.',
      };
    case 'superseded':
      return {
        kind: 'conflict',
        subject,
        message: `${rollout.message} while this run waited.`,
        remedy: `This run changed nothing else. ${rollout.remedy ?? 'Use "concurrency" in the workflow to keep runs apart.'}`,
      };
    case 'deleted':
      return { kind: 'workload', subject, message: 'was deleted while this run waited for it.' };
    default: {
      // No message: what is known of the workload is from before the change.
      const missing = rollout.message || 'its new state was never seen';
      const own = causeOf(rollout.state, missing, diagnosis);
      const causes = [own, rollout.worse ?? []].flat();
      const cause = someOf(causes, MAX_LISTED, '; ');
      const words = `${FAILURES[rollout.state](timeoutMs)}: ${cause}`;
      return {
        kind: diagnosis?.envoy?.foreign === undefined ? 'rollout' : 'proxy',
        subject,
        message: `${sentence(words)}${unseenWords(diagnosis)}`,
        ...(isCauseInCluster(rollout.message, diagnosis ?? {}) && { causeIn: 'cluster' }),
        ...defined({ permission: diagnosis?.missing?.[0], filter: failedFilter(diagnosis, revisions) }),
        remedy:
          rollout.remedy ??
          diagnosis?.envoy?.remedy ??
          (diagnosis?.cannotMount === undefined ? undefined : OTHER_PATH) ??
          thenReRun(causeRemedy({ ref, observed, change }, rollout.message, diagnosis ?? {})) ??
          (rollout.state === 'timeout' ? LATE : UNKNOWN),
      };
    }
  }
}

function failedFilter(diagnosis: Diagnosis | undefined, revisions: readonly unknown[]): string | undefined {
  return diagnosis?.envoy?.rejected ?? (revisions.length < 2 ? undefined : diagnosis?.cannotMount);
}

function thenReRun(remedy: string | undefined): string | undefined {
  return remedy && `${remedy} Then re-run the job.`;
}

const UNKNOWN = 'Check the events and logs of its pods, fix the cause and re-run the job.';

const LATE =
  'Check the events and logs of its pods, fix the cause and re-run the job; if they only need more time, set a longer "timeout".';

const OTHER_PATH =
  'The node cannot create the folder that the filter is mounted at, because it is inside of what something else mounts: choose another "mount-path" and re-run the job.';

const FAILURES: Readonly<Record<'timeout' | 'failed' | 'stuck', (timeoutMs: number) => string>> = {
  timeout: (timeoutMs) => `not ready after ${formatDuration(timeoutMs)}`,
  failed: () => 'failed to roll out',
  stuck: () => 'cannot become ready',
};

function envoyCause(diagnosis: Diagnosis | undefined): string | undefined {
  return diagnosis?.envoy && describeReason(diagnosis.envoy);
}

/** Why the cause is not known, where pods, events or logs could not be read; empty where they could, or something else told it. */
function unseenWords(diagnosis: Diagnosis | undefined): string {
  if (diagnosis?.missing === undefined || diagnosis.cause !== undefined || diagnosis.envoy !== undefined) return '';
  return ` The cause could not be seen: the kubeconfig user cannot ${listWords(diagnosis.missing.map(describePermission), 'or')}.`;
}

/** The cause leads; how far the rollout came follows where nobody knows more. */
function causeOf(state: RolloutResult['state'], missing: string, diagnosis: Diagnosis | undefined): string {
  const envoy = envoyCause(diagnosis);
  // What begins with the filter that Envoy rejects says that it does.
  const isNamed = diagnosis?.envoy?.rejected !== undefined && missing === REJECTS_FILTER;
  if (envoy !== undefined && state === 'stuck' && (isNamed || diagnosis?.envoy?.foreign !== undefined)) return envoy;
  if (envoy !== undefined) return `${missing}. ${envoy.charAt(0).toUpperCase()}${envoy.slice(1)}`;
  if (diagnosis?.cause !== undefined) return diagnosis.cause;
  const pods = state === 'stuck' ? undefined : podCause(diagnosis);
  return pods === undefined ? missing : `${missing}. ${pods}`;
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
