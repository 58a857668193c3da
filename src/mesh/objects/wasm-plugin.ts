import { defined } from '../../base/defined.ts';
import { isObject, type Json, parseJson, pick } from '../../base/json.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import type { PluginKind } from '../../cluster/resources.ts';
import { BEFORE_ROUTER, isBeforeRouter } from '../../filter/insertion.ts';
import type { Direction, FailPolicy, FilterSettings, ListenerSettings, VmEnvironment } from '../../filter/settings.ts';
import { ownedLabels, podLabel } from '../identity/names.ts';
import { type Revision, revisionName } from '../identity/revision.ts';

/**
 * A WasmPlugin (https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/). Istio 1.30 and newer take it for
 * the TrafficExtension of the same content, so it serves every version and every revision of a control plane. Where a cluster has
 * none any more it stands for that TrafficExtension, as its kind says; the form in which that is kept is the business of
 * `traffic-extension.ts`.
 */
export interface WasmPlugin extends KubernetesObject {
  readonly kind: PluginKind;
  readonly spec: { readonly [key: string]: Json };
}

/** `NAMESPACE.NAME`, by which istiod, istio-agent and Envoy call the filter of a WasmPlugin. */
export function pluginOf(namespace: string, revision: Pick<Revision, 'filter' | 'id'>): string {
  return `${namespace}.${revisionName(revision)}`;
}

/** In Istio's words the workload serves what comes to it and is the client of what it calls; so is a gateway of all that it passes on. */
const MODES: Readonly<Record<Direction, string>> = {
  inbound: 'SERVER',
  outbound: 'CLIENT',
  any: 'CLIENT_AND_SERVER',
  gateway: 'CLIENT',
};
export const FAIL_STRATEGIES: Readonly<Record<FailPolicy, string>> = {
  closed: 'FAIL_CLOSE',
  open: 'FAIL_OPEN',
  reload: 'FAIL_RELOAD',
};

/** The WasmPlugin that inserts a revision with an image: it selects the pods that carry the revision's label. */
export function renderWasmPlugin(
  { filter, id, settings }: Revision,
  namespace: string,
  kind: PluginKind = 'WasmPlugin',
): WasmPlugin {
  const { image, rootId, configuration, direction, port, failPolicy, order, environment } = settings;
  const { reference = '', pullSecret, phase = 'unspecified' } = image ?? {};
  const pluginConfig = readPluginConfig(configuration);
  return {
    kind,
    metadata: { name: revisionName({ filter, id }), namespace, labels: ownedLabels(filter, id) },
    spec: {
      selector: { matchLabels: { [podLabel(filter)]: id } },
      url: `oci://${reference}`,
      // The image is pinned by its digest, so what was pulled once need not be asked for again.
      imagePullPolicy: 'IfNotPresent',
      ...defined({ imagePullSecret: pullSecret }),
      ...(rootId !== '' && { pluginName: rootId }),
      ...(isObject(pluginConfig) && Object.keys(pluginConfig).length > 0 && { pluginConfig: pluginConfig as Json }),
      ...(phase !== 'unspecified' && { phase: phase.toUpperCase() }),
      // Plugins of a phase run by descending priority; our filters by ascending order. Without one a plugin comes last.
      priority: order === 0 ? 0 : -order,
      failStrategy: FAIL_STRATEGIES[failPolicy],
      ...(environment !== undefined && { vmConfig: { env: renderEnvironment(environment) } }),
      match: [{ mode: MODES[direction], ...(port !== undefined && { ports: [{ number: port }] }) }],
    },
  };
}

function renderEnvironment(environment: VmEnvironment): Json {
  return Object.entries(environment).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : { name, valueFrom: 'HOST' },
  );
}

/** An input whose setting a WasmPlugin has no field for. */
type InputNotCarried =
  | 'reload-backoff'
  | 'allow-on-headers-stop-iteration'
  | 'capabilities'
  | 'allow-precompiled'
  | 'insert';

/** The inputs whose settings a WasmPlugin has no field for. */
export function inputsNotCarried(
  settings: Pick<
    FilterSettings,
    'capabilities' | 'allowPrecompiled' | 'allowOnHeadersStopIteration' | 'reloadBackoffMs' | 'insert'
  >,
): InputNotCarried[] {
  const { capabilities, allowPrecompiled, allowOnHeadersStopIteration, reloadBackoffMs, insert } = settings;
  return [
    ...(reloadBackoffMs === undefined ? [] : ['reload-backoff' as const]),
    ...(allowOnHeadersStopIteration === undefined ? [] : ['allow-on-headers-stop-iteration' as const]),
    ...(capabilities === undefined ? [] : ['capabilities' as const]),
    ...(allowPrecompiled === undefined ? [] : ['allow-precompiled' as const]),
    ...(isBeforeRouter(insert) ? [] : ['insert' as const]),
  ];
}

/**
 * The configuration as a WasmPlugin carries it: a JSON object, which istiod writes anew for the filter. `undefined` if the text
 * is none, or holds a number that a Struct, which counts in doubles, would change.
 */
export function readPluginConfig(configuration: string): Readonly<Record<string, unknown>> | undefined {
  if (configuration.trim() === '') return {};
  try {
    const value: unknown = parseJson(configuration);
    return isObject(value) && survives(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function survives(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(survives);
}

/** The image that a WasmPlugin of this action names. */
export function pluginImage({ spec }: WasmPlugin): string {
  return String(spec.url).replace(/^oci:\/\//, '');
}

/** The settings that show in a proxy, of the spec of a WasmPlugin of this action. */
export function pluginSettings(spec: WasmPlugin['spec']): ListenerSettings {
  const [match] = Array.isArray(spec.match) ? spec.match : [];
  const [first] = [pick(match, 'ports')].flat();
  const port = pick(first, 'number');
  const modes = Object.entries(MODES) as [Direction, string][];
  const direction = modes.find(([, mode]) => mode === pick(match, 'mode'))?.[0] ?? 'any';
  const strategies = Object.entries(FAIL_STRATEGIES) as [FailPolicy, string][];
  return {
    rootId: typeof spec.pluginName === 'string' ? spec.pluginName : '',
    vmId: '',
    failPolicy: strategies.find(([, strategy]) => strategy === spec.failStrategy)?.[0] ?? 'closed',
    configuration: isObject(spec.pluginConfig) ? JSON.stringify(spec.pluginConfig) : '',
    direction,
    insert: BEFORE_ROUTER,
    ...(typeof port === 'number' && { port }),
  };
}
