import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Problem } from '../../src/base/problem.ts';
import type { Trial } from '../../src/filter/trial/verdict.ts';
import { type ActionInputs, EMPTY_MODULE, makeModule, type RunOptions, type SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { POD_RULES, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** Two filters on one workload; the second is the one that the tests make fail. */
const manifest = (second = ''): string => `version: 1
filters:
  - { filter: first.wasm, configuration: "x-first: 1", targets: [ deployment/reviews ] }
  - { filter: second.wasm, targets: [ deployment/reviews ]${second} }
`;
const FILES = { 'first.wasm': makeModule('first'), 'second.wasm': makeModule('second') };
const REFUSES = { 'sim/refuses': 'bad' };
const BAD = ', configuration: bad';

const run = (scene: Scene, text: string, inputs: ActionInputs = {}, options: RunOptions = {}): Promise<SeenReport> =>
  scene.deploy(
    { filter: '', name: '', configuration: '', targets: '', manifest: 'm.yaml', ...inputs },
    { ...options, files: { ...FILES, 'm.yaml': text, ...options.files } },
  );
/** What is wrong, with a workload or before anything was written. */
const problemsOf = ({ problems, targets }: SeenReport): Problem[] => [
  ...problems,
  ...targets.flatMap(({ problem }) => problem ?? []),
];
const expectSecond = (report: SeenReport, message: RegExp): void => {
  expect(report.outcome).toBe('failed');
  expect(problemsOf(report).map((problem) => [problem.filter, problem.message])).toEqual([
    ['second', expect.stringMatching(message)],
  ]);
};

/** The logs of proxies have the second filter's own words, and Envoy's, which name none. */
const saySecond = (scene: Scene): void => {
  const body = [
    '2026-01-02T03:04:05.678901Z\tcritical\tenvoy wasm context.cc:1160\twasm log second second: the configuration must be "name: value"\tthread=13',
    '2026-01-02T03:04:05.678901Z\terror\tenvoy wasm wasm.cc:104\tWasm VM failed Failed to configure base Wasm plugin\tthread=13',
  ].join('\n');
  scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body } } : undefined));
};

describe('of two filters on a workload, the report names the one that failed', () => {
  test.concurrent('where no proxy takes its module', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const report = await run(scene, manifest(), {}, { files: { 'second.wasm': EMPTY_MODULE } });
    expect(new Set(problemsOf(report).map(({ filter }) => filter))).toEqual(new Set(['second']));
    expect(report.outcome).toBe('failed');
  });

  test.concurrent('where its trial run shows that Envoy would refuse it', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const trial: Trial = async (request) =>
      JSON.stringify(request).includes('bad')
        ? { state: 'refused', step: 'configure', reason: 'no table', logs: [] }
        : { state: 'passed', logs: [] };
    expectSecond(await run(scene, manifest(BAD), {}, { trial }), /in a trial run on this runner.*no table/);
  });

  test.concurrent('where the proxy rejects its listener', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: REFUSES });
    expectSecond(await run(scene, manifest(BAD)), /rejects second: /);
  });

  test.concurrent('where the proxy rejects the settings that were pushed', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: REFUSES });
    await run(scene, manifest());
    expectSecond(await run(scene, manifest(BAD), { settings: 'push' }), /rejects second: /);
  });

  test.concurrent('where the statistics of the proxy show it', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: REFUSES });
    saySecond(scene);
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.proxy);
    expectSecond(
      await run(scene, manifest(`${BAD}, root-id: second`), { kubeconfig }),
      /rejected a listener: Envoy rejects second: /,
    );
  });

  test.concurrent('where it is in no listener', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const report = await run(scene, manifest(', port: 1234'));
    expect(report.outcome).toBe('failed');
    expect(problemsOf(report).map(({ kind, filter }) => [kind, filter])).toEqual([['no-effect', 'second']]);
  });

  test.concurrent('where its pods do not become ready, by the log of their proxy', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/behaviour-with-filter': 'proxy-not-ready' } });
    saySecond(scene);
    const report = await run(scene, manifest(', root-id: second'), { timeout: '10m' });
    expectSecond(report, /Envoy rejects second: /);
  });

  test.concurrent('and none where a probe fails, which passes through both', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const probe = JSON.stringify({ port: 9080, path: '/', expect: { headers: { 'x-second': '1' } } });
    const report = await run(scene, manifest(), { probe });
    expect(problemsOf(report).map(({ kind, filter }) => [kind, filter])).toEqual([['verification', undefined]]);
  });
});
