import { count, someOf, thousands } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import { groupProblems, KIND_TITLES, type KindGroup, type RemedyGroup } from '../verdict/problem-groups.ts';
import { countOf, plain } from '../verdict/text.ts';
import { judge } from '../verdict/verdict.ts';
import { sentences } from '../verdict/words.ts';

/** A mark on the run's page. Plain text: GitHub renders no Markdown there. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
}

/** The runner shows at most this many of a level for one step (actions/toolkit docs/problem-matchers.md). */
const MOST_ERRORS = 10;
/** The runner cuts longer ones (actions/runner src/Runner.Worker/ExecutionContext.cs). */
const MOST_MESSAGE_CHARACTERS = 4_095;
const MOST_NAMED = 5;
const MOST_LINE_CHARACTERS = 800;

/**
 * One annotation per kind of failure, at most 10, and one for all warnings: the first line says what to do, then what
 * happened to which workloads.
 */
export function annotationsOf(report: Report): Annotation[] {
  return [...errorsOf(report), ...supersededOf(report), ...warningsOf(report)];
}

/** A plan that `deploy` could not carry out is an error, though making it was a success. */
function errorsOf(report: Report): Annotation[] {
  const groups = groupProblems(report);
  if (report.outcome !== 'failed' && groups.length === 0) return [];
  const { headline, sentence } = judge(report);
  if (groups.length === 0) return [{ level: 'error', title: headline, message: sentence || headline }];
  const ending = sentences(`${headline}.`, sentence);
  const fits = groups.length <= MOST_ERRORS;
  const own = fits ? groups : groups.slice(0, MOST_ERRORS - 1);
  const rest = groups.slice(own.length);
  return [
    ...own.map(
      (group): Annotation => ({ level: 'error', title: titleOf(group), message: lines(bodyOf(group), ending) }),
    ),
    ...(rest.length === 0
      ? []
      : [
          {
            level: 'error' as const,
            title: `${countOf(rest.length, 'more kind')} of problems`,
            message: lines(['See the job summary for what to do.', ...rest.map(titleOf)], ending),
          },
        ]),
  ];
}

function titleOf(group: KindGroup): string {
  const title = KIND_TITLES[group.kind];
  return group.count > 1 ? `${title}: ${thousands(group.count)} problems` : title;
}

/** With one remedy it leads; with several, each but the first follows what it mends. */
function bodyOf({ remedies }: KindGroup): string[] {
  const [first, ...others] = remedies;
  if (first === undefined) return [];
  const lead = first.remedy ?? 'See the job summary.';
  return [
    others.length === 0 ? lead : `${lead} (And ${count(others.length, 'other remedy', 'other remedies')} below.)`,
    ...entriesOf(first),
    ...others.flatMap((group) => [...entriesOf(group), ...(group.remedy === undefined ? [] : [`→ ${group.remedy}`])]),
  ];
}

function entriesOf({ entries }: RemedyGroup): string[] {
  return entries.map(({ message, subjects }) => {
    const names = subjects.map((subject) => plain(subject, 200));
    if (names.length === 0) return message;
    return `${names.length === 1 ? names[0] : `${thousands(names.length)} (${someOf(names, MOST_NAMED)})`}: ${message}`;
  });
}

/** No failure, but who looks for this run's revision has to know. */
function supersededOf(report: Report): Annotation[] {
  if (report.outcome !== 'superseded') return [];
  const { headline, sentence } = judge(report);
  return [{ level: 'warning', title: headline, message: sentence }];
}

function warningsOf({ warnings }: Report): Annotation[] {
  const distinct = [...new Set(warnings)];
  if (distinct.length === 0) return [];
  const title = distinct.length === 1 ? 'Warning' : countOf(distinct.length, 'warning');
  return [{ level: 'warning', title, message: lines(distinct) }];
}

/** As many whole lines as there is room for, a note of those left out, and the ending. */
function lines(body: readonly string[], ending = ''): string {
  const tail = ending === '' ? '' : `\n${plain(ending, 600)}`;
  const room = MOST_MESSAGE_CHARACTERS - tail.length - '\n… and 1,000,000 more'.length;
  const shown: string[] = [];
  let used = 0;
  for (const [index, line] of body.entries()) {
    const clean = plain(line, MOST_LINE_CHARACTERS);
    if (used + clean.length + 1 > room) {
      shown.push(`… and ${thousands(body.length - index)} more`);
      break;
    }
    shown.push(clean);
    used += clean.length + 1;
  }
  return `${shown.join('\n')}${tail}`;
}
