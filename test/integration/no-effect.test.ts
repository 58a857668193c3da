import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, createWorkloads, makeWorkload } from '../harness/workloads.ts';
import { onlyTarget, ownPart, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** A deployment whose pods get ready without the filter: it fails, says why, and is taken back. */
const expectNoEffect = async (
  scene: Scene,
  podAnnotations: Readonly<Record<string, string>>,
  sentence: RegExp,
  { sidecar = true, inputs = {} }: { sidecar?: boolean; inputs?: Readonly<Record<string, string>> } = {},
): Promise<void> => {
  const workload = await scene.workload('reviews', { podAnnotations, sidecar });
  const before = ownPart(await scene.now(workload));
  const report = await scene.deploy(inputs);
  expect(report.outcome).toBe('failed');
  const { outcome, problem, rollback, proof } = onlyTarget(report);
  expect(outcome).toBe('failed');
  expect(problem?.kind).toBe('no-effect');
  expect(problem && describeProblem(problem)).toMatch(sentence);
  expect(proof).toBeUndefined();
  expect(rollback).toMatchObject({ state: 'restored', to: { 'add-header': null } });
  expect(ownPart(await scene.now(workload))).toEqual(before);
  expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
};

describe('pods that are ready without the filter fail, are explained, and go back', () => {
  test.concurrent.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'a namespace without a label',
      {},
      /the namespace has no label that turns injection on\..*istio-injection=enabled/,
    ],
    ['injection turned off', { 'istio-injection': 'disabled' }, /has the label istio-injection=disabled/],
    ['ambient mode', { 'istio.io/dataplane-mode': 'ambient' }, /the namespace is in ambient mode.*waypoint/],
    ['injection turned on', { 'istio-injection': 'enabled' }, /they have no sidecar \(container istio-proxy\)/],
  ])('no sidecar: %s', async (_case, labels, sentence) => {
    await expectNoEffect(await Scene.open(cluster, labels), {}, sentence, { sidecar: false });
  });

  test.concurrent('no sidecar, and the labels of the namespace may not be read', async () => {
    const scene = await Scene.open(cluster);
    cluster.recorder.inject(({ path }) =>
      path === `/api/v1/namespaces/${scene.namespace}` ? { answer: { status: 403 } } : undefined,
    );
    await expectNoEffect(scene, {}, /they have no sidecar \(container istio-proxy\)/, { sidecar: false });
  });

  test.concurrent('an injector that ignores the annotations', async () => {
    await expectNoEffect(
      await Scene.open(cluster),
      { 'sim/injector': 'ignores' },
      /its proxies do not mount the volume wasm-filter-add-header; whatever injects them ignores the annotations/,
    );
  });

  // A proxy may only be late, so these take the time that it is given; side by side.
  test.concurrent('no port that speaks HTTP', async () => {
    await expectNoEffect(
      await Scene.open(cluster),
      { 'sim/http-ports': '', 'sim/tcp-ports': '3306' },
      /is in no listener of pod reviews-\S+: the proxy serves no HTTP\b.* TCP on 3306/,
    );
  });

  test.concurrent('a port that no Service leads to', async () => {
    await expectNoEffect(
      await Scene.open(cluster),
      { 'sim/http-ports': '9080,9081' },
      /no Service leads to port 8081 .*the proxy serves HTTP on 9080 and 9081/,
      { inputs: { port: '8081' } },
    );
  });

  test.concurrent('a place beside a filter that the proxy does not have', async () => {
    await expectNoEffect(
      await Scene.open(cluster),
      {},
      /it is to stand after envoy\.filters\.http\.jwt_authn, but inbound there is no such HTTP filter, only .*istio\.stats and envoy\.filters\.http\.router\. Name one of these in the input "insert"/,
      { inputs: { insert: 'after envoy.filters.http.jwt_authn' } },
    );
  });

  test.concurrent('a port that the mesh takes for TCP', async () => {
    await expectNoEffect(
      await Scene.open(cluster),
      { 'sim/tcp-ports': '3306' },
      /port 3306 is TCP for the mesh, and only HTTP has filters/,
      { inputs: { port: '3306' } },
    );
  });

  test.concurrent('an EnvoyFilter that never reaches the proxies', async () => {
    await expectNoEffect(
      await Scene.open(cluster),
      { 'sim/xds-delay-ms': '600000' },
      /the EnvoyFilter has not reached the proxy, or does not select the pod; the proxy serves HTTP on 9080/,
    );
  });
});

test.concurrent('one workload without effect does not hold up or harm another', async () => {
  const scene = await Scene.open(cluster);
  await scene.workload('bare', { sidecar: false });
  await scene.workload('reviews');
  const { outcome, targets } = await scene.deploy();
  expect(outcome).toBe('failed');
  expect(targets.map((target) => [target.outcome, target.problem?.kind])).toEqual([
    ['failed', 'no-effect'],
    ['deployed', undefined],
  ]);
  // The one that runs it needs its objects.
  expect((await scene.objects()).configMaps).toHaveLength(1);
});

describe('a pod template that says itself that no filter will run', () => {
  test.concurrent.each<[string, { labels?: object; annotations?: object }, RegExp]>([
    [
      'the label against injection',
      { labels: { 'sidecar.istio.io/inject': 'false' } },
      /would not run the filter: its pod template has sidecar.istio.io\/inject: "false"/,
    ],
    [
      'the annotation against injection',
      { annotations: { 'sidecar.istio.io/inject': 'false' } },
      /sidecar.istio.io\/inject: "false", so its pods have no sidecar/,
    ],
    [
      'the template for gateways',
      { annotations: { 'inject.istio.io/templates': 'gateway' } },
      /with the template "gateway", which ignores the annotations that mount the filter/,
    ],
  ])('is refused before the first write: %s', async (_case, { labels = {}, annotations = {} }, sentence) => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const workload = makeWorkload(scene.namespace, 'bare', { sidecar: false });
    const { metadata = {} } = workload.spec?.template ?? {};
    Object.assign(metadata, {
      labels: { ...metadata.labels, ...labels },
      annotations: { ...metadata.annotations, ...annotations },
    });
    await createWorkloads(cluster.api, workload);
    const report = await scene.deploy({ targets: '- deployment/reviews\n- deployment/bare' });
    expect(report.outcome).toBe('failed');
    expect(report.problems.map(({ kind }) => kind)).toEqual(['no-effect']);
    expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(sentence)]);
    expect(scene.writes).toEqual([]);
  });
});

test.concurrent('no pods at all leave nothing to prove', async () => {
  const scene = await Scene.open(cluster);
  await scene.workload('reviews', { replicas: 0, sidecar: false });
  for (const verify of ['auto', 'required']) {
    const report = await scene.deploy({ verify, configuration: verify });
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).proof).toBeUndefined();
  }
  expect(scene.execs).toEqual([]);
});

test.concurrent('pods without the filter are seen by every run that waits, also where an earlier one did not', async () => {
  const scene = await Scene.open(cluster);
  const workload = await scene.workload('reviews', { sidecar: false });
  expect((await scene.deploy({ wait: 'false' })).outcome).toBe('deployed');
  // Found in the middle of its rollout, it would be taken back instead.
  await awaitReady(cluster.api, workload);
  scene.forget();
  for (const _run of ['the next', 'and the one after it']) {
    const report = await scene.deploy();
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report).problem?.kind).toBe('no-effect');
    // Its pods are ready, as they were found: nothing to go back to would be better.
    expect(onlyTarget(report).rollback).toBeUndefined();
  }
  expect(scene.patchesOf(workload)).toEqual([]);
});
