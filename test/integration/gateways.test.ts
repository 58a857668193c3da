import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canonicalJson, type Json } from '../../src/base/json.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { type ActionInputs, pinImage, type RunOptions, type SeenReport } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import type { Gateway, GatewayOptions } from '../harness/gateway-objects.ts';
import { gatewayPluginsOf, scaleGateway } from '../harness/gateways.ts';
import type { RecordedRequest } from '../harness/recorder.ts';
import { UNREACHABLE_REGISTRY } from '../harness/sidecar/plugins.ts';
import { PULL_TIME } from '../harness/sidecar/proxy.ts';
import { onlyTarget, POD_RULES, revisionOf, Scene, WRITE_RULES } from './scene.ts';

// Filters on Gateways of the Gateway API, whose pods nobody but istiod can change: WasmPlugins that name the Gateway, replaced in place.

const V1 = 'oci://registry.example/filters/add-header:v1';
const V2 = 'oci://registry.example/filters/add-header:v2';
const pinned = (filter: string): string => pinImage(filter.slice('oci://'.length));
const STATE = 'deploy-wasm-filter/state';
const PLUGIN_RULES = [
  ...WRITE_RULES,
  { apiGroups: ['extensions.istio.io'], resources: ['wasmplugins'], verbs: ['list', 'create', 'patch', 'delete'] },
  { apiGroups: ['gateway.networking.k8s.io'], resources: ['gateways'], verbs: ['get', 'list'] },
];

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

interface Plugin extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A namespace with a Gateway, and what a test asks of both. */
class Place {
  readonly scene: Scene;
  readonly gateway: Gateway;

  private constructor(scene: Scene, gateway: Gateway) {
    this.scene = scene;
    this.gateway = gateway;
  }

  static async open(options: GatewayOptions = {}): Promise<Place> {
    const scene = await Scene.open(cluster);
    return new Place(scene, await scene.gateway('web', options));
  }

  run(inputs: ActionInputs = {}, options: RunOptions = {}): Promise<SeenReport> {
    const targets = inputs.command === 'sweep' ? {} : { targets: 'gateway/web' };
    return this.scene.deploy({ filter: V1, configuration: '{"mode":"one"}', ...targets, ...inputs }, options);
  }

  /** Deploys, and expects it to go well. Gives the revision. */
  async deployed(inputs: ActionInputs = {}): Promise<string> {
    const report = await this.run(inputs);
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    return revisionOf(onlyTarget(report));
  }

  async gatewayPlugin(name = 'add-header.web'): Promise<Plugin | undefined> {
    const found = (await gatewayPluginsOf(cluster.api, this.gateway)) as unknown as Plugin[];
    return found.find(({ metadata }) => metadata.name === name);
  }

  /** The names of all that is ours in the namespace. */
  async objects(): Promise<string[]> {
    const { configMaps } = await this.scene.objects();
    const plugins = await cluster.api.list(
      `${resourcePath(WASM_PLUGIN, this.scene.namespace)}?labelSelector=deploy-wasm-filter/name`,
    );
    return [...configMaps, ...plugins.map(({ metadata }) => metadata.name)].sort();
  }

  /** The specs that were written of the Gateway's plugin, in their order. */
  written(): Record<string, unknown>[] {
    const path = resourcePath(WASM_PLUGIN, this.scene.namespace, 'add-header.web');
    return this.scene.writes
      .filter((request: RecordedRequest) => request.path.startsWith(`${path}?`))
      .map(({ body = '{}' }) => (JSON.parse(body) as { spec: Record<string, unknown> }).spec);
  }
}

const objectsOf = (...revisions: string[]): string[] =>
  [...revisions.flatMap((id) => [`add-header-${id}`, `add-header-${id}`]), 'add-header.web'].sort();

