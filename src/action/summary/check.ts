import { listWords, MAX_LISTED, someOf, thousands } from '../../base/text.ts';
import {
  type CheckedFilter,
  type CheckedTest,
  type CheckedTestState,
  type CheckResult,
  checksOf,
  type FoundByCheck,
  isRefused,
  resultsByProxy,
} from '../../deploy/report/check-report.ts';
import type { CheckReport } from '../../deploy/report/report.ts';
import { CHECK_WORDS, type Column, columnsOf, envoyWords, versionWords } from '../verdict/checked-columns.ts';
import { countOf } from '../verdict/text.ts';
import type { Limits } from './parts/limits.ts';
import { blocks, code, table, tableRow, text } from './parts/markdown.ts';
import { type CommandPage, stoppedPage } from './parts/page.ts';
import { renderDetails } from './parts/settings.ts';

const ICONS: Readonly<Record<CheckResult, string>> = { failed: '✘', warned: '⚠️', undecided: '–', passed: '✔' };

const TEST_ICONS: Readonly<Record<CheckedTestState, string>> = {
  passed: '✔',
  failed: '✘',
  stopped: '✘',
  inconclusive: '?',
  'not-run': '–',
};
const INCONCLUSIVE = '? inconclusive, which "deploy" rejects, too';
/** Rows of tests that passed; of one filter nobody reads more. */
const MAX_PASSED_TESTS = 30;

const MEANINGS: Readonly<Record<CheckResult, string>> = {
  failed: '✘ "deploy" rejects it',
  warned: '⚠️ passed, with a warning',
  undecided: '– not checked, or no result',
  passed: '✔ passed',
};

/** The page of `check`: a table of checks and versions. */
export function checkPage(report: CheckReport): CommandPage {
  const { checked } = report;
  const details = (limits: Limits): string => renderDetails(report, [], limits);
  if (checked.state === 'stopped') return stoppedPage(details);
  // A page is made again and again until it fits, and thousands of filters have the same columns each time.
  const columns = columnsOf(checked);
  return {
    problems: 'Failures',
    lead: (limits) => renderMatrix(checked, columns, limits),
    body: (limits) => [details(limits)],
  };
}

/** Failed filters come first, check by check; one that passed everything has a single row, which says so. */
function renderMatrix(found: FoundByCheck, columns: readonly Column[], limits: Limits): string {
  const failed = found.filters.filter(isRefused);
  const others = found.filters.filter((filter) => !isRefused(filter));
  const shown = [...failed.slice(0, limits.failedRows), ...others.slice(0, limits.goodRows)];
  const left = found.filters.length - shown.length;
  const alone = found.filters.length === 1;
  const rows = shown.flatMap((filter) => rowsOf(filter, columns, found, alone, limits));
  const isShort = !alone && shown.some((filter) => passedAll(filter));
  return blocks(
    '### Checks',
    coverage(found),
    rows.length === 0
      ? ''
      : table([alone ? 'Check' : 'Filter', ...columns.map(({ proxies }) => text(versionWords(proxies)))], rows),
    left > 0 ? `… and ${thousands(left)} more.` : '',
    legend(shown, isShort),
  );
}

/** Which proxies these are, where nobody has said so. */
function coverage({ stated, proxies }: FoundByCheck): string {
  if (stated) return '';
  return `Checked for every proxy version that this action knows: ${text(versionWords(proxies))} (${text(envoyWords(proxies))}). To check only those of your mesh, set the input <code>proxies</code>.`;
}

function passedAll({ results, tests }: CheckedFilter): boolean {
  return checksOf({ tests }).every((check) => results[check].every((result) => result === 'passed'));
}

