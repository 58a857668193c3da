import { defined } from '../../base/defined.ts';
import { dataKey, isObject, type Json, pick, sameJson } from '../../base/json.ts';
import type { PodTemplate } from '../../cluster/objects.ts';
import { GATEWAY } from '../../cluster/resources.ts';
import { GATEWAY_NAME_LABEL } from '../gateway/plugin.ts';
import type { EnvoyFilter, ForeignHttpFilter } from '../objects/envoy-filter.ts';
import { INSERTIONS } from '../objects/envoy-filter.ts';
import { type HttpPatch, httpPatchesOf, overlaps, type PatchPlace, patchesOf } from '../objects/http-patches.ts';
import { field } from '../objects/wasm-settings.ts';
import { fileBaseOf, readWasmConfig, type WasmCode, type WasmConfig } from '../proxy/wasm-code.ts';
import { isInjectedGateway } from '../template/gateway-mounts.ts';

/** How an EnvoyFilter is told from others. */
export interface EnvoyFilterRef {
  readonly namespace: string;
  readonly name: string;
}

/** A Wasm filter that an EnvoyFilter which is not this action's inserts into a workload's proxies. */
export interface UnmanagedFilter {
  readonly envoyFilter: EnvoyFilterRef;
  /** The name of the HTTP filter in the proxy's chains. */
  readonly httpFilter: string;
  /** Where it is inserted; one for each patch that does so. */
  readonly places: readonly PatchPlace[];
  /** The priority of its EnvoyFilter. */
  readonly priority: number;
  readonly code: WasmCode;
  readonly rootId: string;
  /** As `WasmConfig` has it. */
  readonly vmId?: string;
  /** What it is configured with, of each patch that inserts it once. */
  readonly configurations: readonly string[];
  /** Its own names, the HTTP filter's and the plugin's; see `allNames`. */
  readonly names: readonly string[];
  /** Every entry of the EnvoyFilter that belongs to it: what inserts it, what configures it. */
  readonly patches: readonly Json[];
  /** Why it cannot be taken over, as a clause. */
  readonly unadoptable?: string;
}

/** One that a filter of this action takes the place of, by its name. */
export interface AdoptedUnmanaged extends UnmanagedFilter {
  readonly by: string;
}

/** The filter that is to be deployed. */
export interface OurFilter {
  readonly name: string;
  readonly rootId: string;
  /** `sha256:` and 64 hex digits, of the module and of what it was made of. */
  readonly digests: readonly string[];
}

/** Sidecars take no notice of GATEWAY and WAYPOINT, gateways of none but their own and ANY. */
const SIDECAR_CONTEXTS: ReadonlySet<string> = new Set(['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND']);
const GATEWAY_CONTEXTS: ReadonlySet<string> = new Set(['ANY', 'GATEWAY']);

/** Names that walkthroughs give to any filter, so that they do not say which one it is. */
const GENERIC_NAME =
  /^(envoy\.(filters\.http\.)?wasm|((my|test|demo|example|sample)[-_])?(wasm|filter|main|plugin|module|http|envoy|proxy|index|optimized|release|untouched)([-_]?(wasm|filter|plugin|module))*)$/i;

/** Whether a name says which filter it is. */
export function saysSomething(name: string): boolean {
  return name !== '' && !GENERIC_NAME.test(name);
}

/**
 * The Wasm filters that EnvoyFilters insert into the pods of a template: from a file, from an address, from inside the EnvoyFilter,
 * or with a configuration of their own (`EXTENSION_CONFIG`). Several patches that insert the same one are one filter. `gateway` says
 * whether the pods are those of a gateway.
 */
export function findUnmanaged(
  template: PodTemplate,
  envoyFilters: readonly EnvoyFilter[],
  gateway = isInjectedGateway(template),
): readonly UnmanagedFilter[] {
  const labels = template.metadata?.labels ?? {};
  const contexts = gateway ? GATEWAY_CONTEXTS : SIDECAR_CONTEXTS;
  const selected = envoyFilters.filter((envoyFilter) => selectsTemplate(envoyFilter, labels));
  return selected.flatMap((envoyFilter) => {
    const filters: UnmanagedFilter[] = [];
    for (const found of insertionsIn(envoyFilter, contexts, selected)) {
      const at = filters.findIndex((one) => isSame(one, found));
      const known = filters[at];
      if (known === undefined) filters.push(found);
      else filters[at] = bothOf(known, found);
    }
    return filters;
  });
}

