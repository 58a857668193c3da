import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { type Resource, TRAFFIC_EXTENSION, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { type Api, ApiCallError, eventually } from '../harness/api.ts';
import type { TestRegistry } from '../harness/registry/index.ts';
import { createGateway, routeTo } from './gateways.ts';
import { APP_PORT, connectMesh, createApps, headerOfPods, type Mesh, makeApp, ownedNames, ownedPath } from './mesh.ts';
import { HEADER, pushedTo, startMeshRegistry } from './registry.ts';

// What a later Istio may be like: its CRD of WasmPlugins is taken out of the cluster while this file runs, and put back at its end.

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const CRD = `${CRDS}/wasmplugins.extensions.istio.io`;
/** Deletion ends when all objects of the kind are gone, and an API server serves a new kind some seconds later. */
const CRD_MS = 60_000;
/** One test is a filter's whole life, with several rollouts. */
const SLOW_MS = 240_000;

interface CustomResourceDefinition extends KubernetesObject {
  readonly spec: unknown;
}

/** Whether the API server knows a kind; undefined while it makes a store for it. */
async function isServed(api: Api, of: Resource): Promise<boolean | undefined> {
  try {
    await api.text(ownedPath(of, 'default'));
    return true;
  } catch (error) {
    if (error instanceof ApiCallError && error.status === 404) return false;
    if (error instanceof ApiCallError && error.status === 429) return undefined;
    throw error;
  }
}

async function awaitServed(api: Api, served: boolean): Promise<void> {
  await eventually(
    `${WASM_PLUGIN.plural} ${served ? 'served' : 'gone'}`,
    async () => ((await isServed(api, WASM_PLUGIN)) === served ? true : undefined),
    CRD_MS,
  );
}

/** A target with what leads requests through its proxies. */
interface Place {
  readonly target: string;
  readonly workload: Workload;
  readonly port: number;
  readonly namespace: string;
}

describe('a mesh whose cluster has no WasmPlugins', () => {
  let mesh: Mesh;
  let registry: TestRegistry;
  let removed: CustomResourceDefinition | undefined;
  beforeAll(async () => {
    mesh = await connectMesh();
    registry = await startMeshRegistry();
    removed = await mesh.api.get<CustomResourceDefinition>(CRD);
    await mesh.api.delete(CRD);
    await awaitServed(mesh.api, false);
  }, SLOW_MS);
  afterAll(async () => {
    try {
      if (removed !== undefined) await restore(removed);
    } finally {
      await registry?.stop();
      await mesh?.stop();
    }
  }, SLOW_MS);

  const restore = async ({ apiVersion = '', kind = '', metadata, spec }: CustomResourceDefinition): Promise<void> => {
    const { name, labels = {}, annotations = {} } = metadata;
    const crd = { apiVersion, kind, metadata: { name, labels, annotations }, spec };
    await mesh.api.create<CustomResourceDefinition>(CRDS, crd);
    await awaitServed(mesh.api, true);
  };
  const start = async (kind: 'deployment' | 'gateway'): Promise<Place> => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews', { replicas: 2 });
    if (kind === 'deployment') {
      await createApps(mesh, app);
      return { target: '- deployment/reviews', workload: app, port: APP_PORT, namespace };
    }
    const [gateway] = await Promise.all([
      createGateway(mesh, namespace, 'web', { replicas: 2 }),
      createApps(mesh, app),
    ]);
    await routeTo(mesh, gateway, app);
    return { target: '- gateway/web', workload: gateway.workload, port: gateway.port, namespace };
  };
  /** Waits until each pod answers with a mode of the filter, or without the filter. */
  const answers = ({ workload, port }: Place, mode?: string): Promise<true> =>
    eventually(`answers with ${mode ?? 'no filter'}`, async () => {
      const found = await headerOfPods(mesh, workload, HEADER, port);
      const wanted = mode === undefined ? undefined : JSON.stringify({ mode });
      return found.length === 2 && found.every((text) => text?.replaceAll(' ', '') === wanted) ? true : undefined;
    });
  const extensions = async ({ namespace }: Place): Promise<string[]> =>
    (await ownedNames(mesh, namespace, TRAFFIC_EXTENSION)).sort();

  test.each(['deployment', 'gateway'] as const)(
    'lets a %s have a filter by TrafficExtensions: verified, replaced, rolled back, removed',
    async (kind) => {
      const place = await start(kind);
      const { namespace, target } = place;
      const names = (revision = ''): string[] => [
        `add-header-${revision}`,
        ...(kind === 'gateway' ? ['add-header.web'] : []),
      ];
      const given = {
        filter: mesh.filters.abi020,
        name: 'add-header',
        namespace,
        targets: target,
        configuration: '{"mode":"one"}',
        verify: 'required',
        'keep-revisions': '0',
        ...pushedTo(registry),
      };
      const first = await mesh.deploy(given);
      expect(first.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
      expect(first.summary).toMatch(/TrafficExtension/);
      expect(first.summary).not.toMatch(/WasmPlugin/);
      expect(await extensions(place)).toEqual(names(first.outputs.revision));
      await answers(place, 'one');
      expect((await mesh.deploy(given)).outputs).toMatchObject({ result: 'unchanged', changed: 'false' });

      const second = await mesh.deploy({ ...given, configuration: '{"mode":"two"}' });
      expect(second.outputs).toMatchObject({ result: 'deployed', 'verified-proxies': '2' });
      expect(await extensions(place)).toEqual(names(second.outputs.revision));
      await answers(place, 'two');

      const refused = await mesh.deploy({ ...given, filter: mesh.filters.corrupt, check: 'off', scout: 'off' });
      expect(refused.outputs).toMatchObject({ result: 'failed', 'rolled-back': '1', changed: 'false' });
      expect(refused.summary).toMatch(/Failed to (load Wasm bytecode|parse corrupted Wasm module)/);
      expect(await extensions(place)).toEqual(names(second.outputs.revision));
      await answers(place, 'two');

      const status = await mesh.deploy({ command: 'status', namespace, targets: target, verify: 'required' });
      expect(status.summary).toMatch(/2\/2&nbsp;verified/);

      const gone = await mesh.deploy({ command: 'remove', name: 'add-header', namespace });
      expect(gone.outputs).toMatchObject({ result: 'removed' });
      await answers(place);
      expect(await extensions(place)).toEqual([]);
    },
    SLOW_MS,
  );
});
