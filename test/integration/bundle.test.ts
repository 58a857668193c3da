import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeModule, runBundle } from '../harness/action.ts';
import { cancel } from '../harness/cancel.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';
import { endlessFilter } from '../unit/filter/trial/endless.ts';
import { commandLines } from '../unit/filter/trial/processes.ts';

describe('the bundled action, run as a runner runs it', () => {
  let cluster: TestCluster;
  let namespace: string;
  let workspace: string;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
    await writeFile(join(workspace, 'add-header.wasm'), makeModule());
    await createWorkloads(
      cluster.api,
      makeWorkload(namespace, 'reviews', { replicas: 2 }),
      makeWorkload(namespace, 'bad', { podAnnotations: { 'sim/behaviour-with-filter': 'image-pull-back-off' } }),
    );
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(workspace, { recursive: true, force: true });
  });
  beforeEach(() => cluster.recorder.reset());

  const inputs = (more: Record<string, string> = {}): Record<string, string> => ({
    filter: 'add-header.wasm',
    targets: '- deployment/reviews',
    namespace,
    kubeconfig: cluster.recorder.kubeconfig(),
    timeout: '20s',
    ...more,
  });

  test('refuses an input that the action does not have, and writes nothing', async () => {
    const { code, stdout } = await runBundle({ workspace, inputs: inputs({ canry: '1' }) });
    expect(code).toBe(1);
    expect(stdout).toMatch(/canry.*Did you mean "canary"\?/s);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('deploys, writes outputs and summary, and has nothing to do the second time', async () => {
    const first = await runBundle({ workspace, inputs: inputs() });
    expect(first.code).toBe(0);
    expect(first.outputs).toMatchObject({
      result: 'deployed',
      changed: 'true',
      deployed: '1',
      unchanged: '0',
      failed: '0',
    });
    expect(first.outputs.revision).toMatch(/^[0-9a-f]{10}$/);
    expect(first.outputs.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.parse(first.outputs.targets ?? '')).toEqual([
      expect.objectContaining({ kind: 'Deployment', namespace, name: 'reviews' }),
    ]);
    expect(first.summary).toMatch(/^## ✅ add-header deployed to 1 workload/);
    for (const phase of ['Inputs', 'Observe and plan', 'Shared objects', '1 workload'])
      expect(first.stdout).toContain(`::group::${phase}`);

    cluster.recorder.reset();
    const second = await runBundle({ workspace, inputs: inputs() });
    expect(second.code).toBe(0);
    expect(second.outputs).toMatchObject({ result: 'unchanged', changed: 'false', unchanged: '1' });
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('fails with exit code 1, a summary and one annotation per kind of failure', async () => {
    const { code, stdout, summary, outputs } = await runBundle({
      workspace,
      inputs: inputs({ targets: '- deployment/bad', timeout: '3s' }),
    });
    expect(code).toBe(1);
    expect(outputs).toMatchObject({ result: 'failed', failed: '1' });
    expect(summary).toMatch(/^## ❌ /);
    expect(summary).toContain('ImagePullBackOff');
    expect(stdout.match(/^::error /gm)).toHaveLength(1);
  });

  test('says everything that is wrong with the inputs, without a stack', async () => {
    const { code, stdout, summary } = await runBundle({
      workspace,
      inputs: { filter: 'none.wasm', direction: 'up', kubeconfig: 'x' },
    });
    expect(code).toBe(1);
    for (const text of [stdout, summary]) {
      expect(text).toMatch(/direction/);
      expect(text).toMatch(/there is no such file/);
      expect(text).toMatch(/is not a kubeconfig/);
      expect(text).toMatch(/targets/);
      expect(text).not.toMatch(/^\s+at /m);
    }
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends it before the runner kills it, with a summary',
    async (signal) => {
      let sent = false;
      const { code, summary, outputs } = await runBundle({
        workspace,
        inputs: inputs({ targets: '- deployment/bad', timeout: '5m', configuration: signal }),
        onOutput: (text, kill) => {
          if (sent || !text.includes('patched')) return;
          sent = true;
          cancel(kill, signal);
        },
      });
      expect(code).toBe(1);
      expect(outputs.result).toBe('failed');
      expect(summary).toMatch(/cancelled/);
    },
  );

  test('a cancel while the server takes the connection and says nothing ends it with a summary, too', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    let sent = false;
    try {
      const { code, summary } = await runBundle({
        workspace,
        inputs: inputs({ kubeconfig: cluster.recorder.kubeconfig().replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`) }),
        onOutput: (text, kill) => {
          if (sent || !text.includes('target list')) return;
          sent = true;
          cancel(kill, 'SIGINT');
        },
      });
      expect(code).toBe(1);
      expect(summary).toMatch(/cancelled/i);
    } finally {
      mute.close();
    }
  });

  test('a filter whose trial can only be killed is warned of, and leaves no process behind', async () => {
    await writeFile(join(workspace, 'endless.wasm'), await endlessFilter());
    const { code, stdout } = await runBundle({
      workspace,
      inputs: inputs({ filter: 'endless.wasm', command: 'plan' }),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/::warning[^\n]*did not finish its trial run in time \(start\)/);
    expect(commandLines().filter((line) => line.includes(join(import.meta.dirname, '../../dist/trial.js')))).toEqual(
      [],
    );
  });

  test('keeps the credentials out of everything it prints', async () => {
    const kubeconfig = cluster.recorder.kubeconfig().replace('recorder-admin', 'a-secret-token-that-expired');
    const { stdout, summary, outputs } = await runBundle({
      workspace,
      inputs: inputs({ kubeconfig }),
      environment: { RUNNER_DEBUG: '1' },
    });
    const printed = stdout.replace(/^::add-mask::.*$/gm, '') + summary + JSON.stringify(outputs);
    expect(printed).toContain('401');
    expect(printed).not.toContain('a-secret-token-that-expired');
  });
});
