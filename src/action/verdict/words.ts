import { listWords, sentence, thousands } from '../../base/text.ts';
import {
  allRevisions,
  type ChangeReport,
  filtersFound,
  type Report,
  reportedTargets,
  type TargetReport,
} from '../../deploy/report/report.ts';
import { describeWorkload } from '../../targets/target.ts';
import { isIdle, isIdleWithout } from './phase.ts';
import { causeWords } from './problem-groups.ts';
import { countOf, plain } from './text.ts';

/** The result of a run, for a reader who reads one line. Plain text, each one line; a reporter escapes it for its format. */
export interface Verdict {
  readonly icon: string;
  /** Without the icon: `add-header deployed to 12 workloads, verified in 31 proxies`. */
  readonly headline: string;
  /** How many workloads run what, where the headline cannot say it. A page has a list of them instead. */
  readonly tally?: string;
  /** What this means for the cluster, and what has to be done. */
  readonly sentence: string;
}

/** Returns what follows the headline for a reader without the page: the tally, then the sentence. */
export function meaningOf({ tally = '', sentence: meaning }: Verdict): string {
  return sentences(tally, meaning);
}

/** `the cluster`, or `the clusters` of a run in several. */
export function theClusters({ clusters }: Pick<Report, 'clusters'>): string {
  return clusters.length > 1 ? 'the clusters' : 'the cluster';
}

/** ` in 2 clusters`, ` in 2 of 3 clusters` if some were skipped: what follows a count of workloads; empty for a run in one cluster. */
export function inClusters({ clusters }: Pick<Report, 'clusters'>): string {
  if (clusters.length < 2) return '';
  const connected = clusters.filter(({ state }) => state === 'connected').length;
  const all = countOf(clusters.length, 'cluster');
  return connected === clusters.length ? ` in ${all}` : ` in ${thousands(connected)} of ${all}`;
}

/** That a run has written nothing anywhere. */
export function unwritten({ clusters }: Pick<Report, 'clusters'>): string {
  return `Nothing was written to ${theClusters({ clusters })}.`;
}

/** The verdict over a run that ended before its first write; `what` is what was not done: `add-header not deployed`. */
export function refusal(report: Report, what: string, sentence: string): Verdict {
  return { icon: '❌', headline: `${what}: ${causeWords(report)}`, sentence };
}

/** Whether anything was tried in the cluster, also if it was rolled back or an earlier run had done it. */
export function hasActed({ changed, targets }: ChangeReport): boolean {
  return (
    changed ||
    targets.some(({ steps, rollback }) => {
      const states = Object.values(steps);
      return rollback !== undefined || states.includes('done') || steps.rollout === 'failed';
    })
  );
}

/** Whether what runs now has to be told apart from what was wanted. */
export function needsCurrentState(report: ChangeReport): boolean {
  return (
    report.outcome === 'superseded' || report.outcome === 'waiting' || (report.outcome === 'failed' && hasActed(report))
  );
}

/** The names of the filters that a run is about: those that it was given, else those it has met. */
export function filterNames(report: Report): string[] {
  const met = [...reportedTargets(report).flatMap(({ revisions }) => revisions), ...filtersFound(report)].map(
    ({ filter }) => filter,
  );
  const given = report.filters.map(({ name }) => name);
  return [...new Set(given.length > 0 ? given : met)];
}

/** `add-header`, `add-header and auth`, `5 filters`; a run that never got to know a name gives `fallback`. */
export function filterWords(report: Report, fallback = 'deploy-wasm-filter'): string {
  return nameWords(filterNames(report), fallback);
}

/** Those of a run's filters whose revision changes on some of its targets; where none does, all of them. */
export function changingFilters(report: Report, targets: readonly Pick<TargetReport, 'revisions'>[]): string[] {
  const changes = targets.flatMap(({ revisions }) => revisions).filter(({ revision, before }) => revision !== before);
  const changing = new Set(changes.map(({ filter }) => filter));
  const all = filterNames(report);
  const some = all.filter((name) => changing.has(name));
  return some.length > 0 ? some : all;
}

/** `add-header`, `add-header and auth`, `5 filters`; `fallback` for none. */
export function nameWords(names: readonly string[], fallback = 'deploy-wasm-filter'): string {
  if (names.length === 0) return fallback;
  if (names.length > 3) return countOf(names.length, 'filter');
  return listWords(
    names.map((name) => plain(name, 63)),
    'and',
  );
}

/** `it` or `them`, for the filters of a run. */
export function them(report: Report): string {
  return filterNames(report).length > 1 ? 'them' : 'it';
}

/** `revision 4f2a91c07b`, where there is one only. */
export function revisionWords(report: Pick<ChangeReport, 'targets'>): string {
  const revisions = allRevisions(report);
  return revisions.length === 1 ? `revision ${plain(revisions[0] ?? '', 63)}` : 'the new revisions';
}

/** A time of ISO 8601 for a reader: `2026-11-30 10:00 UTC`. */
export function whenWords(time: string): string {
  const [, day, clock] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[:.\d]*Z$/.exec(time) ?? [];
  return day === undefined ? plain(time, 60) : `${day} ${clock} UTC`;
}

/** A verdict that says when the first filter of the run's targets may be removed; `undefined` for never. */
export function withExpiry(expires: string | undefined, verdict: Verdict): Verdict {
  if (expires === undefined) return verdict;
  return {
    ...verdict,
    headline: `${verdict.headline}; expires ${whenWords(expires)}`,
    sentence: sentences(verdict.sentence, 'After that time, "sweep" removes it.'),
  };
}

/** `1 workload`, `12 workloads`. */
export function workloads(n: number): string {
  return countOf(n, 'workload');
}

/** The word for one or for several. */
export function verb(n: number, one: string, many: string): string {
  return n === 1 ? one : many;
}

/** Sentences in a row, without those that say nothing. */
export function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** A clause `12 workloads run it`, or none for none. */
export function clause(n: number, one: string, many: string): string[] {
  return n === 0 ? [] : [`${workloads(n)} ${verb(n, one, many)}`];
}

/** Nothing can be seen where there is no pod, of a filter or of its removal; empty where each workload has one. */
export function idleSentence({ targets }: Pick<ChangeReport, 'targets'>): string {
  const without = (n: number, what: string): string =>
    n === 0 ? '' : `${workloads(n)} ${verb(n, 'has', 'have')} no pods: ${what}`;
  return sentences(
    without(targets.filter(isIdle).length, 'nothing runs there, and nothing was verified.'),
    without(targets.filter(isIdleWithout).length, 'only the pod template had the filter there.'),
  );
}

/** Which workloads are as little ready as before the run, and why; empty for none. */
export function unreadySentence(targets: readonly TargetReport[]): string {
  const [first] = targets;
  if (first?.unready === undefined) return '';
  const more = targets.length > 1 ? ` (and ${countOf(targets.length - 1, 'more workload')})` : '';
  return `${plain(describeWorkload(first.ref), 260)}${more}: ${plain(sentence(first.unready), 500)}`;
}
