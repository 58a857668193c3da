import { listWords, someOf, thousands } from '../../base/text.ts';
import { type ChangeReport, countOutcome, type TargetReport } from '../../deploy/report/report.ts';
import { describeRun } from '../../mesh/identity/run-order.ts';
import { plain } from './text.ts';
import { filterWords, sentences, type Verdict, verb, workloads } from './words.ts';

/** The verdict over a run that did well until another one brought something newer. */
export function judgeSuperseded(report: ChangeReport): Verdict {
  const superseded = report.targets.filter(({ outcome }) => outcome === 'superseded');
  const [removals, brought] = [superseded.filter(isRemoval), superseded.filter((target) => !isRemoval(target))];
  const [deployed, removed, unchanged, untouched] = (['deployed', 'removed', 'unchanged', 'untouched'] as const).map(
    (outcome) => countOutcome(report, outcome),
  ) as [number, number, number, number];
  const where = (preposition: string, some: readonly TargetReport[]): string =>
    some.length === report.targets.length
      ? ''
      : ` ${preposition} ${thousands(some.length)} of ${workloads(report.targets.length)}`;
  const deeds = [
    ...(brought.length > 0
      ? [
          `${newerRuns(brought)} ${verb(countNewerRuns(brought), 'has', 'have')} brought a newer revision${where('to', brought)}`,
        ]
      : []),
    ...(removals.length > 0 ? [`a later run has removed the filter${where('from', removals)}`] : []),
  ];
  const done = [
    ...(deployed > 0 ? [`deployed its own revision to ${workloads(deployed)}`] : []),
    ...(removed > 0 ? [`removed it from ${workloads(removed)}`] : []),
    ...(unchanged > 0 ? [`found ${workloads(unchanged)} as wanted`] : []),
  ];
  return {
    icon: '⏭️',
    headline: `${filterWords(report)}: ${listWords(deeds, 'and')}${untouched === 0 ? '; nothing to do' : ''}`,
    sentence: sentences(
      brought.length === 0 ? '' : `What runs there now is ${newerRevisions(brought)}.`,
      removals.length === 0 ? '' : 'This run had brought it there before, and does not put it back.',
      done.length === 0 ? '' : `Elsewhere this run has ${listWords(done, 'and')}.`,
      untouched === 0
        ? 'This run has left it alone.'
        : `This run stopped there, and ${workloads(untouched)} ${verb(untouched, 'was', 'were')} not touched: re-run if ${verb(untouched, 'it is not a target', 'they are not targets')} of the newer run.`,
    ),
  };
}

/** Whether another run has removed the filter from a workload that is superseded. */
export function isRemoval({ newer }: TargetReport): boolean {
  return newer !== undefined && newer.revision === undefined;
}

/** The runs that brought something newer: `run 12 of …`. */
export function newerRuns(targets: readonly TargetReport[]): string {
  return someOf(
    distinct(targets, ({ run = '' }) => describeRun(run)).map((run) => plain(run, 100)),
    3,
  );
}

/** How many runs these are. */
export function countNewerRuns(targets: readonly TargetReport[]): number {
  return distinct(targets, ({ run = '' }) => describeRun(run)).length;
}

/** What these runs brought; `show` writes one revision. */
export function newerRevisions(targets: readonly TargetReport[], show: (revision: string) => string = plain): string {
  const revisions = distinct(targets, ({ revision = '' }) => revision);
  return `${verb(revisions.length, 'revision', 'the revisions')} ${someOf(
    revisions.map((revision) => show(revision.slice(0, 63))),
    3,
  )}`;
}

function distinct(
  targets: readonly TargetReport[],
  of: (newer: NonNullable<TargetReport['newer']>) => string,
): readonly string[] {
  return [...new Set(targets.flatMap(({ newer }) => (newer === undefined ? [] : [of(newer)])))];
}
