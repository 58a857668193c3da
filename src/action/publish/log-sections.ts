import { describeProblem } from '../../base/problem.ts';
import { formatBytes, MAX_LISTED, sentence, someOf, thousands, truncate } from '../../base/text.ts';
import type { ImageReport } from '../../deploy/report/image-report.ts';
import type { MadePlan } from '../../deploy/report/plan-report.ts';
import type { RenderedFiles } from '../../deploy/report/render-report.ts';
import { type Collected, type Report, reportedTargets, type TargetReport } from '../../deploy/report/report.ts';
import type { FoundStatus } from '../../deploy/report/status-report.ts';
import { waveName } from '../../deploy/report/wave-mark.ts';
import { describeWorkload, shortWorkload } from '../../targets/target.ts';
import { checkLines } from '../summary/check.ts';
import { groupDrift } from '../summary/parts/cleanup.ts';
import { imageLine } from '../summary/parts/images.ts';
import { nameOfChange } from '../summary/plan-changes.ts';
import { isPermissionProblem, ROLE_ADVICE } from '../verdict/missing-permissions.ts';
import { groupProblems, reportedProblems } from '../verdict/problem-groups.ts';
import { countOf } from '../verdict/text.ts';
import { sentences } from '../verdict/words.ts';

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
  return [{ title: 'Problems', lines: problemLines(report) }, ...commandSections(report)]
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => ({ title, lines: cut(lines) }));
}

function commandSections(report: Report): LogSection[] {
  switch (report.command) {
    case 'deploy':
      return [
        driftSection(report.targets),
        ...(report.plan.state === 'made' ? [registrySection(report.plan.images)] : []),
        collectedSection(report.collected),
      ];
    case 'plan':
      if (report.plan.state === 'stopped') return [];
      return [
        driftSection(report.targets),
        { title: 'Plan', lines: planLines(report.plan) },
        registrySection(report.plan.images),
      ];
    case 'status':
      if (report.status.state === 'stopped') return [];
      return [
        { title: 'Status', lines: statusLines(report.status) },
        { title: 'Objects of superseded revisions', lines: objectLines(report.status) },
      ];
    case 'remove':
    case 'sweep':
      return [driftSection(report.targets), collectedSection(report.collected)];
    case 'render':
      return report.rendered.state === 'stopped' ? [] : [{ title: 'Files', lines: fileLines(report.rendered) }];
    case 'check':
      return report.checked.state === 'stopped' ? [] : [{ title: 'Checks', lines: checkLines(report.checked) }];
  }
}

const registrySection = (images: readonly ImageReport[]): LogSection => ({
  title: 'Registry',
  lines: images.map(imageLine),
});

/** They may be of a revision that was superseded or failed, of a filter that was removed, or of one that was taken over. */
const collectedSection = (collected: Collected): LogSection => ({
  title: 'Unused objects',
  lines: collectedLines(collected),
});

function cut(lines: readonly string[]): string[] {
  const left = lines.length - MAX_LINES;
  const shown = lines.slice(0, MAX_LINES).map((line) => truncate(line, MAX_LINE_CHARACTERS));
  return [...shown, ...(left > 0 ? [`… and ${thousands(left)} more`] : [])];
}

function problemLines(report: Report): string[] {
  return [
    ...permissionLines(report),
    // What several targets take from one alias is wrong at one place.
    ...new Set(
      reportedProblems(report)
        .filter((problem) => !isPermissionProblem(problem))
        .map((problem) => `✗ ${describeProblem(problem)}`),
    ),
    ...reportedTargets(report).flatMap(({ ref, diagnosis }) =>
      diagnosis.map((line) => `  ${shortWorkload(ref)}: ${line}`),
    ),
  ];
}

/** What a Role grants, in one list. */
function permissionLines(report: Report): string[] {
  return groupProblems(report).flatMap(({ remedies }) =>
    remedies
      .filter(({ role }) => role === true)
      .flatMap(({ entries, remedy = '', first = '' }) => [
        ...entries.flatMap(({ message, items = [], subjects }) => [
          `✗ ${subjects.map((subject) => `${subject}: `).join('')}${message}${items.length > 0 ? ':' : ''}`,
          ...items.map((item) => `    ${item}`),
        ]),
        `  ${sentences(first, ROLE_ADVICE, remedy)}`,
      ]),
  );
}

function driftSection(targets: readonly TargetReport[]): LogSection {
  const lines = [...groupDrift(targets)].map(([drift, names]) => `${drift} (${countOf(names.length, 'workload')})`);
  return { title: 'Drift', lines };
}

function planLines(plan: MadePlan): string[] {
  const several = plan.waves > 1;
  return [
    ...plan.changes.flatMap((change) => {
      const { action, reasons, diff, admission } = change;
      const why = reasons.length === 0 ? '' : ` (${someOf(reasons, MAX_LISTED, '; ')})`;
      const refused = admission.state === 'refused' ? ' REJECTED by the API server' : '';
      return [`${action} ${nameOfChange(change)}${why}${refused}`, ...diff.map((line) => `  ${line}`)];
    }),
    ...plan.restarts.map(
      ({ ref, pods, ...mark }) =>
        `restart ${describeWorkload(ref)} (${countOf(pods, 'pod')}${several ? `, wave ${waveName(mark)}` : ''})`,
    ),
  ];
}

function statusLines({ workloads }: FoundStatus): string[] {
  return workloads.flatMap(({ ref, pods, filters }) =>
    filters.flatMap(({ filter, revision, health, verification, notes }) => [
      `${describeWorkload(ref)}: ${filter} ${revision ?? 'without revision'}, ${health}, ${pods.ready}/${pods.wanted} ready${verification === undefined ? '' : `, evidence: ${verification.level}`}`,
      ...notes.map(({ text }) => `  ${sentence(text)}`),
    ]),
  );
}

function fileLines({ files, removed }: RenderedFiles): string[] {
  return [
    ...files.map(({ path, bytes, content }) => `${path} (${formatBytes(bytes)}): ${content}`),
    ...removed.map((path) => `${path}: of an earlier run, removed`),
  ];
}

function collectedLines({ deleted, left }: Collected): string[] {
  return [...deleted.map((object) => `deleted ${object}`), ...left.map(({ object, why }) => `left ${object}: ${why}`)];
}

function objectLines({ garbage, kept = [], inUse = [], inUseUnseen = [], unknown = [] }: FoundStatus): string[] {
  return [
    ...garbage,
    ...kept.map((object) => `kept to roll back to: ${object}`),
    ...inUse.map((object) => `run by old pods: ${object}`),
    ...inUseUnseen.map((object) => `run by pods whose workload is not visible: ${object}`),
    ...unknown.map((object) => `unknown whether something uses it: ${object}`),
  ];
}
