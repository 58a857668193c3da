import { thousands } from '../../base/text.ts';
import { isAsBefore } from '../../deploy/report/final-revisions.ts';
import type { RolloutPhase } from '../../deploy/report/phase.ts';
import { type ChangeReport, countOutcome, type TargetReport } from '../../deploy/report/report.ts';
import { describeWorkload } from '../../targets/target.ts';
import { failureAdvice } from './failure-advice.ts';
import { byPhase, countPhases, isBackButUnready, isIdle, LEFT_AS_FOUND, URGENT } from './phase.ts';
import { causeWords } from './problem-groups.ts';
import { plain } from './text.ts';
import { waitingAgain } from './waiting.ts';
import {
  clause,
  hasActed,
  idleSentence,
  inClusters,
  refusal,
  sentences,
  unwritten,
  type Verdict,
  verb,
  workloads,
} from './words.ts';

/** How a command speaks of its workloads. */
export interface FailureWords {
  /** What the headline begins with: `add-header`, `Removing add-header`. */
  readonly subject: string;
  /** What a run that wrote nothing has not done: `add-header not deployed`. */
  readonly undone: string;
  /** Of so many workloads that they are as wanted: `run revision 4f2a91c07b`. */
  readonly settled: (n: number) => string;
}

/** The verdict over a run that wants to change workloads and did not get all the way. */
export function judgeFailure(report: ChangeReport, words: FailureWords): Verdict {
  if (!hasActed(report)) {
    return report.cancelled
      ? { icon: '🛑', headline: 'Cancelled before anything was written', sentence: '' }
      : refusal(report, words.undone, unwritten(report));
  }
  if (report.targets.length === 0) return lost(report, words);
  return report.cancelled ? cancelled(report, words) : failed(report, words);
}

/** Something was written, and then the run lost sight of its workloads. */
function lost(report: ChangeReport, { subject }: FailureWords): Verdict {
  return {
    icon: report.cancelled ? '🛑' : '❌',
    headline: report.cancelled
      ? `${subject}: cancelled during the writes`
      : `${subject} stopped: ${causeWords(report)}`,
    sentence: 'It is not known how far the run got. No workload is half written; re-run to finish.',
  };
}

function cancelled(report: ChangeReport, words: FailureWords): Verdict {
  const phases = byPhase(report);
  const good = countRunning(report);
  const urgent = countPhases(phases, 'rollback-failed', 'rollback-interrupted');
  return {
    icon: '🛑',
    headline: `${words.subject}: cancelled after ${thousands(good)} of ${workloads(report.targets.length)}${inClusters(report)}${urgent === 0 ? '' : `, ${thousands(urgent)} ${verb(urgent, 'needs', 'need')} attention`}`,
    tally: tally(report, words),
    sentence: sentences(idleSentence(report), goesOn(phases)),
  };
}

/** What Kubernetes goes on with after a run that was cancelled, and what to do then. */
function goesOn(phases: ReturnType<typeof byPhase>): string {
  if (countPhases(phases, 'rollback-unconfirmed') > 0) {
    return 'Kubernetes continues what was started: check that what was rolled back becomes ready, and fix what failed before you re-run.';
  }
  return countPhases(phases, 'interrupted', 'rollback-interrupted') === 0
    ? 'Re-run to finish.'
    : 'Kubernetes continues the rollouts that were started; re-run to finish.';
}

function failed(report: ChangeReport, words: FailureWords): Verdict {
  const phases = byPhase(report);
  const rollbackFailed = countPhases(phases, 'rollback-failed');
  const count = countOutcome(report, 'failed');
  const icon = rollbackFailed > 0 ? '🚨' : '❌';
  const head =
    count === 0
      ? `${words.subject} stopped: ${causeWords(report)}`
      : `${words.subject}: ${failedWorkloads(report, count)} failed`;
  return {
    icon,
    headline: `${head}${rollbackTail(report, words)}`,
    ...(!isToldByHeadline(report, words) && { tally: tally(report, words) }),
    sentence: sentences(idleSentence(report), failureAdvice(report)),
  };
}

