import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CONFIG_MAP, ENVOY_FILTER, resourcePath } from '../../src/cluster/resources.ts';
import { type BundleRun, makeModule, runBundle } from '../harness/action.ts';
import { cancel } from '../harness/cancel.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

describe('the bundled action, when it cannot go on', () => {
  let cluster: TestCluster;
  let namespace: string;
  let workspace: string;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    workspace = await mkdtemp(join(tmpdir(), 'workspace-'));
    await writeFile(join(workspace, 'add-header.wasm'), makeModule());
    await writeFile(join(workspace, 'bad.yaml'), '- 5\n'.repeat(100_000));
    await createWorkloads(
      cluster.api,
      makeWorkload(namespace, 'well'),
      makeWorkload(namespace, 'slow', { podAnnotations: { 'sim/behaviour-with-filter': 'image-pull-back-off' } }),
      makeWorkload(namespace, 'bad', { podAnnotations: { 'sim/behaviour-with-filter': 'image-pull-back-off' } }),
    );
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(workspace, { recursive: true, force: true });
  });
  beforeEach(() => cluster.recorder.reset());

  type Options = Omit<Parameters<typeof runBundle>[0], 'inputs' | 'workspace'>;
  const act = (more: Record<string, string> = {}, options: Options = {}): Promise<BundleRun> =>
    runBundle({
      workspace,
      inputs: {
        filter: 'add-header.wasm',
        targets: '- deployment/well',
        namespace,
        kubeconfig: cluster.recorder.kubeconfig(),
        timeout: '20s',
        ...more,
      },
      ...options,
    });
  /** The names of our objects. */
  const objects = async (): Promise<string[]> => {
    const lists = await Promise.all(
      [CONFIG_MAP, ENVOY_FILTER].map((resource) => cluster.api.list(resourcePath(resource, namespace))),
    );
    return lists.flat().map(({ metadata }) => metadata.name);
  };
  // A run is over when nobody holds its log any more, so none of these leaves a watchdog behind.
  const errors = ({ stdout }: BundleRun): string[] => stdout.match(/^::error .*$/gm) ?? [];
  const warnings = ({ stdout }: BundleRun): string[] => stdout.match(/^::warning .*$/gm) ?? [];

  test('100,000 bad entries are told, and end as any bad input', async () => {
    const run = await act({ targets: '', 'targets-file': 'bad.yaml' });
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(run.summary).toMatch(/^## ❌ add-header not deployed: 100,000 targets cannot be used\n/);
    expect(errors(run)).toHaveLength(1);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('20,000 targets that do not exist, too', async () => {
    const targets = Array.from({ length: 20_000 }, (_, at) => `- deployment/none${at}`).join('\n');
    await writeFile(join(workspace, 'absent.yaml'), targets);
    const run = await act({ targets: '', 'targets-file': 'absent.yaml' });
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(run.summary).toMatch(/^## ❌ add-header not deployed: 20,000 targets cannot be used\n/);
    expect(errors(run)).toHaveLength(1);
  }, 120_000);

  test('a process without memory, in which nothing runs any more, is told by another one', async () => {
    const run = await act(
      { targets: '', 'targets-file': 'bad.yaml' },
      { environment: { NODE_OPTIONS: '--max-old-space-size=48' } },
    );
    expect(run.code).toBeNull();
    expect(run.outputs).toMatchObject({ result: 'failed', changed: 'false', targets: '[]' });
    expect(run.summary).toMatch(/^## ❌ deploy broke off: its process (ran out of memory|ended without a result)\n/);
    expect(run.summary).toContain('- **Cluster:** Nothing was written to the cluster.');
    expect(errors(run)).toHaveLength(1);
  });

  test('killed in the middle, it says what it may have written, and the next run finishes', async () => {
    const killed = await act(
      { targets: '- deployment/well\n- deployment/slow', configuration: 'killed' },
      {
        onOutput: (text, kill) => {
          if (text.includes('patched')) kill('SIGKILL');
        },
      },
    );
    expect(killed.code).toBeNull();
    expect(killed.outputs).toMatchObject({ result: 'failed', changed: 'true' });
    expect(killed.summary).toMatch(/^## ❌ deploy broke off: its process ended without a result\n/);
    expect(killed.summary).toMatch(/^- \*\*When:\*\* while (writing|waiting for pods|verifying the filter)$/m);
    expect(killed.summary).toMatch(/\d writes were sent to the cluster and may have arrived:.*deployments /);
    expect(errors(killed)).toEqual([expect.stringContaining('Re-run it: the next run finishes')]);
    const next = await act({ configuration: 'killed' });
    expect(['deployed', 'unchanged']).toContain(next.outputs.result);
  });

  test('killed right after its patch, the next run that fails leaves nothing of either', async () => {
    const bad = { targets: '- deployment/bad', configuration: 'killed and failed' };
    const killed = await act(bad, {
      onOutput: (text, kill) => {
        if (text.includes('patched')) kill('SIGKILL');
      },
    });
    expect(killed.code).toBeNull();
    const before = await objects();
    const next = await act({ ...bad, timeout: '5s' });
    expect([next.code, next.outputs.result, next.outputs.changed]).toEqual([1, 'failed', 'true']);
    expect(next.summary).toContain('deleted');
    const { revision } = JSON.parse(next.outputs.targets ?? '[]')[0];
    expect(before.filter((name) => name.endsWith(revision))).toHaveLength(2);
    expect((await objects()).filter((name) => name.endsWith(revision))).toEqual([]);
  });

  test('cancelled and then killed, as GitHub ends a job, it says the phase that it was in', async () => {
    const killed = await act(
      { targets: '- deployment/slow', configuration: 'cancelled and killed' },
      {
        onOutput: (text, kill) => {
          if (!text.includes('patched')) return;
          kill('SIGINT');
          kill('SIGKILL');
        },
      },
    );
    expect(killed.code).toBeNull();
    expect(killed.summary).toMatch(/^- \*\*When:\*\* while (writing|waiting for pods|verifying the filter)$/m);
    expect(killed.summary).toMatch(/\d writes? (was|were) sent to the cluster/);
  });

  test('nobody reads its log any more: it writes nothing further, and says so where it can', async () => {
    const run = await act(
      { targets: '- deployment/slow', configuration: 'unheard', timeout: '5m' },
      {
        onOutput: (text, _, closeLog) => {
          if (text.includes('patched')) closeLog();
        },
      },
    );
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(run.summary).toMatch(/^## ❌ deploy broke off: its log was closed\n/);
    expect(run.summary).toContain('Results until then');
  });

  /** Files that cannot be written to: a folder, one that is not there, a full disk. */
  const refusing = (): readonly string[] => [workspace, join(workspace, 'none/file'), '/dev/full'];

  test('an output file that cannot be written fails the step; summary and annotation say so', async () => {
    for (const run of await Promise.all(
      refusing().map((path) => act({ command: 'status' }, { environment: { GITHUB_OUTPUT: path } })),
    )) {
      expect(run.code).toBe(1);
      expect(errors(run)).toEqual([expect.stringContaining('The outputs could not be written: E')]);
      expect(run.summary).toContain('> ⚠️ The outputs could not be written');
    }
  });

  test('a summary file that cannot be written hides nothing of the result', async () => {
    for (const run of await Promise.all(
      refusing().map((path) => act({ command: 'status' }, { environment: { GITHUB_STEP_SUMMARY: path } })),
    )) {
      expect([run.code, run.outputs.result]).toEqual([0, 'reported']);
      expect(warnings(run)).toEqual([expect.stringContaining('The job summary could not be written: E')]);
    }
  });

  test('a summary file that is full already gets nothing more', async () => {
    const path = join(workspace, 'long.md');
    await writeFile(path, 'x'.repeat(1_048_000));
    const run = await act({ command: 'status' }, { environment: { GITHUB_STEP_SUMMARY: path } });
    expect([run.code, (await stat(path)).size]).toEqual([0, 1_048_000]);
    expect(warnings(run)).toEqual([expect.stringContaining('has 1048000 bytes already')]);
  });

  test('an exec plugin that writes without end', async () => {
    const plugin = join(workspace, 'plugin.sh');
    await writeFile(plugin, '#!/bin/sh\nexec head -c 2147483648 /dev/zero\n');
    await chmod(plugin, 0o755);
    const kubeconfig = `{apiVersion: v1, kind: Config, current-context: c,
      clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true}}],
      contexts: [{name: c, context: {cluster: c, user: u}}],
      users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: '${plugin}', interactiveMode: Never}}}]}`;
    const run = await act({ kubeconfig });
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(run.summary).toContain('wrote more than 1.00 MiB');
    expect(errors(run)).toHaveLength(1);
  });

  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGHUP', 'SIGINT'],
  ] as const)('%s and %s end it before the runner kills it, with one page', async (first, second) => {
    let sent = false;
    const run = await act(
      { targets: '- deployment/slow', timeout: '5m', configuration: `${first} ${second}` },
      {
        onOutput: (text, kill) => {
          if (sent || !text.includes('patched')) return;
          sent = true;
          cancel(kill, first);
          setTimeout(() => kill(second), 50);
        },
      },
    );
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(run.summary.match(/^## /gm)).toHaveLength(1);
  });

  test('signals that go on until it has ended do not take its exit code', async () => {
    let barrage: NodeJS.Timeout | undefined;
    const run = await act(
      { targets: '- deployment/slow', timeout: '5m', configuration: 'a barrage' },
      {
        onOutput: (text, kill) => {
          if (barrage !== undefined || !text.includes('patched')) return;
          cancel(kill, 'SIGINT');
          barrage = setInterval(() => kill('SIGTERM'), 1);
        },
      },
    ).finally(() => clearInterval(barrage));
    expect([run.code, run.outputs.result]).toEqual([1, 'failed']);
    expect(run.summary.match(/^## /gm)).toHaveLength(1);
  });
});
