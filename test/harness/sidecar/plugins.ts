/**
 * What istiod and istio-agent make of WasmPlugins (istio: pilot/pkg/model/extensions.go, pkg/wasm/convert.go): a place in the listeners,
 * and a configuration apart from them that is there once the image is pulled.
 */
import { createHash } from 'node:crypto';
import { FILTER_LABEL, REVISION_LABEL } from '../../../src/mesh/names.ts';
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';
import { attaches } from './attachment.ts';
import {
  type FilterChain,
  HTTP_CONNECTION_MANAGER,
  type HttpFilter,
  type Listener,
  portOf,
  ROUTER,
} from './listeners.ts';
import type { WasmFilter } from './wasm.ts';

/** Images of this registry cannot be reached, those of the next one not be read. */
export const UNREACHABLE_REGISTRY = 'unreachable.example';
export const CLOSED_REGISTRY = 'closed.example';

const TYPES = 'type.googleapis.com/';
const WASM = `${TYPES}envoy.extensions.filters.http.wasm.v3.Wasm`;
const RBAC = `${TYPES}envoy.extensions.filters.http.rbac.v3.RBAC`;

/** A configuration that comes apart from the listeners. */
export interface Extension {
  /** As the listeners call it. */
  readonly name: string;
  /** What Envoy was given last, and shows whether it took it or not. */
  readonly config: Readonly<Record<string, unknown>>;
  /** When it was given that, by the clock in milliseconds. */
  readonly at: number;
  /** Whether it refused that. */
  readonly refused: boolean;
  /** What a request meets: what was taken last, if anything ever was; without it there is an error. */
  readonly effect: Effect | undefined;
  /** The `spec` that it comes from. */
  readonly spec: unknown;
}

/** A filter that runs, or the agent's substitute for one that could not be pulled. */
export type Effect = WasmFilter | 'deny' | 'allow';

/** A line that istio-agent or Envoy has logged. */
export interface LogLine {
  /** By the clock, in milliseconds. */
  readonly at: number;
  readonly text: string;
}

export function isPlugin(object: ApiObject): boolean {
  return typeof dig(object, 'spec', 'url') === 'string';
}

/** The WasmPlugins that select a pod, in the order in which requests pass them. */
export function selectedPlugins(
  objects: readonly ApiObject[],
  podLabels: Readonly<Record<string, string>>,
): ApiObject[] {
  const priority = (plugin: ApiObject): number => Number(dig(plugin, 'spec', 'priority') ?? Number.NEGATIVE_INFINITY);
  return objects
    .filter((plugin) => {
      const wanted = (dig(plugin, 'spec', 'selector', 'matchLabels') ?? {}) as Record<string, string>;
      return attaches(plugin, wanted, podLabels);
    })
    .sort((a, b) => priority(b) - priority(a));
}

/**
 * The listeners with a place for each plugin, before the router or, in the phase AUTHN, before everything.
 * @param first whether they stand before what istiod puts there itself, as they do in the gateway of a Gateway API
 */
export function placePlugins(listeners: readonly Listener[], plugins: readonly ApiObject[], first = false): Listener[] {
  return listeners.map((listener) => ({
    ...listener,
    filter_chains: listener.filter_chains.map((chain) => {
      const fitting = plugins.filter((plugin) => matches(listener, chain, plugin));
      const filters = chain.filters.map((filter) => {
        const { http_filters: before } = filter.typed_config;
        if (before === undefined || filter.name !== HTTP_CONNECTION_MANAGER) return filter;
        return {
          ...filter,
          typed_config: {
            ...filter.typed_config,
            http_filters: fitting.reduce((filters, plugin) => place(filters, plugin, first), before),
          },
        };
      });
      return { ...chain, filters };
    }),
  }));
}

function place(filters: readonly HttpFilter[], plugin: ApiObject, first: boolean): readonly HttpFilter[] {
  const added = {
    name: resourceName(plugin),
    config_discovery: { config_source: { ads: {} }, type_urls: [WASM, RBAC] },
  };
  const router = filters.findIndex(
    first ? ({ typed_config }) => typed_config !== undefined : ({ name }) => name === ROUTER,
  );
  const at = dig(plugin, 'spec', 'phase') === 'AUTHN' ? 0 : router < 0 ? filters.length : router;
  return [...filters.slice(0, at), added, ...filters.slice(at)];
}

function matches(listener: Listener, chain: FilterChain, plugin: ApiObject): boolean {
  const wanted = digList(plugin, 'spec', 'match');
  if (listener.traffic_direction === undefined) return false;
  const mode = listener.traffic_direction === 'INBOUND' ? 'SERVER' : 'CLIENT';
  const port = portOf(listener, chain);
  return (
    wanted.length === 0 ||
    wanted.some((match) => {
      const ports = digList(match, 'ports').map((one) => dig(one, 'number'));
      const fits = [mode, 'CLIENT_AND_SERVER', undefined].includes(dig(match, 'mode') as string | undefined);
      return fits && (ports.length === 0 || ports.includes(port));
    })
  );
}

/** The name of its HTTP filter, as Istio 1.30 and newer give it. */
export function resourceName(plugin: ApiObject): string {
  return `extensions.istio.io/trafficextension/${pluginName(plugin)}`;
}

