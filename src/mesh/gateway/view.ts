import { defined } from '../../base/defined.ts';
import { canonicalJson, pick } from '../../base/json.ts';
import type { Workload } from '../../cluster/objects.ts';
import { GATEWAY, type PluginKind } from '../../cluster/resources.ts';
import { podLabel, REVISION_LABEL, STATE_ANNOTATION } from '../identity/names.ts';
import type { PulledRevision } from '../identity/revision.ts';
import { formatState, parseState, type WorkloadState } from '../identity/state.ts';
import { pluginImage, type WasmPlugin } from '../objects/wasm-plugin.ts';
import { GATEWAY_NAME_LABEL, gatewayOf, gatewayPluginName } from './plugin.ts';

/**
 * The pods of a Gateway are made by istiod, so nobody can give them a label or a file, and waypoints heed no selector. What they run
 * is said by WasmPlugins that name the Gateway (`targetRefs`,
 * https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/): one for each filter, replaced in place. It carries
 * what a workload's template and its state annotation would: the revision, and the record of it. A note on the Gateway itself would be
 * copied to its pods and replace them.
 */
export interface GatewayView extends Workload {
  readonly plugins: readonly WasmPlugin[];
  /** The kind that such a plugin has in the cluster. */
  readonly pluginKind: PluginKind;
  /**
   * Whether it is a waypoint, which all ports of its Services go through alike; omitted when nobody has read the Gateway itself.
   */
  readonly waypoint?: boolean;
}

/**
 * A Gateway as the engine sees its targets: the WasmPlugins that name it are its pod template, a label for the revision of each
 * filter and an annotation of the same name for its spec. `gateway` is one as it was read, or an earlier view of it; `pluginKind`
 * is the kind of the plugins that it may get.
 */
export function viewGateway(
  gateway: Workload,
  plugins: readonly WasmPlugin[],
  pluginKind: PluginKind = isGatewayView(gateway) ? gateway.pluginKind : 'WasmPlugin',
): GatewayView {
  const { metadata, status } = gateway;
  const waypoint = isWaypoint(gateway);
  const found = plugins.map((plugin) => ({ plugin, filter: gatewayOf(plugin)?.filter ?? '' }));
  const keyed = (value: (plugin: WasmPlugin) => string | undefined): Record<string, string> =>
    Object.fromEntries(
      found.flatMap(({ plugin, filter }) => {
        const text = value(plugin);
        return text === undefined ? [] : [[podLabel(filter), text]];
      }),
    );
  const state = Object.fromEntries(found.flatMap(({ plugin }) => Object.entries(recordOn(plugin)))) as WorkloadState;
  const { [STATE_ANNOTATION]: _, ...annotations } = metadata.annotations ?? {};
  const recorded = formatState(state);
  return {
    kind: GATEWAY.kind,
    metadata: {
      ...metadata,
      annotations: { ...annotations, ...defined({ [STATE_ANNOTATION]: recorded }) },
    },
    spec: {
      selector: { matchLabels: { [GATEWAY_NAME_LABEL]: metadata.name } },
      template: {
        metadata: {
          labels: keyed((plugin) => plugin.metadata.labels?.[REVISION_LABEL]),
          annotations: keyed(({ spec }) => canonicalJson(spec)),
        },
      },
    },
    ...defined({ status }),
    plugins,
    pluginKind,
    ...defined({ waypoint }),
  };
}

/** A waypoint listens for HBONE, which nothing else does. */
function isWaypoint(gateway: Workload): boolean | undefined {
  if (isGatewayView(gateway)) return gateway.waypoint;
  const listeners = pick(gateway.spec, 'listeners');
  return Array.isArray(listeners) ? listeners.some((one) => pick(one, 'protocol') === 'HBONE') : undefined;
}

function recordOn({ metadata }: WasmPlugin): WorkloadState {
  return parseState(metadata.annotations?.[STATE_ANNOTATION]);
}

/** Whether a target is a Gateway with its WasmPlugins. */
export function isGatewayView(workload: Workload): workload is GatewayView {
  return 'plugins' in workload;
}

/** What a Gateway carries of a filter, as it is, whoever has edited it; `undefined` if it carries another revision. */
export function podRevisionOnGateway(view: GatewayView, filter: string, id: string): PulledRevision | undefined {
  const plugin = gatewayPluginOf(view, filter);
  if (plugin?.metadata.labels?.[REVISION_LABEL] !== id) return undefined;
  return { filter, id, kind: plugin.kind, image: pluginImage(plugin), plugin: plugin.spec };
}

/** The WasmPlugin that brings a filter to a Gateway. */
export function gatewayPluginOf({ metadata, plugins }: GatewayView, filter: string): WasmPlugin | undefined {
  return plugins.find((plugin) => plugin.metadata.name === gatewayPluginName(filter, metadata.name));
}
