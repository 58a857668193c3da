import { testProblems } from '../../../src/deploy/preflight/filter-tests.ts';
import type { CheckedFilter, CheckResult } from '../../../src/deploy/report/check-report.ts';
import type { Report } from '../../../src/deploy/report/report.ts';
import { isPassed, type TestedFilter, type TestOutcome } from '../../../src/deploy/test-report.ts';
import { isKnownProxy } from '../../../src/filter/compatibility/known-proxies.ts';
import {
  formatProxyVersion,
  type ProxyVersion,
  parseProxyVersion,
} from '../../../src/filter/compatibility/proxy-version.ts';
import type { TestDifference } from '../../../src/filter/tests/filter-test.ts';
import { filter, report } from './report-builder.ts';

/** A test and what it has come to, once its line is known. */
interface Says {
  readonly outcome: (line: number) => TestOutcome;
}

function placeOf(line: number): TestOutcome['place'] {
  const at = { file: 'filters/tests/shop.yaml', line, column: 3 };
  return { subject: `filters/tests/shop.yaml:${line}:3: [${line}]`, at };
}

const LOG = ['info: root context created', 'warn: no user, so nothing is added'];
const TRACE = [
  'proxy_log: Ok',
  'proxy_get_header_map_value(0, x-user): NotFound',
  'proxy_add_header_map_value(2, x-shop): Ok',
];

const passes = (name: string): Says => ({
  outcome: (line) => ({ name, place: placeOf(line), log: [], trace: [], state: 'passed' }),
});
const fails = (name: string, ...differences: readonly TestDifference[]): Says => ({
  outcome: (line) => ({ name, place: placeOf(line), log: LOG, trace: TRACE, state: 'failed', differences }),
});
const stops = (name: string, why: string): Says => ({
  outcome: (line) => ({ name, place: placeOf(line), log: LOG, trace: TRACE, state: 'stopped', why }),
});
const unclear = (name: string, ...why: readonly string[]): Says => ({
  outcome: (line) => ({ name, place: placeOf(line), log: [], trace: TRACE, state: 'inconclusive', why }),
});

interface Run {
  readonly proxies: readonly string[];
  readonly tests: readonly Says[];
}

interface Ran {
  readonly proxies: readonly ProxyVersion[];
  readonly tests: readonly TestOutcome[];
}

function ranOf(runs: readonly Run[]): Ran[] {
  return runs.map(({ proxies, tests }) => ({
    proxies: proxies.flatMap((name) => parseProxyVersion(name) ?? []),
    tests: tests.map(({ outcome }, index) => outcome(1 + 8 * index)),
  }));
}

function testedOf(name: string, ran: readonly Ran[]): TestedFilter {
  return {
    filter: name,
    runs: ran.map(({ proxies, tests }) => ({ proxies: proxies.map(formatProxyVersion), durationMs: 120, tests })),
  };
}

function checkedOf(name: string, ran: readonly Ran[]): CheckedFilter {
  const all = ran.flatMap(({ proxies, tests }) => proxies.map((proxy) => ({ proxy, tests })));
  const passed = all.map((): CheckResult => 'passed');
  const names = ran[0]?.tests.map((one) => one.name) ?? [];
  return {
    name,
    state: 'checked',
    settings: 1,
    results: {
      inputs: passed,
      module: passed,
      'host-functions': passed,
      settings: passed,
      trial: passed,
      tests: names.length === 0 ? [] : all.map(({ tests }) => (tests.every(isPassed) ? 'passed' : 'failed')),
    },
    tests: names.map((test, index) => ({
      name: test,
      results: all.map(({ tests }) => tests[index]?.state ?? 'not-run'),
    })),
  };
}

