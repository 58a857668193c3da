import { isObject, parseJson, pick, sameJson } from '../../base/json.ts';
import { readPluginConfig } from '../objects/wasm-plugin.ts';
import { objectsIn } from './config-dump.ts';

/** A WasmPlugin as it should be in a proxy. */
export interface WantedExtension {
  /** `NAMESPACE.NAME` of the WasmPlugin. */
  readonly plugin: string;
  readonly configuration: string;
  /** The image, where the WasmPlugin is replaced in place, so that an earlier one may be there under its name. */
  readonly image?: string;
}

/**
 * What a proxy was given of a filter whose configuration comes apart from its listeners. `given`: the module and its settings;
 * Envoy shows them as well when it has refused them, which only its log tells (measured on Envoy 1.40; the statistics that would
 * say it are not among those that Istio's proxies keep). `substituted`: the module could not be pulled, so istio-agent has put a
 * filter in its place that refuses (`deny`) or passes (`allow`) every request. `outdated` and `missing` may pass. `since` is when
 * the proxy was given that, by its own clock, as its log is.
 */
export type ExtensionVerdict =
  | { readonly state: 'given' | 'outdated' | 'missing'; readonly since?: Date }
  | { readonly state: 'substituted'; readonly by: 'deny' | 'allow'; readonly since?: Date };

/**
 * `NAMESPACE.NAME` of the WasmPlugin that istiod has named an HTTP filter after. Releases write, one after the other, that alone,
 * `extenstions.istio.io/wasmplugin/…` (sic), `extensions.istio.io/wasmplugin/…`, and since 1.30
 * `extensions.istio.io/trafficextension/…~istio-translated-wasmplugin`; without the last part for a TrafficExtension itself (istio
 * pilot/pkg/model/extensions.go, pilot/pkg/config/kube/extensions/translate.go).
 */
export function pluginName(httpFilter: string): string {
  return httpFilter.replace(/^.*\//, '').replace(/~.*/s, '');
}

/**
 * Looks for a filter in the answer of Envoy's `/config_dump?resource=ecds_filters` (envoy.admin.v3.EcdsConfigDump). An answer
 * that cannot be read has nothing in it.
 */
export function inspectExtension(dump: string, wanted: WantedExtension): ExtensionVerdict {
  const found = extensionsIn(dump).filter(({ filter }) => pluginName(String(filter.name)) === wanted.plugin);
  const configs = found.map(({ filter }) => filter.typed_config).filter(isObject);
  if (configs.length === 0) return { state: 'missing' };
  const [updated] = found.flatMap(({ updated }) => updated ?? []).sort();
  const since = updated === undefined ? {} : { since: new Date(updated) };
  const substitute = configs.find((config) => typeOf(config).endsWith('.rbac.v3.RBAC'));
  // Without rules it lets everything pass; with no policy in its rules, nothing (istio pkg/wasm/convert.go).
  if (substitute !== undefined) return { state: 'substituted', by: 'rules' in substitute ? 'deny' : 'allow', ...since };
  const state = configs.every((config) => isWanted(config, wanted)) ? 'given' : 'outdated';
  return { state, ...since };
}

interface Extension {
  readonly filter: Readonly<Record<string, unknown>>;
  /** RFC 3339, all of one time zone. */
  readonly updated?: string;
}

function extensionsIn(dump: string): Extension[] {
  try {
    const configs = objectsIn(pick(parseJson(dump), 'configs'));
    // Asked for everything, Envoy wraps them once more.
    const entries = configs.flatMap((config) => ('ecds_filters' in config ? objectsIn(config.ecds_filters) : [config]));
    return entries.flatMap(({ ecds_filter: filter, last_updated: updated }): Extension[] => {
      if (!isObject(filter)) return [];
      return [typeof updated === 'string' ? { filter, updated } : { filter }];
    });
  } catch {
    return [];
  }
}

/** Istiod writes a WasmPlugin's configuration anew, with spaces and an order of keys of its own. */
function isWanted(config: Readonly<Record<string, unknown>>, { configuration, image }: WantedExtension): boolean {
  if (!typeOf(config).endsWith('.wasm.v3.Wasm')) return false;
  if (image !== undefined && holdsOther(config, image)) return false;
  const text = pick(config, 'config', 'configuration', 'value') ?? '';
  const [has, wants] = [String(text), configuration].map(readPluginConfig);
  return has !== undefined && sameJson(has, wants);
}

/** Istio-agent names the file after the digest by which it has pulled the image (istio pkg/wasm/cache.go). */
function holdsOther(config: Readonly<Record<string, unknown>>, image: string): boolean {
  const file = String(pick(config, 'config', 'vm_config', 'code', 'local', 'filename') ?? '');
  const digest = /\/([0-9a-f]{64})\.wasm$/.exec(file)?.[1];
  return digest !== undefined && !image.endsWith(digest);
}

function typeOf(config: Readonly<Record<string, unknown>>): string {
  return String(config['@type']);
}
