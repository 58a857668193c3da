/**
 * What istio-agent and Envoy make of the configurations of WasmPlugins, which come apart from the listeners (istio: pkg/wasm/convert.go;
 * envoy: source/common/filter/config_discovery_impl.cc): what they take, what they put in its place and what they keep.
 */
import { createHash } from 'node:crypto';
import { FILTER_LABEL, REVISION_LABEL } from '../../../src/mesh/identity/names.ts';
import { type ApiObject, dig } from '../../kubelet/client.ts';
import {
  CLOSED_REGISTRY,
  EMPTY_REGISTRY,
  pluginName,
  RBAC,
  REFUSED_REGISTRY,
  resourceName,
  TYPES,
  UNREACHABLE_REGISTRY,
  WASM,
} from './plugins.ts';
import type { WasmFilter } from './wasm.ts';

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
  /** When the listeners ceased to name it: it stays while their connections are drained. */
  readonly left?: number;
}

/** A filter that runs, or the agent's substitute for one that could not be pulled. */
export type Effect = WasmFilter | 'deny' | 'allow';

/** A line that istio-agent or Envoy has logged. */
export interface LogLine {
  /** By the clock, in milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** What a proxy is like, as far as extensions matter. */
export interface ExtensionRules {
  /** A text; a filter whose image or configuration contains it cannot be configured. */
  readonly refused: string | undefined;
  /** How long an extension stays that the listeners do not name any more, in milliseconds. */
  readonly drainMs: number;
}

/**
 * The extensions of a proxy that has heard of these plugins.
 * @param before those that it had
 * @param pulled those with whose images the agent is done; of the others the proxy has what it had under their names
 * @param at the clock's time in milliseconds
 * @param log gets what is logged
 */
export function renewExtensions(
  before: readonly Extension[],
  plugins: readonly ApiObject[],
  pulled: ReadonlySet<ApiObject>,
  { refused, drainMs }: ExtensionRules,
  at: number,
  log: LogLine[],
): Extension[] {
  const had = extensionsAt(before, drainMs, at);
  const given = plugins.flatMap((plugin): Extension[] => {
    const found = had.find(({ name }) => name === resourceName(plugin));
    const known = found?.left === undefined ? found : comeAgain(found);
    if (!pulled.has(plugin)) return known === undefined ? [] : [known];
    return [giveExtension(plugin, known, refused, at, log)];
  });
  const names = new Set(plugins.map(resourceName));
  const leaving = had.filter(({ name }) => !names.has(name)).map((extension) => ({ left: at, ...extension }));
  return [...given, ...extensionsAt(leaving, drainMs, at)];
}

/** The listeners name it again: it stays, and all that the agent did for it is done anew. */
function comeAgain({ left: _, ...extension }: Extension): Extension {
  return { ...extension, spec: undefined };
}

/** Those that are still there at a time. */
export function extensionsAt(extensions: readonly Extension[], drainMs: number, at: number): Extension[] {
  return extensions.filter(({ left }) => left === undefined || at < left + drainMs);
}

/**
 * What happens to a plugin's configuration in a proxy: the agent pulls its image, or puts a substitute in its place, and Envoy
 * takes the outcome or keeps what it had.
 * @param known what the proxy has of it already
 */
function giveExtension(
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
  const isMisconfigured = refused !== undefined && configuration.includes(refused);
  if (isMisconfigured || hostOf(url) === REFUSED_REGISTRY || (refused !== undefined && url.includes(refused))) {
    say(
      ...(isMisconfigured
        ? ['error\tenvoy wasm\tWasm VM failed Failed to configure base Wasm plugin']
        : ['bytecode', 'code'].map((what) => `error\tenvoy wasm\tWasm VM failed Failed to load Wasm ${what}`)),
      `error\tenvoy wasm\tPlugin ${pluginName(plugin)} failed to load`,
      `warning\tenvoy config\tdelta config for ${TYPES}envoy.config.core.v3.TypedExtensionConfig rejected: Unable to create Wasm plugin ${pluginName(plugin)}`,
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
  const host = hostOf(url);
  if (host === UNREACHABLE_REGISTRY) {
    return `could not fetch Wasm OCI image: could not fetch image: Get "https://${host}/v2/": dial tcp: lookup ${host}: no such host`;
  }
  if (host === CLOSED_REGISTRY) {
    return 'could not fetch Wasm OCI image: could not fetch image: GET https://closed.example/token: UNAUTHORIZED: authentication required';
  }
  if (host === EMPTY_REGISTRY) {
    return `could not fetch Wasm OCI image: could not fetch manifest: GET https://${host}/v2/a/manifests/v1: MANIFEST_UNKNOWN: manifest unknown`;
  }
  return undefined;
}

function hostOf(url: string): string | undefined {
  return url.replace(/^oci:\/\//, '').split('/')[0];
}
