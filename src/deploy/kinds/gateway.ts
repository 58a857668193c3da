import type { Client } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import { GATEWAY, type PluginKind } from '../../cluster/resources.ts';
import { attachedTo } from '../../mesh/gateway/attachment.ts';
import { type GatewayView, viewGateway } from '../../mesh/gateway/view.ts';
import type { WasmPlugin } from '../../mesh/objects/wasm-plugin.ts';
import { listPlugins } from './plugins.ts';

/** Gateways, with those of the plugins that name them. `kind` is the one that plugins have in the cluster. */
export function viewGateways(
  gateways: readonly Workload[],
  plugins: readonly WasmPlugin[],
  kind: PluginKind,
): GatewayView[] {
  const attached = Map.groupBy(plugins, (plugin) => attachedTo(plugin)?.gateway);
  return gateways.map((gateway) => viewGateway(gateway, attached.get(gateway.metadata.name) ?? [], kind));
}

/** The Gateways that plugins of a namespace name, whether or not anybody has listed Gateways. */
export function attachedGateways(
  namespace: string,
  listed: readonly Workload[],
  plugins: readonly WasmPlugin[],
  kind: PluginKind,
): GatewayView[] {
  const known = new Map(listed.map((gateway) => [gateway.metadata.name, gateway]));
  const names = new Set(plugins.flatMap((plugin) => attachedTo(plugin)?.gateway ?? []));
  return viewGateways(
    [...names].sort().map((name) => known.get(name) ?? { metadata: { name, namespace } }),
    plugins,
    kind,
  );
}

/** A Gateway as it is now, of which there is an earlier view. @throws ApiError */
export async function readGateway(
  client: Client,
  namespace: string,
  { metadata, pluginKind }: GatewayView,
): Promise<GatewayView> {
  const [gateway, plugins] = await Promise.all([
    client.get<Workload>(GATEWAY, namespace, metadata.name),
    listPlugins(client, pluginKind, namespace),
  ]);
  const [view] = viewGateways([gateway], plugins, pluginKind);
  return view as GatewayView;
}