function rowsOf(
  filter: CheckedFilter,
  columns: readonly Column[],
  found: FoundByCheck,
  alone: boolean,
  limits: Limits,
): string[] {
  const cells = (results: readonly CheckResult[]): string[] =>
    columns.map(({ index }) => ICONS[results[index] ?? 'undecided']);
  const named = code(filter.name, limits.name);
  if (filter.state === 'skipped') return [tableRow([`${named}: <code>check</code> is off`, ...cells([])])];
  const several = [
    ...(filter.settings > 1 ? [`, ${thousands(filter.settings)} settings`] : []),
    ...(filter.tests.length > 0 ? [`, ${countOf(filter.tests.length, 'test')}`] : []),
  ].join('');
  const whole = alone ? [] : [tableRow([`<b>${named}</b>${several}`, ...cells(resultsByProxy(filter, found.proxies))])];
  if (!alone && passedAll(filter)) return whole;
  const indent = alone ? '' : '&emsp;';
  return [
    ...whole,
    ...checksOf(filter).map((check) => tableRow([`${indent}${CHECK_WORDS[check]}`, ...cells(filter.results[check])])),
    ...testRows(filter, columns, `${indent}&emsp;`, limits),
  ];
}

/** The tests of a filter, those that did not pass first. */
function testRows({ tests }: CheckedFilter, columns: readonly Column[], indent: string, limits: Limits): string[] {
  const isGood = ({ results }: CheckedTest): boolean => results.every((result) => result === 'passed');
  const failed = tests.filter((test) => !isGood(test));
  const shown = [
    ...failed.slice(0, limits.failedRows),
    ...tests.filter(isGood).slice(0, Math.min(MAX_PASSED_TESTS, limits.goodRows)),
  ];
  const left = tests.length - shown.length;
  const rows = shown.map(({ name, results }) =>
    tableRow([
      `${indent}${text(name, limits.name)}`,
      ...columns.map(({ index }) => TEST_ICONS[results[index] ?? 'not-run']),
    ]),
  );
  return left > 0 ? [...rows, tableRow([`${indent}… and ${thousands(left)} more`, ...columns.map(() => '')])] : rows;
}

/** What the signs mean; a table of nothing but good ones needs that for rows without checks alone. */
function legend(filters: readonly CheckedFilter[], isShort: boolean): string {
  const results = new Set(filters.flatMap((filter) => checksOf(filter).flatMap((check) => filter.results[check])));
  const signs = (Object.keys(MEANINGS) as CheckResult[]).filter((result) => results.has(result));
  const passed = isShort
    ? `${MEANINGS.passed}: ${listWords(
        checksOf({ tests: filters.flatMap(({ tests }) => tests) }).map((check) => CHECK_WORDS[check]),
        'and',
      )}`
    : '';
  const isUnknown = filters.some(({ tests }) => tests.some((test) => test.results.includes('inconclusive')));
  const others = signs.filter((sign) => sign !== 'passed').map((sign) => MEANINGS[sign]);
  return [...others, ...(isUnknown ? [INCONCLUSIVE] : []), ...(passed === '' ? [] : [passed])].join(' · ');
}

/** Names what was checked, for a log: `auth: host functions failed for Istio 1.9 – 1.24`. */
export function checkLines(found: FoundByCheck): string[] {
  return found.filters.map((filter) => {
    if (filter.state === 'skipped') return `${filter.name}: not checked, because of "check: off"`;
    if (passedAll(filter)) return `${filter.name}: passed for ${versionWords(found.proxies)}`;
    const said = checksOf(filter).flatMap((check) =>
      (['failed', 'warned', 'undecided'] as const).flatMap((result) => {
        const proxies = found.proxies.filter((_, index) => filter.results[check][index] === result);
        // What is said of a filter is no matter of versions.
        if (check === 'inputs' && proxies.length > 0) return ['inputs not valid'];
        return proxies.length === 0 ? [] : [`${CHECK_WORDS[check]} ${result} for ${versionWords(proxies)}`];
      }),
    );
    return `${filter.name}: ${someOf(said, MAX_LISTED, '; ')}`;
  });
}
