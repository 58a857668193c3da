import type { Problem } from '../base/problem.ts';
import { formatDuration, listWords } from '../base/text.ts';
import { readinessOf } from '../cluster/readiness.ts';
import { describeWorkload, workloadKey } from '../targets/target.ts';
import { type Applied, objectKey, type WriteResult } from './apply.ts';
import type { Diagnosis } from './diagnose.ts';
import type { PlannedWorkload } from './plan.ts';
import type { StepState, TargetOutcome, TargetReport } from './report.ts';
import type { RolloutResult } from './rollout-board.ts';

/** What is known of a run when it ends. */
export interface Evidence {
  readonly applied: Applied;
  readonly rollouts: ReadonlyMap<string, RolloutResult>;
  readonly diagnoses: ReadonlyMap<string, Diagnosis>;
  readonly timeoutMs: number;
}

/** What became of a workload, from its writes, its rollout and what its pods say. */
export function concludeTarget(planned: PlannedWorkload, evidence: Evidence): TargetReport {
  const { ref, revisions, before } = planned;
  const key = workloadKey(ref);
  const { applied } = evidence;
  const write = applied.workloads.get(key) ?? { state: 'skipped' };
  const rollout = evidence.rollouts.get(key);
  const diagnosis = evidence.diagnoses.get(key);
  const objects = (results: ReadonlyMap<string, WriteResult>): StepState =>
    worst(
      revisions.map((revision) => results.get(objectKey({ namespace: ref.namespace, revision }))?.state ?? 'skipped'),
    );
  const steps = {
    configMap: objects(applied.configMaps),
    envoyFilter: objects(applied.envoyFilters),
    template: write.state,
    rollout: rolloutStep(write, rollout),
  };
  const problem =
    write.state === 'failed' ? write.problem : rolloutProblem(planned, rollout, diagnosis, evidence.timeoutMs);
  const { ready, wanted } = rollout ?? readinessOf(ref.kind, planned.observed);
  return {
    ref,
    outcome: outcomeOf(Object.values(steps), problem),
    revisions: revisions.map(({ filter, id }) => {
      const earlier = before.get(filter);
      return { filter, revision: id, ...(earlier === undefined ? {} : { before: earlier }) };
    }),
    steps,
    pods: { ready, wanted },
    ...(rollout === undefined ? {} : { durationMs: rollout.durationMs }),
    ...(problem === undefined ? {} : { problem }),
    evidence: problem === undefined ? [] : evidenceLines(diagnosis),
  };
}

/** A target that was planned, in a run that ended before its first write. */
export function untouchedTarget(planned: PlannedWorkload): TargetReport {
  const nothing = { configMaps: new Map(), envoyFilters: new Map(), workloads: new Map(), warnings: [] };
  return concludeTarget(planned, { applied: nothing, rollouts: new Map(), diagnoses: new Map(), timeoutMs: 0 });
}

const SEVERITY: readonly StepState[] = ['failed', 'skipped', 'done', 'unchanged'];

function worst(states: readonly StepState[]): StepState {
  return SEVERITY.find((state) => states.includes(state)) ?? 'unchanged';
}

function rolloutStep(write: WriteResult, rollout: RolloutResult | undefined): StepState {
  if (rollout === undefined) return write.state === 'unchanged' ? 'unchanged' : 'skipped';
  if (rollout.state === 'ready') return write.state === 'done' ? 'done' : 'unchanged';
  return rollout.state === 'cancelled' ? 'skipped' : 'failed';
}

function outcomeOf(steps: readonly StepState[], problem: Problem | undefined): TargetOutcome {
  if (problem !== undefined) return 'failed';
  // The rollout, which comes last, may be skipped; a shared object may have failed under a template that stays as it is.
  if (steps.slice(0, 3).some((step) => step === 'skipped' || step === 'failed')) return 'untouched';
  return steps.includes('done') ? 'deployed' : 'unchanged';
}

function rolloutProblem(
  { ref }: PlannedWorkload,
  rollout: RolloutResult | undefined,
  diagnosis: Diagnosis | undefined,
  timeoutMs: number,
): Problem | undefined {
  if (rollout === undefined || rollout.state === 'ready') return undefined;
  const subject = describeWorkload(ref);
  switch (rollout.state) {
    case 'cancelled':
      return {
        kind: 'cancelled',
        subject,
        message: `the run was cancelled while it waited (${rollout.message || 'not ready yet'}).`,
        remedy: 'The rollout goes on by itself in the cluster; run again to see it to its end.',
      };
    case 'superseded':
      return {
        kind: 'conflict',
        subject,
        message: `${rollout.message} while this run waited.`,
        remedy: 'This run touched nothing more. Use "concurrency" in the workflow to keep runs apart.',
      };
    case 'deleted':
      return { kind: 'workload', subject, message: 'was deleted while this run waited for it.' };
    default: {
      // No message: what is known of the workload is from before the change.
      const missing = rollout.message || 'its new state was never seen';
      const cause = envoyCause(diagnosis) ?? (rollout.state === 'stuck' ? undefined : podCause(diagnosis));
      const sentence = [
        `${FAILURES[rollout.state](timeoutMs)}: ${missing}`,
        ...(cause === undefined ? [] : [cause]),
      ].join('. ');
      return {
        kind: 'rollout',
        subject,
        message: /[.!?]$/.test(sentence) ? sentence : `${sentence}.`,
        remedy: diagnosis?.envoy?.remedy ?? 'See what its pods say, mend the cause and run again.',
      };
    }
  }
}

const FAILURES: Readonly<Record<'timeout' | 'failed' | 'stuck', (timeoutMs: number) => string>> = {
  timeout: (timeoutMs) => `not ready after ${formatDuration(timeoutMs)}`,
  failed: () => 'failed to roll out',
  stuck: () => 'cannot get ready',
};

function envoyCause(diagnosis: Diagnosis | undefined): string | undefined {
  if (diagnosis?.envoy === undefined) return undefined;
  const { reason, filterSaid } = diagnosis.envoy;
  return filterSaid === undefined ? reason : `${reason}; the filter said: ${filterSaid}`;
}

function podCause(diagnosis: Diagnosis | undefined): string | undefined {
  if (diagnosis === undefined) return undefined;
  const { pods, event } = diagnosis;
  if (event !== undefined && /^Failed/.test(event)) return event;
  return pods.length === 0 ? event : listWords(pods.slice(0, 2), 'and');
}

function evidenceLines(diagnosis: Diagnosis | undefined): string[] {
  if (diagnosis === undefined) return [];
  const { pods, event, envoy } = diagnosis;
  return [
    ...(envoy === undefined ? [] : [`Envoy: ${envoy.reason}`]),
    ...(envoy?.filterSaid === undefined ? [] : [`the filter: ${envoy.filterSaid}`]),
    ...(event === undefined ? [] : [`event ${event}`]),
    ...pods.map((pod) => `pod ${pod}`),
  ];
}
