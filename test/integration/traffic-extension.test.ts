import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { resourcePath, TRAFFIC_EXTENSION } from '../../src/cluster/resources.ts';
import { type ActionInputs, pinImage, type SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { UNREACHABLE_REGISTRY } from '../harness/sidecar/plugins.ts';
import { onlyTarget, POD_RULES, revisionOf, Scene, WRITE_RULES } from './scene.ts';

// A cluster whose Istio has dropped WasmPlugins: what brings an image to the proxies is a TrafficExtension there.

const V1 = 'oci://registry.example/filters/add-header:v1';
const V2 = 'oci://registry.example/filters/add-header:v2';
const pinned = (filter: string): string => pinImage(filter.slice('oci://'.length));
const REFUSES = { 'sim/refuses': 'bad' };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster(['wasmplugins.extensions.istio.io']);
});
afterAll(() => cluster.stop());

interface Plugin extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A target of one kind in a namespace of its own, and what a test asks of both. */
class Place {
  readonly scene: Scene;
  readonly target: string;

  private constructor(scene: Scene, target: string) {
    this.scene = scene;
    this.target = target;
  }

  /** @param className of a Gateway; a Deployment without one */
  static async open(className?: string, annotations: Readonly<Record<string, string>> = {}): Promise<Place> {
    const scene = await Scene.open(cluster);
    if (className === undefined) {
      await scene.workload('web', { podAnnotations: annotations });
      return new Place(scene, 'deployment/web');
    }
    await scene.gateway('web', { className, annotations });
    return new Place(scene, 'gateway/web');
  }

  /** Runs the action, and expects that nothing which a user reads names what the cluster does not have. */
  async run(inputs: ActionInputs = {}): Promise<SeenReport> {
    const { report, log } = await this.scene.run({
      filter: V1,
      delivery: 'image',
      configuration: '{"mode":"one"}',
      targets: this.target,
      'keep-revisions': '0',
      ...inputs,
    });
    expect([...log, renderSummary(report.whole)].filter((text) => text.includes('WasmPlugin'))).toEqual([]);
    return report;
  }

  /** Deploys, and expects it to go well. Gives the revision. */
  async deployed(inputs: ActionInputs = {}): Promise<string> {
    const report = await this.run(inputs);
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    return revisionOf(onlyTarget(report));
  }

  /** Our TrafficExtensions, by their names. */
  async plugins(): Promise<Plugin[]> {
    const list = resourcePath(TRAFFIC_EXTENSION, this.scene.namespace);
    const found = await cluster.api.list<Plugin>(`${list}?labelSelector=deploy-wasm-filter/name`);
    return [...found].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  /** What is to be there for a revision: its own object, and on a Gateway one that names it. */
  names(revision: string): string[] {
    return [`add-header-${revision}`, ...(this.target === 'gateway/web' ? ['add-header.web'] : [])];
  }

  path(name: string): string {
    return resourcePath(TRAFFIC_EXTENSION, this.scene.namespace, name);
  }

  /** How often WasmPlugins were asked for, which the cluster does not have. */
  get vainRequests(): number {
    return this.scene.requests.filter(({ path }) => path.includes('/wasmplugins')).length;
  }
}

describe.each([
  ['a Deployment', undefined],
  ['a Gateway of the class istio', 'istio'],
  ['a Gateway of the class istio-waypoint', 'istio-waypoint'],
])('%s', (_, className) => {
  test.concurrent('gets the filter by a TrafficExtension, verified in its pods, and is left alone by a second run', async () => {
    const place = await Place.open(className);
    place.scene.forget();
    const report = await place.run({ verify: 'required', 'pull-secret': 'regcred', phase: 'authn' });
    expect(report).toMatchObject({ outcome: 'deployed', problems: [], warnings: [], pluginKind: 'TrafficExtension' });
    expect(renderSummary(report.whole)).toContain('TrafficExtension');
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'deployed',
      verification: { level: 'listener', pods: 1, wanted: 1 },
    });
    // Once for those of this action, once for those of others.
    expect(place.vainRequests).toBe(2);
    const id = revisionOf(onlyTarget(report));
    const plugins = await place.plugins();
    expect(plugins.map(({ metadata }) => metadata.name)).toEqual(place.names(id));
    const { match, ...spec } = plugins.at(-1)?.spec ?? {};
    expect(spec).toEqual({
      ...(className === undefined
        ? { selector: { matchLabels: { 'deploy-wasm-filter/add-header': id } } }
        : { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }] }),
      phase: 'AUTHN',
      priority: 0,
      wasm: {
        url: `oci://${pinned(V1)}`,
        imagePullPolicy: 'IfNotPresent',
        imagePullSecret: 'regcred',
        pluginConfig: { mode: 'one' },
        failStrategy: 'FAIL_CLOSE',
      },
    });
    expect(match).toEqual([{ mode: className === undefined ? 'SERVER' : 'CLIENT_AND_SERVER' }]);

