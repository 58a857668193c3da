import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { resourcePath, WORKLOADS } from '../../src/cluster/resources.ts';
import { eventually } from '../harness/api.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { APP_PORT, call, type Mesh } from './mesh.ts';

/** The classes of Gateways that istiod runs proxies for: gateways at the mesh's edge, and waypoints. */
export type GatewayClass = 'istio' | 'istio-waypoint';

export interface GatewayOptions {
  readonly gatewayClass?: GatewayClass;
  readonly replicas?: number;
  /** Labels that the Gateway hands on to its pods. */
  readonly podLabels?: Readonly<Record<string, string>>;
  /** The ports of a gateway's listeners for HTTP, 80 when absent; a waypoint has a single one, for tunnels. */
  readonly ports?: readonly number[];
}

/** A Gateway whose pods are ready. */
export interface RunningGateway {
  readonly name: string;
  readonly namespace: string;
  /** The Deployment that istiod has made of it. */
  readonly workload: Workload;
  /** The address of its Service, which this machine reaches. */
  readonly address: string;
  /** The port of its first listener, of the Service as of the pods. */
  readonly port: number;
}

interface GatewayStatus extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Service extends KubernetesObject {
  readonly spec: { readonly clusterIP: string };
}

const API_VERSION = 'gateway.networking.k8s.io/v1';
const HBONE_PORT = 15_008;

/** Creates a Gateway and waits until istiod has programmed it and all pods of its Deployment are ready. */
export async function createGateway(
  mesh: Mesh,
  namespace: string,
  name: string,
  options: GatewayOptions = {},
): Promise<RunningGateway> {
  const { gatewayClass = 'istio', replicas = 1, podLabels } = options;
  const waypoint = gatewayClass === 'istio-waypoint';
  const [port = 80, ...more] = waypoint ? [HBONE_PORT] : (options.ports ?? []);
  const protocol = waypoint ? 'HBONE' : 'HTTP';
  const listeners = [port, ...more].map((number) => ({ name: `port-${number}`, port: number, protocol }));
  await mesh.api.create(gatewayPath(namespace, 'gateways'), {
    apiVersion: API_VERSION,
    kind: 'Gateway',
    // Nothing here gives a Service of type LoadBalancer its address, for which istiod would wait.
    metadata: { name, annotations: { 'networking.istio.io/service-type': 'ClusterIP' } },
    spec: {
      gatewayClassName: gatewayClass,
      listeners,
      ...(podLabels === undefined ? {} : { infrastructure: { labels: podLabels } }),
    },
  } as never);
  await eventually(`Gateway ${name} programmed`, async () => {
    const { status } = await mesh.api.get<GatewayStatus>(gatewayPath(namespace, 'gateways', name));
    return status?.conditions?.find(({ type, status: state }) => type === 'Programmed' && state === 'True');
  });
  const made = await madeOf(mesh, namespace, name);
  if (replicas !== 1) await mesh.api.patch(pathOf(made), { spec: { replicas } });
  const workload = await awaitReady(mesh.api, made);
  const { spec } = await mesh.api.get<Service>(`/api/v1/namespaces/${namespace}/services/${made.metadata.name}`);
  return { name, namespace, workload, address: spec.clusterIP, port };
}

/** The Deployment of a Gateway; its name depends on the class. */
async function madeOf({ api }: Mesh, namespace: string, gateway: string): Promise<Workload> {
  const selector = encodeURIComponent(`gateway.networking.k8s.io/gateway-name=${gateway}`);
  const path = `${resourcePath(WORKLOADS.Deployment, namespace)}?labelSelector=${selector}`;
  return eventually(`a Deployment of Gateway ${gateway}`, async () => {
    const [found] = await api.list<Workload>(path);
    // The items of a list do not say their kind.
    return found && { ...found, apiVersion: 'apps/v1', kind: 'Deployment' };
  });
}

/** Leads all requests to a gateway on to the Service of an app, and waits until it is so, by its Service and by each pod. */
export async function routeTo(mesh: Mesh, gateway: RunningGateway, app: Workload): Promise<void> {
  const { namespace, name, workload, address, port } = gateway;
  await mesh.api.create(gatewayPath(namespace, 'httproutes'), {
    apiVersion: API_VERSION,
    kind: 'HTTPRoute',
    metadata: { name },
    spec: { parentRefs: [{ name }], rules: [{ backendRefs: [{ name: app.metadata.name, port: APP_PORT }] }] },
  } as never);
  await eventually(`answers of Gateway ${name}`, async () => {
    const pods = await mesh.pods(workload);
    const answers = await Promise.all([address, ...pods.map((pod) => pod.address)].map((each) => serves(each, port)));
    return pods.length > 0 && answers.every(Boolean) ? true : undefined;
  });
}

async function serves(address: string, port: number): Promise<boolean> {
  const answer = await call(address, port).catch(() => undefined);
  return answer?.status === 200;
}

/** Sends what gateways lead to the Service of an app through a waypoint of its namespace first. Sidecars know no waypoints. */
export async function useWaypoint({ api }: Mesh, { metadata }: Workload, waypoint: RunningGateway): Promise<void> {
  const labels = { 'istio.io/use-waypoint': waypoint.name, 'istio.io/ingress-use-waypoint': 'true' };
  await api.patch(`/api/v1/namespaces/${metadata.namespace}/services/${metadata.name}`, { metadata: { labels } });
}

/** The path of a collection of the Gateway API, or of one object in it. */
function gatewayPath(namespace: string, plural: string, name?: string): string {
  const collection = `/apis/${API_VERSION}/namespaces/${namespace}/${plural}`;
  return name === undefined ? collection : `${collection}/${name}`;
}