describe.each(['istio', 'istio-waypoint'])('a Gateway of the class %s', (className) => {
  test.concurrent('gets the filter, has it verified in all its pods, and is left alone by a second run', async () => {
    const place = await Place.open({ className, replicas: 2 });
    place.scene.forget();
    const report = await place.run({ verify: 'required', 'pull-secret': 'regcred', phase: 'authn' });
    expect(report).toMatchObject({ outcome: 'deployed', problems: [], warnings: [] });
    expect(onlyTarget(report)).toMatchObject({
      ref: { kind: 'Gateway', name: 'web' },
      outcome: 'deployed',
      steps: { configMap: 'done', filterResource: 'done', template: 'done', rollout: 'done' },
      pods: { ready: 2, wanted: 2 },
      verification: { level: 'listener', pods: 2, wanted: 2 },
    });
    const id = revisionOf(onlyTarget(report));
    const spec = {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }],
      url: `oci://${pinned(V1)}`,
      imagePullPolicy: 'IfNotPresent',
      imagePullSecret: 'regcred',
      pluginConfig: { mode: 'one' },
      phase: 'AUTHN',
      priority: 0,
      failStrategy: 'FAIL_CLOSE',
      match: [{ mode: 'CLIENT_AND_SERVER' }],
    };
    expect(place.written()).toEqual([{ ...spec, failStrategy: 'FAIL_OPEN' }, spec]);
    const gatewayPlugin = await place.gatewayPlugin();
    expect(gatewayPlugin?.spec).toEqual(spec);
    expect(gatewayPlugin?.metadata.labels).toMatchObject({
      'deploy-wasm-filter/name': 'add-header',
      'deploy-wasm-filter/revision': id,
    });
    expect(await place.objects()).toEqual(objectsOf(id));
    // Whatever is on a Gateway is copied to its pods, and would replace them.
    expect(place.scene.writes.filter(({ path }) => path.includes('/gateways/'))).toEqual([]);

    place.scene.forget();
    const again = await place.run({ verify: 'required', 'pull-secret': 'regcred', phase: 'authn' });
    expect(again).toMatchObject({ outcome: 'unchanged', problems: [] });
    expect(place.scene.writes).toEqual([]);
    expect(place.scene.execs).toEqual([]);

    const { status } = await place.run({ command: 'status', verify: 'required' });
    expect(status?.workloads).toMatchObject([
      { pods: { ready: 2, wanted: 2 }, filters: [{ health: 'verified', revision: id, notes: [], image: pinned(V1) }] },
    ]);
    expect(status?.garbage).toEqual([]);
  });

  test.concurrent('gets another image and configuration in one write, and keeps the revision before to go back to', async () => {
    const place = await Place.open({ className });
    const first = await place.deployed();
    place.scene.forget();
    const second = await place.deployed({ filter: V2, configuration: '{"mode":"two"}' });
    expect(second).not.toBe(first);
    expect(place.written()).toMatchObject([{ url: `oci://${pinned(V2)}`, pluginConfig: { mode: 'two' } }]);
    expect(await place.objects()).toEqual(objectsOf(first, second));
    expect(JSON.parse((await place.gatewayPlugin())?.metadata.annotations?.[STATE] ?? '')).toEqual({
      'add-header': {
        revision: second,
        previous: first,
        run: 'local',
        started: expect.any(String),
        source: expect.stringMatching(`^${V2} ${pinned(V2)} sha256:`),
        digest: expect.stringMatching(/^sha256:/),
      },
    });
    await place.deployed({ filter: V2, configuration: '{"mode":"three"}', 'keep-revisions': '0' });
    expect(await place.objects()).toHaveLength(3);
  });

  test.concurrent('is rolled back to what it had where Envoy rejects the new one, to the letter', async () => {
    const place = await Place.open({ className, annotations: { 'sim/refuses': 'bad' } });
    const first = await place.deployed();
    const before = await place.gatewayPlugin();
    const report = await place.run({ configuration: '{"mode":"bad"}' });
    const target = onlyTarget(report);
    expect(target).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': first } },
    });
    expect(target.problem?.message).toMatch(
      /^Envoy of pod web\S* rejects the filter: (?:the filter said: .*)?\(?Failed to configure base Wasm plugin/,
    );
    const after = await place.gatewayPlugin();
    expect([after?.spec, after?.metadata.labels, after?.metadata.annotations]).toEqual([
      before?.spec,
      before?.metadata.labels,
      before?.metadata.annotations,
    ]);
    expect(await place.objects()).toEqual(objectsOf(first));
    expect(report.changed).toBe(false);
    // What the log says of the refused one is not held against what is there now.
    const { status } = await place.run({ command: 'status', verify: 'required' });
    expect(status?.workloads).toMatchObject([{ filters: [{ health: 'verified', revision: first }] }]);
  });

  test.concurrent('loses a first one that Envoy rejects, with all that was made for it', async () => {
    const place = await Place.open({ className, annotations: { 'sim/refuses': 'bad' } });
    const report = await place.run({ configuration: '{"mode":"bad"}' });
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': null } },
    });
    expect(await place.objects()).toEqual([]);
  });

  test.concurrent('passes requests while a first image cannot be pulled, and is rolled back', async () => {
    const place = await Place.open({ className });
    const filter = `oci://${UNREACHABLE_REGISTRY}/add-header:v1`;
    const target = onlyTarget(await place.run({ filter, scout: 'off' }));
    expect(target).toMatchObject({ outcome: 'failed', rollback: { state: 'rolled-back', to: { 'add-header': null } } });
    expect(target.problem?.message).toMatch(`lets every request pass without it: Pull of ${pinned(filter)} failed`);
    expect(place.written()).toMatchObject([{ failStrategy: 'FAIL_OPEN' }]);
    expect(await place.objects()).toEqual([]);
  });

  test.concurrent('is not blamed for what still stands in for an image that could not be pulled before', async () => {
    const place = await Place.open({ className, annotations: { [PULL_TIME]: '300' } });
    const unreachable = { filter: `oci://${UNREACHABLE_REGISTRY}/add-header:v1`, scout: 'off' };
    for (const _ of ['first', 'again']) {
      const { problem } = onlyTarget(await place.run(unreachable));
      expect(problem?.message).toMatch('lets every request pass without it');
    }
    const first = await place.deployed({ verify: 'required' });
    // Nor is what it is rolled back to.
    const target = onlyTarget(await place.run({ ...unreachable, configuration: '{"mode":"two"}' }));
    expect(target).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': first } },
    });
  });

  test.concurrent('is rolled back at once where the image that replaces another cannot be pulled', async () => {
    const place = await Place.open({ className });
    const first = await place.deployed();
    const filter = `oci://${UNREACHABLE_REGISTRY}/add-header:v1`;
    const target = onlyTarget(await place.run({ filter, scout: 'off' }));
    expect(target).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': first } },
    });
    expect(target.problem?.message).toMatch('rejects every request instead');
    expect((await place.gatewayPlugin())?.spec).toMatchObject({ url: `oci://${pinned(V1)}` });
  });

  test.concurrent('loses the filter, and then its objects go', async () => {
    const place = await Place.open({ className });
    await place.deployed();
    expect(await place.run({ command: 'remove' })).toMatchObject({ outcome: 'removed', problems: [] });
    expect(await place.objects()).toEqual([]);
    expect(await place.run({ command: 'remove', missing: 'ok' })).toMatchObject({ outcome: 'unchanged', problems: [] });
  });
});

