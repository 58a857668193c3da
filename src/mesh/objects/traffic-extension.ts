import { isObject } from '../../base/json.ts';
import { type FilterResource, isPlugin } from './filter-resource.ts';
import type { WasmPlugin } from './wasm-plugin.ts';

/**
 * A TrafficExtension (https://istio.io/latest/docs/reference/config/proxy_extensions/traffic_extension/) says what a WasmPlugin
 * does, with all that is about the module in a field of its own. It is translated as istiod itself translates WasmPlugins (istio
 * pilot/pkg/config/kube/extensions/translate.go). Only the name of the unspecified phase differs, which we never write.
 */
const MODULE: ReadonlySet<string> = new Set([
  'url',
  'sha256',
  'imagePullPolicy',
  'imagePullSecret',
  'verificationKey',
  'pluginConfig',
  'pluginName',
  'failStrategy',
  'vmConfig',
  'type',
]);

type Spec = WasmPlugin['spec'];

/** The spec of the TrafficExtension that says what a WasmPlugin's spec says. */
export function toTrafficExtension(spec: Spec): Spec {
  const { module = [], place = [] } = Object.groupBy(Object.entries(spec), ([field]) =>
    MODULE.has(field) ? 'module' : 'place',
  );
  return { ...Object.fromEntries(place), wasm: Object.fromEntries(module) };
}

/**
 * Returns the spec of the WasmPlugin that a TrafficExtension stands for. What no WasmPlugin could say, such as a script in Lua, stays as it is, so that it equals no spec of this action.
 */
export function fromTrafficExtension({ wasm, ...place }: Spec): Spec {
  return { ...place, ...(isObject(wasm) ? (wasm as Spec) : {}) };
}

/** A filter resource as its cluster keeps it. */
export function toStored<T extends FilterResource>(filterResource: T): T {
  return isTrafficExtension(filterResource)
    ? { ...filterResource, spec: toTrafficExtension(filterResource.spec) }
    : filterResource;
}

/** A plugin from the form in which its cluster keeps it. */
export function fromStored(kept: WasmPlugin): WasmPlugin {
  return isTrafficExtension(kept) ? { ...kept, spec: fromTrafficExtension(kept.spec) } : kept;
}

function isTrafficExtension(filterResource: FilterResource): filterResource is WasmPlugin {
  return isPlugin(filterResource) && filterResource.kind === 'TrafficExtension';
}
