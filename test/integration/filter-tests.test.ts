import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildFilter, EXAMPLE_FILTER } from '../../scripts/build-filter.ts';
import { ROOT } from '../../scripts/bundle-program.ts';
import { type BundleRun, runBundle } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

const PASSES = `- name: adds the header
  expect: { response: { headers: { x-shop: open } } }
`;
const FAILS = `- name: closes on Sundays
  request: { path: /, headers: { authorization: 'Bearer hunter2hunter2hunter2' } }
  expect:
    response: { status: 429, headers: { x-shop: closed } }
    request: { headers: { authorization: none } }
`;

let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  await mkdir(join(workspace, 'filters/tests'), { recursive: true });
  await buildFilter(EXAMPLE_FILTER, join(workspace, 'filters/add-header.wasm'));
  const file = (name: string, text: string): Promise<void> => writeFile(join(workspace, name), text);
  await Promise.all([
    file('filters/tests/passes.yaml', PASSES),
    file('filters/tests/fails.yaml', FAILS),
    file('filters/tests/wrong.yaml', '- name: a\n  expct: { response: { status: 200 } }\n- name: b\n'),
    file(
      'filters/tests/many.yaml',
      Array.from({ length: 50 }, (_, index) => PASSES.replace('header', `header ${index}`)).join(''),
    ),
    file(
      'filters/shop.yaml',
      `version: 1
defaults: { configuration: 'x-shop: open', root-id: add_header, tests-file: tests/passes.yaml }
filters:
  - { name: add-header, filter: add-header.wasm }
  - name: mark-edge
    filter: add-header.wasm
    configuration: 'x-edge: yes'
    tests-file: null
    tests:
      - { name: marks the edge, expect: { response: { headers: { x-edge: 'yes' } } } }
      - { name: marks nothing else, expect: { response: { headers: { x-shop: open } } } }
`,
    ),
  ]);
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

const FILTER = { filter: 'filters/add-header.wasm', 'root-id': 'add_header', configuration: 'x-shop: open' };
const check = (inputs: Record<string, string>): Promise<BundleRun> =>
  runBundle({ workspace, inputs: { command: 'check', proxies: '1.28, 1.31', ...inputs } });

