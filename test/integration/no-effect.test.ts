import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { MESH_WIDE_PORTS } from '../harness/injector.ts';
import { awaitReady, createWorkloads, makeWorkload } from '../harness/workloads.ts';
import { onlyTarget, ownPart, POD_RULES, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

interface Case {
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly sidecar?: boolean;
  readonly inputs?: Readonly<Record<string, string>>;
}

/** What the pods that run now show already: nothing is written. */
const expectUntouched = async (
  scene: Scene,
  sentence: RegExp,
  { podAnnotations = {}, sidecar = true, inputs = {} }: Case,
): Promise<void> => {
  await scene.workload('reviews', { podAnnotations, sidecar });
  const planned = await scene.deploy({ command: 'plan', ...inputs });
  expect(planned.problems.map(describeProblem)).toEqual([expect.stringMatching(sentence)]);
  const report = await scene.deploy(inputs);
  expect(report.outcome).toBe('failed');
  expect(report.problems.map(({ kind }) => kind)).toEqual(['no-effect']);
  expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(sentence)]);
  expect(onlyTarget(report).outcome).toBe('untouched');
  expect(scene.writes).toEqual([]);
};

/** What only new pods show: the workload fails, is explained, and rolled back. */
const expectRolledBack = async (
  scene: Scene,
  sentence: RegExp,
  { podAnnotations = {}, sidecar = true, inputs = {} }: Case,
): Promise<void> => {
  const workload = await scene.workload('reviews', { podAnnotations, sidecar });
  const before = ownPart(await scene.now(workload));
  const report = await scene.deploy(inputs);
  expect(report.outcome).toBe('failed');
  const { outcome, problem, rollback, verification } = onlyTarget(report);
  expect(outcome).toBe('failed');
  expect(problem?.kind).toBe('no-effect');
  expect(problem && describeProblem(problem)).toMatch(sentence);
  expect(verification).toBeUndefined();
  expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': null } });
  expect(ownPart(await scene.now(workload))).toEqual(before);
  expect(await scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
};

const TRAFFIC = 'traffic.sidecar.istio.io';

describe('what the running pods show already is said before the first write', () => {
  test.concurrent.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'a namespace without a label',
      {},
      /the namespace has no label that turns injection on\..*istio-injection=enabled/,
    ],
    ['injection turned off', { 'istio-injection': 'disabled' }, /has the label istio-injection=disabled/],
    ['ambient mode', { 'istio.io/dataplane-mode': 'ambient' }, /the namespace is in ambient mode.*waypoint/],
  ])('no sidecar: %s', async (_case, labels, sentence) => {
    await expectUntouched(await Scene.open(cluster, labels), sentence, { sidecar: false });
  });

  test.concurrent('a sidecar that stands in the template (kube-inject) of a namespace that Istio does not inject', async () => {
    const podAnnotations = { 'sidecar.istio.io/status': '{"initContainers":["istio-init"]}' };
    const sentence = /sidecar in it already.*does not inject its namespace/;
    await expectUntouched(await Scene.open(cluster), sentence, { podAnnotations });
  });

  test.concurrent('a sidecar that stands in a template with injection turned off', async () => {
    const scene = await Scene.open(cluster);
    const podAnnotations = { 'sidecar.istio.io/status': '{}', 'sidecar.istio.io/inject': 'false' };
    await scene.workload('reviews', { podAnnotations });
    const { problems } = await scene.deploy({});
    expect(problems.map(describeProblem)).toEqual([expect.stringMatching(/sidecar in it already.*inject: "false"/)]);
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('a sidecar that stands in the template of a namespace that Istio injects is injected anew', async () => {
    const scene = await Scene.open(cluster, { 'istio-injection': 'enabled' });
    await scene.workload('reviews', { podAnnotations: { 'sidecar.istio.io/status': '{}' } });
    const report = await scene.deploy({});
    expect(report).toMatchObject({ outcome: 'deployed', warnings: [{ text: expect.stringContaining('kube-inject') }] });
  });

  test.concurrent.each<[string, Case, RegExp]>([
    [
      'no port that speaks HTTP',
      { podAnnotations: { 'sim/http-ports': '', 'sim/tcp-ports': '3306' } },
      /add-header would be in no listener: the proxy serves no HTTP\b.* TCP on 3306/,
    ],
    [
      'a port that no Service leads to',
      { podAnnotations: { 'sim/http-ports': '9080,9081' }, inputs: { port: '8081' } },
      /no Service leads to port 8081 .*the proxy serves HTTP on 9080 and 9081/,
    ],
    [
      'a place beside a filter that the proxy does not have',
      { inputs: { insert: 'after envoy.filters.http.jwt_authn' } },
      /it must be placed after envoy\.filters\.http\.jwt_authn, but inbound there is no such HTTP filter, only .*istio\.stats and envoy\.filters\.http\.router\. Name one of these in the input "insert"/,
    ],
    [
      'a port that the mesh takes for TCP',
      { podAnnotations: { 'sim/tcp-ports': '3306' }, inputs: { port: '3306' } },
      /port 3306 is TCP for the mesh, and only HTTP has filters/,
    ],
    [
      'both directions, and a port that nobody has',
      { inputs: { direction: 'any', port: '8081' } },
      /no Service leads to port 8081/,
    ],
    [
      'a port that is excluded from what the sidecar captures',
      { podAnnotations: { [`${TRAFFIC}/excludeInboundPorts`]: '9080' }, inputs: { port: '9080' } },
      /no request reaches add-header: inbound requests to port 9080 bypass the sidecar, because of the annotation traffic\.sidecar\.istio\.io\/excludeInboundPorts: "9080"\. Take port 9080 out of that annotation/,
    ],
    [
      'every port excluded, where none is named',
      { podAnnotations: { [`${TRAFFIC}/includeInboundPorts`]: '' } },
      /inbound requests to port 9080 bypass the sidecar, because of the annotation traffic\.sidecar\.istio\.io\/includeInboundPorts: ""\. Add port 9080/,
    ],
    [
      'a port that the mesh does not include',
      { podAnnotations: { [MESH_WIDE_PORTS]: '8080,8443' }, inputs: { port: '9080' } },
      /because of the mesh-wide value "8080,8443" of traffic\.sidecar\.istio\.io\/includeInboundPorts\. Set the annotation traffic\.sidecar\.istio\.io\/includeInboundPorts on its pod template/,
    ],
    [
      'the interface of the pod excluded',
      { podAnnotations: { [`${TRAFFIC}/excludeInterfaces`]: 'eth0' } },
      /bypass the sidecar, because of the annotation traffic\.sidecar\.istio\.io\/excludeInterfaces: "eth0"/,
    ],
    [
      'outbound requests that are not captured',
      { podAnnotations: { [`${TRAFFIC}/includeOutboundIPRanges`]: '' }, inputs: { direction: 'outbound' } },
      /outbound requests to port 80 bypass the sidecar, because of the annotation traffic\.sidecar\.istio\.io\/includeOutboundIPRanges: ""/,
    ],
  ])('%s', async (_case, given, sentence) => {
    await expectUntouched(await Scene.open(cluster), sentence, given);
  });

  test.concurrent('of all workloads together, and the others are not begun either', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('bare', { sidecar: false });
    await scene.workload('past', { podAnnotations: { [`${TRAFFIC}/excludeInboundPorts`]: '9080' } });
    await scene.workload('reviews');
    const { outcome, targets, problems } = await scene.deploy();
    expect(outcome).toBe('failed');
    expect(problems.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['no-effect', `Deployment ${scene.namespace}/bare`],
      ['no-effect', `Deployment ${scene.namespace}/past`],
    ]);
    expect(targets.map((target) => target.outcome)).toEqual(['untouched', 'untouched', 'untouched']);
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('but not where nobody may look, nor where no evidence is asked for', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/http-ports': '' } });
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list);
    expect((await scene.deploy({ kubeconfig })).outcome).toBe('deployed');
    expect((await scene.deploy({ verify: 'off', configuration: 'x-test: 2' })).outcome).toBe('deployed');
  });

  test.concurrent('captured ports are read from the pod where one may not exec', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { [`${TRAFFIC}/excludeInboundPorts`]: '9080' } });
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list);
    const report = await scene.deploy({ kubeconfig, port: '9080' });
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(/inbound requests to port 9080 bypass the sidecar/),
    ]);
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('nothing is looked at where nothing changes', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.deploy();
    scene.forget();
    expect((await scene.deploy()).outcome).toBe('unchanged');
    expect(scene.requests.filter(({ path }) => /\/pods\b/.test(path))).toEqual([]);
  });
});

