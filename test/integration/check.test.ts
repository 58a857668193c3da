import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import loadWabt from 'wabt';
import { describeProblem } from '../../src/base/problem.ts';
import { EMPTY_MODULE, runAction, runBundle } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { trial } from '../harness/trial.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

/** A filter whose `proxy_on_configure` gives the stated answer, with a further import. */
async function assemble(configure: string, more = ''): Promise<Uint8Array> {
  const wabt = await loadWabt();
  const module = wabt.parseWat(
    'filter.wat',
    `(module ${more}
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) i32.const 1024)
      (func (export "proxy_on_context_create") (param i32 i32))
      (func (export "proxy_on_configure") (param i32 i32) (result i32) ${configure}))`,
  );
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

describe('the check of the filter, before anything is written', () => {
  let cluster: TestCluster;
  let namespace: string;
  let given: Record<string, string>;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    await createWorkloads(cluster.api, makeWorkload(namespace, 'reviews'));
    given = { filter: 'filter.wasm', targets: '- deployment/reviews', namespace, timeout: '20s' };
  });
  afterAll(() => cluster?.stop());
  const inputs = (more: Record<string, string> = {}): Record<string, string> => ({
    ...given,
    kubeconfig: cluster.recorder.kubeconfig(),
    ...more,
  });

  test('a module that is no filter is refused with the remedy, and "check: off" leaves it to the proxies', async () => {
    cluster.recorder.reset();
    const { report } = await runAction(inputs(), { files: { 'filter.wasm': EMPTY_MODULE } });
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(report.problems).toContainEqual(
      expect.objectContaining({ kind: 'filter', message: expect.stringMatching(/not a Proxy-Wasm filter/) }),
    );
    expect(cluster.recorder.writes).toEqual([]);
    const plan = await runAction(inputs({ command: 'plan' }), { files: { 'filter.wasm': EMPTY_MODULE } });
    expect(plan.report).toMatchObject({ outcome: 'failed' });
    expect(plan.report.plan?.changes.length).toBeGreaterThan(0);
    const off = await runAction(inputs({ check: 'off', wait: 'false' }), { files: { 'filter.wasm': EMPTY_MODULE } });
    expect(off.report.outcome).toBe('deployed');
  });

  test('an import that the Envoy of these sidecars lacks is named, with the version that has it', async () => {
    const wanting = await assemble(
      'i32.const 1',
      '(import "wasi_snapshot_preview1" "fd_sync" (func (param i32) (result i32)))',
    );
    const old = makeWorkload(namespace, 'old', { proxyImage: 'example.test/proxyv2:1.24.3' });
    await createWorkloads(cluster.api, old);
    const { report } = await runAction(inputs({ targets: '- deployment/old', name: 'wanting' }), {
      files: { 'filter.wasm': wanting },
    });
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(report.problems[0]?.message).toMatch(/fd_sync/);
    expect(`${report.problems[0]?.message} ${report.problems[0]?.remedy}`).toMatch(/1\.24\.3/);
    // The same filter is no trouble for a newer sidecar.
    const newer = await runAction(inputs({ name: 'wanting' }), { files: { 'filter.wasm': wanting } });
    expect(newer.report.problems).toEqual([]);
  });

  test('what the Envoy of these sidecars forbids is found in a trial run, and taken where a newer one allows it', async () => {
    const polling = await assemble(
      'i32.const 1',
      `(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
       (func (export "_initialize") (drop (call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))`,
    );
    const before = makeWorkload(namespace, 'before', { proxyImage: 'example.test/proxyv2:1.30.0' });
    await createWorkloads(cluster.api, before);
    const files = { 'filter.wasm': polling };
    const options = { files, trial };
    const { report } = await runAction(inputs({ targets: '- deployment/before', name: 'polling' }), options);
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(/fails as soon as it starts.*poll_oneoff, which Envoy before 1\.39 forbids/),
    ]);
    const newer = await runAction(inputs({ name: 'polling' }), options);
    expect(newer.report.outcome).toBe('deployed');
  });

  test('a setting that the Envoy of these sidecars does not know is refused, with the version that has it', async () => {
    const older = makeWorkload(namespace, 'older', { proxyImage: 'example.test/proxyv2:1.24.3' });
    await createWorkloads(cluster.api, older);
    const settings = {
      targets: '- deployment/older',
      name: 'reloading',
      'fail-policy': 'reload',
      'reload-backoff': '5s',
    };
    cluster.recorder.reset();
    const { report } = await runAction(inputs(settings));
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(
        /^input "fail-policy": .*needs Envoy 1\.33 \(Istio 1\.25\).*Istio 1\.24\.3 \(Envoy 1\.32\)/,
      ),
    ]);
    expect(cluster.recorder.writes).toEqual([]);
    const newer = await runAction(inputs({ ...settings, targets: '- deployment/reviews' }));
    expect(newer.report).toMatchObject({
      outcome: 'deployed',
      warnings: [{ text: expect.stringContaining('also runs') }],
    });
  });

  test('the bundled action starts the filter as Envoy would, with the real configuration', async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
    try {
      // Content only with a configuration of 4 bytes.
      await writeFile(join(workspace, 'filter.wasm'), await assemble('local.get 1 i32.const 4 i32.eq'));
      cluster.recorder.reset();
      const refused = await runBundle({ workspace, inputs: inputs({ name: 'picky', configuration: 'wrong' }) });
      expect(refused.outputs).toMatchObject({ result: 'failed', changed: 'false' });
      expect(refused.summary).toMatch(/rejects its configuration in a trial run/);
      expect(cluster.recorder.writes).toEqual([]);
      const taken = await runBundle({ workspace, inputs: inputs({ name: 'picky', configuration: 'good' }) });
      expect(taken.outputs).toMatchObject({ result: 'deployed' });
      // What is known to be good is not tried again.
      const again = await runBundle({ workspace, inputs: inputs({ name: 'picky', configuration: 'good' }) });
      expect(again.outputs).toMatchObject({ result: 'unchanged' });
      expect(again.stdout).not.toContain('Check the filter');
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  });
});
