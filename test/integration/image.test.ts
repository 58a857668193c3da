import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CONFIG_MAP, TRAFFIC_EXTENSION, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { podLabel } from '../../src/mesh/identity/names.ts';
import { type ActionInputs, pinImage } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { CLOSED_REGISTRY, UNREACHABLE_REGISTRY } from '../harness/sidecar/plugins.ts';
import { POD_RULES, Scene, WRITE_RULES } from './scene.ts';
import { FILTER, filterKeys, lines, objectsOf, pulledObjectsOf, Site, writesOf } from './site.ts';

const V1 = 'oci://registry.example/filters/add-header:v1';
const V2 = 'oci://registry.example/filters/add-header:v2';
const IMAGE: ActionInputs = { filter: V1, delivery: 'image', configuration: '{"header": "x-a", "list": [1, 2]}' };
const pinned = (filter: string): string => pinImage(filter.slice('oci://'.length));

describe('a filter that the proxies pull as an image', () => {
  let cluster: TestCluster;
  let site: Site;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    site = new Site(cluster, await cluster.namespace());
    cluster.recorder.reset();
  });

  /** Deploys the image to the given workloads, and expects it to go well. Gives the revision. */
  const deployed = (workloads: readonly string[], more: ActionInputs = {}): Promise<string> =>
    site.deployed(workloads, IMAGE.configuration ?? '', { ...IMAGE, ...more });
  const writesDone = (): string[] => lines(writesOf(cluster.recorder.writes));

  test('is deployed by a WasmPlugin, verified in the proxies, and left alone by a second run', async () => {
    const reviews = await site.workload('reviews', { replicas: 2 });
    cluster.recorder.reset();
    const { report } = await site.run('deploy', ['reviews'], {
      ...IMAGE,
      verify: 'required',
      'pull-secret': 'regcred',
    });
    expect(report).toMatchObject({ outcome: 'deployed', problems: [], warnings: [] });
    expect(report.targets[0]).toMatchObject({
      outcome: 'deployed',
      steps: { configMap: 'done', filterResource: 'done', template: 'done', rollout: 'done' },
      verification: { level: 'listener', pods: 2, wanted: 2 },
    });
    const revision = report.targets[0]?.revisions[0]?.revision ?? '';
    expect(writesDone()).toEqual([
      `create ConfigMap ${FILTER}-${revision}`,
      `create WasmPlugin ${FILTER}-${revision}`,
      'change Deployment reviews',
    ]);
    expect((await site.wasmPlugin(revision)).spec).toEqual({
      selector: { matchLabels: { [podLabel(FILTER)]: revision } },
      url: `oci://${pinned(V1)}`,
      imagePullPolicy: 'IfNotPresent',
      imagePullSecret: 'regcred',
      pluginConfig: { header: 'x-a', list: [1, 2] },
      priority: 0,
      failStrategy: 'FAIL_CLOSE',
      match: [{ mode: 'SERVER' }],
    });
    expect(await site.configMap(revision)).toMatchObject({ immutable: true, data: { image: pinned(V1) } });
    expect(filterKeys(await site.template(reviews))).toEqual({
      label: revision,
      volumes: undefined,
      mounts: undefined,
    });

    cluster.recorder.reset();
    const again = await site.run('deploy', ['reviews'], { ...IMAGE, verify: 'required', 'pull-secret': 'regcred' });
    expect(again.report.outcome).toBe('unchanged');
    expect(cluster.recorder.writes).toEqual([]);
    expect(cluster.recorder.requests.filter(({ path }) => path.includes('/exec?'))).toEqual([]);
  });

  test('is replaced by another image, and what is superseded goes with its objects', async () => {
    await site.workload('reviews');
    const first = await deployed(['reviews'], { 'keep-revisions': '0' });
    const second = await deployed(['reviews'], { filter: V2, 'keep-revisions': '0' });
    expect(second).not.toBe(first);
    expect(await site.objects()).toEqual(pulledObjectsOf(second));
  });

  test.each([
    [UNREACHABLE_REGISTRY, 'no such host', 'delivery: configmap'],
    [CLOSED_REGISTRY, 'UNAUTHORIZED', 'pull-secret'],
  ])('from %s, which cannot be pulled, is rolled back at once with the reason', async (host, why, remedy) => {
    const reviews = await site.workload('reviews');
    const before = await deployed(['reviews']);
    const template = await site.template(reviews);
    const { report } = await site.run('deploy', ['reviews'], {
      ...IMAGE,
      filter: `oci://${host}/add-header:v1`,
      scout: 'off',
    });
    expect(report.outcome).toBe('failed');
    expect(report.targets[0]).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { [FILTER]: before } },
    });
    expect(report.targets[0]?.problem?.message).toMatch(`Pull of ${pinned(`oci://${host}/add-header:v1`)} failed: `);
    expect(report.targets[0]?.problem?.message).toMatch(why);
    expect(report.targets[0]?.problem?.remedy).toMatch(remedy);
    expect(await site.template(reviews)).toEqual(template);
    expect(await site.objects()).toEqual(pulledObjectsOf(before));
  });

  test('that rejects its configuration is rolled back, although its pods are ready', async () => {
    await site.workload('reviews', { podAnnotations: { 'sim/refuses': 'broken' } });
    const { report } = await site.run('deploy', ['reviews'], { ...IMAGE, configuration: '{"mode":"broken"}' });
    expect(report.targets[0]).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { [FILTER]: null } },
    });
    expect(report.targets[0]?.problem?.message).toMatch('Failed to configure base Wasm plugin');
    expect(await site.objects()).toEqual([]);
  });

  test('is removed: template first, then both objects', async () => {
    const reviews = await site.workload('reviews');
    await deployed(['reviews']);
    cluster.recorder.reset();
    const { report } = await site.run('remove', ['reviews']);
    expect(report).toMatchObject({ outcome: 'removed', problems: [] });
    expect(writesDone().map((line) => line.replace(/-[0-9a-f]{10}$/, ''))).toEqual([
      'change Deployment reviews',
      `delete WasmPlugin ${FILTER}`,
      `delete ConfigMap ${FILTER}`,
    ]);
    expect(filterKeys(await site.template(reviews))).toEqual({
      label: undefined,
      volumes: undefined,
      mounts: undefined,
    });
    expect(await site.objects()).toEqual([]);
  });

  test('takes turns with a mounted file, and each goes back to the other', async () => {
    const reviews = await site.workload('reviews');
    const { configuration = '' } = IMAGE;
    const mounted = await site.deployed(['reviews'], configuration, { 'keep-revisions': '2' });
    const mounts = filterKeys(await site.template(reviews));
    expect(mounts.mounts).toBeDefined();
    const pulled = await deployed(['reviews'], { 'keep-revisions': '2' });
    expect(filterKeys(await site.template(reviews))).toEqual({ label: pulled, volumes: undefined, mounts: undefined });
    expect(await site.objects()).toEqual([...objectsOf(mounted), ...pulledObjectsOf(pulled)].sort());

    // A mounted revision that fails goes back to the image.
    await site.edit(reviews, { annotations: { 'sim/refuses': 'bad' } });
    const toFile = await site.run('deploy', ['reviews'], { configuration: '{"bad":1}', 'keep-revisions': '2' });
    expect(toFile.report.targets[0]).toMatchObject({ rollback: { state: 'rolled-back', to: { [FILTER]: pulled } } });
    expect(filterKeys(await site.template(reviews))).toEqual({ label: pulled, volumes: undefined, mounts: undefined });

    // And an image that fails goes back to the file.
    expect(await site.deployed(['reviews'], configuration, { 'keep-revisions': '2' })).toBe(mounted);
    expect(filterKeys(await site.template(reviews))).toEqual(mounts);
    const bad = {
      ...IMAGE,
      filter: `oci://${UNREACHABLE_REGISTRY}/add-header:v1`,
      'keep-revisions': '2',
      scout: 'off',
    };
    const toImage = await site.run('deploy', ['reviews'], bad);
    expect(toImage.report.targets[0]).toMatchObject({ rollback: { state: 'rolled-back', to: { [FILTER]: mounted } } });
    expect(filterKeys(await site.template(reviews))).toEqual(mounts);

    const last = await site.run('remove', ['reviews']);
    expect(last.report.problems).toEqual([]);
    expect(await site.objects()).toEqual([]);
  });

  test('is told by status: verified, with its image; then edited, then without its WasmPlugin', async () => {
    await site.workload('reviews');
    const revision = await deployed(['reviews']);
    const health = async (): Promise<object | undefined> =>
      (await site.run('status', ['reviews'])).report.status?.workloads[0]?.filters[0];
    expect(await health()).toMatchObject({
      health: 'verified',
      revision,
      image: pinned(V1),
      verification: { level: 'listener' },
      notes: [],
    });
    await cluster.api.patch(site.path(WASM_PLUGIN, revision), { spec: { phase: 'AUTHN' } }, 'kubectl-edit');
    expect(await health()).toMatchObject({
      health: 'drifted',
      notes: [{ text: `WasmPlugin ${site.namespace}/${FILTER}-${revision} was edited by kubectl-edit` }],
    });
    await cluster.api.delete(site.path(WASM_PLUGIN, revision));
    expect(await health()).toMatchObject({
      health: 'drifted',
      notes: [{ text: `WasmPlugin ${site.namespace}/${FILTER}-${revision} was deleted; no proxy runs it` }],
    });
  });

  test('is repaired when others have changed its objects, without a restart', async () => {
    const reviews = await site.workload('reviews');
    const revision = await deployed(['reviews']);
    const { generation } = (await site.read(reviews)).metadata;
    await cluster.api.patch(site.path(WASM_PLUGIN, revision), { spec: { priority: 7 } }, 'kubectl-edit');
    await cluster.api.delete(site.path(CONFIG_MAP, revision));
    const { report } = await site.run('deploy', ['reviews'], IMAGE);
    expect(report.targets[0]?.drift).toEqual([
      `ConfigMap ${site.namespace}/${FILTER}-${revision} was deleted`,
      `WasmPlugin ${site.namespace}/${FILTER}-${revision} was edited by kubectl-edit`,
    ]);
    expect(report.outcome).toBe('deployed');
    expect((await site.wasmPlugin(revision)).spec.priority).toBe(0);
    expect((await site.read(reviews)).metadata.generation).toBe(generation);
  });

  test('is planned as it is deployed', async () => {
    await site.workload('reviews');
    await site.deployed(['reviews'], 'x-a: 1', { 'keep-revisions': '0' });
    const more = { ...IMAGE, 'keep-revisions': '0' };
    cluster.recorder.reset();
    const plan = await site.run('plan', ['reviews'], more);
    expect(plan.report.problems).toEqual([]);
    expect(cluster.recorder.writes).toEqual([]);
    const { report } = await site.run('deploy', ['reviews'], more);
    expect(report.outcome).toBe('deployed');
    expect(writesDone().sort()).toEqual(lines(plan.report.plan?.changes ?? []).sort());
    expect(plan.report.plan?.changes.every(({ admission }) => admission.state === 'accepted')).toBe(true);
  });

  test('reaches a gateway, in place of a file that its pod template mounts', async () => {
    const gateway = await site.workload('gateway', { gateway: true });
    const { spec } = (await site.read(gateway)).spec?.template ?? {};
    const inbound = await site.run('deploy', ['gateway'], IMAGE);
    expect(inbound.report.problems[0]?.message).toMatch('it is a gateway');
    const direction = { direction: 'gateway' };
    const mounted = await site.deployed(['gateway'], IMAGE.configuration ?? '', direction);
    expect(JSON.stringify((await site.read(gateway)).spec?.template?.spec)).toContain(`${FILTER}-${mounted}`);
    const revision = await deployed(['gateway'], direction);
    expect(filterKeys(await site.template(gateway)).label).toBe(revision);
    expect((await site.read(gateway)).spec?.template?.spec).toEqual(spec);
  });

  test('is pulled by itself where it fits into no ConfigMap, else mounted', async () => {
    await site.workload('reviews');
    const auto = { ...IMAGE, delivery: 'auto' };
    const large = await site.run('deploy', ['reviews'], auto, { imageBytes: 1_500_000 });
    expect(large.report).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(large.report.filters[0]?.delivered).toBe('the module is 1.43 MiB, and a ConfigMap holds 1 MiB');
    const pulled = large.report.targets[0]?.revisions[0]?.revision ?? '';
    expect(await site.objects()).toEqual(pulledObjectsOf(pulled));
    const small = await site.run('deploy', ['reviews'], { ...auto, 'keep-revisions': '0' });
    expect(small.report.filters[0]?.delivered).toBe(
      'the module fits into a ConfigMap, so pods start without the registry',
    );
    expect(await site.objects()).toEqual(objectsOf(small.report.targets[0]?.revisions[0]?.revision ?? ''));
  });

  test('needs a custom resource that tells proxies of images, which nothing else does', async () => {
    const reviews = await site.workload('reviews');
    await deployed(['reviews']);
    const without = (): void => {
      cluster.recorder.reset();
      cluster.recorder.inject(({ path }) =>
        path.includes('/extensions.istio.io/')
          ? { answer: { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' } }
          : undefined,
      );
    };
    without();
    const { report } = await site.run('deploy', ['reviews'], { ...IMAGE, configuration: '{"other":1}' });
    expect(report.problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/neither WasmPlugins nor TrafficExtensions \(extensions\.istio\.io\)/),
    ]);
    expect(cluster.recorder.writes).toEqual([]);
    expect((await site.run('status', ['reviews'])).report).toMatchObject({ outcome: 'reported', problems: [] });
    // Who has taken it out of the cluster can still go back to files.
    expect(await site.deployed(['reviews'], 'x-a: 1', { 'keep-revisions': '0' })).toMatch(/^[0-9a-f]{10}$/);
    expect(filterKeys(await site.template(reviews)).mounts).toBeDefined();
  });

  test('comes back as a TrafficExtension, without a restart, where WasmPlugins have gone with their kind', async () => {
    const reviews = await site.workload('reviews');
    const revision = await deployed(['reviews']);
    const { generation } = (await site.read(reviews)).metadata;
    await cluster.api.delete(site.path(WASM_PLUGIN, revision));
    cluster.recorder.reset();
    cluster.recorder.inject(({ path }) =>
      path.includes('/wasmplugins')
        ? { answer: { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' } }
        : undefined,
    );
    const { report } = await site.run('deploy', ['reviews'], IMAGE);
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(report.targets[0]?.drift).toEqual([`TrafficExtension ${site.namespace}/${FILTER}-${revision} was deleted`]);
    expect(await cluster.api.get(site.path(TRAFFIC_EXTENSION, revision))).toMatchObject({
      spec: { wasm: { url: `oci://${pinned(V1)}` } },
    });
    expect((await site.read(reviews)).metadata.generation).toBe(generation);
    expect((await site.run('deploy', ['reviews'], IMAGE)).report.outcome).toBe('unchanged');
  });

  test('comes with what it cannot carry told before anything is written', async () => {
    await site.workload('reviews');
    cluster.recorder.reset();
    const messages = async (more: ActionInputs): Promise<string[]> => {
      const { report } = await site.run('deploy', ['reviews'], { ...IMAGE, ...more });
      return report.problems.map(({ subject, message }) => `${subject} ${message}`);
    };
    expect(await messages({ filter: 'filter.wasm' })).toEqual([
      'input "delivery" is image, but the filter is not an image that the proxies could pull.',
    ]);
    expect(await messages({ configuration: 'x-a: 1' })).toEqual([
      expect.stringMatching(/^input "configuration" is not a JSON object/),
    ]);
    expect(await messages({ settings: 'push' })).toEqual([expect.stringMatching(/^input "settings" is push/)]);
    expect(cluster.recorder.writes).toEqual([]);
  });
});