function pluginName({ metadata }: ApiObject): string {
  return `${metadata.namespace}.${metadata.name}~istio-translated-wasmplugin`;
}

/**
 * What becomes of a plugin's configuration in a proxy: the agent pulls its image, or puts a substitute in its place, and Envoy
 * takes the outcome or keeps what it had.
 * @param known what the proxy has of it already
 * @param refused a text; a filter whose image or configuration contains it cannot be configured
 * @param log gets what is logged
 */
export function giveExtension(
  plugin: ApiObject,
  known: Extension | undefined,
  refused: string | undefined,
  at: number,
  log: LogLine[],
): Extension {
  const name = resourceName(plugin);
  const { spec } = plugin;
  if (known !== undefined && JSON.stringify(known.spec) === JSON.stringify(spec)) return known;
  const say = (...lines: readonly string[]): void => void log.push(...lines.map((text) => ({ at, text })));
  const url = String(dig(spec, 'url'));
  const trouble = pullTrouble(url);
  const policy = dig(spec, 'failStrategy') === 'FAIL_OPEN' ? 'allow' : 'deny';
  if (trouble !== undefined) {
    say(
      `error\twasm\terror in converting the wasm config to local: cannot fetch Wasm module ${url}: ${trouble}. applying ${policy} RBAC filter`,
    );
  }
  const config = trouble === undefined ? wasmConfig(plugin) : substitute(policy);
  // Envoy does not look at what it was given before, not even at what it has refused.
  if (known !== undefined && JSON.stringify(known.config) === JSON.stringify(config)) return { ...known, spec };
  if (trouble !== undefined) return { name, config, at, refused: false, effect: policy, spec };
  const configuration = configurationOf(spec);
  if (refused !== undefined && (configuration.includes(refused) || url.includes(refused))) {
    say(
      'error\tenvoy wasm\tWasm VM failed Failed to configure base Wasm plugin',
      `warning\tenvoy config\tgRPC config for ${TYPES}envoy.config.core.v3.TypedExtensionConfig rejected: Unable to create Wasm plugin ${pluginName(plugin)}`,
    );
    return { name, config, at, refused: true, effect: known?.effect, spec };
  }
  return { name, config, at, refused: false, effect: { ...moduleOf(plugin), configuration }, spec };
}

/** The agent's filter in place of one that it could not pull. */
function substitute(policy: 'deny' | 'allow'): Extension['config'] {
  return { '@type': RBAC, ...(policy === 'allow' ? {} : { rules: {} }), rules_stat_prefix: `wasm-default-${policy}` };
}

const FAILURE_POLICIES: Readonly<Record<string, string>> = { FAIL_OPEN: 'FAIL_OPEN', FAIL_RELOAD: 'FAIL_RELOAD' };

function wasmConfig(plugin: ApiObject): Extension['config'] {
  const { spec } = plugin;
  const [root, configuration] = [dig(spec, 'pluginName'), configurationOf(spec)];
  const config = {
    name: pluginName(plugin),
    ...(root === undefined ? {} : { root_id: root }),
    vm_config: {
      runtime: 'envoy.wasm.runtime.v8',
      code: { local: { filename: pulledFile(String(dig(spec, 'url'))) } },
    },
    ...(configuration === ''
      ? {}
      : { configuration: { '@type': `${TYPES}google.protobuf.StringValue`, value: configuration } }),
    failure_policy: FAILURE_POLICIES[String(dig(spec, 'failStrategy'))] ?? 'FAIL_CLOSED',
  };
  return { '@type': WASM, config };
}

/** Istiod writes a Struct with blanks of its own. */
function configurationOf(spec: unknown): string {
  const text = JSON.stringify(dig(spec, 'pluginConfig') ?? '', undefined, 1).replaceAll(/\n\s*/g, ' ');
  return text === '""' ? '' : text;
}

/** Where the agent keeps an image: by its repository and its digest (istio: pkg/wasm/cache.go). */
function pulledFile(url: string): string {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const [, repository = url, digest] = /^(.+?)(?::[^:/@]+)?(?:@sha256:(.+))?$/.exec(url) ?? [];
  return `/var/lib/istio/data/${sha256(repository)}/${digest ?? sha256(url)}.wasm`;
}

/** The filter and its revision, by the plugin's name or, where that tells none, by its labels. */
function moduleOf({ metadata }: ApiObject): { name: string; file: string } {
  const { labels = {} } = metadata;
  const [, name = labels[FILTER_LABEL] ?? metadata.name, revision = labels[REVISION_LABEL] ?? ''] =
    /^([^.]+)-([0-9a-f]{10})$/.exec(metadata.name) ?? [];
  return { name, file: `${name}-${revision}.wasm` };
}

/** The words of github.com/google/go-containerregistry and of Go's net package. */
function pullTrouble(url: string): string | undefined {
  const host = url.replace(/^oci:\/\//, '').split('/')[0];
  if (host === UNREACHABLE_REGISTRY) {
    return `could not fetch Wasm OCI image: could not fetch image: Get "https://${host}/v2/": dial tcp: lookup ${host}: no such host`;
  }
  if (host === CLOSED_REGISTRY) {
    return 'could not fetch Wasm OCI image: could not fetch image: GET https://closed.example/token: UNAUTHORIZED: authentication required';
  }
  return undefined;
}
