import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { EMPTY_MODULE, runAction, runBundle } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { trial } from '../harness/trial.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';
import { assemble, importing, LEAST } from '../unit/filter/wat.ts';

const configured = (answer: string): string =>
  `${LEAST}(func (export "proxy_on_configure") (param i32 i32) (result i32) ${answer})`;
const GOOD = assemble(configured('i32.const 1'));
/** Takes configurations of four bytes. */
const PICKY = assemble(configured('local.get 1 i32.const 4 i32.eq'));
/** Envoy 1.39, hence Istio 1.31, is the first that has this. */
const NEWER = assemble(`${importing('wasi_snapshot_preview1', 'fd_sync', 'i32')}${configured('i32.const 1')}`);

describe('the built action, without any cluster', () => {
  let workspace: string;
  beforeAll(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
    await mkdir(join(workspace, 'filters'));
    const file = (name: string, content: string | Uint8Array): Promise<void> =>
      writeFile(join(workspace, name), content);
    await Promise.all([
      file('filters/good.wasm', GOOD),
      file('filters/picky.wasm', PICKY),
      file('filters/newer.wasm', NEWER),
      file(
        'filters/good.yaml',
        `version: 1
filters:
  - { name: add-header, filter: good.wasm, targets: [ deployment/reviews ] }
  - name: picky
    filter: picky.wasm
    configuration: good
    targets:
      - deployment/reviews
      - { kind: deployment, name: ratings, configuration: fine }
`,
      ),
      file(
        'filters/bad.yaml',
        `version: 1
filters:
  - name: newer
    filter: newer.wasm
  - name: picky
    filter: picky.wasm
    configuration: good
    targets:
      - deployment/reviews
      - kind: deployment
        name: ratings
        configuration: wrong
`,
      ),
    ]);
  });
  afterAll(() => rm(workspace, { recursive: true, force: true }));

  test('passes a manifest for every version that is known, and tells what it passed', async () => {
    const { code, outputs, summary, stdout } = await runBundle({
      workspace,
      inputs: { command: 'check', manifest: 'filters/good.yaml', 'report-file': 'report.json' },
    });
    expect(code).toBe(0);
    expect(outputs).toMatchObject({ result: 'passed', changed: 'false', failed: '0' });
    const checked = JSON.parse(outputs.checked ?? '');
    expect(checked).toMatchObject({
      'add-header': { result: 'passed', failed: [] },
      picky: { result: 'passed', failed: [] },
    });
    expect(Object.keys(checked.picky.proxies)).toHaveLength(24);
    expect(summary).toMatch(/^## ✅ add-header and picky passed the check for Istio 1\.9 – 1\.32$/m);
    expect(summary).toContain('picky</code></b>, 2 settings | ✔ |');
    expect(stdout).not.toContain('::error');
    const report = JSON.parse(await readFile(join(workspace, 'report.json'), 'utf8'));
    expect(report).toMatchObject({ command: 'check', result: 'passed', requests: { reads: 0, writes: 0 } });
    expect(report.checked.filters.map(({ settings }: { settings: number }) => settings)).toEqual([1, 2]);
  });

  test('fails for what proxies lack and filters reject, at the lines of the manifest', async () => {
    const { code, outputs, stdout, summary } = await runBundle({
      workspace,
      inputs: { command: 'check', manifest: 'filters/bad.yaml', proxies: '1.30, 1.31\nenvoy/1.40.0' },
    });
    expect(code).toBe(1);
    expect(outputs.result).toBe('failed');
    expect(JSON.parse(outputs.checked ?? '')).toEqual({
      newer: {
        result: 'failed',
        failed: ['host-functions'],
        proxies: { '1.30': 'failed', '1.31': 'passed', 'envoy/1.40.0': 'passed' },
      },
      picky: {
        result: 'failed',
        failed: ['trial'],
        proxies: { '1.30': 'failed', '1.31': 'failed', 'envoy/1.40.0': 'failed' },
      },
    });
    expect(stdout).toMatch(/::error [^\n]*file=filters\/bad\.yaml,line=4,[^\n]*fd_sync/);
    expect(stdout).toMatch(/::error [^\n]*file=filters\/bad\.yaml,line=10,[^\n]*rejects its configuration/);
    expect(summary).toMatch(/\| &emsp;host functions \| ✘ \| ✔ \|/);
    expect(summary).not.toContain('Reads');
  });

  test('fails a filter one of whose keys is not valid, whatever its module does', async () => {
    const manifest = 'filters/mistyped.yaml';
    await writeFile(
      join(workspace, manifest),
      'version: 1\nfilters:\n  - { name: add-header, filter: good.wasm, rootid: a, targets: [deployment/reviews] }\n',
    );
    const inputs = { command: 'check', manifest, proxies: '1.31' };
    const { code, outputs, stdout, summary } = await runBundle({ workspace, inputs });
    expect([code, outputs.result]).toEqual([1, 'failed']);
    expect(JSON.parse(outputs.checked ?? '')).toEqual({
      'add-header': { result: 'failed', failed: ['inputs'], proxies: { '1.31': 'failed' } },
    });
    expect(stdout).toContain('add-header: inputs not valid');
    expect(summary).toContain('## ❌ add-header failed the check: an input is not valid');
    expect(summary).toContain('| inputs | ✘ |');
  });

  test('takes a filter by the inputs alone, and ignores what is a cluster’s', async () => {
    const inputs = {
      command: 'check',
      filter: 'filters/picky.wasm',
      configuration: 'wrong',
      kubeconfig: 'x',
      soak: '5m',
    };
    const failed = await runBundle({ workspace, inputs });
    expect([failed.code, failed.outputs.result]).toEqual([1, 'failed']);
    expect(failed.summary).toMatch(/failed the check: the filter rejects its configuration$/m);
    expect(failed.stdout).toContain(
      'The inputs "kubeconfig" and "soak" mean nothing to "command: check" and are ignored.',
    );
    const passed = await runBundle({ workspace, inputs: { ...inputs, configuration: 'good', proxies: '1.99' } });
    expect([passed.code, passed.outputs.result]).toEqual([0, 'passed']);
    expect(passed.stdout).toContain('Istio 1.99 (Envoy 1.107) is outside of the tables');
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['no filter', {}, /Input "?filter/],
    ['no version', { filter: 'filters/good.wasm', proxies: 'latest' }, /not a proxy version/],
    ['nothing to check', { filter: 'filters/good.wasm', check: 'off' }, /nothing to check/],
    ['no such file', { filter: 'filters/none.wasm' }, /none\.wasm/],
    ['another digest', { filter: 'filters/good.wasm', sha256: 'a'.repeat(64) }, /sha256/],
  ])('fails where there is %s', async (_case, inputs, said) => {
    const { code, outputs, stdout } = await runBundle({ workspace, inputs: { command: 'check', ...inputs } });
    expect([code, outputs.result]).toEqual([1, 'failed']);
    expect(stdout).toMatch(said);
  });
});

describe('check and deploy', () => {
  let cluster: TestCluster;
  let namespace: string;
  const VERSIONS = ['1.24.3', '1.30.0', '1.31.1'];
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    const workloads = VERSIONS.map((version) =>
      makeWorkload(namespace, `v${version.replaceAll('.', '-')}`, { proxyImage: `example.test/proxyv2:${version}` }),
    );
    await createWorkloads(cluster.api, ...workloads);
  });
  afterAll(() => cluster?.stop());

  const FILTERS: Readonly<Record<string, [Uint8Array, Record<string, string>]>> = {
    good: [GOOD, {}],
    newer: [NEWER, {}],
    'no-filter': [EMPTY_MODULE, {}],
    rejected: [PICKY, { configuration: 'wrong' }],
    reload: [GOOD, { 'fail-policy': 'reload' }],
    'several-things': [NEWER, { 'fail-policy': 'reload', configuration: 'x' }],
    'unknown-capability': [GOOD, { capabilities: 'proxy_lgo' }],
  };
  const cases = Object.keys(FILTERS).flatMap((name) => VERSIONS.map((version) => [name, version] as const));

  test.each(cases)('say the same of %s for %s', async (name, version) => {
    const [module, settings] = FILTERS[name] ?? [EMPTY_MODULE, {}];
    const filter = { ...settings, name, filter: 'filter.wasm' };
    const options = { files: { 'filter.wasm': module }, trial };
    const planned = await runAction(
      {
        ...filter,
        command: 'plan',
        targets: `- deployment/v${version.replaceAll('.', '-')}`,
        namespace,
        kubeconfig: cluster.recorder.kubeconfig(),
      },
      options,
    );
    const { report } = await runAction({ ...filter, command: 'check', proxies: version }, options);
    expect(report.problems.map(describeProblem)).toEqual(planned.report.problems.map(describeProblem));
    expect(report.outcome).toBe(planned.report.outcome === 'planned' ? 'passed' : 'failed');
    const failed = report.checked?.filters.flatMap(({ results }) => Object.values(results).flat()) ?? [];
    expect(failed.includes('failed')).toBe(report.outcome === 'failed');
  });
});
