import { capital, listWords, someOf, thousands } from '../../base/text.ts';
import { type ChangeReport, countOutcome, type TargetReport } from '../../deploy/report/report.ts';
import { describeRun } from '../../mesh/identity/run-order.ts';
import { countOf, plain } from './text.ts';
import { filterWords, idleSentence, inClusters, sentences, type Verdict, verb, workloads } from './words.ts';

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
      : ` ${preposition} ${thousands(some.length)} of ${workloads(report.targets.length)}${inClusters(report)}`;
  const deeds = [
    ...(brought.length > 0
      ? [
          `${newerRuns(brought)} ${verb(countNewerRuns(brought), 'has', 'have')} deployed a newer revision${where('to', brought)}`,
        ]
      : []),
    ...(removals.length > 0 ? [`the filter was removed meanwhile${where('from', removals)}`] : []),
  ];
  const done = [
    ...(deployed > 0 ? [`deployed its own revision to ${countOf(deployed, 'other workload')}`] : []),
    ...(removed > 0 ? [`removed the filter from ${countOf(removed, 'other workload')}`] : []),
    ...(unchanged > 0 ? [`found ${countOf(unchanged, 'other workload')} up to date`] : []),
  ];
  return {
    icon: '⏭️',
    headline: `${filterWords(report)}: ${listWords(deeds, 'and')}${untouched === 0 && done.length === 0 ? '; nothing to do' : ''}`,
    sentence: sentences(
      brought.length === 0 ? '' : `${capital(newerRevisions(brought))} ${newerVerb(brought)} there now.`,
      removals.length === 0
        ? ''
        : 'Another run removed it, or somebody did by hand; this run does not deploy it there again.',
      untouched === 0 ? 'This run changes nothing more there.' : '',
      done.length === 0 ? '' : `This run ${listWords(done, 'and')}.`,
      untouched === 0
        ? ''
        : `This run stopped: ${workloads(untouched)} ${verb(untouched, 'was', 'were')} not touched. Re-run if ${verb(untouched, 'it is not a target', 'they are not targets')} of the newer run.`,
      idleSentence(report),
    ),
  };
}

/** What newer revisions do on workloads: whether their pods run them already, this run has not seen. */
function newerVerb(targets: readonly TargetReport[]): string {
  return `${verb(revisionsOf(targets).length, 'is', 'are')} in the pod templates`;
}

/** Whether the filter was removed from a workload that is superseded: by another run, or by hand, which looks the same. */
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
  const revisions = revisionsOf(targets);
  return `${verb(revisions.length, 'revision', 'the revisions')} ${someOf(
    revisions.map((revision) => show(revision.slice(0, 63))),
    3,
  )}`;
}

function revisionsOf(targets: readonly TargetReport[]): readonly string[] {
  return distinct(targets, ({ revision = '' }) => revision);
}

function distinct(
  targets: readonly TargetReport[],
  of: (newer: NonNullable<TargetReport['newer']>) => string,
): readonly string[] {
  return [...new Set(targets.flatMap(({ newer }) => (newer === undefined ? [] : [of(newer)])))];
}