    place.scene.forget();
    const again = await place.run({ verify: 'required', 'pull-secret': 'regcred', phase: 'authn' });
    expect(again).toMatchObject({ outcome: 'unchanged', problems: [] });
    expect(place.scene.writes).toEqual([]);

    const { status } = await place.run({ command: 'status', verify: 'required' });
    expect(status?.workloads).toMatchObject([
      { filters: [{ health: 'verified', revision: id, notes: [], image: pinned(V1) }] },
    ]);
    expect(status?.garbage).toEqual([]);
  });

  test.concurrent('gets another image, and what is superseded goes', async () => {
    const place = await Place.open(className);
    const first = await place.deployed();
    const report = await place.run({ filter: V2, configuration: '{"mode":"two"}' });
    const second = revisionOf(onlyTarget(report));
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(report.collected.deleted).toContain(`TrafficExtension ${place.scene.namespace}/add-header-${first}`);
    const plugins = await place.plugins();
    expect(plugins.map(({ metadata }) => metadata.name)).toEqual(place.names(second));
    expect(plugins.at(-1)?.spec).toMatchObject({ wasm: { url: `oci://${pinned(V2)}`, pluginConfig: { mode: 'two' } } });
  });

  test.concurrent('is rolled back to what it had where Envoy rejects the new one', async () => {
    const place = await Place.open(className, REFUSES);
    const first = await place.deployed();
    const before = await place.plugins();
    const target = onlyTarget(await place.run({ configuration: '{"mode":"bad"}' }));
    expect(target).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': first } },
    });
    expect(target.problem?.message).toMatch('Failed to configure base Wasm plugin');
    expect((await place.plugins()).map(({ spec }) => spec)).toEqual(before.map(({ spec }) => spec));
    const { status } = await place.run({ command: 'status', verify: 'required' });
    expect(status?.workloads).toMatchObject([{ filters: [{ health: 'verified', revision: first }] }]);
  });

  test.concurrent('loses a first one that cannot be pulled, with the reason and all that was made for it', async () => {
    const place = await Place.open(className);
    const filter = `oci://${UNREACHABLE_REGISTRY}/add-header:v1`;
    const report = await place.run({ filter, scout: 'off' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'failed', rollback: { state: 'rolled-back' } });
    expect(onlyTarget(report).problem?.message).toMatch(`Pull of ${pinned(filter)} failed`);
    expect(await place.plugins()).toEqual([]);
  });

  test.concurrent('has what others edited and deleted repaired, by its name', async () => {
    const place = await Place.open(className);
    const id = await place.deployed();
    const last = place.names(id).at(-1) ?? '';
    await cluster.api.patch(place.path(last), { spec: { wasm: { failStrategy: 'FAIL_OPEN' } } }, 'somebody');
    const edited = `TrafficExtension ${place.scene.namespace}/${last} was edited by somebody`;
    const { status } = await place.run({ command: 'status' });
    expect(status?.workloads).toMatchObject([{ filters: [{ health: 'drifted', notes: [{ text: edited }] }] }]);
    expect(onlyTarget(await place.run())).toMatchObject({ outcome: 'deployed', drift: [edited] });
    expect((await place.plugins()).at(-1)?.spec).toMatchObject({ wasm: { failStrategy: 'FAIL_CLOSE' } });

    const [own = ''] = place.names(id);
    await cluster.api.delete(place.path(own));
    const deleted = `TrafficExtension ${place.scene.namespace}/${own} was deleted`;
    const after = await place.run({ command: 'status' });
    expect(after.status?.workloads).toMatchObject([
      { filters: [{ notes: [{ text: `${deleted}; no proxy runs it` }] }] },
    ]);
    expect(onlyTarget(await place.run())).toMatchObject({ outcome: 'deployed', drift: [deleted] });
    expect(await place.run()).toMatchObject({ outcome: 'unchanged' });
  });

  test.concurrent('is planned as it would be kept', async () => {
    const place = await Place.open(className);
    const planned = await place.run({ command: 'plan' });
    expect(planned.problems).toEqual([]);
    const made = planned.plan?.changes.filter(({ kind }) => kind === 'TrafficExtension') ?? [];
    expect(made).toHaveLength(className === undefined ? 1 : 2);
    for (const { action, diff, admission } of made) {
      expect([action, admission.state]).toEqual(['create', 'accepted']);
      expect(diff).toEqual(expect.arrayContaining(['+kind: TrafficExtension', '+  wasm:', '+      mode: one']));
    }
    expect(place.scene.writes).toEqual([]);
    const id = await place.deployed();
    const last = place.names(id).at(-1) ?? '';
    await cluster.api.patch(place.path(last), { spec: { wasm: { failStrategy: 'FAIL_OPEN' } } }, 'somebody');
    const repaired = await place.run({ command: 'plan' });
    expect(repaired.plan?.changes).toMatchObject([{ action: 'change', kind: 'TrafficExtension', name: last }]);
    expect(repaired.plan?.changes[0]?.diff.filter((line) => /^[-+]/.test(line))).toEqual([
      '-    failStrategy: FAIL_OPEN',
      '+    failStrategy: FAIL_CLOSE',
    ]);
  });

  test.concurrent('loses the filter, and then its objects go', async () => {
    const place = await Place.open(className);
    const id = await place.deployed();
    const report = await place.run({ command: 'remove' });
    expect(report).toMatchObject({ outcome: 'removed', problems: [] });
    expect(report.collected.deleted).toEqual([
      `TrafficExtension ${place.scene.namespace}/add-header-${id}`,
      `ConfigMap ${place.scene.namespace}/add-header-${id}`,
    ]);
    expect(await place.plugins()).toEqual([]);
    expect(await place.run({ command: 'remove', missing: 'ok' })).toMatchObject({ outcome: 'unchanged', problems: [] });
  });
});

