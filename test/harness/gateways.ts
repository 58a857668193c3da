/** What a test does with Gateways: make them, and see what is attached to them and what their proxies have of it. */
import type { KubernetesObject, Pod, Workload } from '../../src/cluster/objects.ts';
import { POD, resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { type ApiObject, dig, digList } from '../kubelet/client.ts';
import { type Api, eventually } from './api.ts';
import { execInPod } from './exec-client.ts';
import { GATEWAY_API } from './gateway-controller.ts';
import { deploymentName, type Gateway, type GatewayOptions, makeGateway } from './gateway-objects.ts';
import { WORKLOADS } from './kinds.ts';
import { GATEWAY_NAME_LABEL } from './sidecar/gateway-plugin.ts';
import { awaitReady } from './workloads.ts';

/** Makes a Gateway, and waits until istiod's stand-in has made its Deployment and the pods are ready. */
export async function createGateway(
  api: Api,
  namespace: string,
  name: string,
  options: GatewayOptions = {},
): Promise<Gateway> {
  const { replicas = 1 } = options;
  const gateway = await api.create(gatewayPath(namespace), makeGateway(namespace, name, options));
  await eventually(`the Deployment of ${name}`, () => deploymentOf(api, gateway).catch(() => undefined));
  if (replicas !== 1) await scaleGateway(api, gateway, replicas);
  await awaitGateway(api, gateway);
  return api.get<Gateway>(gatewayPath(namespace, name));
}

/** Waits until a Gateway is accepted and the pods of its Deployment are ready, all of the latest template. */
export async function awaitGateway(api: Api, gateway: Gateway): Promise<void> {
  const { namespace = '', name } = gateway.metadata;
  await eventually(`the status of ${name}`, async () => {
    const { status } = await api.get<Gateway>(gatewayPath(namespace, name));
    return status?.conditions?.find(({ type, status }) => type === 'Accepted' && status === 'True');
  });
  await awaitReady(api, await deploymentOf(api, gateway));
}

/** The path of the Gateways of a namespace, or of one. */
export function gatewayPath(namespace: string, name?: string): string {
  const collection = `${GATEWAY_API}/namespaces/${namespace}/gateways`;
  return name === undefined ? collection : `${collection}/${name}`;
}

/** The Deployment that istiod makes for a Gateway. */
export function deploymentOf(api: Api, gateway: Gateway): Promise<Workload> {
  const { namespace } = gateway.metadata;
  return api.get(resourcePath(WORKLOADS.Deployment, namespace, deploymentName(gateway as unknown as ApiObject)));
}

/** Scales the Deployment of a Gateway, as an autoscaler does. It does not wait for the pods; see `awaitGateway`. */
export async function scaleGateway(api: Api, gateway: Gateway, replicas: number): Promise<void> {
  const { namespace } = gateway.metadata;
  const path = resourcePath(WORKLOADS.Deployment, namespace, deploymentName(gateway as unknown as ApiObject));
  await api.patch(path, { spec: { replicas } });
}

/** The pods of a Gateway that are not on their way out. */
export async function gatewayPods(api: Api, gateway: Gateway): Promise<readonly Pod[]> {
  const { namespace, name } = gateway.metadata;
  const selector = encodeURIComponent(`${GATEWAY_NAME_LABEL}=${name}`);
  const pods = await api.list<Pod>(`${resourcePath(POD, namespace)}?labelSelector=${selector}`);
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The WasmPlugins whose `targetRefs` name a Gateway, by their names. */
export async function gatewayPluginsOf(api: Api, gateway: Gateway): Promise<readonly ApiObject[]> {
  const { namespace, name } = gateway.metadata;
  const plugins = (await api.list<KubernetesObject>(resourcePath(WASM_PLUGIN, namespace))) as unknown as ApiObject[];
  return plugins
    .filter((plugin) => digList(plugin, 'spec', 'targetRefs').some((target) => dig(target, 'name') === name))
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

/**
 * What a pod's proxy answers to `pilot-agent request GET PATH`, such as `config_dump?resource=ecds_filters`.
 * @param api a client through the recorder, where the simulated proxies are
 */
export async function askProxy(api: Api, pod: Pod, path: string): Promise<string> {
  const { namespace = '', name } = pod.metadata;
  const { channels } = await execInPod(api, { namespace, name }, ['pilot-agent', 'request', 'GET', path]);
  return channels[1] ?? '';
}

/** What a pod's proxy shows of the filters that came apart from its listeners: name and configuration, as Envoy dumps them. */
export async function extensionsIn(
  api: Api,
  pod: Pod,
): Promise<readonly { readonly name: string; readonly config: unknown }[]> {
  const dump = await askProxy(api, pod, 'config_dump?resource=ecds_filters');
  const configs = dump === '' ? [] : digList(JSON.parse(dump), 'configs');
  return configs.map((config) => ({
    name: String(dig(config, 'ecds_filter', 'name')),
    config: dig(config, 'ecds_filter', 'typed_config'),
  }));
}

/** The log of a pod's proxy. @param since by `sinceTime` */
export function proxyLog(api: Api, pod: Pod, since?: Date): Promise<string> {
  const { namespace, name } = pod.metadata;
  const query = since === undefined ? '' : `&sinceTime=${encodeURIComponent(since.toISOString())}`;
  return api.text(`${resourcePath(POD, namespace, name)}/log?container=istio-proxy${query}`);
}