describe('the permissions and requests of an image', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  const asksForPlugins = (scene: Scene): boolean => scene.requests.some(({ path }) => path.includes('wasmplugins'));

  test('who mounts files needs no permission to WasmPlugins; who pulled an image once, does', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const user = await scene.user(...WRITE_RULES, ...Object.values(POD_RULES));
    // Whether others bring the same filter there is asked, and not needed.
    expect(await scene.deploy({ kubeconfig: user })).toMatchObject({ outcome: 'deployed', warnings: [] });
    const image = await scene.deploy({ ...IMAGE, kubeconfig: user });
    expect(image.problems.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/cannot list wasmplugins\.extensions\.istio\.io/),
    );
    expect(await scene.deploy(IMAGE)).toMatchObject({ outcome: 'deployed' });
    scene.forget();
    expect(await scene.deploy({ 'keep-revisions': '0' })).toMatchObject({ outcome: 'deployed' });
    expect(asksForPlugins(scene)).toBe(true);
  });

  test('without the permission to exec, the log tells whether the image was pulled; without that to read logs, nobody knows', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const plugins = {
      apiGroups: ['extensions.istio.io'],
      resources: ['wasmplugins'],
      verbs: ['list', 'create', 'patch', 'delete'],
    };
    const blind = await scene.user(...WRITE_RULES, plugins, POD_RULES.listWithoutLogs, POD_RULES.exec);
    const unseen = await scene.deploy({ ...IMAGE, configuration: '{"n":0}', kubeconfig: blind });
    expect(unseen.targets[0]).toMatchObject({
      outcome: 'deployed',
      verification: { level: 'ready', weakness: expect.stringMatching(/only they show/) },
    });
    const user = await scene.user(...WRITE_RULES, plugins, POD_RULES.list, POD_RULES.proxy);
    expect((await scene.deploy({ ...IMAGE, kubeconfig: user })).targets[0]).toMatchObject({
      outcome: 'deployed',
      verification: { level: 'stats' },
    });
    const bad = { ...IMAGE, filter: `oci://${CLOSED_REGISTRY}/add-header:v1`, kubeconfig: user };
    expect((await scene.deploy(bad)).targets[0]).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back' },
    });
  });
});