/** What `check` has found of the tests of filters; for the versions that the first of them has. */
function tested(filters: Readonly<Record<string, readonly Run[]>>): Report {
  const all = Object.entries(filters).map(([name, runs]) => ({ name, ran: ranOf(runs) }));
  const proxies = all[0]?.ran.flatMap((one) => one.proxies) ?? [];
  return report({
    command: 'check',
    clusters: [],
    requests: { reads: 0, writes: 0 },
    durationMs: 1_400,
    filters: all.map(({ name }) => filter({ name })),
    problems: all.flatMap(({ name, ran }) => testProblems(name, ran, Object.keys(filters))),
    tests: all
      .filter(({ ran }) => ran.some(({ tests }) => tests.length > 0))
      .map(({ name, ran }) => testedOf(name, ran)),
    junitFile: 'junit.xml',
    checked: {
      state: 'checked',
      stated: true,
      proxies: proxies.map((proxy) => ({ ...proxy, name: formatProxyVersion(proxy), known: isKnownProxy(proxy) })),
      filters: all.map(({ name, ran }) => checkedOf(name, ran)),
    },
  });
}

const GOOD = ['adds the header', 'leaves other paths alone', 'asks who the user is', 'logs the order'].map(passes);
const CLOSED = fails(
  'closes after the third',
  { where: 'response.status', expected: '429', got: '200' },
  { where: 'response.headers.retry-after', expected: 'any value', got: undefined },
);
const BODY = fails('writes the page anew', {
  where: 'response.body',
  expected: '<html>\n  <body>open</body>\n</html>',
  got: '<html>\n  <body>closed</body>\n</html>',
});
// biome-ignore lint/suspicious/noTemplateCurlyInString: an expression that nobody may evaluate.
const HOSTILE = '</summary><b>`|x|` ${{ secrets.A }}\u202e\u001b[31m @octocat #12 [a](https://evil.example)';

/** Runs of tests, each a page. */
export const TEST_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'tests-passed': () => tested({ 'add-header': [{ proxies: ['1.28', '1.31'], tests: GOOD }] }),

  'tests-failed-in-matrix': () =>
    tested({
      'add-header': [
        {
          proxies: ['1.27', '1.28'],
          tests: [...GOOD, CLOSED, BODY, stops('takes any body', 'proxy_on_request_body ended in "unreachable"')],
        },
        {
          proxies: ['1.30', '1.31'],
          tests: [...GOOD, CLOSED, passes('writes the page anew'), passes('takes any body')],
        },
      ],
    }),

  'tests-inconclusive': () =>
    tested({
      'add-header': [
        {
          proxies: ['1.31'],
          tests: [
            ...GOOD,
            unclear('compresses the page', 'the foreign function compress', 'the property node.metadata.OWNER'),
          ],
        },
      ],
    }),

  'tests-many': () =>
    tested({
      limits: [
        {
          proxies: ['1.30', '1.31', '1.32'],
          tests: Array.from({ length: 40 }, (_, index) =>
            fails(`refuses request ${index + 1}`, { where: 'response.status', expected: '429', got: '200' }),
          ),
        },
      ],
      'add-header': [
        {
          proxies: ['1.30', '1.31', '1.32'],
          tests: Array.from({ length: 60 }, (_, index) => passes(`adds header ${index + 1}`)),
        },
      ],
      plain: [{ proxies: ['1.30', '1.31', '1.32'], tests: [] }],
    }),

  'tests-hostile': () =>
    tested({
      'add-header': [
        {
          proxies: ['1.31'],
          tests: [
            fails(HOSTILE, {
              where: `response.headers.${HOSTILE}`,
              expected: `${HOSTILE}\n\`\`\`\`\n# x`,
              got: '\0\u{d800}]]>&lt;',
            }),
            stops('stops', HOSTILE),
            unclear('unclear', HOSTILE),
          ],
        },
      ],
    }),

  'tests-deploy-refused': () => {
    const ran = ranOf([{ proxies: ['1.28', '1.31'], tests: [...GOOD, CLOSED] }]);
    return report({
      command: 'deploy',
      filters: [filter({ name: 'add-header' })],
      problems: testProblems('add-header', ran, ['add-header']),
      tests: [testedOf('add-header', ran)],
      targets: [],
    });
  },

  'tests-plan-refused': () => {
    const ran = ranOf([{ proxies: [], tests: [...GOOD, BODY] }]);
    return report({
      command: 'plan',
      filters: [filter({ name: 'add-header' })],
      problems: testProblems('add-header', ran, ['add-header']),
      tests: [testedOf('add-header', ran)],
    });
  },
};
