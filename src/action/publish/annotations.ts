import { defined } from '../../base/defined.ts';
import { dataKey, sameJson } from '../../base/json.ts';
import { describePosition, type FilePosition, joint, type Problem } from '../../base/problem.ts';
import { listWords, MAX_LISTED, sentence, someOf, thousands } from '../../base/text.ts';
import { distinctWarnings, warningTitle } from '../../base/warning.ts';
import { crashesIn, failsForCrash } from '../../deploy/report/crash.ts';
import { driftIn, failsForDrift, resultOf } from '../../deploy/report/drift.ts';
import { type Report, reportedTargets, type TargetReport } from '../../deploy/report/report.ts';
import { describeWorkload } from '../../targets/target.ts';
import { ROLE_ADVICE } from '../verdict/missing-permissions.ts';
import {
  groupProblems,
  KIND_TITLES,
  type KindGroup,
  type ProblemEntry,
  reportedProblems,
} from '../verdict/problem-groups.ts';
import { countOf, plain } from '../verdict/text.ts';
import { judge, type Verdict } from '../verdict/verdict.ts';
import { meaningOf, sentences, unreadySentence } from '../verdict/words.ts';

/** A mark on the run's page. Plain text: GitHub renders no Markdown there. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
  /** What of a file it is about, so that it shows in a pull request's diff; omitted for the run as a whole. */
  readonly at?: FilePosition;
}

/** The runner shows at most this many of a level for one step (actions/toolkit docs/problem-matchers.md). */
const MAX_ERRORS = 10;
const MAX_WARNINGS = 10;
/** The runner cuts longer ones (actions/runner src/Runner.Worker/ExecutionContext.cs). */
const MAX_MESSAGE_CHARACTERS = 4_095;
const MAX_NAMED = 5;
const MAX_LINE_CHARACTERS = 800;
const MAX_SUBJECT_CHARACTERS = 200;

/**
 * One annotation per kind of failure, and one per warning, at most 10 of each. The title says what it is about; the lines say
 * what is wrong and what to do about it, the last line of the first one what this means for the cluster.
 */
export function annotationsOf(report: Report): Annotation[] {
  return [...errorsOf(report), ...unfinishedOf(report), ...warningsOf(report)];
}

/** A plan that `deploy` could not carry out is an error, though making it was a success. */
function errorsOf(report: Report): Annotation[] {
  const all = groupProblems(report);
  if (resultOf(report) !== 'failed' && all.length === 0) return [];
  const verdict = judge(report);
  if (failsForDrift(report)) return [driftAnnotation(report, verdict)];
  if (failsForCrash(report)) return [crashAnnotation(report, verdict)];
  const { headline } = verdict;
  const meaning = meaningOf(verdict);
  if (all.length === 0) return [{ level: 'error', title: headline, message: meaning || headline }];
  const ending = sentences(`${headline}.`, meaning);
  const located = locatedOf(report, all.length);
  const shown = new Set(located.flatMap(({ problems }) => problems));
  const left = report.problems.filter((problem) => !shown.has(problem));
  const groups = located.length === 0 ? all : groupProblems({ ...report, problems: left });
  const room = MAX_ERRORS - located.length;
  const own = groups.length <= room ? groups : groups.slice(0, room - 1);
  const rest = groups.slice(own.length);
  return [
    ...located.map((one, index) => locatedAnnotation(report, one, index === 0 ? ending : '')),
    ...own.map(
      (group, index): Annotation => ({
        level: 'error',
        title: titleOf(group),
        message: lines(bodyOf(group), index === 0 && located.length === 0 ? ending : ''),
        ...defined({ at: placeOf({ ...report, problems: left }, group) }),
      }),
    ),
    ...(rest.length === 0
      ? []
      : [
          {
            level: 'error' as const,
            title: `${countOf(rest.length, 'more kind')} of problems`,
            message: lines(rest.map(titleOf), 'The job summary says what to do.'),
          },
        ]),
  ];
}

function driftAnnotation(report: Report, verdict: Verdict): Annotation {
  const drifted = driftIn(report).map(({ ref, changes }) => `${describeWorkload(ref)}: ${someOf(changes, MAX_NAMED)}.`);
  return { level: 'error', title: verdict.headline, message: lines(drifted, meaningOf(verdict)) };
}

function crashAnnotation(report: Report, verdict: Verdict): Annotation {
  const crashed = crashesIn(report).map(({ ref, what }) => `${describeWorkload(ref)}: ${what}.`);
  return { level: 'error', title: verdict.headline, message: lines(crashed, meaningOf(verdict)) };
}

