import { describePosition, describeProblem } from '../../base/problem.ts';
import { someOf } from '../../base/text.ts';
import { visible } from '../../base/visible.ts';
import type { Report } from '../../deploy/report/report.ts';
import { isPassed, type TestedFilter, type TestOutcome, type TestRun } from '../../deploy/test-report.ts';
import { reportedProblems } from '../verdict/problem-groups.ts';
import { plain } from '../verdict/text.ts';
import type { Verdict } from '../verdict/words.ts';

/** One suite, and what it adds to the whole. */
interface Suite {
  readonly xml: string;
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly seconds: number;
}

const MAX_NAME = 300;
const MAX_MESSAGE = 1_000;
/** Characters of one text. Of all of them together there are some more at most, however many tests do not pass with every version. */
const MAX_TEXT = 20_000;
const MIN_TEXT = 500;
const MAX_TEXTS = 32_000_000;
/** A test that did not pass has what is wrong, and the output of its filter. */
const TEXTS_OF_A_TEST = 2;

/**
 * Returns the results of tests as XML in the form of JUnit that Jenkins and others read
 * (https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd): a
 * suite for each filter and version of proxies. A run that failed without a test that says why has a suite of its own, so that nobody takes
 * it for one without faults.
 */
export function junitXml(report: Report, { headline, sentence }: Pick<Verdict, 'headline' | 'sentence'>): string {
  const { tests = [], command, outcome, started } = report;
  const most = longestText(tests);
  const suites = tests.flatMap((tested) => suitesOf(tested, started, most));
  const isTold = tests.some(({ runs }) => runs.some((run) => !run.tests.every(isPassed)));
  const isFaulty = outcome === 'failed' && !isTold && (command === 'check' || tests.length === 0);
  const all = isFaulty ? [...suites, runSuite(report, headline, sentence)] : suites;
  const sum = (key: 'tests' | 'failures' | 'errors' | 'seconds'): number =>
    all.reduce((total, one) => total + one[key], 0);
  const totals = attributes({
    name: 'deploy-wasm-filter',
    tests: sum('tests'),
    failures: sum('failures'),
    errors: sum('errors'),
    time: formatSeconds(sum('seconds')),
  });
  const body = all.map(({ xml }) => xml).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${totals}>\n${body}</testsuites>\n`;
}

/** Characters that each text of a test can have. */
function longestText(tests: readonly TestedFilter[]): number {
  const failed = tests
    .flatMap(({ runs }) => runs)
    .reduce((sum, run) => sum + run.tests.filter((one) => !isPassed(one)).length * Math.max(1, run.proxies.length), 0);
  const share = Math.floor(MAX_TEXTS / (failed * TEXTS_OF_A_TEST));
  return Math.min(MAX_TEXT, Math.max(MIN_TEXT, share));
}

function suitesOf({ filter, runs }: TestedFilter, started: string, most: number): Suite[] {
  return runs.flatMap((run) => {
    const versions = run.proxies.length === 0 ? [undefined] : run.proxies;
    return versions.map((version) => suiteOf(filter, version, run, started, most));
  });
}

function suiteOf(
  filter: string,
  version: string | undefined,
  { tests, durationMs }: TestRun,
  started: string,
  most: number,
): Suite {
  const name =
    version === undefined ? filter : `${filter} ${version.startsWith('envoy/') ? version : `istio/${version}`}`;
  const failures = tests.filter(({ state }) => state === 'failed').length;
  const errors = tests.filter(({ state }) => state === 'stopped' || state === 'inconclusive').length;
  const seconds = durationMs / 1_000;
  const each = tests.length === 0 ? 0 : seconds / tests.length;
  return suite(
    { name, tests: tests.length, failures, errors, seconds },
    started,
    tests.map((one) => testCase(one, name, each, most)).join(''),
  );
}

/** What keeps a run from its tests, or has failed beside them, with each problem in a line of its own. */
function runSuite(report: Report, headline: string, sentence: string): Suite {
  const { command, started } = report;
  const problems = reportedProblems(report).map(describeProblem);
  const content = [sentence, ...problems].filter((line) => line !== '').join('\n');
  const name = `command: ${command}`;
  const error = element('error', { message: plain(headline, MAX_MESSAGE), type: 'run' }, content);
  const xml = `    <testcase${attributes({ name: 'the run', classname: name, time: '0.000' })}>\n${error}    </testcase>\n`;
  return suite({ name, tests: 1, failures: 0, errors: 1, seconds: 0 }, started, xml);
}

function suite(
  { name, seconds, ...counts }: Omit<Suite, 'xml'> & { readonly name: string },
  started: string,
  cases: string,
): Suite {
  // https://www.w3.org/TR/xmlschema-2/#dateTime, without fractions and zone, as JUnit's own reports have it.
  const timestamp = started.replace(/(?:\.\d+)?Z?$/, '');
  const of = attributes({
    name: plain(name, MAX_NAME),
    ...counts,
    skipped: 0,
    time: formatSeconds(seconds),
    timestamp,
  });
  return { xml: `  <testsuite${of}>\n${cases}  </testsuite>\n`, seconds, ...counts };
}

function testCase(outcome: TestOutcome, classname: string, seconds: number, most: number): string {
  const of = attributes({ name: plain(outcome.name, MAX_NAME), classname, time: formatSeconds(seconds) });
  const said = saidOf(outcome, most);
  return said === '' ? `    <testcase${of}/>\n` : `    <testcase${of}>\n${said}    </testcase>\n`;
}

function saidOf(outcome: TestOutcome, most: number): string {
  const { place, log, trace } = outcome;
  const where = place.at === undefined ? place.subject : describePosition(place.at);
  const output = [...log, ...(trace.length === 0 ? [] : ['', 'Calls of the host:', ...trace])].join('\n');
  const said = isPassed(outcome) || output === '' ? '' : element('system-out', {}, output, most);
  switch (outcome.state) {
    case 'passed':
      return '';
    case 'failed': {
      const lines = outcome.differences.map(
        ({ where: what, expected, got }) => `${what}\n- ${expected}\n+ ${got ?? '(nothing)'}`,
      );
      const message = someOf(outcome.differences.map(({ where: what }) => what));
      return `${element('failure', { message: plain(message, MAX_MESSAGE), type: 'failed' }, [where, ...lines].join('\n'), most)}${said}`;
    }
    case 'stopped':
      return `${element('error', { message: plain(outcome.why, MAX_MESSAGE), type: 'stopped' }, `${where}\n${outcome.why}`, most)}${said}`;
    case 'inconclusive': {
      const why = someOf(outcome.why);
      return `${element('error', { message: plain(`the filter asked for what the test does not give: ${why}`, MAX_MESSAGE), type: 'inconclusive' }, `${where}\n${why}`, most)}${said}`;
    }
  }
}

function element(name: string, of: Readonly<Record<string, string>>, content: string, most = MAX_TEXT): string {
  const cut = content.length > most ? `${content.slice(0, most)}…` : content;
  return `      <${name}${attributes(of)}>${escapeXml(cut)}</${name}>\n`;
}

function attributes(of: Readonly<Record<string, string | number>>): string {
  return Object.entries(of)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
};

/**
 * Text for XML 1.0. What that has no way to write (https://www.w3.org/TR/xml/#charsets) is shown as on the page, hidden characters with it;
 * halves of characters and the two that are none become U+FFFD.
 */
function escapeXml(text: string): string {
  return visible(text.replace(/\r\n?/g, '\n'))
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"\t]/g, (one) => ENTITIES[one] ?? one);
}

function formatSeconds(seconds: number): string {
  return seconds.toFixed(3);
}
