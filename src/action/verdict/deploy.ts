import { thousands } from '../../base/text.ts';
import { driftIn } from '../../deploy/report/drift.ts';
import { countOutcome, type DeployReport, expiryOf, isPushed, type TargetReport } from '../../deploy/report/report.ts';
import { evidenceOf, evidenceSentence, evidenceTail } from './evidence.ts';
import { judgeFailure } from './failure.ts';
import { isIdle } from './phase.ts';
import { judgeSuperseded } from './superseded.ts';
import { countOf, plain } from './text.ts';
import { judgeWaiting, waitingTargets } from './waiting.ts';
import {
  changingFilters,
  filterNames,
  filterWords,
  idleSentence,
  inClusters,
  nameWords,
  revisionWords,
  sentences,
  unreadySentence,
  unwritten,
  type Verdict,
  verb,
  withExpiry,
  workloads,
} from './words.ts';

/** What a failure is about: the filter that failed, where it is the same everywhere, else all of the run. */
function failedFilters(report: DeployReport): string {
  const all = filterWords(report);
  const failed = report.targets.filter(({ outcome }) => outcome === 'failed');
  const problems = failed.length === 0 ? report.problems : failed.map(({ problem }) => problem);
  const names = new Set(problems.map((problem) => problem?.filter));
  const [name] = names;
  return names.size === 1 && name !== undefined && report.filters.length > 1 ? `${plain(name, 63)} (of ${all})` : all;
}

/** The verdict over `deploy`. */
export function judgeDeploy(report: DeployReport): Verdict {
  if (report.outcome === 'failed') {
    return judgeFailure(report, {
      subject: failedFilters(report),
      undone: `${filterWords(report, 'Filter')} not deployed`,
      settled: (n) => `${verb(n, 'runs', 'run')} ${revisionWords(report)}`,
    });
  }
  if (report.outcome === 'superseded') return judgeSuperseded(report);
  if (report.outcome === 'waiting') {
    const names = changingFilters(report, waitingTargets(report));
    return withExpiry(
      expiryOf(report),
      judgeWaiting(report, `${nameWords(names)} ${verb(names.length, 'waits', 'wait')}`),
    );
  }
  const changed = countOutcome(report, 'deployed') + countOutcome(report, 'removed');
  if (changed === 0) return withExpiry(expiryOf(report), unchanged(report));
  return withExpiry(expiryOf(report), report.policy.wait ? deployed(report) : applied(report));
}

function deployed(report: DeployReport): Verdict {
  const targets = report.targets.filter(({ outcome }) => outcome === 'deployed');
  const unchangedCount = countOutcome(report, 'unchanged');
  const removed = countOutcome(report, 'removed');
  const unready = targets.filter((target) => target.unready !== undefined);
  // A workload that had the filter may have been verified in this run for the first time.
  const inspected = ({ outcome }: TargetReport): boolean => outcome === 'deployed' || outcome === 'unchanged';
  const evidence = evidenceOf(unready.length === targets.length ? targets : report.targets.filter(inspected));
  const names = nameWords(changingFilters(report, targets));
  const pushed = targets.filter(isPushed).length;
  const adopted = adoptionTail(targets);
  const repaired = driftIn(report).filter((one) => one.repaired).length;
  const what =
    pushed === targets.length && pushed > 0
      ? `Settings of ${names} pushed to ${workloads(pushed)}${inClusters(report)} without a restart`
      : `${names} ${isRepair(targets) ? 'repaired (drift corrected) on' : 'deployed to'} ${workloads(targets.length)}${inClusters(report)}${pushed > 0 ? `, ${thousands(pushed)} without a restart` : ''}`;
  return {
    icon: unready.length === 0 ? '✅' : '⚠️',
    headline: [
      `${what}${evidenceTail(evidence)}`,
      ...unreadyTail(unready, targets),
      ...(adopted === '' ? [] : [adopted]),
      ...(isRepair(targets) || repaired === 0 ? [] : [`drift corrected on ${workloads(repaired)}`]),
      ...(unchangedCount === 0 ? [] : [`${countOf(unchangedCount, 'other')} already up to date`]),
      ...(removed === 0 ? [] : [`removed from ${countOf(removed, 'other')}`]),
    ].join('; '),
    sentence: sentences(
      reviewedSentence(report),
      targets.every((target) => isIdle(target) || target.unready !== undefined)
        ? ''
        : evidenceSentence(evidence, revisionWords(report)),
      unreadySentence(unready),
      idleSentence(report),
    ),
  };
}

