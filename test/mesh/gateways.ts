import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { eventually } from '../harness/api.ts';
import { WORKLOADS } from '../harness/kinds.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { type Answer, APP_PORT, call, type Mesh } from './mesh.ts';

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
  const { name } = gateway;
  await createRoute(mesh, app, name, { name });
  await eventually(`answers of Gateway ${name}`, () => allServe(mesh, gateway, () => true));
}

/** The header that the answers of an app carry which have passed its waypoint; its value is the waypoint's name. */
export const WAYPOINT_HEADER = 'x-waypoint';

/**
 * Answers in a row of each of a gateway's pods that show its way to be settled: a pod changes over without a pause, a
 * waypoint's pods learn of the Service one after the other, and each answer comes from either of them.
 */
const SETTLED_ANSWERS = 20;

/**
 * Sends what a gateway leads to the Service of an app through a waypoint of its namespace first, and waits until all of
 * it goes there: while they change over, gateways answer some requests with 503. Sidecars know no waypoints.
 */
export async function useWaypoint(
  mesh: Mesh,
  app: Workload,
  waypoint: RunningGateway,
  gateway: RunningGateway,
): Promise<void> {
  const { name, namespace } = app.metadata;
  // A route of the Service itself is the waypoint's; gateways pass it by.
  await createRoute(mesh, app, `by-${waypoint.name}`, { group: '', kind: 'Service', name }, [
    {
      type: 'ResponseHeaderModifier',
      responseHeaderModifier: { set: [{ name: WAYPOINT_HEADER, value: waypoint.name }] },
    },
  ]);
  const labels = { 'istio.io/use-waypoint': waypoint.name, 'istio.io/ingress-use-waypoint': 'true' };
  await mesh.api.patch(`/api/v1/namespaces/${namespace}/services/${name}`, { metadata: { labels } });
  let settled = 0;
  await eventually(`all answers by way of ${waypoint.name}`, async () => {
    const passed = await allServe(mesh, gateway, ({ headers }) => headers[WAYPOINT_HEADER] === waypoint.name);
    settled = passed ? settled + 1 : 0;
    return settled === SETTLED_ANSWERS ? true : undefined;
  });
}

/** Creates an HTTPRoute to the Service of an app, in its namespace; `parent` is what takes the requests. */
async function createRoute(
  { api }: Mesh,
  { metadata: { name, namespace = '' } }: Workload,
  route: string,
  parent: object,
  filters: readonly object[] = [],
): Promise<void> {
  await api.create(gatewayPath(namespace, 'httproutes'), {
    apiVersion: API_VERSION,
    kind: 'HTTPRoute',
    metadata: { name: route },
    spec: { parentRefs: [parent], rules: [{ filters, backendRefs: [{ name, port: APP_PORT }] }] },
  } as never);
}

/** Where each of Istio's proxies serves what it counts, in Prometheus' text format. */
const STATS_PORT = 15_090;
/** Twice the time that Envoy gives to connections of a listener that was replaced (Istio's `drainDuration`, 45 s), in ms. */
const DRAINED_WITHIN_MS = 90_000;

/** What Envoy counts while it drains: whole listeners, and those filter chains that another one has taken the place of. */
const DRAINING = /^envoy_listener_manager_total_(?:listeners|filter_chains)_draining\{\} (\d+)$/gm;

/** Waits until no proxy of a gateway has connections that know its listeners as they were before. */
export async function drained(mesh: Mesh, { name, workload }: RunningGateway): Promise<void> {
  const draining = async (address: string): Promise<boolean> => {
    const stats = await (await fetch(`http://${address}:${STATS_PORT}/stats/prometheus`)).text();
    const counts = [...stats.matchAll(DRAINING)].map(([, number]) => Number(number));
    // A proxy that has just started does not count yet, so nothing is known of it.
    return counts.length !== 2 || counts.some((number) => number > 0);
  };
  await eventually(
    `listeners of ${name} drained`,
    async () => {
      const pods = await mesh.pods(workload);
      const all = await Promise.all(pods.map(({ address }) => draining(address)));
      return all.some(Boolean) ? undefined : true;
    },
    DRAINED_WITHIN_MS,
  );
}

/** Whether a gateway's Service and each of its pods answer with 200 and as wanted; nothing when one does not. */
async function allServe(
  mesh: Mesh,
  { address, port, workload }: RunningGateway,
  wanted: (answer: Answer) => boolean,
): Promise<true | undefined> {
  const pods = await mesh.pods(workload);
  const served = async (each: string): Promise<boolean> => {
    const answer = await call(each, port).catch(() => undefined);
    return answer?.status === 200 && wanted(answer);
  };
  const answers = await Promise.all([address, ...pods.map((pod) => pod.address)].map(served));
  return pods.length > 0 && answers.every(Boolean) ? true : undefined;
}

/** The path of a collection of the Gateway API, or of one object in it. */
function gatewayPath(namespace: string, plural: string, name?: string): string {
  const collection = `/apis/${API_VERSION}/namespaces/${namespace}/${plural}`;
  return name === undefined ? collection : `${collection}/${name}`;
}