/** `1 of 12 workloads`, `all 3 workloads`, `Deployment shop/reviews` where there is no other. */
function failedWorkloads(report: ChangeReport, count: number): string {
  const { targets } = report;
  const [only] = targets;
  const all = `${workloads(targets.length)}${inClusters(report)}`;
  if (count < targets.length || only === undefined) return `${thousands(count)} of ${all}`;
  if (targets.length === 1) return plain(describeWorkload(only.ref), 260);
  return targets.length === 2 ? `both workloads${inClusters(report)}` : `all ${all}`;
}

/** Returns how the rollback went, its most urgent part, and what runs now. */
function rollbackTail(report: ChangeReport, words: FailureWords): string {
  const phases = byPhase(report);
  const count = countOutcome(report, 'failed');
  const rollbackFailed = countPhases(phases, 'rollback-failed');
  if (rollbackFailed > 0) {
    const stuck = phases.get('rollback-failed') ?? [];
    const [only] = stuck;
    if (stuck.every(isBackButUnready)) return unreadyAfterRollbackTail(stuck, count);
    return rollbackFailed === 1 && count === 1 && only?.outcome === 'failed'
      ? ' and could not be rolled back: it needs attention'
      : `, ${thousands(rollbackFailed)} could not be rolled back and ${verb(rollbackFailed, 'needs', 'need')} attention`;
  }
  const back = countPhases(phases, 'rolled-back');
  const ending = endingOf(report, words);
  if (back > 0) {
    const failed = phases.get('rolled-back') ?? [];
    if (failed.every(({ rollback }) => rollback?.unready !== undefined))
      return `${unreadyAfterRollbackTail(failed, count)}${ending}`;
    const total = back + countPhases(phases, 'rolled-back-with-run');
    if (back === count && total > back) {
      const all = total === report.targets.length ? 'all ' : '';
      return `; ${all}${thousands(total)} were rolled back${ending}`;
    }
    return back === count
      ? ` and ${verb(back, 'was', 'were')} rolled back${ending}`
      : `, ${thousands(back)} ${verb(back, 'was', 'were')} rolled back${ending}`;
  }
  const urgent = count > 0 && countPhases(phases, ...URGENT) > 0;
  return `${urgent ? ` and ${verb(count, 'was', 'were')} not rolled back` : ''}${ending}`;
}

/** Of failed workloads that are rolled back and not ready: what was wrong before the run, or what somebody has to look at now. */
function unreadyAfterRollbackTail(stuck: readonly TargetReport[], count: number): string {
  const n = stuck.length;
  const isAll = n === count && stuck.every(({ outcome }) => outcome === 'failed');
  const asBefore = stuck.every(({ rollback }) => rollback?.unready !== undefined);
  const back = isAll
    ? '; rolled back, but'
    : `; ${thousands(n)} ${verb(n, 'was', 'were')} rolled back, but ${verb(n, 'is', 'are')}`;
  if (asBefore) return `${back} still not ready, as before this run`;
  return `${back} not ready${isAll ? `: ${verb(n, 'it needs', 'they need')}` : ` and ${verb(n, 'needs', 'need')}`} attention`;
}

/** What the workloads run now, where it can be said in a few words; and which of them wait for promotion again. */
function endingOf(report: ChangeReport, words: FailureWords): string {
  const again = waitingAgain(report).length;
  if (again === 0) return runningTail(report, words);
  if (again === report.targets.length) return `; ${verb(again, 'it waits', 'they wait')} for promotion again`;
  const running = isAllAsBefore(report) ? '' : runningTail(report, words);
  return `${running}; ${thousands(again)} of those rolled back ${verb(again, 'waits', 'wait')} for promotion again`;
}

/** What those run that did not fail, or all of them, where nothing has changed. */
function runningTail(report: ChangeReport, { settled }: FailureWords): string {
  if (isAllAsBefore(report)) {
    // A pod of the failed revision stays where none can take its place.
    const stillRuns = report.collected.left.some(({ runBy }) => runBy !== undefined);
    return `; every ${stillRuns ? 'pod template is as' : 'workload runs what it ran'} before`;
  }
  const others = report.targets.length - countOutcome(report, 'failed');
  const done = countRunning(report);
  if (done === 0 || done !== others || done === report.targets.length) return '';
  return `; the other ${done === 1 ? '' : `${thousands(done)} `}${settled(done)}`;
}