/**
 * Whether an EnvoyFilter applies to pods with these labels; one without a selector applies to all of its namespace, and one
 * with `targetRefs` only to gateways and waypoints.
 */
export function selectsTemplate({ spec }: EnvoyFilter, labels: Readonly<Record<string, string>>): boolean {
  if (Array.isArray(spec.targetRefs) && spec.targetRefs.length > 0) return false;
  return Object.entries(workloadSelectorOf({ spec })).every(([key, value]) => labels[key] === value);
}

/**
 * Whether an EnvoyFilter applies to a pod, as far as the pod itself shows: one with `targetRefs` to the pods of Gateways of its
 * namespace (https://istio.io/latest/docs/reference/config/networking/envoy-filter/).
 */
export function appliesToPod(
  envoyFilter: EnvoyFilter,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { metadata, spec } = envoyFilter;
  if (!Array.isArray(spec.targetRefs) || spec.targetRefs.length === 0) return selectsTemplate(envoyFilter, labels);
  const gateway = labels[GATEWAY_NAME_LABEL];
  return (
    gateway !== undefined &&
    metadata.namespace === namespace &&
    spec.targetRefs.some((ref) => pick(ref, 'kind') === GATEWAY.kind && pick(ref, 'name') === gateway)
  );
}

/** The labels that an EnvoyFilter selects pods by; none for every pod of its namespace. */
export function workloadSelectorOf({ spec }: Pick<EnvoyFilter, 'spec'>): Readonly<Record<string, unknown>> {
  const labels = pick(spec, 'workloadSelector', 'labels');
  return isObject(labels) ? labels : {};
}

/** `shop/wasm`. */
export function envoyFilterKey({ namespace, name }: EnvoyFilterRef): string {
  return `${namespace}/${name}`;
}

/** One text per filter of an EnvoyFilter, to compare and to index by. */
export function unmanagedKey({ envoyFilter, patches }: UnmanagedFilter): string {
  return `${envoyFilterKey(envoyFilter)} ${dataKey(patches)}`;
}

/** What our own EnvoyFilter has to take out in order to take its place: one for each place. */
export function replacedBy({ httpFilter, places, priority }: UnmanagedFilter): ForeignHttpFilter[] {
  return places.map((place) => ({ httpFilter, ...place, ...(priority !== 0 && { priority }) }));
}

/** Everything that may say which filter it is: its own names, and that of the module's file. */
export function allNames({ names, code }: Pick<UnmanagedFilter, 'names' | 'code'>): readonly string[] {
  const base = fileBaseOf(code);
  return base === '' ? names : [...new Set([...names, base])];
}

/** Whether it bears the name of this action. That any filter's file may be called `main.wasm` says nothing. */
export function hasNameOf({ names, code }: Pick<UnmanagedFilter, 'names' | 'code'>, name: string): boolean {
  return names.includes(name) || (fileBaseOf(code) === name && saysSomething(name));
}

/** Whether nothing about it says which filter it is. */
export function isNameless(filter: UnmanagedFilter): boolean {
  return !allNames(filter).some(saysSomething);
}

function isSame(a: UnmanagedFilter, b: UnmanagedFilter): boolean {
  return (
    a.httpFilter === b.httpFilter && a.rootId === b.rootId && sameJson(a.code, b.code) && sameJson(a.names, b.names)
  );
}

function bothOf(a: UnmanagedFilter, b: UnmanagedFilter): UnmanagedFilter {
  const patches = [...a.patches, ...b.patches.filter((patch) => !a.patches.some((one) => sameJson(one, patch)))];
  const configurations = [...new Set([...a.configurations, ...b.configurations])];
  return { ...a, places: [...a.places, ...b.places], patches, configurations };
}

