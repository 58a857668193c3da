import { describeProblem } from '../../base/problem.ts';
import { formatBytes, MAX_LISTED, someOf, thousands, truncate } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import { describeWorkload } from '../../targets/target.ts';
import { groupDrift } from '../summary/parts/cleanup.ts';
import { imageLine } from '../summary/parts/images.ts';
import { nameOfChange } from '../summary/plan-changes.ts';
import { reportedProblems } from '../verdict/problem-groups.ts';
import { countOf } from '../verdict/text.ts';

/** A part of the log that folds. Plain text, a line each. */
export interface LogSection {
  readonly title: string;
  readonly lines: readonly string[];
}

/** A log with more lines of one sort is read by nobody. */
const MAX_LINES = 2_000;
const MAX_LINE_CHARACTERS = 4_000;

/** What the log says of a report after the run: only what there is something to say of. */
export function logSections(report: Report): LogSection[] {
  return [
    { title: 'Problems', lines: problemLines(report) },
    { title: 'Drift', lines: driftLines(report) },
    { title: 'Plan', lines: planLines(report) },
    { title: 'Registry', lines: (report.images ?? []).map(imageLine) },
    { title: 'Status', lines: statusLines(report) },
    { title: 'Files', lines: fileLines(report) },
    { title: 'Objects of superseded revisions', lines: collectedLines(report) },
  ]
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => ({ title, lines: cut(lines) }));
}

function cut(lines: readonly string[]): string[] {
  const left = lines.length - MAX_LINES;
  const shown = lines.slice(0, MAX_LINES).map((line) => truncate(line, MAX_LINE_CHARACTERS));
  return [...shown, ...(left > 0 ? [`… and ${thousands(left)} more`] : [])];
}

function problemLines(report: Report): string[] {
  return [
    ...reportedProblems(report).map((problem) => `✗ ${describeProblem(problem)}`),
    ...report.targets.flatMap(({ ref, evidence }) => evidence.map((line) => `  ${ref.namespace}/${ref.name}: ${line}`)),
  ];
}

function driftLines({ targets }: Report): string[] {
  return [...groupDrift(targets)].map(([drift, names]) => `${drift} (${countOf(names.length, 'workload')})`);
}

function planLines({ plan }: Report): string[] {
  if (plan === undefined) return [];
  const several = plan.waves > 1;
  return [
    ...plan.changes.flatMap((change) => {
      const { action, reasons, diff, admission } = change;
      const why = reasons.length === 0 ? '' : ` (${someOf(reasons, MAX_LISTED, '; ')})`;
      const refused = admission.state === 'refused' ? ' REJECTED by the API server' : '';
      return [`${action} ${nameOfChange(change)}${why}${refused}`, ...diff.map((line) => `  ${line}`)];
    }),
    ...plan.restarts.map(
      ({ ref, pods, wave }) =>
        `restart ${describeWorkload(ref)} (${countOf(pods, 'pod')}${several ? `, wave ${wave}` : ''})`,
    ),
  ];
}

function statusLines({ status }: Report): string[] {
  return (status?.workloads ?? []).flatMap(({ ref, pods, filters }) =>
    filters.flatMap(({ filter, revision, health, verification, notes }) => [
      `${describeWorkload(ref)}: ${filter} ${revision ?? 'without revision'}, ${health}, ${pods.ready}/${pods.wanted} ready${verification === undefined ? '' : `, evidence: ${verification.level}`}`,
      ...notes.map((note) => `  ${note}`),
    ]),
  );
}

function fileLines({ rendered }: Report): string[] {
  return [
    ...(rendered?.files ?? []).map(({ path, bytes, content }) => `${path} (${formatBytes(bytes)}): ${content}`),
    ...(rendered?.removed ?? []).map((path) => `${path}: of an earlier run, removed`),
  ];
}

function collectedLines({ collected, status }: Report): string[] {
  return [
    ...collected.deleted.map((object) => `deleted ${object}`),
    ...collected.left.map(({ object, why }) => `left ${object}: ${why}`),
    ...(status?.garbage ?? []),
    ...(status?.kept ?? []).map((object) => `kept to roll back to: ${object}`),
    ...(status?.inUse ?? []).map((object) => `run by old pods: ${object}`),
    ...(status?.unknown ?? []).map((object) => `unknown whether pods run it: ${object}`),
  ];
}
