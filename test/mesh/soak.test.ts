import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { type LoadOptions, type LoadResult, underLoad } from './load.ts';
import { connectMesh, createApps, FAILING_PATH, type Mesh, makeApp } from './mesh.ts';
import { assembleSoakFilter, SOAK_FILTERS, type SoakFilter } from './soak-filters.ts';

/**
 * By which Envoy counts requests for those who ask: Istio's own proxies have `istio_requests_total`, the Envoy of this mesh has neither
 * that nor, by Istio's default, its own counters of requests.
 */
const COUNTED = {
  'sidecar.istio.io/statsInclusionRegexps':
    'http\\.(in|out)bound.*downstream_(rq_[1-5]xx|rq_time|rq_rx_reset|rq_tx_reset).*',
};
/** So long the old pods serve before, so that there is something to compare with. */
const BEFORE_MS = 10_000;
const SOAK = '60s';
const FAST = { clients: 8, pauseMs: 2 };
const SLOW = { clients: 1, pauseMs: 20 };

interface Case {
  readonly filter: SoakFilter;
  /** What the breach says; omitted for a filter that is as good as before. */
  readonly breach?: RegExp;
  readonly load: Partial<LoadOptions>;
  readonly counted: boolean;
}

const BAD: Readonly<Record<string, Case>> = {
  // One request in ten has the path that it traps on.
  'trap-on-path': {
    filter: 'trap-on-path',
    breach: /proxy_on_request_headers of trap-on-path failed \(Uncaught RuntimeError: unreachable, in boom/,
    load: { ...SLOW, pathOf: (turn) => (turn % 10 === 9 ? '/?x' : '/') },
    counted: false,
  },
  'trap-on-nth': {
    filter: 'trap-on-nth',
    breach: /proxy_on_request_headers of trap-on-nth failed/,
    load: SLOW,
    counted: false,
  },
  'trap-in-log': { filter: 'trap-in-log', breach: /proxy_on_log of trap-in-log failed/, load: SLOW, counted: false },
  'trap-in-tick': {
    filter: 'trap-in-tick',
    breach: /proxy_on_tick of trap-in-tick failed/,
    load: SLOW,
    counted: false,
  },
  'some-500': {
    filter: 'some-500',
    breach:
      /envoy_http_downstream_rq: [\d.]+% of \d+ requests failed \(5xx or reset\) in the new pods, 0% of \d+ requests in the old pods/,
    load: FAST,
    counted: true,
  },
  slow: {
    filter: 'slow',
    breach: /^p(50|99) of the requests is \d+ ms in the new pods, [\d.]+ ms in the old pods/,
    load: FAST,
    counted: true,
  },
  leak: {
    filter: 'leak',
    breach: /the memory of its proxy rises with each look and is [\d.]+ MiB, .* in the old pods/,
    load: SLOW,
    counted: false,
  },
};
/** One request in a hundred fails with each of their revisions. */
const GOOD = ['good-1', 'good-2', 'good-3', 'good-4', 'good-5'];

let mesh: Mesh;
beforeAll(async () => {
  mesh = await connectMesh();
  const folder = dirname(mesh.filters.abi021);
  for (const filter of SOAK_FILTERS) await writeFile(join(folder, `${filter}.wasm`), await assembleSoakFilter(filter));
});
afterAll(() => mesh?.stop());

/** Writes a manifest of filters, each for the workload of its own name. */
async function writeManifest(namespace: string, filters: readonly object[]): Promise<string> {
  const file = join(dirname(mesh.filters.abi021), `${namespace}.json`);
  await writeFile(file, JSON.stringify({ version: 1, defaults: { namespace }, filters }));
  return file;
}

interface Entry {
  readonly name: string;
  readonly outcome: string;
  readonly rollback?: { readonly state: string };
  readonly times?: { readonly failed?: number; readonly rollbackEnded?: number };
  readonly soak?: {
    readonly verdict: string;
    readonly breach?: string;
    readonly noticedSeconds?: number;
    readonly new: { readonly requests: number; readonly failed: number };
  };
}

/** Sends load to all workloads at once while `work` runs. */
async function underLoads<T>(
  apps: readonly { readonly app: Workload; readonly load: Partial<LoadOptions> }[],
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly loads: ReadonlyMap<string, LoadResult> }> {
  const loads = new Map<string, LoadResult>();
  const [first, ...others] = apps;
  if (first === undefined) return { value: await work(), loads };
  const { value, load } = await underLoad(mesh, { workload: first.app, ...first.load, maxMs: 200_000 }, async () => {
    const inner = await underLoads(others, work);
    for (const [name, result] of inner.loads) loads.set(name, result);
    return inner.value;
  });
  loads.set(first.app.metadata.name, load);
  return { value, loads };
}

test('filters that go wrong under traffic are rolled back, each for its reason; five that are as good as before are not', async () => {
  const namespace = await mesh.namespace();
  const cases = [
    ...Object.entries(BAD).map(([name, one]) => ({ name, ...one })),
    ...GOOD.map((name): Case & { name: string } => ({
      name,
      filter: 'noisy',
      load: { clients: 2, pauseMs: 20 },
      counted: true,
    })),
  ];
  const apps = cases.map(({ name, counted, load }) => ({
    app: makeApp(namespace, name, counted ? { podAnnotations: COUNTED } : {}),
    load,
  }));
  await createApps(mesh, ...apps.map(({ app }) => app));
  const filterOf = ({ name, filter }: (typeof cases)[number], configuration: string): object => ({
    name,
    filter: `${filter}.wasm`,
    configuration,
    targets: [`deployment/${name}`],
  });
  const earlier = await writeManifest(
    namespace,
    cases.filter(({ name }) => GOOD.includes(name)).map((one) => filterOf(one, 'v1')),
  );
  const before = await mesh.deploy({ manifest: earlier, 'root-id': '', 'max-parallel': '100%' });
  expect(before.outputs.result).toBe('deployed');
  const manifest = await writeManifest(
    namespace,
    cases.map((one) => filterOf(one, 'v2')),
  );
  const reportFile = `${namespace}-report.json`;
  const { value, loads } = await underLoads(apps, async () => {
    await new Promise((resolve) => setTimeout(resolve, BEFORE_MS));
    return mesh.deploy({
      manifest,
      'root-id': '',
      'max-parallel': '100%',
      'max-failures': '100%',
      soak: SOAK,
      'max-latency-increase': '100ms',
      'report-file': reportFile,
    });
  });
  const report = JSON.parse(await readFile(join(dirname(mesh.filters.abi021), reportFile), 'utf8'));
  const targets: Entry[] = report.targets ?? report.workloads;
  for (const target of targets) console.log(lineOf(target, loads.get(target.name)));
  console.log(
    value.summary.slice(value.summary.indexOf('### Under traffic'), value.summary.indexOf('### Rollout over time')),
  );
  for (const { name, breach } of cases) {
    const target = targets.find((one) => one.name === name);
    if (breach === undefined) {
      expect({ name, outcome: target?.outcome, verdict: target?.soak?.verdict }).toEqual({
        name,
        outcome: 'deployed',
        verdict: 'passed',
      });
      continue;
    }
    expect({
      name,
      outcome: target?.outcome,
      verdict: target?.soak?.verdict,
      rollback: target?.rollback?.state,
    }).toEqual({
      name,
      outcome: 'failed',
      verdict: 'breached',
      rollback: 'rolled-back',
    });
    expect(target?.soak?.breach).toMatch(breach);
  }
}, 280_000);

test('a good filter stays where a backend began to fail before it was deployed; one that fails as often is rolled back', async () => {
  const namespace = await mesh.namespace();
  let isBackendFailing = false;
  const load: Partial<LoadOptions> = { clients: 4, pauseMs: 5 };
  const apps = [
    {
      app: makeApp(namespace, 'innocent', { podAnnotations: COUNTED }),
      load: { ...load, pathOf: (turn: number) => (isBackendFailing && turn % 20 === 7 ? FAILING_PATH : '/') },
    },
    { app: makeApp(namespace, 'guilty', { podAnnotations: COUNTED }), load },
  ];
  await createApps(mesh, ...apps.map(({ app }) => app));
  const manifest = await writeManifest(namespace, [
    { name: 'innocent', filter: 'trap-on-path.wasm', targets: ['deployment/innocent'] },
    { name: 'guilty', filter: 'many-500.wasm', targets: ['deployment/guilty'] },
  ]);
  const reportFile = `${namespace}-report.json`;
  const { loads, value } = await underLoads(apps, async () => {
    await new Promise((resolve) => setTimeout(resolve, 2 * BEFORE_MS));
    isBackendFailing = true;
    await new Promise((resolve) => setTimeout(resolve, BEFORE_MS));
    return mesh.deploy({
      manifest,
      'root-id': '',
      'max-parallel': '100%',
      'max-failures': '100%',
      soak: SOAK,
      'report-file': reportFile,
    });
  });
  const report = JSON.parse(await readFile(join(dirname(mesh.filters.abi021), reportFile), 'utf8'));
  const targets: Entry[] = report.targets ?? report.workloads;
  for (const target of targets) console.log(lineOf(target, loads.get(target.name)), JSON.stringify(target.soak));
  console.log(
    value.summary.slice(value.summary.indexOf('### Under traffic'), value.summary.indexOf('### Rollout over time')),
  );
  const [innocent, guilty] = ['innocent', 'guilty'].map((name) => targets.find((one) => one.name === name));
  expect(innocent).toMatchObject({
    outcome: 'deployed',
    soak: {
      verdict: 'passed',
      excused: expect.stringMatching(/in the old pods, but [\d.]+% of \d+ requests in their last/),
    },
  });
  expect(guilty).toMatchObject({
    outcome: 'failed',
    rollback: { state: 'rolled-back' },
    soak: { verdict: 'breached', breach: expect.stringMatching(/0% of \d+ requests in the old pods, .*in their last/) },
  });
}, 280_000);

/** `slow: breached, within 3.1 s of the look before; 1200 requests, 0 failed from 12.0 s to 20.1 s: …`. */
function lineOf({ name, soak, times }: Entry, load: LoadResult | undefined): string {
  const failures = load?.failures ?? [];
  const [first, last] = [failures[0]?.seconds, failures.at(-1)?.seconds];
  const when = first === undefined ? '' : ` from ${first.toFixed(1)} s to ${last?.toFixed(1)} s of the load`;
  const back =
    times?.failed === undefined
      ? ''
      : `; failed at ${times.failed} s, rolled back at ${times.rollbackEnded} s of the run`;
  const noticed = soak?.noticedSeconds === undefined ? '' : `, within ${soak.noticedSeconds} s of the look before`;
  return `${name}: ${soak?.verdict}${noticed}; ${load?.requests} requests, ${failures.length} failed${when}${back}; ${soak?.breach ?? ''}`;
}
