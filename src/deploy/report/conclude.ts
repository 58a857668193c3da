import { isAsBefore, isBack } from './final-revisions.ts';
import { mayHaveArrived } from './may-have-arrived.ts';
import {
  type ChangeReport,
  type Command,
  type Report,
  type ReportBase,
  type ReportOf,
  runProblems,
  type TargetOutcome,
} from './report.ts';

/** What the run knows of a report, whatever its command has found. */
export type RunFrame = Pick<
  ReportBase,
  | 'filters'
  | 'clusters'
  | 'policy'
  | 'refusedInputs'
  | 'requests'
  | 'failOnDrift'
  | 'failOnCrash'
  | 'reportFile'
  | 'junitFile'
  | 'tests'
  | 'started'
  | 'durationMs'
>;

/** What is concluded from the rest. */
type Conclusion = Pick<Report, 'outcome' | 'changed' | 'cancelled'>;

/** What a command has found and done: its part of its report. */
export type OutcomeOf<C extends Command> = Part<ReportOf<C>>;
type Part<R> = R extends Report ? Omit<R, keyof RunFrame | keyof Conclusion> : never;

export type CommandOutcome = OutcomeOf<Command>;

/** Returns the whole report. Anything wrong or left out makes a run a failure. */
export function concludeReport(done: CommandOutcome, frame: RunFrame): Report {
  const { problems } = done;
  const { targets, collected } = writtenBy(done);
  const all = runProblems({ targets, problems });
  const has = (...outcomes: readonly TargetOutcome[]): boolean =>
    targets.some(({ outcome }) => outcomes.includes(outcome));
  // What a run leaves alone because another one has brought something newer is that one's business.
  const superseded = has('superseded');
  // Nor do those fail that a run has not come to because an earlier wave waits for somebody to promote it.
  const waiting = has('waiting');
  const stopped = has('untouched') && !superseded && !waiting;
  const failed = problems.length > 0 || has('failed', 'rolled-back') || stopped;
  const wrote = targets.some((target) => {
    const { outcome, steps, rollback } = target;
    // What it was found with, the newer run has not put back. Objects that are still there are told as left.
    if (outcome === 'superseded') return steps.template === 'done';
    // What an earlier run left unverified is not put back: the workload has something else then.
    if (rollback?.state === 'rolled-back') return !isAsBefore(target);
    if (isBack(target) && !isAsBefore(target)) return true;
    // Objects that no workload came to use are collected again.
    const shared = outcome !== 'untouched' && [steps.configMap, steps.filterResource].includes('done');
    return shared || steps.template === 'done';
  });
  // After a failure, and where another run has overtaken it, most of what is deleted is what this run itself had made.
  const collectedOthers =
    failed || superseded ? collected.left.length > 0 || collected.foundBefore === true : collected.deleted.length > 0;
  // A write whose answer never came may have taken effect.
  const unanswered = frame.requests.writes > 0 && all.some(mayHaveArrived);
  const changed = wrote || unanswered || collectedOthers;
  const base = { ...frame, changed, cancelled: all.some(({ kind }) => kind === 'cancelled') };
  const left = superseded ? 'superseded' : waiting ? 'waiting' : 'unchanged';
  const complete = changed && left === 'unchanged';
  switch (done.command) {
    case 'deploy':
      return { ...base, ...done, outcome: failed ? 'failed' : complete ? 'deployed' : left };
    case 'remove':
    case 'sweep':
      return { ...base, ...done, outcome: failed ? 'failed' : complete ? 'removed' : left };
    case 'plan':
      return { ...base, ...done, outcome: failed ? 'failed' : 'planned' };
    case 'status':
      return { ...base, ...done, outcome: failed ? 'failed' : 'reported' };
    case 'render':
      return { ...base, ...done, outcome: failed ? 'failed' : 'rendered' };
    case 'check':
      return { ...base, ...done, outcome: failed ? 'failed' : 'passed' };
  }
}

/** What a command may have written: a plan leaves its targets alone, and that is no failure. */
function writtenBy(done: CommandOutcome): Pick<ChangeReport, 'targets' | 'collected'> {
  switch (done.command) {
    case 'deploy':
    case 'remove':
    case 'sweep':
      return done;
    case 'plan':
    case 'status':
    case 'render':
    case 'check':
      return { targets: [], collected: NOTHING_COLLECTED };
  }
}

/** Nothing was deleted, and nothing had to be. */
export const NOTHING_COLLECTED: ChangeReport['collected'] = { deleted: [], left: [] };