describe('the permissions', () => {
  const rule = (resource: string): object => ({
    apiGroups: ['extensions.istio.io'],
    resources: [resource],
    verbs: ['list', 'create', 'patch', 'delete'],
  });

  test.concurrent('that the README names are enough; what is missing is named by what is there', async () => {
    const place = await Place.open();
    const rules = [...WRITE_RULES, ...Object.values(POD_RULES), rule('wasmplugins')];
    const kubeconfig = await place.scene.user(...rules);
    const { problems } = await place.run({ kubeconfig });
    expect(problems).toMatchObject([
      { kind: 'permission', message: expect.stringMatching(/cannot list trafficextensions/) },
    ]);
    expect(problems[0]?.remedy).toMatch(/list trafficextensions\.extensions\.istio\.io/);
    const both = await place.scene.user(...rules, rule('trafficextensions'));
    expect(await place.run({ kubeconfig: both })).toMatchObject({ outcome: 'deployed', problems: [] });
  });

  test.concurrent('to write them are asked for before anything is written', async () => {
    const place = await Place.open('istio');
    const reading = { apiGroups: ['extensions.istio.io'], resources: ['*'], verbs: ['list'] };
    const gateways = { apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways'], verbs: ['get', 'list'] };
    const kubeconfig = await place.scene.user(...WRITE_RULES, ...Object.values(POD_RULES), gateways, reading);
    place.scene.forget();
    const { problems } = await place.run({ kubeconfig });
    const where = `trafficextensions.extensions.istio.io in namespace "${place.scene.namespace}"`;
    expect(problems.map(({ message }) => message)).toEqual(
      ['create', 'delete', 'patch'].map((verb) => `The kubeconfig user cannot ${verb} ${where}.`),
    );
    expect(place.scene.writes).toEqual([]);
  });
});

test('runs of several namespaces ask once which kind their own plugins are', async () => {
  const places = [await Place.open(), await Place.open()];
  const asked = (): number[] => places.map(({ vainRequests }) => vainRequests);
  const targets = places.map(({ scene }) => `- ${scene.namespace}/deployment/web`).join('\n');
  const [first] = places;
  expect(await first?.run({ targets })).toMatchObject({ outcome: 'deployed', problems: [] });
  // And each namespace once for plugins of others.
  expect(asked()).toEqual([2, 1]);
  for (const place of places) expect(await place.plugins()).toHaveLength(1);

  const mounted = await Place.open();
  const file = { filter: 'filter.wasm', delivery: 'configmap' };
  expect(await mounted.run(file)).toMatchObject({ outcome: 'deployed', problems: [] });
  // Where the filter is new, only those of others are asked for: they might bring it already.
  const plugins = mounted.scene.requests.filter(({ path }) => path.includes('extensions.istio.io'));
  expect(plugins.filter(({ path }) => !path.includes('managed-by%21%3D'))).toEqual([]);
});