/** What is wrong at a place: one problem, or what one value does to many workloads. */
interface Located {
  readonly problems: readonly [Problem, ...Problem[]];
  readonly at: FilePosition;
}

/** What of a report stands in files of the workspace, as far as there is room beside the `kinds` of what is left. */
function locatedOf(report: Report, kinds: number): Located[] {
  const { problems } = report;
  const byPlace = new Map<string, { problems: [Problem, ...Problem[]]; at: FilePosition }>();
  for (const problem of problems) {
    const { kind, at, remedy } = problem;
    if (at === undefined) continue;
    const key = dataKey([kind, at, remedy]);
    const there = byPlace.get(key);
    if (there === undefined) byPlace.set(key, { problems: [problem], at });
    else there.problems.push(problem);
  }
  const placeless = groupProblems({ ...report, problems: problems.filter(({ at }) => at === undefined) });
  const fits = byPlace.size + placeless.length <= MAX_ERRORS;
  return [...byPlace.values()].slice(0, fits ? byPlace.size : Math.max(0, MAX_ERRORS - kinds));
}

function locatedAnnotation(report: Report, { problems, at }: Located, ending: string): Annotation {
  const [{ kind, subject, message, form, remedy }, ...others] = problems;
  if (others.length > 0) {
    const groups = groupProblems({ ...report, problems });
    const title = groups.map(titleOf).join();
    return { level: 'error', title, message: lines(groups.flatMap(bodyOf), ending), at };
  }
  const where = withoutPosition(subject ?? '', at) || at.file;
  const statement = statementOf(
    { message, subjects: [where], ...defined({ form: subject === undefined ? 'sentence' : form }) },
    true,
  );
  const body = remedy === undefined ? statement : `${sentence(statement)} ${plain(remedy, MAX_LINE_CHARACTERS)}`;
  const title = `${KIND_TITLES[kind]}: ${plain(where, MAX_SUBJECT_CHARACTERS)}`;
  return { level: 'error', title, message: lines([body], ending), at };
}

/** What a problem is about, without the place, which the annotation shows itself. */
function withoutPosition(subject: string, at: FilePosition): string {
  const place = describePosition(at);
  return [` (${place})`, `${place}: `, place].reduce((text, form) => text.replace(form, ''), subject);
}

/** Returns the one place where all problems of a kind are written; `undefined` if there are several or none. */
function placeOf(report: Report, { kind }: KindGroup): FilePosition | undefined {
  const [first, ...others] = reportedProblems(report).filter((problem) => problem.kind === kind);
  return others.every(({ at }) => sameJson(at, first?.at)) ? first?.at : undefined;
}

/** `Input timeout`, `Rollout: Deployment shop/reviews`, `Permissions: 5 problems`. */
function titleOf(group: KindGroup): string {
  const title = KIND_TITLES[group.kind];
  if (group.count > 1) return `${title}: ${thousands(group.count)} problems`;
  const subject = subjectOf(group);
  if (subject === undefined) return title;
  const named = plain(subject, MAX_SUBJECT_CHARACTERS);
  return group.kind === 'input' ? `Input ${named.replace(/^input /, '')}` : `${title}: ${named}`;
}

/** Returns the one thing that a group is about, `undefined` if there are several or none. */
function subjectOf({ remedies }: KindGroup): string | undefined {
  const subjects = new Set(remedies.flatMap(({ entries }) => entries.flatMap((entry) => entry.subjects)));
  return subjects.size === 1 ? [...subjects][0] : undefined;
}

/** What is wrong, and behind it what to do; a remedy for several things stands below them. */
function bodyOf(group: KindGroup): string[] {
  const isInTitle = group.count <= 1;
  return group.remedies.flatMap(({ entries, remedy = '', role, first = '' }) => {
    const statements = entries.map((entry) => statementOf(entry, isInTitle));
    const advice = plain(sentences(first, role === undefined ? '' : ROLE_ADVICE, remedy), MAX_LINE_CHARACTERS);
    if (advice === '') return statements;
    const [only, ...others] = statements;
    return only !== undefined && others.length === 0 ? [`${sentence(only)} ${advice}`] : [...statements, `→ ${advice}`];
  });
}

