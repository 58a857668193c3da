import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { checkRevisions, type TrialContext } from '../../../../src/deploy/preflight/revision-checks.ts';
import type { FilterRequest } from '../../../../src/deploy/request.ts';
import { type RunTests, TestRuns } from '../../../../src/deploy/test-runs.ts';
import { KNOWN_PROXIES } from '../../../../src/filter/compatibility/known-proxies.ts';
import { parseProxyVersion } from '../../../../src/filter/compatibility/proxy-version.ts';
import { checkModule } from '../../../../src/filter/module/module.ts';
import type { FilterTest, TestResult } from '../../../../src/filter/tests/filter-test.ts';
import type { WrittenTest } from '../../../../src/filter/tests/written-test.ts';
import { makeRevision } from '../../../../src/mesh/identity/revision.ts';
import { misread } from '../../../harness/reading.ts';
import { filterRequest, must } from '../../builders.ts';
import { assemble, importing, LEAST } from '../../filter/wat.ts';

const MODULE = must(checkModule(assemble(LEAST), 'f'));
const TEST: FilterTest = { name: 'a', settings: {}, properties: {}, start: { kind: 'accepted', steps: [] } };

const written = (name: string, line: number): WrittenTest => ({
  test: { ...TEST, name },
  place: { subject: `tests.yaml:${line}:3: [0]`, at: { file: 'tests.yaml', line, column: 3 } },
});

type Says = Partial<TestResult> & Pick<TestResult, 'state'>;

/** A runner that says the same of each test, by the minor version of Envoy, and how it was called. */
function runner(says: (envoy: number | undefined) => Says): {
  readonly tests: TestRuns;
  readonly asked: (number | undefined)[];
} {
  const asked: (number | undefined)[] = [];
  const run: RunTests = async ({ envoy }, tests) => {
    asked.push(envoy);
    return tests.map(({ name }) => ({ name, log: [], trace: [], ...says(envoy) }) as TestResult);
  };
  return { tests: new TestRuns(run, () => 0, new AbortController().signal), asked };
}

const context = (tests: TestRuns): TrialContext => ({ log: silentLog, signal: new AbortController().signal, tests });

const filterWith = (tests: readonly WrittenTest[], more: Partial<FilterRequest> = {}): FilterRequest => ({
  ...filterRequest('- deployment/reviews', { name: 'f', module: MODULE, ...more }),
  tests,
});

const check = (filters: readonly FilterRequest[], tests: TestRuns, proxies = KNOWN_PROXIES) =>
  checkRevisions(
    filters.map(({ name, module, settings }) => makeRevision(name, module, settings)),
    proxies,
    context(tests),
    filters,
  );

test('tests run once for each kind of Envoy, and are true of all proxies', async () => {
  const { tests, asked } = runner(() => ({ state: 'passed' }));
  const { problems, judgements } = await check([filterWith([written('a', 1)])], tests);
  expect(problems).toEqual([]);
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.length).toBeLessThan(KNOWN_PROXIES.length);
  const passed = judgements.filter((one) => one.check === 'tests');
  expect(passed.flatMap(({ proxies }) => proxies)).toHaveLength(KNOWN_PROXIES.length);
  expect(tests.tested).toEqual([expect.objectContaining({ filter: 'f' })]);
});

test('a filter without tests runs none', async () => {
  const { tests, asked } = runner(() => ({ state: 'passed' }));
  const { judgements } = await check([filterWith([])], tests);
  expect([asked, judgements.filter((one) => one.check === 'tests')]).toEqual([[], []]);
});

test('what a proxy does not take is not tested for it', async () => {
  const { tests, asked } = runner(() => ({ state: 'passed' }));
  const newer = must(checkModule(assemble(importing('wasi_snapshot_preview1', 'fd_sync', 'i32') + LEAST), 'f'));
  const proxies = ['1.28', '1.31'].flatMap((name) => parseProxyVersion(name) ?? []);
  await check([filterWith([written('a', 1)], { module: newer })], tests, proxies);
  expect(asked).toEqual([proxies[1]?.envoy.minor]);
});