describe('a Gateway', () => {
  test.concurrent('is planned without a write, and shown what would be written', async () => {
    const place = await Place.open();
    const planned = await place.run({ command: 'plan' });
    expect(planned).toMatchObject({ outcome: 'planned', problems: [] });
    expect(planned.plan?.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`)).toEqual([
      expect.stringMatching(/^create ConfigMap add-header-/),
      expect.stringMatching(/^create WasmPlugin add-header-/),
      'create WasmPlugin add-header.web',
    ]);
    expect(planned.plan?.restarts).toEqual([]);
    expect(place.scene.writes).toEqual([]);
    await place.deployed();
    const change = await place.run({ command: 'plan', configuration: '{"mode":"two"}' });
    const last = change.plan?.changes.at(-1);
    expect(last).toMatchObject({ action: 'change', kind: 'WasmPlugin', name: 'add-header.web' });
    expect(last?.diff).toContain('-    mode: one');
    expect(last?.diff).toContain('+    mode: two');
  });

  test.concurrent('has what others edited repaired, and told who it was', async () => {
    const place = await Place.open();
    await place.deployed();
    const path = resourcePath(WASM_PLUGIN, place.scene.namespace, 'add-header.web');
    await cluster.api.patch(path, { spec: { priority: 7 } }, 'somebody');
    const { status } = await place.run({ command: 'status' });
    const edited = `WasmPlugin ${place.scene.namespace}/add-header.web was edited by somebody`;
    expect(status?.workloads).toMatchObject([{ filters: [{ health: 'drifted', notes: [{ text: edited }] }] }]);
    const report = await place.run();
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', drift: [edited] });
    expect((await place.gatewayPlugin())?.spec).toMatchObject({ priority: 0 });
    expect(await place.run()).toMatchObject({ outcome: 'unchanged' });
  });

  test.concurrent('goes with workloads of the same filter, each by the road that it can take', async () => {
    const place = await Place.open();
    const reviews = await place.scene.workload('reviews');
    const targets = '[deployment/reviews, { kind: gateway, name: web, wave: 2 }]';
    const report = await place.run({ targets });
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(report.targets.map(({ ref, wave, outcome }) => [ref.kind, wave, outcome])).toEqual([
      ['Deployment', 1, 'deployed'],
      ['Gateway', 2, 'deployed'],
    ]);
    // One is for what comes to a workload, the other for what goes through a gateway.
    const [reviewed, attached] = report.targets.map(revisionOf);
    expect(reviewed).not.toBe(attached);
    expect((await place.scene.now(reviews)).spec?.template?.metadata?.labels).toMatchObject({
      'deploy-wasm-filter/add-header': reviewed,
    });
    await place.run({ command: 'remove', targets });
    expect(await place.objects()).toEqual([]);
  });

  test.concurrent('that is no target any more loses the filter with "prune"', async () => {
    const place = await Place.open();
    await place.scene.workload('reviews');
    await place.deployed();
    const report = await place.run({ targets: 'deployment/reviews', delivery: 'image', prune: 'true' });
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(report.targets.map(({ ref, outcome }) => [ref.kind, outcome])).toEqual([
      ['Deployment', 'deployed'],
      ['Gateway', 'removed'],
    ]);
    expect(await place.gatewayPlugin()).toBeUndefined();
  });

  test.concurrent('loses what has expired, found without a target list', async () => {
    const place = await Place.open();
    await place.deployed({ expires: '1h' });
    expect(await place.run({ command: 'sweep' })).toMatchObject({ outcome: 'unchanged' });
    const later = { date: new Date(Date.now() + 2 * 3_600_000) };
    expect(await place.run({ command: 'sweep' }, later)).toMatchObject({ outcome: 'removed', problems: [] });
    expect(await place.objects()).toEqual([]);
  });

  test.concurrent('is finished by the next run after one that ended before the filter was closed', async () => {
    const place = await Place.open();
    const id = await place.deployed();
    const path = resourcePath(WASM_PLUGIN, place.scene.namespace, 'add-header.web');
    const spec = { ...(await place.gatewayPlugin())?.spec, failStrategy: 'FAIL_OPEN' };
    await cluster.api.patch(path, { spec }, 'deploy-wasm-filter');
    const report = await place.run();
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', drift: [] });
    expect(revisionOf(onlyTarget(report))).toBe(id);
    expect((await place.gatewayPlugin())?.spec).toMatchObject({ failStrategy: 'FAIL_CLOSE' });
  });

  test.concurrent('is given all at once what nobody waits for', async () => {
    const place = await Place.open();
    expect(await place.run({ wait: 'false' })).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(place.written()).toMatchObject([{ failStrategy: 'FAIL_CLOSE' }]);
  });

  test.concurrent('is content with what permissions there are, and says which are missing', async () => {
    const place = await Place.open();
    const few = await place.scene.user(...WRITE_RULES);
    expect((await place.run({ kubeconfig: few })).problems.map(({ message }) => message).join()).toMatch(/gateways/);
    const enough = await place.scene.user(...PLUGIN_RULES);
    const report = await place.run({ kubeconfig: enough });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', verification: { level: 'ready' } });
    const looking = await place.scene.user(...PLUGIN_RULES, POD_RULES.list);
    const again = await place.run({ kubeconfig: looking, configuration: '{"mode":"two"}' });
    expect(onlyTarget(again)).toMatchObject({
      outcome: 'deployed',
      verification: { level: 'ready', pods: 1, wanted: 1 },
    });
  });

  test.concurrent('without the permission to read logs is told by the time what stands in for an image of before', async () => {
    const place = await Place.open({ annotations: { [PULL_TIME]: '300' } });
    const kubeconfig = await place.scene.user(...PLUGIN_RULES, POD_RULES.listWithoutLogs, POD_RULES.exec);
    const failing = onlyTarget(await place.run({ filter: `oci://${UNREACHABLE_REGISTRY}/add-header:v1`, kubeconfig }));
    expect(failing.problem?.message).toMatch('lets every request pass without it');
    // The API server tells the time of a write to the second.
    const failedIn = Math.floor(Date.now() / 1000);
    await eventually('the next second', async () => Math.floor(Date.now() / 1000) > failedIn || undefined);
    const fresh = onlyTarget(await place.run({ kubeconfig }));
    expect(fresh).toMatchObject({ outcome: 'deployed', verification: { level: 'ready', pods: 1, wanted: 1 } });
  });

  test.concurrent('that is new to a namespace does not see pods come later without the filter', async () => {
    const place = await Place.open();
    await place.deployed();
    await scaleGateway(cluster.api, place.gateway, 3);
    const { status } = await place.run({ command: 'status', verify: 'required' });
    expect(status?.workloads[0]?.filters[0]?.health).toBe('verified');
  });

  test.concurrent.each([
    [{ targets: 'gateway/wep' }, /wep does not exist\. Change it to gateway\/web\./],
    [{ filter: 'filter.wasm' }, /names a Gateway\. Istio makes its pods.*push-to/s],
    [{ delivery: 'configmap' }, /names a Gateway\. Istio makes its pods/],
    [{ settings: 'push' }, /is push, but the filter ".*" is delivered as an image/],
  ] as const)('is refused with %j', async (inputs, words) => {
    const place = await Place.open();
    const report = await place.run(inputs as ActionInputs);
    expect(report.outcome).toBe('failed');
    expect(report.problems.map(({ message, remedy }) => `${message} ${remedy}`).join('\n')).toMatch(words);
    expect(place.scene.writes).toEqual([]);
  });

  test.concurrent('that is a waypoint is refused a port, which Istio would leave the filter out for, and a probe', async () => {
    const place = await Place.open({ className: 'istio-waypoint' });
    const report = await place.run({ port: '9080' });
    expect(report.problems.map(({ message }) => message)).toEqual([
      'is a waypoint, where Istio ignores filters that are for one port.',
    ]);
    const probed = await place.run({ probe: ':9080/' });
    expect(probed.problems.map(({ message }) => message)).toEqual([
      'is a waypoint, which answers only the proxies of the mesh, so no probe can be sent to it.',
    ]);
    expect(place.scene.writes).toEqual([]);
  });

  test.concurrent('answers a probe in each of its pods', async () => {
    const place = await Place.open({ replicas: 2 });
    const probe = '{ path: /, port: 80, expect: { headers: { x-filter-add-header: "*" } } }';
    const target = onlyTarget(await place.run({ probe }));
    expect(target).toMatchObject({ outcome: 'deployed', verification: { level: 'listener', pods: 2, probed: true } });
  });

  test.concurrent('with a port that none of its listeners has is rolled back, with the ports that it has', async () => {
    const place = await Place.open({ ports: [80, 8080] });
    const refused = await place.run({ port: '9090' });
    expect(onlyTarget(refused).outcome).toBe('untouched');
    expect(refused.problems.map(({ message }) => message)).toEqual([expect.stringMatching(/80 and 8080/)]);
    expect(await place.run({ port: '8080' })).toMatchObject({ outcome: 'deployed', problems: [] });
  });

  test.concurrent('that no controller has accepted is refused', async () => {
    const scene = await Scene.open(cluster);
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${scene.namespace}/gateways`;
    const listeners = [{ name: 'http', port: 80, protocol: 'HTTP' }];
    await cluster.api.create(path, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'web', namespace: scene.namespace },
      spec: { gatewayClassName: 'nobody', listeners },
    } as KubernetesObject);
    const report = await scene.deploy({ filter: V1, configuration: '', targets: 'gateway/web' });
    expect(report.problems.map(({ message }) => message)).toEqual([
      'has no pods that could run the filter: no controller has accepted it (Waiting for controller).',
    ]);
  });

  test.concurrent('is rendered as a file of its own', async () => {
    const scene = await Scene.open(cluster);
    const { report, written } = await scene.run({
      command: 'render',
      filter: V1,
      configuration: '{"mode":"one"}',
      targets: 'gateway/web',
      'render-to': 'out',
    });
    expect(report.outcome).toBe('rendered');
    const name = `out/component/wasmplugin_${scene.namespace}_add-header.web.yaml`;
    expect([...written.keys()]).toContain(name);
    expect(written.get(name)).toMatch(
      /targetRefs:\n {4}- group: gateway\.networking\.k8s\.io\n {6}kind: Gateway\n {6}name: web/,
    );
    expect(written.get('out/component/kustomization.yaml')).toMatch(
      `- wasmplugin_${scene.namespace}_add-header.web.yaml`,
    );
    expect(canonicalJson(scene.requests as unknown as Json)).toBe('[]');
  });
});