function insertionsIn(
  envoyFilter: EnvoyFilter,
  contexts: ReadonlySet<string>,
  all: readonly EnvoyFilter[],
): UnmanagedFilter[] {
  const { metadata, spec } = envoyFilter;
  const priority = typeof spec.priority === 'number' ? spec.priority : 0;
  const patches = httpPatchesOf(envoyFilter);
  return patches.flatMap((one): UnmanagedFilter[] => {
    const { httpFilter, context, operation, portNumber } = one;
    if (httpFilter === undefined || !contexts.has(context)) return [];
    if (!INSERTIONS.has(operation) && operation !== 'REPLACE') return [];
    const wasm = wasmOf(one, envoyFilter, all);
    if (wasm === undefined) return [];
    const { config, patch: configures, unclear } = wasm;
    const changed = patches.filter(
      (other) => other.operation === 'MERGE' && other.anchor === httpFilter && overlaps(other, one),
    );
    const unadoptable = operation === 'REPLACE' ? `it replaces ${one.anchor ?? 'another filter'}` : unclear;
    return [
      {
        envoyFilter: { namespace: metadata.namespace ?? '', name: metadata.name },
        httpFilter,
        places: [{ context, ...defined({ portNumber }) }],
        priority,
        code: config.code,
        rootId: config.rootId,
        ...defined({ vmId: config.vmId }),
        configurations: [config.configuration],
        names: config.name === '' ? [httpFilter] : [...new Set([httpFilter, config.name])],
        // What merges something into it means nothing without it.
        patches: [one.patch, ...configures, ...changed.map(({ patch }) => patch)],
        ...defined({ unadoptable }),
      },
    ];
  });
}

interface FoundWasm {
  readonly config: WasmConfig;
  /** The entries that configure it apart from the one that inserts it. */
  readonly patch: readonly Json[];
  readonly unclear?: string;
}

/** What a patch that adds an HTTP filter says of a module; `undefined` if the filter is no Wasm filter. */
function wasmOf(
  { patch, httpFilter }: HttpPatch,
  envoyFilter: EnvoyFilter,
  all: readonly EnvoyFilter[],
): FoundWasm | undefined {
  const value = pick(patch, 'patch', 'value');
  const typed = pick(value, 'typed_config') ?? pick(value, 'typedConfig');
  const config = readWasmConfig(typed);
  if (config !== undefined) return { config, patch: [] };
  const discovery = pick(value, 'config_discovery') ?? pick(value, 'configDiscovery');
  if (!isObject(discovery)) return undefined;
  const configuring = all.flatMap((one) =>
    extensionsIn(one, httpFilter).map((found) => ({ ...found, own: one === envoyFilter })),
  );
  const [first, ...others] = configuring;
  if (first === undefined) {
    // Only the kinds of configuration that it accepts tell what it is.
    if (!acceptedTypes(discovery).some((type) => /\.http\.wasm\./.test(type))) return undefined;
    const nothing: WasmConfig = { name: '', rootId: '', configuration: '', code: { kind: 'elsewhere' } };
    return { config: nothing, patch: [], unclear: 'no EnvoyFilter that this run can read configures it' };
  }
  if (others.length > 0) {
    return { config: first.config, patch: [], unclear: `${others.length + 1} patches (EXTENSION_CONFIG) configure it` };
  }
  if (!first.own)
    return { config: first.config, patch: [], unclear: 'another EnvoyFilter configures it (EXTENSION_CONFIG)' };
  return { config: first.config, patch: [first.patch] };
}

/** Returns the kinds of configuration that a filter takes from its discovery (envoy.config.core.v3.ExtensionConfigSource). */
function acceptedTypes(discovery: unknown): readonly string[] {
  const [types, fallback] = [field(discovery, 'type_urls'), field(discovery, 'default_config')];
  return [...(Array.isArray(types) ? types : []), pick(fallback, '@type'), field(fallback, 'type_url')].filter(
    (type) => typeof type === 'string',
  );
}

function extensionsIn(envoyFilter: EnvoyFilter, name: string | undefined): { config: WasmConfig; patch: Json }[] {
  return patchesOf(envoyFilter).flatMap((patch) => {
    const value = pick(patch, 'patch', 'value');
    if (pick(patch, 'applyTo') !== 'EXTENSION_CONFIG' || pick(value, 'name') !== name) return [];
    const config = readWasmConfig(pick(value, 'typed_config') ?? pick(value, 'typedConfig'));
    return config === undefined ? [] : [{ config, patch }];
  });
}
