import { listWords } from '../../base/text.ts';
import { type CheckedFilter, type FoundByCheck, isRefused } from '../../deploy/report/check-report.ts';
import type { CheckReport } from '../../deploy/report/report.ts';
import { proxiesWith, versionWords } from './checked-columns.ts';
import { sharedClause } from './problem-groups.ts';
import { countOf, plain } from './text.ts';
import { filterWords, refusal, sentences, type Verdict } from './words.ts';

const NO_CLUSTER = 'No cluster was contacted.';
const MAX_NAMED = 3;

/** The verdict over `check`. */
export function judgeCheck(report: CheckReport): Verdict {
  const { checked } = report;
  if (report.cancelled)
    return { icon: '🛑', headline: 'Check: cancelled', sentence: `${NO_CLUSTER} Re-run to check all filters.` };
  if (checked.state === 'stopped') return refusal(report, 'Nothing checked', NO_CLUSTER);
  const refused = checked.filters.filter(isRefused);
  if (refused.length > 0) {
    const sentence = sentences(refusalSentence(refused, checked), NO_CLUSTER);
    const [only] = refused;
    if (only !== undefined && checked.filters.length === 1) {
      const headline = partlyWords(only, report, checked);
      if (headline !== undefined) return { icon: '❌', headline, sentence };
      return refusal(report, `${namesOf(refused)} failed the check`, sentence);
    }
    const how = `${refused.length} of ${countOf(checked.filters.length, 'filter')} failed the check`;
    return { icon: '❌', headline: `${how}: ${namesOf(refused)}`, sentence };
  }
  const skipped = checked.filters.filter(({ state }) => state === 'skipped').length;
  if (report.outcome === 'failed') {
    if (skipped === checked.filters.length) {
      return refusal(report, `${filterWords(report, 'Filter')} not checked`, NO_CLUSTER);
    }
    return refusal(report, 'Check failed', sentences('The checks found nothing against the filters.', NO_CLUSTER));
  }
  return {
    icon: '✅',
    headline: `${passedWords(checked)} passed the check for ${versionWords(checked.proxies)}`,
    sentence: sentences(
      skipped === 0
        ? ''
        : `${countOf(skipped, 'filter')} ${skipped === 1 ? 'was' : 'were'} not checked, because of "check: off".`,
      `${NO_CLUSTER} "deploy" checks again, for the proxies that it finds.`,
    ),
  };
}

/** Says for which versions a filter has failed, and for which it has passed; `undefined` if it has failed for all of them. */
function partlyWords(filter: CheckedFilter, report: CheckReport, found: FoundByCheck): string | undefined {
  const failed = proxiesWith(found, filter, 'failed');
  if (failed.length === found.proxies.length) return undefined;
  const good = (['passed', 'warned'] as const).flatMap((result) => proxiesWith(found, filter, result));
  const passed = found.proxies.filter((proxy) => good.includes(proxy));
  const clause = sharedClause(report);
  const why = clause === undefined ? '' : ` (${clause})`;
  const others = passed.length === 0 ? '' : ` and passed it for ${versionWords(passed)}`;
  return `${namesOf([filter])} failed the check for ${versionWords(failed)}${why}${others}`;
}

function passedWords({ filters }: FoundByCheck): string {
  const checked = filters.filter(({ state }) => state === 'checked');
  return checked.length > MAX_NAMED ? countOf(checked.length, 'filter') : namesOf(checked);
}

const namesOf = (filters: readonly CheckedFilter[]): string =>
  listWords(
    filters.map(({ name }) => plain(name, 63)),
    'and',
    MAX_NAMED,
  );

/** For which proxies `deploy` would reject what failed, and how to leave out those that a mesh does not have. */
function refusalSentence(refused: readonly CheckedFilter[], found: FoundByCheck): string {
  const [first, ...others] = refused;
  if (first === undefined) return '';
  const versions = proxiesWith(found, first, 'failed');
  const isAnyway = first.results.inputs.includes('failed');
  const what =
    others.length > 0
      ? '"deploy" would reject them; the table says which checks failed, and for which proxies.'
      : versions.length === found.proxies.length
        ? `"deploy" would reject it for ${found.stated && !isAnyway ? 'each of these proxy versions' : 'every proxy version'}.`
        : `"deploy" would reject it for ${versionWords(versions)}.`;
  const depends = refused.some((filter) => proxiesWith(found, filter, 'failed').length < found.proxies.length);
  return sentences(
    what,
    depends && !found.stated ? 'To check only the versions that your mesh has, set the input "proxies".' : '',
  );
}
