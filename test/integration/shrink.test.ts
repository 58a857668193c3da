import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { buildFilter, EXAMPLE_FILTER } from '../../scripts/build-filter.ts';
import { digestOf, MAX_CONFIG_MAP_BYTES } from '../../src/filter/module/module.ts';
import { wasmOpt } from '../../src/filter/shrink/wasm-opt.ts';
import { makeModule, runAction, runBundle } from '../harness/action.ts';
import { cancel } from '../harness/cancel.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { trial } from '../harness/trial.ts';
import { runWasmOpt } from '../harness/wasm-opt.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

const optimize = wasmOpt(runWasmOpt);

/** One custom section of much content. */
function customSection(name: string, content: Uint8Array): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), content]);
  const size = [0, 7, 14, 21].map((shift, index) => ((body.length >> shift) & 0x7f) | (index < 3 ? 0x80 : 0));
  return Buffer.concat([Uint8Array.of(0, ...size), body]);
}

describe('a filter of some megabytes', () => {
  let cluster: TestCluster;
  let namespace: string;
  let workspace: string;
  /** The example as a debug build: names, and much debug information. */
  let big: Buffer;
  /** The same with a table of data that is part of the program. */
  let full: Buffer;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
    const debug = join(workspace, 'debug.wasm');
    await buildFilter(EXAMPLE_FILTER, debug, ['--debug']);
    const table = join(workspace, 'index.ts');
    await writeFile(
      table,
      `export * from ${JSON.stringify(EXAMPLE_FILTER.replace(/\.ts$/, ''))};
       export function entry(): string { return "${randomBytes(300_000).toString('hex')}"; }`,
    );
    await buildFilter(table, join(workspace, 'full.wasm'), ['--debug']);
    const padding = customSection('.debug_info', randomBytes(2_000_000));
    big = Buffer.concat([await readFile(debug), padding]);
    full = Buffer.concat([await readFile(join(workspace, 'full.wasm')), padding]);
    await writeFile(join(workspace, 'filter.wasm'), big);
    await createWorkloads(cluster.api, makeWorkload(namespace, 'reviews'));
  }, 300_000); // two filters are compiled
  afterAll(async () => {
    await cluster.stop();
    await rm(workspace, { recursive: true, force: true });
  });
  beforeEach(() => cluster.recorder.reset());

  const inputs = (more: Record<string, string> = {}): Record<string, string> => ({
    filter: 'filter.wasm',
    name: 'add-header',
    'root-id': 'add_header',
    configuration: 'x-shop: open',
    targets: '- deployment/reviews',
    namespace,
    kubeconfig: cluster.recorder.kubeconfig(),
    timeout: '20s',
    ...more,
  });

  test('loses its debug information, is compared with what it was, and deployed', async () => {
    expect(big.length).toBeGreaterThan(MAX_CONFIG_MAP_BYTES);
    const { report, log } = await runAction(inputs(), { files: { 'filter.wasm': big }, trial });
    expect(report).toMatchObject({ outcome: 'deployed', problems: [], warnings: [] });
    const [filter] = report.filters;
    expect(filter?.bytes).toBeLessThan(200_000);
    expect(filter?.original).toMatchObject({ bytes: big.length, digest: digestOf(big) });
    expect(log).toContainEqual(expect.stringMatching(/^It was shrunk from 2\.0\d MiB, sha256:.*\.debug_info/));
    expect(log).toContainEqual(
      expect.stringMatching(/^The shrunk add-header behaves in a trial run like the original/),
    );

    const again = await runAction(inputs(), { files: { 'filter.wasm': big }, trial });
    expect(again.report.outcome).toBe('unchanged');
  });

  test('is refused as it is with "shrink: off"', async () => {
    const { report } = await runAction(inputs({ shrink: 'off' }), { files: { 'filter.wasm': big }, trial });
    expect(report.problems).toMatchObject([{ kind: 'filter', message: expect.stringMatching(/holds at most 1 MiB/) }]);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test.each(['auto', 'optimize'])('whose data alone is too much is refused with the ways out (%s)', async (shrink) => {
    expect(full.length).toBeGreaterThan(MAX_CONFIG_MAP_BYTES * 3);
    const { report } = await runAction(inputs({ shrink }), { files: { 'filter.wasm': full }, trial, optimize });
    expect(report.problems).toMatchObject([
      {
        message: expect.stringMatching(/^is 3\.\d\d MiB .* and 1\.\d\d MiB after shrinking;/),
        remedy: expect.stringMatching(/^Deliver it by image.*push-to.*AssemblyScript: /),
      },
    ]);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('whose optimiser breaks it is refused, and nothing is written', async () => {
    // A filter, and smaller; but another one.
    const { report } = await runAction(inputs({ shrink: 'optimize' }), {
      files: { 'filter.wasm': big },
      trial,
      optimize: async () => makeModule(),
    });
    expect(report).toMatchObject({ outcome: 'failed', changed: false });
    expect(report.problems).toMatchObject([{ message: expect.stringMatching(/^behaves differently after shrinking/) }]);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('the bundled action brings its own wasm-opt', async () => {
    const { code, stdout, outputs, summary } = await runBundle({ workspace, inputs: inputs({ shrink: 'optimize' }) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Running wasm-opt -Oz on \d+\.\d KiB/);
    expect(stdout).toMatch(/The shrunk add-header behaves in a trial run like the original/);
    expect(Number(outputs.bytes)).toBeLessThan(60_000);
    expect(outputs.digest).not.toBe(digestOf(big));
    expect(summary).toContain(`original-digest: ${digestOf(big)}`);
  });

  test('the bundled action keeps what wasm-opt made in the tool cache, and the next run does not run it', async () => {
    const environment = { RUNNER_TOOL_CACHE: join(workspace, 'tools') };
    const plan = inputs({ command: 'plan', shrink: 'optimize' });
    const first = await runBundle({ workspace, inputs: plan, environment });
    const second = await runBundle({ workspace, inputs: plan, environment });
    expect(first.stdout).toMatch(/Running wasm-opt/);
    expect(second.stdout).not.toMatch(/Running wasm-opt/);
    expect(second.stdout).toMatch(/result is taken from the tool cache/);
    expect(second.outputs).toEqual(first.outputs);
  });

  test('a cancel while wasm-opt runs ends the bundled action', async () => {
    let sent = false;
    const { code, summary } = await runBundle({
      workspace,
      inputs: inputs({ shrink: 'optimize' }),
      onOutput: (text, kill) => {
        if (sent || !text.includes('Running wasm-opt')) return;
        sent = true;
        cancel(kill, 'SIGINT');
      },
    });
    expect(code).toBe(1);
    expect(summary).toMatch(/Cancelled before anything was written/);
  });
});
