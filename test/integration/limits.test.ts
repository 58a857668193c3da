import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dump, load } from 'js-yaml';
import { makeLimiter } from '../../src/base/concurrency.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { revisionOn } from '../../src/mesh/template/template.ts';
import { type BundleOptions, type BundleRun, makeModule, runBundle } from '../harness/action.ts';
import { cancel } from '../harness/cancel.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { bystander, drip, listsDeployments, page, strike } from './hostile.ts';
import { CASES, type Case, LIST, sent, TIMEOUT_SECONDS } from './hostile-cases.ts';
import { Scene } from './scene.ts';
import { FILTER } from './site.ts';

/** A run that has begun, and what it was about. */
interface Begun {
  readonly run: BundleRun;
  readonly scene: Scene;
  readonly workload: Workload;
}

let cluster: TestCluster;
let workspace: string;
/** Begun beforehand, each in a process and a namespace of its own. */
const runs = new Map<string, Promise<Begun>>();
/** Takes connections and never says a word. */
let silent: Server;

beforeAll(async () => {
  cluster = await startTestCluster();
  workspace = await mkdtemp(join(tmpdir(), 'limits-'));
  await writeFile(join(workspace, 'filter.wasm'), makeModule());
  silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const starts: readonly [string, Start][] = [
    ...Object.entries(CASES),
    [HANDSHAKE, { ...QUICK, cluster: { server: `https://${silentHost()}` } }],
    [TUNNEL, { ...QUICK, cluster: { 'proxy-url': `http://${silentHost()}` } }],
    [SLOW, { rule: slowly, inputs: { timeout: '60s' } }],
    ...SIGNALS.map((signal): [string, Start] => [
      signal,
      { rule: () => strike(listsDeployments, () => drip(LIST)), signal },
    ]),
  ];
  const quiet = starts.filter(([, { floods }]) => floods === undefined);
  for (const [name, one] of quiet) {
    const run = several(() => begin(one));
    runs.set(name, run);
  }
  const over = Promise.allSettled(runs.values());
  for (const [name, one] of starts.filter((start) => !quiet.includes(start))) {
    const run = alone(() => over.then(() => begin(one)));
    runs.set(name, run);
  }
  for (const run of runs.values()) run.catch(() => undefined);
});
afterAll(async () => {
  await cluster.stop();
  silent.close();
  await rm(workspace, { recursive: true, force: true });
});

const HANDSHAKE = 'a TLS handshake that never ends';
const TUNNEL = 'a proxy that does not answer CONNECT';
const SLOW = '5,000 workloads';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const QUICK = { rule: () => () => undefined };
const silentHost = (): string => `127.0.0.1:${(silent.address() as AddressInfo).port}`;

/** Ten pages of 500 Deployments, of which each takes a second, and the one that the run is about among them. */
const slowly: Case['rule'] = ({ cluster: { api }, namespace }) => {
  const others = Array.from({ length: 4_999 }, (_, at) => bystander(namespace, at));
  return strike(listsDeployments, async ({ path }) => {
    const at = Number(new URLSearchParams(path.replace(/^[^?]*/, '')).get('continue') ?? 0);
    const [own] = at === 0 ? await api.list<Workload>(`/apis/apps/v1/namespaces/${namespace}/deployments`) : [];
    const items = own === undefined ? others.slice(at * 500 - 1, at * 500 + 499) : [own, ...others.slice(0, 499)];
    return { ...page(items, at === 9 ? undefined : String(at + 1)), delayMs: 1_000 };
  });
};

/** Runs mostly wait, so some share the machine; were they more, a real server would not answer them in time, either. */
const several = makeLimiter(6);
/** What floods a run keeps the processor busy, and starts when all others are over. */
const alone = makeLimiter(1);

interface Start extends Pick<Case, 'rule' | 'workload' | 'inputs' | 'before' | 'floods'> {
  /** Further fields of the kubeconfig's cluster. */
  readonly cluster?: Readonly<Record<string, string>>;
  /** Sent once the list is asked for. */
  readonly signal?: NodeJS.Signals;
}

