import { dataKey } from '../../../base/json.ts';
import { describePosition } from '../../../base/problem.ts';
import { listWords, thousands, truncate } from '../../../base/text.ts';
import type { Report } from '../../../deploy/report/report.ts';
import { countTests, failedTestsWords, isPassed, type TestOutcome } from '../../../deploy/test-report.ts';
import { parseProxyVersion } from '../../../filter/compatibility/proxy-version.ts';
import { versionWords } from '../../verdict/checked-columns.ts';
import { countOf, plain } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, code, details, fence, text } from './markdown.ts';

/** Filters whose tests are told beside the time of the run. */
const MAX_FACTS = 3;
/** Tests that are shown with all that is known of them; nobody reads more in one place. */
const MAX_SHOWN = 20;
/** Those that stand open. */
const MAX_OPEN = 3;
const MAX_DIFFERENCES = 20;
const MAX_VALUE_LINES = 10;
const MAX_LINES = 20;
const MAX_LINE_CHARACTERS = 300;

/** A test that lets a filter not pass, and the versions for which it came to the same. */
interface FailedTest {
  readonly filter: string;
  readonly outcome: TestOutcome;
  readonly proxies: readonly string[];
}

/** Returns what tests have come to in a few words, one for each filter; none where all is said elsewhere. */
export function testFacts({ tests = [] }: Report): string[] {
  const facts = tests.map((tested) => {
    const who = tests.length > 1 ? `${tested.filter}: ` : '';
    return `${who}${failedTestsWords(tested) ?? `${countOf(countTests(tested).tests, 'test')} passed`}`;
  });
  if (facts.length <= MAX_FACTS) return facts;
  const failed = tests.filter((tested) => failedTestsWords(tested) !== undefined).length;
  return [
    failed === 0
      ? `the tests of ${countOf(tests.length, 'filter')} passed`
      : `tests of ${countOf(failed, 'filter')} failed`,
  ];
}

/** The tests that failed or say nothing: expected and got as a difference, the filter's log, and its calls of the host. */
export function renderTests({ tests = [] }: Report, limits: Limits): string {
  const failed = tests.flatMap(({ filter, runs }) => {
    const all = runs.flatMap((run) =>
      run.tests
        .filter((one) => !isPassed(one))
        .map((outcome): FailedTest => ({ filter, outcome, proxies: run.proxies })),
    );
    // What differs in its calls of the host alone is told once.
    const alike = Map.groupBy(all, ({ outcome: { log: _, trace: __, ...said } }) => dataKey(said));
    return [...alike.values()].flatMap((those) => {
      const [first] = those;
      return first === undefined ? [] : [{ ...first, proxies: those.flatMap(({ proxies }) => proxies) }];
    });
  });
  if (failed.length === 0) return '';
  const shown = failed.slice(0, Math.min(MAX_SHOWN, limits.items));
  const left = failed.length - shown.length;
  return blocks(
    '### Tests that did not pass',
    shown.map((one, index) => renderTest(one, index < MAX_OPEN, limits)),
    left > 0 ? `… and ${thousands(left)} more.` : '',
  );
}

function renderTest({ filter, outcome, proxies }: FailedTest, open: boolean, limits: Limits): string {
  const { name, place, log, trace } = outcome;
  const where = place.at === undefined ? '' : ` · ${code(describePosition(place.at), limits.name)}`;
  const versions = versionWords(proxies.flatMap((one) => parseProxyVersion(one) ?? []));
  const of = `${code(filter, limits.name)}${versions === '' ? '' : `, ${text(versions)}`}`;
  return details(
    `<b>${text(name, limits.name)}</b> (${of})${where}`,
    blocks(
      faultOf(outcome, limits),
      limits.diagnosisLines === 0 ? '' : lines('Log of the filter', log),
      limits.diagnosisLines === 0 ? '' : lines('Its calls of the host', trace),
    ),
    open,
  );
}

function faultOf(outcome: TestOutcome, limits: Limits): string {
  switch (outcome.state) {
    case 'passed':
      return '';
    case 'stopped':
      return `The filter stopped: ${text(outcome.why, limits.message)}`;
    case 'inconclusive': {
      const why = outcome.why.map((one) => text(one, limits.message));
      return `Inconclusive; the filter asked for what the test does not give: ${listWords(why, 'and')}.`;
    }
    case 'failed': {
      if (limits.diffLines === 0) return '';
      const { differences } = outcome;
      const shown = differences
        .slice(0, MAX_DIFFERENCES)
        .flatMap(({ where, expected, got }) => [
          `  ${plain(where, MAX_LINE_CHARACTERS)}`,
          ...signed('-', expected),
          ...(got === undefined ? ['+ (nothing)'] : signed('+', got)),
        ]);
      const left = differences.length - MAX_DIFFERENCES;
      const more = left > 0 ? [`  … and ${countOf(left, 'more difference')}`] : [];
      return blocks(
        'Expected (<code>-</code>) and got (<code>+</code>):',
        fence([...shown, ...more].join('\n'), 'diff'),
      );
    }
  }
}

/** The lines of a value, each behind a sign. */
function signed(sign: '+' | '-', value: string): string[] {
  if (value === '') return [`${sign} (empty)`];
  const all = value.split('\n', MAX_VALUE_LINES + 1);
  const shown = all.slice(0, MAX_VALUE_LINES).map((line) => `${sign} ${truncate(line, MAX_LINE_CHARACTERS)}`);
  return all.length > MAX_VALUE_LINES ? [...shown, `${sign} …`] : shown;
}

/** The last of some lines; empty where there are none. */
function lines(title: string, all: readonly string[]): string {
  if (all.length === 0) return '';
  const shown = all.slice(-MAX_LINES).map((line) => plain(line, MAX_LINE_CHARACTERS));
  const left = all.length - shown.length;
  const before = left > 0 ? [`… ${countOf(left, 'line')} before`] : [];
  return blocks(`${title}:`, fence([...before, ...shown].join('\n'), 'text'));
}