/** Subject and fault: `timeout is "5 minuets", which is no duration.` A sentence of its own stands alone below a title that names its subject. */
function statementOf({ message, form, items, subjects }: ProblemEntry, isInTitle: boolean): string {
  const fault = plain(
    items === undefined ? message : `${message} ${someOf(items, MAX_LISTED, '; ')}`,
    MAX_LINE_CHARACTERS,
  );
  const names = subjects.map((subject) => plain(subject, MAX_SUBJECT_CHARACTERS));
  const [first] = names;
  if (first === undefined || (isInTitle && form === 'sentence')) return fault;
  if (names.length > 1) return `${several(names)}: ${fault}`;
  return `${first}${joint(form)}${fault}`;
}

/** `Deployments shop/a and shop/b`, `Deployment shop/a and StatefulSet shop/b`, the first of many. */
function several(names: readonly string[]): string {
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const workloads = names.map((name) => /^([A-Z]\w+) ([^\s/]+\/[^\s/]+)$/.exec(name));
  const [kind, ...others] = new Set(workloads.map((match) => match?.[1]));
  if (kind === undefined || others.length > 0) return listWords(names, 'and', MAX_NAMED);
  return `${kind}s ${listWords(
    workloads.map((match) => match?.[2] ?? ''),
    'and',
    MAX_NAMED,
  )}`;
}

/** No failure, but who looks for this run's revision has to know: another one is there, or not on all pods yet. */
function unfinishedOf(report: Report): Annotation[] {
  if (report.outcome !== 'superseded' && report.outcome !== 'waiting') return [];
  const verdict = judge(report);
  return [{ level: 'warning', title: verdict.headline, message: meaningOf(verdict) }];
}

/** What the run warns of, each told once: its own result where that is not all that was wanted, then what it has noticed. */
function warningsOf(report: Report): Annotation[] {
  const said = distinctWarnings(report.warnings).map((warning): Annotation => {
    return {
      level: 'warning',
      title: plain(warningTitle(warning), MAX_SUBJECT_CHARACTERS),
      message: lines([warning.text]),
    };
  });
  const results = resultWarnings(report);
  const room = MAX_WARNINGS - results.length - unfinishedOf(report).length;
  if (said.length <= room) return [...results, ...said];
  const shown = said.slice(0, room - 1);
  const rest = said.slice(shown.length);
  const title = `${countOf(rest.length, 'more warning')}`;
  return [...results, ...shown, { level: 'warning', title, message: lines(rest.map(({ message }) => message)) }];
}

/** A run that failed says so by its errors. */
function resultWarnings(report: Report): Annotation[] {
  if (resultOf(report) === 'failed') return [];
  const verdict = judge(report);
  const targets = reportedTargets(report).filter(({ outcome }) => outcome !== 'untouched' && outcome !== 'superseded');
  const unready = targets.filter((target) => target.unready !== undefined);
  // Without a reason, nobody asked for more.
  const unseen = targets.filter(({ verification }) => verification?.level === 'ready' && verification.weakness);
  const warning = (title: string, message: readonly string[], of: readonly TargetReport[]): Annotation[] => {
    const names = of.map(({ ref }) => plain(describeWorkload(ref), MAX_SUBJECT_CHARACTERS));
    return names.length === 0
      ? []
      : [{ level: 'warning', title: `${title}: ${several(names)}`, message: lines(message) }];
  };
  const own = [
    ...warning('Not ready, as before, and not verified', [unreadySentence(unready)], unready),
    ...warning('Proxies not inspected', [weaknessesOf(unseen), verdict.headline], unseen),
  ];
  if (own.length > 0 || verdict.icon !== '⚠️') return own;
  return [{ level: 'warning', title: verdict.headline, message: lines([meaningOf(verdict) || verdict.headline]) }];
}

/** Why proxies were not inspected, each reason once. */
function weaknessesOf(targets: readonly TargetReport[]): string {
  const reasons = [...new Set(targets.flatMap(({ verification }) => verification?.weakness ?? []))];
  const all = someOf(reasons, MAX_NAMED, '; ');
  return sentence(`${all.charAt(0).toUpperCase()}${all.slice(1)}`);
}

/** As many whole lines as there is room for, a note of those left out, and the ending. */
function lines(body: readonly string[], ending = ''): string {
  const tail = ending === '' ? '' : `\n${plain(ending, 600)}`;
  const room = MAX_MESSAGE_CHARACTERS - tail.length - '\n… and 1,000,000 more'.length;
  const shown: string[] = [];
  let used = 0;
  for (const [index, line] of body.entries()) {
    const clean = plain(line, 2 * MAX_LINE_CHARACTERS + 1);
    if (used + clean.length + 1 > room) {
      shown.push(`… and ${thousands(body.length - index)} more`);
      break;
    }
    shown.push(clean);
    used += clean.length + 1;
  }
  return `${shown.join('\n')}${tail}`;
}