describe('the built action, without any cluster', () => {
  test('runs the tests of the example, and tells what they have come to', async () => {
    const tests = await readFile(join(ROOT, 'examples/add-header/tests.yaml'), 'utf8');
    const run = await check({ ...FILTER, tests, 'junit-file': 'out/junit.xml', 'report-file': 'out/report.json' });
    expect([run.code, run.outputs.result]).toEqual([0, 'passed']);
    expect(JSON.parse(run.outputs.tests ?? '')).toEqual({
      'add-header': {
        result: 'passed',
        tests: 6,
        passed: 6,
        failed: 0,
        inconclusive: 0,
        proxies: { '1.28': [], '1.31': [] },
      },
    });
    expect(run.summary).toContain('&emsp;takes the place of a header that the workload sets | ✔ |');
    const junit = await readFile(join(workspace, 'out/junit.xml'), 'utf8');
    expect(junit).toContain('<testsuites name="deploy-wasm-filter" tests="12" failures="0" errors="0"');
    const report = JSON.parse(await readFile(join(workspace, 'out/report.json'), 'utf8'));
    expect(report.tests).toEqual([{ filter: 'add-header', runs: [expect.anything(), expect.anything()] }]);
  });

  test('fails for a test that fails: at its line, with what was expected and got, and without secrets', async () => {
    const run = await check({
      ...FILTER,
      'tests-file': 'filters/tests/{passes,fails}.yaml',
      'junit-file': 'junit.xml',
    });
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(JSON.parse(run.outputs.checked ?? '')).toMatchObject({
      'add-header': { result: 'failed', failed: ['tests'] },
    });
    expect(run.summary).toContain('## ❌ add-header failed the check: 1 of 2 tests failed');
    expect(run.summary).toContain('```diff\n');
    expect(run.summary).toMatch(/ {2}response\.status\n- 429\n\+ 200/);
    expect(run.stdout).toMatch(
      /::error [^\n]*file=filters\/tests\/fails\.yaml,line=1,col=3[^\n]*response\.status: expected 429, got 200/,
    );
    const junit = await readFile(join(workspace, 'junit.xml'), 'utf8');
    expect(junit).toContain('failures="2"');
    expect(run.stdout).toContain('::add-mask::');
    const shown = run.stdout.replaceAll(/::add-mask::.*/g, '');
    for (const text of [shown, run.summary, junit, ...Object.values(run.outputs)])
      expect(text).not.toContain('hunter2hunter2');
  });

  test('says what is wrong with tests, each mistake at its line, and runs none of them', async () => {
    const run = await check({ ...FILTER, 'tests-file': 'filters/tests/wrong.yaml', 'junit-file': 'junit.xml' });
    expect([run.code, run.outputs.tests]).toEqual([1, '']);
    expect(run.stdout).toMatch(
      /::error [^\n]*file=filters\/tests\/wrong\.yaml,line=2,col=3[^\n]*Did you mean "expect"/,
    );
    expect(run.stdout).toMatch(/::error [^\n]*file=filters\/tests\/wrong\.yaml,line=3,col=3[^\n]*could never fail/);
    expect(await readFile(join(workspace, 'junit.xml'), 'utf8')).toContain(
      '<error message="add-header failed the check',
    );
  });

  test('runs those of a manifest, with paths from its folder', async () => {
    const run = await check({ manifest: 'filters/shop.yaml' });
    expect(run.code).toBe(1);
    expect(JSON.parse(run.outputs.tests ?? '')).toMatchObject({
      'mark-edge': { tests: 2, failed: 1, proxies: { '1.31': ['marks nothing else'] } },
      'add-header': { tests: 1, passed: 1 },
    });
    expect(run.stdout).toMatch(/::error [^\n]*file=filters\/shop\.yaml,line=11,col=9/);
  });

  test('runs fifty of them', async () => {
    const run = await check({ ...FILTER, 'tests-file': 'filters/tests/many.yaml', proxies: '1.31' });
    expect(JSON.parse(run.outputs.tests ?? '')).toMatchObject({ 'add-header': { tests: 50, passed: 50 } });
  });

  test('runs none with "check: off", and says so', async () => {
    const run = await check({ manifest: 'filters/shop.yaml', name: 'add-header', check: 'off' });
    expect([run.code, run.outputs.tests]).toEqual([1, '']);
    expect(run.stdout).toMatch(/::warning [^\n]*"tests-file"[^\n]* with "check: off" and is ignored/);
  });

  test('refuses a file of results outside of the workspace, and one that the run reads or writes already', async () => {
    for (const [file, said] of [
      ['../junit.xml', 'it is outside the workspace'],
      ['report.json', 'is the file of the input "report-file"'],
      ['./filters/tests/many.yaml', 'is the file of the input "tests-file"'],
    ] as const) {
      const tests = { 'tests-file': 'filters/tests/many.yaml' };
      const run = await check({ ...FILTER, ...tests, 'junit-file': file, 'report-file': 'report.json' });
      expect([run.code, run.stdout]).toEqual([1, expect.stringContaining(said)]);
    }
  });
});

describe('before the first write', () => {
  let cluster: TestCluster;
  let namespace: string;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    await createWorkloads(
      cluster.api,
      makeWorkload(namespace, 'reviews', { proxyImage: 'example.test/proxyv2:1.31.1' }),
    );
  });
  afterAll(() => cluster?.stop());

  const bring = (command: string, files: string): Promise<BundleRun> =>
    runBundle({
      workspace,
      inputs: {
        ...FILTER,
        command,
        'tests-file': `filters/tests/${files}.yaml`,
        targets: '- deployment/reviews',
        namespace,
        kubeconfig: cluster.recorder.kubeconfig(),
        'report-file': 'report.json',
      },
    });
  const requests = async () => JSON.parse(await readFile(join(workspace, 'report.json'), 'utf8')).requests;

  test('a test that fails refuses the deployment, and nothing is written', async () => {
    for (const command of ['plan', 'deploy']) {
      const run = await bring(command, 'fails');
      expect([command, run.code, run.outputs.changed]).toEqual([command, 1, 'false']);
      expect(run.summary).toContain('1 of 1 test failed');
      expect(run.summary).toContain('### Tests that did not pass');
      expect(JSON.parse(run.outputs.tests ?? '')).toMatchObject({
        'add-header': { failed: 1, proxies: { '1.31.1': ['closes on Sundays'] } },
      });
      expect(await requests()).toMatchObject({ writes: 0 });
    }
  });

  test('with good tests it goes on, and does not run them again where nothing is new', async () => {
    const first = await bring('deploy', 'passes');
    expect([first.code, first.outputs.result]).toEqual([0, 'deployed']);
    expect(first.summary).toContain('1 test passed');
    const second = await bring('deploy', 'fails');
    expect([second.code, second.outputs.result, second.outputs.tests]).toEqual([0, 'unchanged', '']);
  });
});