async function begin({ workload: options, rule, inputs, before, cluster: fields, signal }: Start): Promise<Begun> {
  const scene = await Scene.open(cluster);
  const workload = await scene.workload('reviews', options);
  if (before !== undefined) await scene.deploy(before);
  scene.forget();
  scene.inject(rule(scene));
  const kubeconfig = load(cluster.recorder.kubeconfig()) as { clusters: [{ cluster: Record<string, string> }] };
  Object.assign(kubeconfig.clusters[0].cluster, fields);
  let killed = false;
  const onOutput: BundleOptions['onOutput'] = (text, kill) => {
    if (signal === undefined || killed || !text.includes('Context embedded')) return;
    killed = true;
    void scene.seen('the list', listsDeployments).then(() => cancel(kill, signal));
  };
  const run = await runBundle({
    workspace,
    onOutput,
    inputs: {
      filter: 'filter.wasm',
      name: FILTER,
      namespace: scene.namespace,
      targets: '- deployment/reviews',
      kubeconfig: dump(kubeconfig),
      configuration: 'x-test: 1',
      timeout: `${TIMEOUT_SECONDS}s`,
      ...inputs,
    },
  });
  return { run, scene, workload };
}

/** What a reader gets to see, on one line. */
const shown = ({ stdout, summary }: BundleRun): string => `${stdout}\n${summary}`.replace(/\s+/g, ' ');
const outcome = (name: string): Promise<Begun> => runs.get(name) ?? Promise.reject(new Error(`${name} was not begun`));
/** Bounds every run, too: one that an API server keeps busy for ever fails its test. */
const LONG = 300_000;

describe('the built action and an API server that keeps it busy', () => {
  test.each(Object.entries(CASES))(
    '%s',
    async (name, { code, says, writes, requests, carries }) => {
      const { run, scene, workload } = await outcome(name);
      for (const words of says) expect(shown(run)).toMatch(words);
      expect(run.code).toBe(code);
      expect(shown(run)).not.toMatch(/bug in deploy-wasm-filter|Unexpected error/);
      if (writes !== undefined) expect(scene.writes).toHaveLength(writes);
      if (requests !== undefined) expect(scene.requests.length).toBeLessThan(requests);
      if (carries !== undefined) {
        expect(revisionOn(await scene.now(workload), FILTER)).toEqual(carries ? run.outputs.revision : undefined);
      }
    },
    LONG,
  );

  test('of an answer without end little is taken', () => {
    // Some lists, and a watch every few seconds; part of it lies in the buffers between.
    expect(sent.bytes).toBeLessThan(1024 ** 3);
  });

  test.each([
    [HANDSHAKE, () => `The API server https://${silentHost()} does not answer`],
    [TUNNEL, () => `The proxy http://${silentHost()} ("proxy-url" of cluster`],
  ])(
    '%s',
    async (name, words) => {
      const { run } = await outcome(name);
      expect(shown(run)).toContain(words());
      expect(run.code).toBe(1);
    },
    LONG,
  );

  test.each(SIGNALS)(
    'a cancel by %s while an answer drips ends the run before the runner kills it',
    async (signal) => {
      const { run, scene } = await outcome(signal);
      expect(shown(run)).toContain('The run was cancelled');
      expect(scene.writes).toEqual([]);
      expect(run.code).toBe(1);
    },
    LONG,
  );
});

test(
  'a server that is slow and honest, with 5,000 workloads, is waited for',
  async () => {
    const { run, scene, workload } = await outcome(SLOW);
    expect(run.code).toBe(0);
    expect(scene.requests.filter(listsDeployments).length).toBeGreaterThanOrEqual(10);
    expect(revisionOn(await scene.now(workload), FILTER)).toBe(run.outputs.revision);
  },
  LONG,
);
