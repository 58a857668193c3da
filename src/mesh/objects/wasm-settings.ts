import { defined } from '../../base/defined.ts';
import { isObject, pick, sameJson } from '../../base/json.ts';
import { WASM_FIELDS } from '../../filter/compatibility/wasm-fields.ts';
import type { FailPolicy, VmEnvironment, WasmSettings } from '../../filter/settings.ts';

/** The field that an Envoy must know to start a broken filter anew. */
const RELOAD = 'fail-policy: reload';

/** What a configuration says; Envoy may have one that is no text. */
export type ShownSettings = Omit<WasmSettings, 'configuration'> & { readonly configuration: string | undefined };

/**
 * The settings in an envoy.extensions.filters.http.wasm.v3.Wasm, as an EnvoyFilter of this action or Envoy's own `/config_dump`
 * has it: there everything that has its default is left out, and durations have three digits behind the point (`1.500s`). Who
 * edits an EnvoyFilter may write `rootId` as well as `root_id`; both are Protobuf's JSON.
 */
export function readWasm(typedConfig: unknown): ShownSettings {
  const config = field(typedConfig, 'config');
  const reloadBackoffMs = readDuration(field(config, 'reload_config', 'backoff', 'base_interval'));
  const capabilities = field(config, 'capability_restriction_config', 'allowed_capabilities');
  const environment = readEnvironment(field(config, 'vm_config', 'environment_variables'));
  return {
    rootId: textIn(field(config, 'root_id')),
    vmId: textIn(field(config, 'vm_config', 'vm_id')),
    configuration: readConfiguration(field(config, 'configuration')),
    failPolicy: readFailPolicy(config),
    ...defined({ reloadBackoffMs }),
    ...(field(config, 'allow_on_headers_stop_iteration') === true && { allowOnHeadersStopIteration: true }),
    ...defined({ environment }),
    ...(isObject(capabilities) && { capabilities: Object.keys(capabilities).sort() }),
    ...(field(config, 'vm_config', 'allow_precompiled') === true && { allowPrecompiled: true }),
  };
}

/** As `pick`, by the names of Protobuf fields. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => {
    const camelCase = name.replaceAll(/_[a-z]/g, ([, letter = '']) => letter.toUpperCase());
    return pick(inner, name) ?? pick(inner, camelCase);
  }, value);
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `undefined` if it is no text. */
function readConfiguration(configuration: unknown): string | undefined {
  if (configuration === undefined) return '';
  const isText = String(pick(configuration, '@type')).endsWith('.StringValue');
  // Protobuf leaves out what is empty.
  const text = pick(configuration, 'value') ?? '';
  return isText && typeof text === 'string' ? text : undefined;
}

const POLICIES: ReadonlyMap<unknown, FailPolicy> = new Map([
  ['FAIL_CLOSED', 'closed'],
  ['FAIL_OPEN', 'open'],
  ['FAIL_RELOAD', 'reload'],
]);

function readFailPolicy(config: unknown): FailPolicy {
  return POLICIES.get(field(config, 'failure_policy')) ?? (field(config, 'fail_open') === true ? 'open' : 'closed');
}

/** Milliseconds. */
function readDuration(value: unknown): number | undefined {
  const [, seconds] = (typeof value === 'string' && /^(\d+(?:\.\d+)?)s$/.exec(value)) || [];
  return seconds === undefined ? undefined : Math.round(Number(seconds) * 1000);
}

function readEnvironment(variables: unknown): VmEnvironment | undefined {
  const proxys = field(variables, 'host_env_keys');
  const own = field(variables, 'key_values');
  const environment: VmEnvironment = {
    ...(isObject(own) ? (own as Record<string, string>) : {}),
    ...Object.fromEntries((Array.isArray(proxys) ? proxys : []).map((name) => [String(name), { from: 'proxy' }])),
  };
  return Object.keys(environment).length === 0 ? undefined : environment;
}

/** The input that each setting comes from, and the one by which src/filter/compatibility/wasm-fields.ts knows its field, where that is newer. */
const SETTINGS: Readonly<Record<keyof WasmSettings, { readonly input: string; readonly field?: string }>> = {
  rootId: { input: 'root-id' },
  vmId: { input: 'vm-id' },
  configuration: { input: 'configuration' },
  failPolicy: { input: 'fail-policy' },
  reloadBackoffMs: { input: 'reload-backoff', field: RELOAD },
  allowOnHeadersStopIteration: {
    input: 'allow-on-headers-stop-iteration',
    field: 'allow-on-headers-stop-iteration',
  },
  environment: { input: 'environment', field: 'environment' },
  capabilities: { input: 'capabilities', field: 'capabilities' },
  allowPrecompiled: { input: 'allow-precompiled' },
};

/**
 * The inputs whose settings a proxy shows otherwise than wanted. `envoy` is its minor version: an older one takes a field that
 * it does not know and never shows it, so where it is not known, only what every version has is compared.
 */
export function differsFrom(shown: ShownSettings, wanted: WasmSettings, envoy: number | undefined): string[] {
  const shows = (field: string): boolean =>
    WASM_FIELDS.every(({ input, since }) => input !== field || since <= (envoy ?? 0));
  const visible = ({ failPolicy, ...others }: ShownSettings): ShownSettings => ({
    ...others,
    failPolicy: failPolicy === 'reload' && !shows(RELOAD) ? 'closed' : failPolicy,
  });
  const [has, wants] = [visible(shown), visible(wanted)];
  return Object.entries(SETTINGS)
    .filter(([, { field: newer }]) => newer === undefined || shows(newer))
    .filter(([setting]) => !sameJson(pick(has, setting), pick(wants, setting)))
    .map(([, { input }]) => input);
}