/** How many workloads have what was wanted, and pods that show it. */
function countRunning({ targets }: ChangeReport): number {
  return targets.filter((target) => target.phase === 'succeeded' && !isIdle(target)).length;
}

/** Whether the headline says of every workload how it ended, so that a tally would say it twice. */
function isToldByHeadline(report: ChangeReport, words: FailureWords): boolean {
  const told = countPhases(byPhase(report), 'succeeded', ...LEFT_AS_FOUND);
  return told === report.targets.length && endingOf(report, words) !== '';
}

/** Whether nothing in the cluster runs anything else than before the run. */
function isAllAsBefore(report: ChangeReport): boolean {
  const phases = byPhase(report);
  const same = [...LEFT_AS_FOUND.flatMap((phase) => phases.get(phase) ?? [])].every(isAsBefore);
  const unchangedCount = report.targets.filter(({ outcome }) => outcome === 'unchanged').length;
  return (
    same &&
    report.targets.length > 0 &&
    countPhases(phases, ...LEFT_AS_FOUND) + unchangedCount === report.targets.length
  );
}

const CLAUSES: readonly (readonly [phases: readonly RolloutPhase[], one: string, many: string])[] = [
  [['rollback-interrupted'], 'was not rolled back any more', 'were not rolled back any more'],
  [['rollback-unconfirmed'], 'was rolled back, but not seen ready', 'were rolled back, but not seen ready'],
  [['not-ready'], 'has new pods that do not become ready', 'have new pods that do not become ready'],
  [
    ['no-effect'],
    'has the filter, but it does not run as it should',
    'have the filter, but it does not run as it should',
  ],
  [['settings-rejected'], 'rejects the new settings', 'reject the new settings'],
  [['overwritten'], 'was modified by another client', 'were modified by another client'],
  [['deleted'], 'was deleted during the run', 'were deleted during the run'],
  [['unobserved'], 'was changed, but its state could not be read', 'were changed, but their state could not be read'],
  [['write-unconfirmed'], 'may have been changed', 'may have been changed'],
  [['waiting-for-promotion'], 'waits for promotion', 'wait for promotion'],
  [['unverified'], 'is patched, but its pods were not watched', 'are patched, but their pods were not watched'],
  [['not-ready-as-before'], 'is not ready, as before the run', 'are not ready, as before the run'],
  [['interrupted'], 'is not finished', 'are not finished'],
  [['rolled-back', 'rolled-back-with-run'], 'was rolled back', 'were rolled back'],
  [['superseded'], 'was changed by a newer run', 'were changed by a newer run'],
  [['untouched'], 'was not touched', 'were not touched'],
];

/** `1 workload was rolled back; 9 workloads run revision 4f2a91c07b; 2 workloads were not touched.` */
function tally(report: ChangeReport, words: FailureWords): string {
  const phases = byPhase(report);
  const stuck = phases.get('rollback-failed') ?? [];
  const back = stuck.filter(isBackButUnready).length;
  const clauses = [
    ...clause(stuck.length - back, 'could not be rolled back', 'could not be rolled back'),
    ...clause(back, 'was rolled back, but is not ready', 'were rolled back, but are not ready'),
    ...clause(
      report.targets.filter(isIdle).length,
      'has the new revision, but no pods',
      'have the new revision, but no pods',
    ),
    ...CLAUSES.flatMap(([wanted, one, many]) => clause(countPhases(phases, ...wanted), one, many)),
  ];
  const done = countRunning(report);
  const running = clause(done, words.settled(done), words.settled(done));
  const at = countPhases(phases, 'untouched') > 0 ? clauses.length - 1 : clauses.length;
  const all = [...clauses.slice(0, at), ...running, ...clauses.slice(at)];
  return all.length === 0 ? 'No workload was changed.' : `${all.join('; ')}.`;
}
