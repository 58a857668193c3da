import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mapLimited } from '../../src/base/concurrency.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { type ActionInputs, BUNDLE, runAction, runBundle } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { loadedBytes } from '../harness/loaded-bytes.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

/**
 * What a run may cost, by counts that are the same on every machine: `npm run bench` measures times, and this keeps them from growing
 * unseen. A budget is what it costs now with a little room; who needs more raises it here, and says why.
 */
interface Budget {
  readonly requests: number;
  readonly writes: number;
  /** Of the bodies that are sent. */
  readonly kilobytes: number;
  /** Open at the same time. */
  readonly sockets: number;
}

const BUDGETS: Readonly<Record<string, Budget>> = {
  'a deployment to 100': { requests: 135, writes: 102, kilobytes: 65, sockets: 8 },
  'the same again': { requests: 7, writes: 0, kilobytes: 1, sockets: 8 },
  'a plan of other settings': { requests: 120, writes: 0, kilobytes: 52, sockets: 8 },
  'other settings': { requests: 130, writes: 102, kilobytes: 52, sockets: 8 },
  'one workload more': { requests: 20, writes: 1, kilobytes: 2, sockets: 8 },
  'a look at them': { requests: 10, writes: 0, kilobytes: 1, sockets: 8 },
  // Two revisions, with a mark on each of their objects before it is deleted.
  'a removal': { requests: 140, writes: 109, kilobytes: 33, sockets: 8 },
  // As for workloads without pods, and a scout: two lists and a watch, the pod made and deleted, and a look into its proxy. These are
  // few: 100 with pods would measure the simulated nodes. A look into a proxy is a socket of its own.
  'a deployment to 4 with pods': { requests: 55, writes: 9, kilobytes: 8, sockets: 16 },
  'the same again, for 300': { requests: 7, writes: 0, kilobytes: 1, sockets: 8 },
};

/** For a real control plane on a busy machine. */
const LONG = 180_000;
const FIGURES = ['requests', 'writes', 'kilobytes', 'sockets'] as const;

describe('a run of many workloads', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  /** Makes Deployments without pods, which are ready at once. */
  const fill = async (namespace: string, names: readonly string[]): Promise<void> => {
    const collection = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const made = names.map((name) => makeWorkload(namespace, name, { replicas: 0, labels: { all: 'yes' } }));
    await mapLimited(made, 8, (workload) => cluster.api.create(collection, workload));
    await eventually('every Deployment observed', async () => {
      const present = await cluster.api.list<Workload>(collection);
      return present.every(({ status }) => status?.observedGeneration !== undefined) || undefined;
    });
  };
  const workloads = (count: number): string[] => Array.from({ length: count }, (_, index) => `w${index}`);
  const act = (inputs: ActionInputs): ReturnType<typeof runAction> =>
    runAction({
      ...{ filter: 'filter.wasm', name: 'add-header', timeout: '60s', kubeconfig: cluster.recorder.kubeconfig() },
      targets: '- {selector: all=yes, kinds: [deployment]}',
      ...inputs,
    });
  const run = async (what: string, expected: string, inputs: ActionInputs): Promise<void> => {
    const { recorder } = cluster;
    await eventually('the run before has let go of its sockets', async () => recorder.traffic.open === 0 || undefined);
    recorder.reset();
    const { report } = await act(inputs);
    expect(report.outcome).toBe(expected);
    const sent = recorder.requests.reduce((sum, { body = '' }) => sum + Buffer.byteLength(body), 0);
    const cost = {
      requests: recorder.requests.length,
      // A controller may have changed an object at the same moment, and the write is tried again.
      writes: recorder.writes.filter(({ status }) => status !== 409).length,
      kilobytes: Math.ceil(sent / 1000),
      sockets: recorder.traffic.openAtOnce,
    };
    const budget = BUDGETS[what];
    const over = FIGURES.filter((figure) => cost[figure] > (budget?.[figure] ?? 0));
    expect({ what, over, cost }).toEqual({ what, over: [], cost });
  };

  test(
    'keeps to its budgets from the first deployment to the removal',
    async () => {
      const namespace = await cluster.namespace();
      await fill(namespace, workloads(100));
      const [first, then] = [
        { namespace, configuration: 'x: 1' },
        { namespace, configuration: 'x: 2' },
      ];
      await run('a deployment to 100', 'deployed', first);
      await run('the same again', 'unchanged', first);
      await run('a plan of other settings', 'planned', { ...then, command: 'plan' });
      await run('other settings', 'deployed', then);
      await fill(namespace, ['one-more']);
      await run('one workload more', 'deployed', then);
      await run('a look at them', 'reported', { ...then, command: 'status' });
      await run('a removal', 'removed', { namespace, command: 'remove' });
    },
    LONG,
  );

  test(
    'keeps to its budget with pods, and with the scout that goes first',
    async () => {
      const namespace = await cluster.namespace();
      const made = ['a', 'b', 'c', 'd'].map((name) => makeWorkload(namespace, name, { labels: { all: 'yes' } }));
      await createWorkloads(cluster.api, ...made);
      await run('a deployment to 4 with pods', 'deployed', { namespace, configuration: 'x: 1' });
    },
    LONG,
  );

  test(
    'asks no more of 300 than of a hundred where nothing is to change',
    async () => {
      const namespace = await cluster.namespace();
      await fill(namespace, workloads(300));
      await act({ namespace, configuration: 'x: 1' });
      await run('the same again, for 300', 'unchanged', { namespace, configuration: 'x: 1' });
    },
    LONG,
  );
});

describe('what a run loads', () => {
  test('are programs of a bounded size', () => {
    expect(loadedBytes(BUNDLE)).toBeLessThanOrEqual(1_400_000);
    expect(loadedBytes(join(dirname(BUNDLE), 'trial.js'))).toBeLessThanOrEqual(150_000);
  });

  test('are few of the modules of Node until it has read its inputs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modules-'));
    try {
      const preload = join(folder, 'preload.cjs');
      await writeFile(preload, TELL);
      const tell = `--require ${preload}`;
      const before = join(folder, 'before');
      const after = join(folder, 'after');
      await promisify(execFile)(process.execPath, ['-e', '0'], { env: { NODE_OPTIONS: tell, TELL: before } });
      // It ends as soon as it has read them: there is no such command.
      await runBundle({ inputs: { command: 'none' }, environment: { NODE_OPTIONS: tell, TELL: after } });
      const bare = (await readFile(before, 'utf8')).split('\n');
      const loaded = (await readFile(after, 'utf8')).split('\n').filter((name) => !bare.includes(name));
      expect(loaded.length).toBeLessThanOrEqual(140);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Writes the names of the modules of Node that a process has loaded, at its end. */
const TELL = `process.on('exit', () => require('node:fs').writeFileSync(process.env.TELL, process.moduleLoadList.filter((name) => name.startsWith('NativeModule ')).join('\\n')));`;