/** What earlier runs have done of the plan that was reviewed. */
function reviewedSentence({ plan }: DeployReport): string {
  switch (plan.state === 'made' ? plan.carriedOut : undefined) {
    case undefined:
      return '';
    case 'part':
      return 'An earlier run had carried out part of the reviewed plan; this one did the rest.';
    case 'all':
      return 'The reviewed plan was carried out already.';
    case 'unknown':
      return 'There was nothing to write, as after a run that has carried out the reviewed plan; its digest alone does not tell more.';
  }
}

/** `adopted from EnvoyFilter shop/wasm`, of a deployment that took something over; empty for none. */
function adoptionTail(targets: readonly TargetReport[]): string {
  const from = [...new Set(targets.flatMap(({ takenOver = [] }) => takenOver))];
  if (from.length === 0) return '';
  return `adopted from ${from.length === 1 ? `EnvoyFilter ${from[0]}` : countOf(from.length, 'EnvoyFilter')}`;
}

/** Of workloads that are as little ready as they were before the run. */
function unreadyTail(unready: readonly TargetReport[], all: readonly TargetReport[]): string[] {
  if (unready.length === 0) return [];
  const which = unready.length === all.length ? '' : `${thousands(unready.length)} of them `;
  return [`${which}not ready, as before, and not verified`];
}

/** Whether all that a run did was to undo what others had changed. */
function isRepair(targets: readonly TargetReport[]): boolean {
  return (
    targets.length > 0 &&
    targets.every(
      ({ drift, revisions }) => drift.length > 0 && revisions.every(({ revision, before }) => revision === before),
    )
  );
}

function applied(report: DeployReport): Verdict {
  return {
    icon: '⏳',
    headline: `${nameWords(changingFilters(report, report.targets))} applied to ${workloads(countOutcome(report, 'deployed'))}${inClusters(report)}, not verified`,
    sentence: `The pod templates have ${revisionWords(report)}. With "wait: false" this run did not watch the pods: it is not known whether they become ready, and nothing is rolled back.`,
  };
}

/** What a run wrote that changed no workload: what it deleted, and records of what was verified or objects that were not as they should be. */
function writtenBeside(report: DeployReport): string {
  const { collected, requests } = report;
  const deleted = collected.deleted.length;
  if (deleted > 0)
    return `No workload was changed: only ${countOf(deleted, 'unused object')} ${verb(deleted, 'was', 'were')} deleted.`;
  const { writes } = requests;
  if (writes === 0) return unwritten(report);
  return `No workload was changed: ${countOf(writes, 'write')} updated shared objects, or the record of what was verified.`;
}

function unchanged(report: DeployReport): Verdict {
  const n = report.targets.length;
  const cleaned = writtenBeside(report);
  const names = filterNames(report).length;
  const evidence = evidenceOf(report.targets);
  // A run that changes nothing may be the one that verifies what an earlier one left open, as that of a promoted Rollout.
  if (report.policy.wait && evidence.level !== undefined) {
    const seen = report.targets.filter(({ verification }) => verification !== undefined).length;
    return {
      icon: '✅',
      headline: `Nothing to change: ${filterWords(report)} ${verb(names, 'runs', 'run')} on ${workloads(n)}${inClusters(report)}${evidenceTail(evidence)}`,
      sentence: sentences(
        reviewedSentence(report),
        cleaned,
        seen === n ? '' : `This run verified ${thousands(seen)} of ${workloads(n)}.`,
        evidenceSentence(evidence, revisionWords(report)),
        idleSentence(report),
      ),
    };
  }
  return report.policy.wait
    ? {
        icon: '✅',
        headline: `Nothing to do: ${filterWords(report)} ${verb(names, 'runs', 'run')} on ${workloads(n)}${inClusters(report)} already`,
        sentence: sentences(
          reviewedSentence(report),
          cleaned,
          report.targets.every(isIdle) ? '' : 'All pods are ready.',
          idleSentence(report),
        ),
      }
    : {
        icon: '✅',
        headline: `Nothing to do: ${workloads(n)}${inClusters(report)} ${verb(n, 'has', 'have')} ${filterWords(report)} already`,
        sentence: sentences(
          reviewedSentence(report),
          cleaned,
          'With "wait: false" this run did not check whether the pods are ready.',
        ),
      };
}