describe('pods that are ready without the filter fail, are explained, and are rolled back', () => {
  test.concurrent('no sidecar, although injection is turned on', async () => {
    const scene = await Scene.open(cluster, { 'istio-injection': 'enabled' });
    await expectRolledBack(scene, /they have no sidecar \(container istio-proxy\)/, { sidecar: false });
  });

  test.concurrent('no sidecar, and the labels of the namespace may not be read', async () => {
    const scene = await Scene.open(cluster);
    cluster.recorder.inject(({ path }) =>
      path === `/api/v1/namespaces/${scene.namespace}` ? { answer: { status: 403 } } : undefined,
    );
    await expectRolledBack(scene, /they have no sidecar \(container istio-proxy\)/, { sidecar: false });
  });

  test.concurrent('an injector that ignores the annotations', async () => {
    await expectRolledBack(
      await Scene.open(cluster),
      /its proxies do not mount the volume wasm-filter-add-header; whatever injects them ignores the annotations/,
      { podAnnotations: { 'sim/injector': 'ignores' } },
    );
  });

  // A proxy may only be late, so this takes the time that it is given.
  test.concurrent('an EnvoyFilter that never reaches the proxies', async () => {
    await expectRolledBack(
      await Scene.open(cluster),
      /the EnvoyFilter has not reached the proxy, or does not select the pod; the proxy serves HTTP on 9080/,
      { podAnnotations: { 'sim/xds-delay-ms': '600000' } },
    );
  });

  test.concurrent('a port outside of what the sidecar captures, where the pods could not be listed before', async () => {
    const scene = await Scene.open(cluster);
    const lists: unknown[] = [];
    scene.inject(({ path }) => {
      const whole = /\/pods\?limit=\d+$/.test(path);
      return whole && lists.push(path) <= 2 ? { answer: { status: 403 } } : undefined;
    });
    const podAnnotations = { [`${TRAFFIC}/excludeInboundPorts`]: '9080' };
    await expectRolledBack(scene, /inbound requests to port 9080 bypass the sidecar/, { podAnnotations });
  });
});

