import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubernetesObject, Pod, Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, POD, resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { SCOUT_LABEL } from '../../src/mesh/identity/names.ts';
import { network } from '../cluster/network.ts';
import type { BundleRun } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { type TestRegistry, USER } from '../harness/registry/index.ts';
import { startRealRegistry } from '../harness/registry/real.ts';
import { pathOf } from '../harness/workloads.ts';
import { createGateway, type RunningGateway, routeTo, useWaypoint } from './gateways.ts';
import { underLoad } from './load.ts';
import { connectMesh, createApps, type Mesh, makeApp, ownedNames } from './mesh.ts';
import { pushedTo, startMeshRegistry, startUnreachableRegistry } from './registry.ts';

type Inputs = Readonly<Record<string, string>>;

/** What only a proxy can refuse, on all that a proxy runs for, while requests pass all of them one after the other. */
describe('a filter that a scout is refused', () => {
  let mesh: Mesh;
  let registry: TestRegistry;
  let closed: TestRegistry;
  let unreachable: TestRegistry;
  let namespace: string;
  let app: Workload;
  let entrance: RunningGateway;
  let waypoint: RunningGateway;
  beforeAll(async () => {
    mesh = await connectMesh();
    [registry, closed, unreachable] = await Promise.all([
      startMeshRegistry(),
      startRealRegistry('basic', process.env.TEST_MACHINE_ADDRESS || network.machineAddress),
      startUnreachableRegistry(),
    ]);
    namespace = await mesh.namespace();
    app = makeApp(namespace, 'reviews', { replicas: 2 });
    [entrance, waypoint] = await Promise.all([
      createGateway(mesh, namespace, 'web'),
      createGateway(mesh, namespace, 'inner', { gatewayClass: 'istio-waypoint' }),
      createApps(mesh, app),
    ]);
    await routeTo(mesh, entrance, app);
    await useWaypoint(mesh, app, waypoint, entrance);
  });
  afterAll(async () => {
    await Promise.all([registry?.stop(), closed?.stop(), unreachable?.stop()]);
    await mesh?.stop();
  });

  const given = (more: Inputs): Inputs => ({
    filter: mesh.filters.abi020,
    name: 'add-header',
    namespace,
    configuration: '{"mode":"one"}',
    check: 'off',
    ...more,
  });
  const pods = (): Promise<readonly Pod[]> => mesh.api.list<Pod>(resourcePath(POD, namespace));
  const scouts = async (): Promise<string[]> =>
    (await pods()).flatMap(({ metadata }) => (metadata.labels?.[SCOUT_LABEL] === undefined ? [] : [metadata.name]));
  /** What a run would have changed: templates, pods and how often their containers were started, and our objects. */
  const facts = async (): Promise<unknown> => {
    const workloads = [app, entrance.workload, waypoint.workload];
    const generations = await Promise.all(
      workloads.map(async (one) => (await mesh.api.get<Workload>(pathOf(one))).metadata.generation),
    );
    const gateways = await mesh.api.list<KubernetesObject>(
      `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/gateways`,
    );
    const lasting = (await pods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const running = lasting.map(({ metadata, status }) => [
      metadata.name,
      [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
        ({ restartCount }) => restartCount,
      ),
    ]);
    const objects = await ownedNames(mesh, namespace, CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN);
    return { generations, gateways: gateways.map(({ metadata }) => metadata.generation), running, objects };
  };
  const noneLeft = (): Promise<true> =>
    eventually('no scout left', async () => ((await scouts()).length === 0 ? true : undefined));
  const loaded = async (what: string, work: () => Promise<BundleRun>): Promise<BundleRun> => {
    const { value, load } = await underLoad(mesh, { workload: entrance.workload, port: entrance.port }, work);
    console.log(`${what}: ${load.requests} requests, ${load.failures.length} failed`);
    expect(load.failures).toEqual([]);
    return value;
  };

  const TARGETS = { Deployment: '- deployment/reviews', gateway: '- gateway/web', waypoint: '- gateway/inner' };
  const CASES: readonly [string, () => Inputs, RegExp][] = [
    ['an image that cannot be pulled', () => pushedTo(unreachable), /Pull of .+ failed/],
    [
      'a missing pull secret',
      () => ({ ...pushedTo(closed), 'registry-username': USER.username, 'registry-password': USER.password }),
      /Pull of .+ failed/,
    ],
    ['a module that Envoy refuses', () => ({ ...pushedTo(registry), filter: mesh.filters.corrupt }), /Wasm/],
    [
      'a configuration that the filter refuses',
      () => ({ ...pushedTo(registry), filter: mesh.filters.abi021, configuration: '{}' }),
      /Failed to configure base Wasm plugin/,
    ],
  ];

  test.each(CASES)('%s restarts nothing and fails no request', async (what, more, reason) => {
    const before = await facts();
    for (const [target, targets] of Object.entries(TARGETS)) {
      const run = await loaded(`${what}, ${target}`, () => mesh.deploy(given({ ...more(), targets })));
      expect([target, run.outputs.result, run.outputs.changed]).toEqual([target, 'failed', 'false']);
      expect(run.summary).toMatch(reason);
      expect(run.summary).toMatch(/found in a scout pod/);
      await noneLeft();
      expect(await facts()).toEqual(before);
    }
  });

  test('a mounted module that Envoy refuses, and settings pushed into running proxies', async () => {
    const targets = TARGETS.Deployment;
    const before = await facts();
    const corrupt = await loaded('a mounted module that Envoy refuses', () =>
      mesh.deploy(given({ targets, filter: mesh.filters.corrupt })),
    );
    expect(corrupt.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(corrupt.summary).toMatch(/found in a scout pod/);
    await noneLeft();
    expect(await facts()).toEqual(before);
    const good = given({ targets, filter: mesh.filters.abi021, configuration: 'x-wasm: good' });
    expect((await mesh.deploy(good)).outputs.result).toBe('deployed');
    await noneLeft();
    const running = await facts();
    const pushed = await loaded('pushed settings that the filter refuses', () =>
      mesh.deploy({ ...good, configuration: 'nonsense', settings: 'push' }),
    );
    expect(pushed.outputs).toMatchObject({ result: 'failed', changed: 'false' });
    expect(pushed.summary).toMatch(/found in a scout pod/);
    await noneLeft();
    expect(await facts()).toEqual(running);
  });

  test('a run that is killed while its scout starts leaves what the next run takes away', async () => {
    const inputs = given({ ...pushedTo(registry), targets: TARGETS.gateway });
    const attempt = (number: number, id = 1) => ({
      environment: { GITHUB_REPOSITORY: 'shop/filters', GITHUB_RUN_ID: String(id), GITHUB_RUN_ATTEMPT: String(number) },
    });
    let killed = false;
    const killing = mesh.deploy(inputs, {
      ...attempt(1),
      onOutput: (text, kill) => {
        if (killed || !text.includes('Trying the filters')) return;
        killed = true;
        setTimeout(() => kill('SIGKILL'), 1_500);
      },
    });
    expect((await killing).code).toBeNull();
    expect(await scouts()).toHaveLength(1);
    const other = await mesh.deploy({ ...inputs, configuration: 'nonsense' }, attempt(1, 2));
    expect(other.outputs.result).toBe('failed');
    expect(await scouts()).toHaveLength(1);
    const next = await loaded('the run after the killed one', () => mesh.deploy(inputs, attempt(1, 3)));
    expect(next.outputs.result).toBe('deployed');
    await noneLeft();
    // That of the revision, and the Gateway's own.
    const { revision } = next.outputs;
    expect(await ownedNames(mesh, namespace, WASM_PLUGIN)).toEqual([`add-header-${revision}`, 'add-header.web']);
    console.log(/Tried first in .*/.exec(next.summary)?.[0]);
    expect(next.summary).toMatch(/Tried first in a scout pod in one namespace/);
  });
});
