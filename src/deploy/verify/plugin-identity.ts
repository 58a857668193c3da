import { defined } from '../../base/defined.ts';
import type { Workload } from '../../cluster/objects.ts';
import { attachedPluginOf } from '../../mesh/gateway/attachment.ts';
import { attachmentOf, isGatewayView } from '../../mesh/gateway/view.ts';
import { writtenAt } from '../../mesh/identity/editors.ts';
import type { PulledPlacement } from '../../mesh/identity/revision.ts';
import { pluginOf } from '../../mesh/objects/wasm-plugin.ts';
import type { PluginNames } from '../../mesh/proxy/envoy-log.ts';
import type { WorkloadRef } from '../../targets/target.ts';

/** By what name the proxies of a target know a filter that they pull, and since when it is what it is. */
export type PluginTrace = PluginNames & { readonly image: string };

/** A WasmPlugin of a workload has the name of its revision; one of a Gateway is replaced in place. */
export function traceOf(
  { kind, namespace, name }: WorkloadRef,
  carrier: PulledPlacement,
  observed: Workload,
): PluginTrace {
  const { filter, image } = carrier;
  if (kind !== 'Gateway') return { plugin: pluginOf(namespace, carrier), image };
  const plugin = isGatewayView(observed) ? attachmentOf(observed, filter) : undefined;
  const written = plugin && writtenAt(plugin);
  return {
    plugin: attachedPluginOf(namespace, filter, name),
    image,
    ...defined({ since: written }),
  };
}
