import { defined } from '../../base/defined.ts';
import { parseJson } from '../../base/json.ts';
import { filtersIn, ownedLabels, podLabel, STATE_ANNOTATION } from '../identity/names.ts';
import { formatState, parseState } from '../identity/state.ts';
import type { WasmPlugin } from '../objects/wasm-plugin.ts';
import type { WorkloadPatch } from '../workload-patch.ts';
import { gatewayPluginName } from './plugin.ts';
import { type GatewayView, gatewayPluginOf } from './view.ts';

/** What happens to one WasmPlugin: made, changed, or, where nothing is wanted, deleted. */
export interface PluginWrite {
  readonly name: string;
  readonly observed?: WasmPlugin;
  readonly wanted?: WasmPlugin;
}

/** The writes that a patch of the view comes to. A patch is made by `patchWorkload`. */
export function pluginWrites(view: GatewayView, patch: WorkloadPatch): PluginWrite[] {
  const { labels = {}, annotations = {} } = view.spec?.template?.metadata ?? {};
  const changes = patch.spec?.template.metadata ?? {};
  const next = { labels: { ...labels, ...changes.labels }, annotations: { ...annotations, ...changes.annotations } };
  const before = parseState(view.metadata.annotations?.[STATE_ANNOTATION]);
  const state =
    patch.metadata === undefined ? before : parseState(patch.metadata.annotations[STATE_ANNOTATION] ?? undefined);
  const filters = new Set([...Object.keys(before), ...Object.keys(state), ...filtersIn(next.labels)]);
  return [...filters].sort().flatMap((filter): PluginWrite[] => {
    const key = podLabel(filter);
    const name = gatewayPluginName(filter, view.metadata.name);
    const observed = gatewayPluginOf(view, filter);
    const id = next.labels[key];
    const text = next.annotations[key];
    const record = formatState(state[filter] === undefined ? {} : { [filter]: state[filter] });
    const same =
      id === labels[key] && text === annotations[key] && record === observed?.metadata.annotations?.[STATE_ANNOTATION];
    if (same) return [];
    if (typeof id !== 'string' || typeof text !== 'string') return observed === undefined ? [] : [{ name, observed }];
    const { namespace } = view.metadata;
    const wanted: WasmPlugin = {
      kind: view.pluginKind,
      metadata: {
        name,
        ...defined({ namespace }),
        labels: ownedLabels(filter, id),
        ...(record !== undefined && { annotations: { [STATE_ANNOTATION]: record } }),
      },
      spec: parseJson(text) as WasmPlugin['spec'],
    };
    return [{ name, wanted, ...defined({ observed }) }];
  });
}