describe('a test that does not pass speaks against the filter', () => {
  test.each<[string, Says, string]>([
    [
      'failed',
      { state: 'failed', differences: [{ where: 'response.status', expected: '429', got: undefined }] },
      'fails: response.status: expected 429, got nothing.',
    ],
    ['stopped', { state: 'stopped', why: 'it spins' }, 'fails, for the filter stops: it spins.'],
    [
      'inconclusive',
      { state: 'inconclusive', why: ['the property a', 'the foreign function b'] },
      'is inconclusive; the filter asked for what the test does not give: the property a and the foreign function b.',
    ],
  ])('%s', async (_, says, words) => {
    const { tests } = runner(() => says);
    const { problems, judgements } = await check([filterWith([written('adds it', 7)])], tests);
    expect(misread(problems)).toEqual([]);
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'test', at: { file: 'tests.yaml', line: 7, column: 3 } }),
    ]);
    expect(problems.map(describeProblem).join()).toContain(`tests.yaml:7:3: test "adds it" ${words}`);
    expect(judgements.filter((one) => one.check === 'tests').every(({ result }) => result === 'failed')).toBe(true);
  });

  test('once for all versions that it does not pass with, which are named', async () => {
    const { tests } = runner((envoy = 0) => (envoy < 39 ? { state: 'stopped', why: 'a trap' } : { state: 'passed' }));
    const proxies = ['1.28', '1.29', '1.31'].flatMap((name) => parseProxyVersion(name) ?? []);
    const { problems } = await check([filterWith([written('a', 1), written('b', 2)])], tests, proxies);
    expect(problems).toHaveLength(2);
    expect(problems[0]?.message).toContain('fails with Istio 1.28 (Envoy 1.36)');
    expect(problems[0]?.clause).toBe('2 of 2 tests failed');
  });

  test('with the name of the filter where there are several', async () => {
    const { tests } = runner(() => ({ state: 'stopped', why: 'a trap' }));
    const both = ['f', 'g'].map((name) => filterWith([written('a', 1)], { name }));
    const { problems } = await check(both, tests, []);
    expect(problems.map(({ filter, subject }) => [filter, subject])).toEqual([
      ['f', 'tests.yaml:1:3: test "a" of filter "f"'],
      ['g', 'tests.yaml:1:3: test "a" of filter "g"'],
    ]);
  });
});

test('what several clusters ask is run once, and true of the proxies of all', async () => {
  const { tests, asked } = runner(() => ({ state: 'passed' }));
  const filter = filterWith([written('a', 1)]);
  const versions = ['1.28', '1.28.3', '1.28'].map((name) => [parseProxyVersion(name)].flatMap((one) => one ?? []));
  await Promise.all(versions.map((proxies) => check([filter], tests, proxies)));
  expect(asked).toHaveLength(1);
  expect(tests.tested.flatMap(({ runs }) => runs.map(({ proxies }) => proxies))).toEqual([['1.28', '1.28.3']]);
});

test('what comes of tests in a run that was cancelled meanwhile is not told', async () => {
  const cancel = new AbortController();
  const run: RunTests = async (_, tests) => {
    cancel.abort();
    return tests.map(({ name }) => ({
      name,
      log: [],
      trace: [],
      state: 'inconclusive',
      why: ['the run was cancelled'],
    }));
  };
  const tests = new TestRuns(run, () => 0, cancel.signal);
  const filter = filterWith([written('a', 1)]);
  const revisions = [makeRevision(filter.name, filter.module, filter.settings)];
  const { problems } = await checkRevisions(revisions, [], { log: silentLog, signal: cancel.signal, tests }, [filter]);
  expect([problems, tests.tested]).toEqual([[], []]);
});

test('a cancelled run says nothing of tests', async () => {
  const { tests, asked } = runner(() => ({ state: 'stopped', why: 'a trap' }));
  const filter = filterWith([written('a', 1)]);
  const aborted = { ...context(tests), signal: AbortSignal.abort() };
  const revisions = [makeRevision(filter.name, filter.module, filter.settings)];
  const { problems } = await checkRevisions(revisions, [], aborted, [filter]);
  expect([problems, asked]).toEqual([[], []]);
});
