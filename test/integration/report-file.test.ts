import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { ReportFile } from '../../src/action/report-file/schema.ts';
import { makeModule, runBundle } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { reportFaults } from '../harness/report-schema.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

/** What the built action writes to the file of the input `report-file`, however it ends. */
let cluster: TestCluster;
let workspace: string;
beforeAll(async () => {
  cluster = await startTestCluster();
  workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
  await writeFile(join(workspace, 'add-header.wasm'), makeModule());
});
afterAll(async () => {
  await cluster.stop();
  await rm(workspace, { recursive: true, force: true });
});
afterEach(() => cluster.recorder.reset());

const FILE = 'out/report.json';

async function open(): Promise<(more: Record<string, string>) => Record<string, string>> {
  const namespace = await cluster.namespace();
  await createWorkloads(
    cluster.api,
    makeWorkload(namespace, 'reviews', { replicas: 2 }),
    makeWorkload(namespace, 'bad', { podAnnotations: { 'sim/behaviour-with-filter': 'image-pull-back-off' } }),
  );
  return (more) => ({
    filter: 'add-header.wasm',
    name: 'add-header',
    targets: '- deployment/reviews',
    namespace,
    kubeconfig: cluster.recorder.kubeconfig(),
    'report-file': FILE,
    ...(more.command === 'status' ? {} : { timeout: '20s' }),
    ...more,
  });
}

async function reported(): Promise<ReportFile> {
  const report = JSON.parse(await readFile(join(workspace, FILE), 'utf8')) as ReportFile;
  expect(reportFaults(report)).toEqual([]);
  return report;
}

/** The parts of a report that a command about workloads has. */
function changesOf(report: ReportFile): Extract<ReportFile, { command: 'deploy' }> {
  if (report.command !== 'deploy') throw new Error(report.command);
  return report;
}

test('of every command, as the schema says', async () => {
  const inputs = await open();
  const results: string[] = [];
  for (const command of ['plan', 'deploy', 'status', 'remove', 'render']) {
    const { code, summary } = await runBundle({ workspace, inputs: inputs({ command }) });
    expect(code).toBe(0);
    expect(summary).toContain(`complete report in <code>${FILE}</code>`);
    const report = await reported();
    results.push(`${report.command} ${report.result}`);
    if (report.command === 'deploy') {
      const [{ times = { patched: -1 } } = {}] = report.targets;
      const { patched, ready = -1, verified = ready } = times;
      expect([patched, ready, verified, report.seconds].toSorted((a, b) => a - b)).toEqual([
        patched,
        ready,
        verified,
        report.seconds,
      ]);
    }
  }
  expect(results).toEqual(['plan planned', 'deploy deployed', 'status reported', 'remove removed', 'render rendered']);
});

test('of a deployment that failed and was rolled back', async () => {
  const inputs = await open();
  const { code } = await runBundle({ workspace, inputs: inputs({ targets: '- deployment/bad', timeout: '5s' }) });
  expect(code).toBe(1);
  const [target] = changesOf(await reported()).targets;
  expect(target).toMatchObject({ outcome: 'failed', rollback: { state: 'rolled-back' } });
  expect(target?.problem?.message).not.toBe('');
  const { patched = 9, failed = -1, rollbackEnded = -1 } = target?.times ?? {};
  expect([patched <= failed, failed <= rollbackEnded]).toEqual([true, true]);
});

test('of a run whose inputs are refused', async () => {
  const inputs = await open();
  const { code } = await runBundle({ workspace, inputs: inputs({ timeout: 'soon' }) });
  expect(code).toBe(1);
  const report = changesOf(await reported());
  expect([report.result, report.refusedInputs, report.problems.map(({ kind }) => kind)]).toEqual([
    'failed',
    ['timeout'],
    ['input'],
  ]);
});

test('of a run that was cancelled while it waited', async () => {
  const inputs = await open();
  let cancelled = false;
  await runBundle({
    workspace,
    inputs: inputs({ targets: '- deployment/bad', timeout: '10m' }),
    onOutput: (text, kill) => {
      if (!cancelled && text.includes('patched')) {
        cancelled = true;
        kill('SIGINT');
      }
    },
  });
  const report = await reported();
  expect([report.result, report.cancelled]).toEqual(['failed', true]);
});

test.each([
  ['../report.json', 'it is outside the workspace'],
  ['.', 'it is outside the workspace'],
])('is refused at "%s" before anything is done', async (path, why) => {
  const inputs = await open();
  const { code, stdout } = await runBundle({ workspace, inputs: inputs({ 'report-file': path }) });
  expect(code).toBe(1);
  expect(stdout).toContain(why);
  expect(cluster.recorder.writes).toEqual([]);
});
