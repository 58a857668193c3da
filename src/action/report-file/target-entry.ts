import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import type { ValueOf } from '../../base/schema.ts';
import type { Verification } from '../../deploy/report/evidence-level.ts';
import { finalRevision } from '../../deploy/report/final-revisions.ts';
import type { Collected, Rollback, TargetReport } from '../../deploy/report/report.ts';
import type { RolloutTimes } from '../../deploy/report/rollout-times.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { COLLECTED, PROBLEM, ROLLBACK, TARGET, TIMES, VERIFICATION, WORKLOAD } from './schema-parts.ts';
import { soakEntry } from './soak-entry.ts';

/** Returns milliseconds as seconds. */
export function secondsOf(ms: number): number {
  return Math.round(ms) / 1000;
}

/** Returns a problem without the error behind it, which is for debugging alone. */
export function problemEntry({
  kind,
  subject,
  at,
  message,
  remedy,
  filter,
  permission,
  user,
}: Problem): ValueOf<typeof PROBLEM> {
  return { kind, message, ...defined({ subject, at, remedy, filter, permission, user }) };
}

/** Returns what names a workload. */
export function workloadEntry({ cluster, namespace, kind, name }: WorkloadRef): ValueOf<typeof WORKLOAD> {
  return { ...defined({ cluster }), namespace, kind, name };
}

/** Returns the evidence that was seen. */
export function verificationEntry({
  level,
  pods,
  wanted,
  probed,
  weakness,
  notes,
}: Verification): ValueOf<typeof VERIFICATION> {
  return { level, pods, wanted, ...defined({ probed, weakness, notes }) };
}

/** Returns what happened to one workload. */
export function targetEntry(target: TargetReport): ValueOf<typeof TARGET> {
  const { ref, outcome, phase, revisions, steps, pods, drift, diagnosis } = target;
  const { wave, wavePart, durationMs, times, verification, newer, takenOver, alsoRuns, unready, waiting, problem } =
    target;
  return {
    ...workloadEntry(ref),
    outcome,
    phase,
    filters: revisions.map((one) => ({
      name: one.filter,
      revision: one.revision ?? null,
      before: one.before ?? null,
      runs: finalRevision(target, one) ?? null,
      ...defined({ pushed: one.pushed }),
    })),
    steps: {
      configMap: steps.configMap,
      filterResource: steps.filterResource,
      template: steps.template,
      rollout: steps.rollout,
    },
    pods: { ready: pods.ready, wanted: pods.wanted },
    ...defined({
      wave,
      wavePart,
      seconds: durationMs && secondsOf(durationMs),
      times: times && timesEntry(times),
      verification: verification && verificationEntry(verification),
      soak: target.soak && soakEntry(target.soak),
      rollback: rollbackEntry(target),
      newer: newer && { filter: newer.filter, ...defined({ revision: newer.revision, run: newer.run }) },
      takenOver,
      alsoRuns,
      unready,
      waiting,
      problem: problem && problemEntry(problem),
    }),
    drift,
    diagnosis,
  };
}

function timesEntry({
  patchedMs,
  readyMs,
  verifiedMs,
  failedMs,
  rollbackStartedMs,
  rollbackEndedMs,
}: RolloutTimes): ValueOf<typeof TIMES> {
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : secondsOf(ms));
  return {
    patched: secondsOf(patchedMs),
    ...defined({
      ready: seconds(readyMs),
      verified: seconds(verifiedMs),
      failed: seconds(failedMs),
      rollbackStarted: seconds(rollbackStartedMs),
      rollbackEnded: seconds(rollbackEndedMs),
    }),
  };
}

function rollbackEntry({
  rollback,
  rolledBackFrom: from,
}: {
  readonly rollback?: Rollback;
  readonly rolledBackFrom?: TargetReport['phase'];
}): ValueOf<typeof ROLLBACK> | undefined {
  if (rollback === undefined) return undefined;
  const { state, to, durationMs, template, unready, waiting, unconfirmed, problem } = rollback;
  return {
    state,
    ...defined({ from, template, unready, waiting, unconfirmed, problem: problem && problemEntry(problem) }),
    to,
    seconds: secondsOf(durationMs),
  };
}

/** Returns the objects that nothing uses any more. */
export function collectedEntry({ deleted, left }: Collected): ValueOf<typeof COLLECTED> {
  return {
    deleted,
    left: left.map(({ object, why, runBy, runOn, missing }) => ({
      object,
      why,
      ...defined({ runBy, runOn: runOn && workloadEntry(runOn), missing: missing?.map(describePermission) }),
    })),
  };
}
