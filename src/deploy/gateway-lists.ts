import type { Client } from '../cluster/client.ts';
import type { Workload } from '../cluster/objects.ts';
import { GATEWAY, WASM_PLUGIN } from '../cluster/resources.ts';
import { attachedTo } from '../mesh/attachment.ts';
import { type GatewayView, viewGateway } from '../mesh/gateway-view.ts';
import { OWNED_SELECTOR } from '../mesh/names.ts';
import type { WasmPlugin } from '../mesh/wasm-plugin.ts';

/** Our WasmPlugins of a namespace. @throws ApiError */
export async function listPlugins(client: Client, namespace: string): Promise<readonly WasmPlugin[]> {
  const { items } = await client.list<WasmPlugin>(WASM_PLUGIN, namespace, { labelSelector: OWNED_SELECTOR });
  return items.map((item) => ({ ...item, kind: 'WasmPlugin' as const }));
}

/** Gateways, with those of the plugins that name them. */
export function viewGateways(gateways: readonly Workload[], plugins: readonly WasmPlugin[]): GatewayView[] {
  const attached = Map.groupBy(plugins, (plugin) => attachedTo(plugin)?.gateway);
  return gateways.map((gateway) => viewGateway(gateway, attached.get(gateway.metadata.name) ?? []));
}

/** The Gateways that plugins of a namespace name, whether or not anybody has listed Gateways. */
export function attachedGateways(
  namespace: string,
  listed: readonly Workload[],
  plugins: readonly WasmPlugin[],
): GatewayView[] {
  const known = new Map(listed.map((gateway) => [gateway.metadata.name, gateway]));
  const names = new Set(plugins.flatMap((plugin) => attachedTo(plugin)?.gateway ?? []));
  return viewGateways(
    [...names].sort().map((name) => known.get(name) ?? { metadata: { name, namespace } }),
    plugins,
  );
}

/** A Gateway as it is now. @throws ApiError */
export async function readGateway(client: Client, namespace: string, name: string): Promise<GatewayView> {
  const [gateway, plugins] = await Promise.all([
    client.get<Workload>(GATEWAY, namespace, name),
    listPlugins(client, namespace),
  ]);
  const [view] = viewGateways([gateway], plugins);
  return view as GatewayView;
}
