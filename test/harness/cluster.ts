import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { defined } from '../../src/base/defined.ts';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { startEmbeddedCluster } from '../embedded/index.ts';
import { type Resource, resourceKey } from '../embedded/resources.ts';
import { definitionOf } from '../embedded/seed.ts';
import { startKubelet } from '../kubelet/index.ts';
import { type Api, ApiCallError, connectApi, eventually } from './api.ts';
import { startGatewayController } from './gateway-controller.ts';
import { type Recorder, startRecorder } from './recorder.ts';

/** Names the kubeconfig files of real clusters, as KUBECONFIG does; without it the tests run on embedded ones. */
export const KUBECONFIG_VARIABLE = 'TEST_KUBECONFIG';

/** A cluster under test: embedded, or real when a kubeconfig is given. What a test does and sees is the same on both. */
export interface TestCluster {
  readonly api: Api;
  /** Stands between the code under test and the API server. */
  readonly recorder: Recorder;
  /** Makes a namespace of the test's own, removed at the end, with a name of its own unless one is given. */
  namespace(name?: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * @param without names of CRDs that seem not to be installed, such as `wasmplugins.extensions.istio.io`
 * @param resources further custom resources
 * @param index which of the real clusters; where there are fewer, an embedded one
 */
export async function startTestCluster(
  without: readonly string[] = [],
  resources: readonly Resource[] = [],
  index = 0,
): Promise<TestCluster> {
  const file = process.env[KUBECONFIG_VARIABLE]?.split(delimiter)[index];
  const embedded = file ? undefined : await startEmbeddedCluster({ without, resources });
  const kubeconfig = embedded?.kubeconfig ?? (await readFile(file ?? '', 'utf8'));
  // Between the recorder and the embedded server nothing is under test, and a network would be a good part of a test's time.
  const api = await connectApi(kubeconfig, embedded?.dispatcher());
  if (embedded === undefined) for (const resource of resources) await define(api, resource);
  const kubelet = await startKubelet({ kubeconfig, ...defined({ dispatcher: embedded?.dispatcher() }) });
  const gateways = await startGatewayController(api);
  const recorder = await startRecorder(api, embedded === undefined ? without : []);
  const namespaces: string[] = [];
  return {
    api,
    recorder,
    namespace: async (name = `dwf-${randomBytes(4).toString('hex')}`) => {
      await api.create('/api/v1/namespaces', { metadata: { name } });
      // The real controller makes this account a moment later, and pods cannot be made before it is there.
      await eventually(`service account in ${name}`, () =>
        api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`).catch(() => undefined),
      );
      namespaces.push(name);
      return name;
    },
    stop: async () => {
      for (const name of namespaces) await api.delete(`/api/v1/namespaces/${name}`).catch(() => undefined);
      await gateways.stop();
      await recorder.stop();
      await kubelet.stop();
      await api.close();
      await embedded?.stop();
    },
  };
}

/** Makes a custom resource known to a real API server, which may know it already. */
async function define(api: Api, resource: Resource): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const { status: _, ...definition } = definitionOf(resource);
  await api.create(path, definition as unknown as KubernetesObject).catch((error: unknown) => {
    if (!(error instanceof ApiCallError && error.status === 409)) throw error;
  });
  await eventually(`${resourceKey(resource)} served`, () =>
    api.list(`/apis/${resource.group}/${resource.version}/${resource.plural}`).catch(() => undefined),
  );
}
