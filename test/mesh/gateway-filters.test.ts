import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONFIG_MAP, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import type { BundleRun } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import type { TestRegistry } from '../harness/registry/index.ts';
import { createGateway, drained, type GatewayClass, type RunningGateway, routeTo, useWaypoint } from './gateways.ts';
import { type LoadResult, underLoad } from './load.ts';
import { call, connectMesh, createApps, type Mesh, makeApp, ownedNames } from './mesh.ts';
import { HEADER, pushedTo, startMeshRegistry, startUnreachableRegistry } from './registry.ts';

type Inputs = Readonly<Record<string, string>>;

/** A Gateway with a filter to come, and the gateway that requests go in by: the same one, unless it is a waypoint. */
interface Place {
  readonly namespace: string;
  readonly target: RunningGateway;
  readonly entrance: RunningGateway;
  readonly given: Inputs;
}

describe('a filter on what Istio runs for Gateways', () => {
  let mesh: Mesh;
  let registry: TestRegistry;
  beforeAll(async () => {
    mesh = await connectMesh();
    registry = await startMeshRegistry();
  });
  afterAll(async () => {
    await registry?.stop();
    await mesh?.stop();
  });

  const start = async (className: GatewayClass): Promise<Place> => {
    const namespace = await mesh.namespace({});
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    const waypoint = className === 'istio-waypoint';
    const [entrance, inner] = await Promise.all([
      createGateway(mesh, namespace, 'web', { replicas: 2 }),
      waypoint ? createGateway(mesh, namespace, 'inner', { gatewayClass: className, replicas: 2 }) : undefined,
      createApps(mesh, app),
    ]);
    await routeTo(mesh, entrance, app);
    if (inner !== undefined) await useWaypoint(mesh, app, inner, entrance);
    const target = inner ?? entrance;
    const given = {
      filter: mesh.filters.abi020,
      name: 'add-header',
      namespace,
      targets: `- gateway/${target.name}`,
      configuration: '{"mode":"one"}',
      verify: 'required',
      'keep-revisions': '0',
      ...pushedTo(registry),
    };
    return { namespace, target, entrance, given };
  };

  /** Does something under load, and tells what requests met. */
  const loaded = async (
    { entrance: { workload, port } }: Place,
    what: string,
    work: () => Promise<BundleRun>,
  ): Promise<{ run: BundleRun; load: LoadResult; seen: Record<string, number> }> => {
    const { value: run, load } = await underLoad(mesh, { workload, port, header: HEADER }, work);
    const seen = Object.fromEntries(load.seen);
    const failed = Object.entries(Object.groupBy(load.failures, ({ what }) => what));
    const told = failed.map(([what, all = []]) => `${all.length} of ${what}`).join(', ') || 'none failed';
    console.log(`${what}: ${load.requests} requests, ${told}; ${JSON.stringify(seen)}`);
    return { run, load, seen };
  };
  /**
   * Deploys, and waits for the end of the connections that were open before: until then they go on without a filter that is
   * new, and an entrance keeps them open to a waypoint.
   */
  const deployAndDrain = async ({ given, target }: Place): Promise<BundleRun> => {
    const run = await mesh.deploy(given);
    await drained(mesh, target);
    return run;
  };
  /** Waits until requests are answered with a mode of the filter, or without the filter. */
  const answers = (place: Place, mode?: string): Promise<true> =>
    eventually(`answers with ${mode ?? 'no filter'}`, async () => {
      const pods = await mesh.pods(place.entrance.workload);
      const all = await Promise.all(pods.map(({ address }) => call(address, place.entrance.port)));
      const wanted = mode === undefined ? undefined : JSON.stringify({ mode });
      return all.every(
        ({ headers, status }) => status === 200 && headers[HEADER]?.toString().replaceAll(' ', '') === wanted,
      )
        ? true
        : undefined;
    });
  const owned = ({ namespace }: Place): Promise<string[]> => ownedNames(mesh, namespace, CONFIG_MAP, WASM_PLUGIN);

  test.each<GatewayClass>(['istio', 'istio-waypoint'])(
    'of the class %s is put there, replaced in place and removed without a failed request',
    async (className) => {
      const place = await start(className);
      const first = await loaded(place, `${className}, a first one`, () => deployAndDrain(place));
      expect(first.run.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
      expect(first.load.failures).toEqual([]);
      await answers(place, 'one');
      expect((await mesh.deploy(place.given)).outputs).toMatchObject({ result: 'unchanged', changed: 'false' });

      const second = await loaded(place, `${className}, another`, () =>
        mesh.deploy({ ...place.given, configuration: '{"mode":"two"}' }),
      );
      expect(second.run.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
      expect(second.load.failures).toEqual([]);
      // Each answer has passed just one of the two.
      expect(Object.keys(second.seen).filter((text) => !/^\{ ?"mode": ?"(one|two)" ?\}$/.test(text))).toEqual([]);
      await answers(place, 'two');

      const status = await mesh.deploy({
        command: 'status',
        namespace: place.namespace,
        targets: place.given.targets ?? '',
        verify: 'required',
      });
      expect(status.summary).toMatch(/2\/2&nbsp;verified/);

      const removal = { command: 'remove', name: 'add-header', namespace: place.namespace };
      const removed = await loaded(place, `${className}, removed`, () => mesh.deploy(removal));
      expect(removed.run.outputs).toMatchObject({ result: 'removed' });
      expect(removed.load.failures).toEqual([]);
      await answers(place);
      expect(await owned(place)).toEqual([]);
    },
  );

  test.each<GatewayClass>(['istio', 'istio-waypoint'])(
    'of the class %s that Envoy rejects is rolled back while the one before goes on',
    async (className) => {
      const place = await start(className);
      expect((await deployAndDrain(place)).outputs).toMatchObject({ result: 'deployed' });
      await answers(place, 'one');
      const refused = { ...place.given, filter: mesh.filters.corrupt, check: 'off', scout: 'off' };
      const { run, load, seen } = await loaded(place, `${className}, one that Envoy rejects`, () =>
        mesh.deploy(refused),
      );
      expect(run.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
      expect(run.summary).toMatch(/Failed to (load Wasm bytecode|parse corrupted Wasm module)/);
      expect(load.failures).toEqual([]);
      expect(Object.keys(seen)).toEqual([expect.stringMatching(/"one"/)]);
      expect((await mesh.deploy(place.given)).outputs).toMatchObject({ result: 'unchanged' });
    },
  );

  test.each<GatewayClass>(['istio', 'istio-waypoint'])(
    'of the class %s that cannot be pulled does no harm when it is new, and is rolled back at once when it is not',
    async (className) => {
      const place = await start(className);
      const unreachable = await startUnreachableRegistry();
      try {
        const bad = { ...place.given, ...pushedTo(unreachable), scout: 'off' };
        const fresh = await loaded(place, `${className}, a first one that cannot be pulled`, () => mesh.deploy(bad));
        expect(fresh.run.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
        expect(fresh.run.summary).toMatch(/Pull of .+ failed: .+connection refused/);
        expect(fresh.load.failures).toEqual([]);
        // The proxies still have what stood in for it then, and what they say of it is said anew.
        const again = await mesh.deploy(bad);
        expect(again.summary).toMatch(/Pull of .+ failed: .+connection refused/);
        expect(await owned(place)).toEqual([]);

        expect((await mesh.deploy(place.given)).outputs).toMatchObject({ result: 'deployed' });
        await answers(place, 'one');
        const next = await loaded(place, `${className}, another that cannot be pulled`, () => mesh.deploy(bad));
        expect(next.run.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
        await answers(place, 'one');
      } finally {
        await unreachable.stop();
      }
    },
  );

  test('that is new and refused by Envoy is taken away again', async () => {
    const place = await start('istio');
    const refused = { ...place.given, filter: mesh.filters.corrupt, check: 'off', scout: 'off' };
    const { run } = await loaded(place, 'a first one that Envoy rejects', () => mesh.deploy(refused));
    expect(run.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
    await answers(place);
    expect(await owned(place)).toEqual([]);
  });
});