describe('what passes by a filter that runs is said with its evidence', () => {
  test.concurrent.each<[string, Case, RegExp, boolean]>([
    [
      'one of two ports',
      {
        podAnnotations: { 'sim/http-ports': '9080,9081', [`${TRAFFIC}/excludeInboundPorts`]: '9081' },
      },
      /^inbound requests to port 9081 bypass the sidecar, because of the annotation/,
      true,
    ],
    [
      'one of two directions, where the other is excluded',
      {
        podAnnotations: { [`${TRAFFIC}/excludeInboundPorts`]: '9080' },
        inputs: { direction: 'any' },
      },
      /^outbound only: inbound requests to port 9080 bypass the sidecar/,
      true,
    ],
    [
      'one of two directions, as no Service leads to the port',
      { inputs: { direction: 'any', port: '80' } },
      /^outbound only: no Service leads to port 80 of its pods/,
      true,
    ],
    [
      'one of two directions, as nothing is sent to the port',
      { inputs: { direction: 'any', port: '9080' } },
      /^inbound only: the proxy knows no destination with port 9080/,
      true,
    ],
    [
      'some addresses',
      {
        podAnnotations: { [`${TRAFFIC}/excludeOutboundIPRanges`]: '10.1.0.0/16' },
        inputs: { direction: 'outbound' },
      },
      /^only part of the outbound requests reach the sidecar, because of the annotation .*"10\.1\.0\.0\/16"/,
      false,
    ],
  ])('%s', async (_case, { podAnnotations = {}, inputs = {} }, note, warned) => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations });
    const report = await scene.deploy(inputs);
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification).toMatchObject({ level: 'listener', notes: [expect.stringMatching(note)] });
    expect(warningTexts(report.warnings).filter((warning) => warning.includes('/reviews: '))).toHaveLength(
      warned ? 1 : 0,
    );
  });
});

test.concurrent('one workload without effect does not hold up or harm another', async () => {
  const scene = await Scene.open(cluster);
  await scene.workload('bare', { podAnnotations: { 'sim/injector': 'ignores' } });
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

test.concurrent('no pods at all leave nothing to verify', async () => {
  const scene = await Scene.open(cluster);
  await scene.workload('reviews', { replicas: 0, sidecar: false });
  for (const verify of ['auto', 'required']) {
    const report = await scene.deploy({ verify, configuration: verify });
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification).toBeUndefined();
  }
  expect(scene.execs).toEqual([]);
});

test.concurrent('pods without the filter are seen by every run that waits, also where an earlier one did not', async () => {
  const scene = await Scene.open(cluster);
  const workload = await scene.workload('reviews', { sidecar: false });
  expect((await scene.deploy({ wait: 'false' })).outcome).toBe('deployed');
  // Found in the middle of its rollout, it would be rolled back instead.
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
