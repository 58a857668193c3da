import type { Problem } from '../../base/problem.ts';
import { capital, formatBytes, listWords, nearestNames, shownName } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { ModuleFacts } from '../module/facts.ts';
import type { FilterSettings } from '../settings.ts';
import { nameSettings, settingAt, type WrittenFilter } from '../written.ts';
import { CAPABILITIES, unknownCapabilities, withheldFrom } from './capabilities.ts';
import type { Compatibility } from './compatibility.ts';
import { LONG_KNOWN_ENVOY, NEWEST_KNOWN_ENVOY } from './host-functions.ts';
import { describeEnvoy, describeProxies, type ProxyVersion } from './proxy-version.ts';
import { WASM_FIELDS, type WasmField } from './wasm-fields.ts';

/**
 * Whether the settings suit the proxies (none when they are not known) and the module. A proxy that is too old for a setting
 * would run the filter as if it were not there, so that is a problem; what only may be wrong is a warning. `written` is where the
 * settings are written.
 */
export function checkSettings(
  facts: ModuleFacts,
  proxies: readonly ProxyVersion[],
  settings: FilterSettings,
  written: WrittenFilter,
): Compatibility {
  const fields = WASM_FIELDS.filter(({ isUsed }) => isUsed(settings));
  const capabilities = checkNames(settings.capabilities ?? [], proxies, written);
  return {
    problems: [...fields.flatMap((field) => tooOld(field, proxies, written)), ...capabilities.problems],
    warnings: [
      ...fields.flatMap((field) => uncertain(field, proxies, written)),
      ...capabilities.warnings,
      ...withheld(facts, settings, written),
      ...withoutEffect(facts, settings, written),
      ...large(settings, written),
    ],
  };
}

/** Returns whether a proxy is one of those for which `checkSettings` has a problem with the settings. */
export function refusesSettings(proxy: ProxyVersion, settings: FilterSettings): boolean {
  if (WASM_FIELDS.some(({ isUsed, since }) => isUsed(settings) && isOlder(proxy, since))) return true;
  return !isNewerThanKnown(proxy) && unknownCapabilities(settings.capabilities ?? []).length > 0;
}

function isOlder({ envoy }: ProxyVersion, minor: number): boolean {
  return envoy.major === 1 && envoy.minor < minor;
}

function tooOld({ input, since }: WasmField, proxies: readonly ProxyVersion[], written: WrittenFilter): Problem[] {
  const old = describeProxies(proxies.filter((proxy) => isOlder(proxy, since)));
  if (old.length === 0) return [];
  return [
    {
      kind: 'input',
      ...settingAt(inputOf(input), written),
      form: 'clause',
      message: `"${input}" needs ${describeEnvoy(since)} or newer. Older than that: ${listWords(old, 'and')}, which would ignore it.`,
      remedy: 'Upgrade these sidecars, or leave it out for them.',
    },
  ];
}

/** Returns the input of `name: value`. */
function inputOf(setting: string): string {
  return setting.replace(/:.*/, '');
}

function uncertain(
  { input, since, deprecated }: WasmField,
  proxies: readonly ProxyVersion[],
  written: WrittenFilter,
): Warning[] {
  const newer = deprecated === undefined ? [] : describeProxies(proxies.filter(isNewerThanKnown));
  const { subject } = settingAt(inputOf(input), written);
  return [
    ...(proxies.length === 0 && since > LONG_KNOWN_ENVOY
      ? [
          {
            topic: 'Unknown proxy version',
            subject,
            text: `"${input}" needs ${describeEnvoy(since)} or newer; the version of the proxies is not known.`,
          },
        ]
      : []),
    ...(newer.length === 0
      ? []
      : [
          {
            topic: 'Deprecated field',
            subject,
            text: `"${input}" uses a field that is deprecated since Envoy 1.${deprecated}; ${listWords(newer, 'and')} may reject it.`,
          },
        ]),
  ];
}

function isNewerThanKnown({ envoy }: ProxyVersion): boolean {
  return envoy.major > 1 || envoy.minor > NEWEST_KNOWN_ENVOY;
}

/** A name that nobody knows is a slip, unless a proxy is newer than the tables. */
function checkNames(
  capabilities: readonly string[],
  proxies: readonly ProxyVersion[],
  written: WrittenFilter,
): Compatibility {
  const unknown = unknownCapabilities(capabilities);
  if (unknown.length === 0) return { problems: [], warnings: [] };
  const meant = [...new Set(unknown.flatMap((name) => nearestNames(name, CAPABILITIES, 1)))];
  const message = `names ${listWords(unknown.map(shownName), 'and')}, which no known Envoy (up to 1.${NEWEST_KNOWN_ENVOY}) gives to a filter.`;
  const remedy =
    meant.length === 0
      ? 'Names are those of host functions (proxy_log, fd_write) and callbacks (proxy_on_request_headers).'
      : `Did you mean ${listWords(meant, 'and')}?`;
  if (proxies.some(isNewerThanKnown)) {
    const { subject } = settingAt('capabilities', written);
    const text = `${capital(nameSettings(['capabilities'], written))} ${message} ${remedy}`;
    return { problems: [], warnings: [{ topic: 'Unknown capabilities', subject, text }] };
  }
  return { problems: [{ kind: 'input', ...settingAt('capabilities', written), message, remedy }], warnings: [] };
}

function withheld(facts: ModuleFacts, { capabilities }: FilterSettings, written: WrittenFilter): Warning[] {
  if (capabilities === undefined) return [];
  const { functions, callbacks } = withheldFrom(facts, capabilities);
  const { subject } = settingAt('capabilities', written);
  const name = nameSettings(['capabilities'], written);
  return [
    ...(functions.length === 0
      ? []
      : [
          {
            topic: 'Withheld host functions',
            subject,
            text: `The filter imports ${listWords(functions, 'and')}, which ${name} does not name: every such call will fail, and Envoy will log it.`,
          },
        ]),
    ...(callbacks.length === 0
      ? []
      : [
          {
            topic: 'Withheld callbacks',
            subject,
            text: `The filter exports ${listWords(callbacks, 'and')}, which ${name} does not name: Envoy will never call ${callbacks.length === 1 ? 'it' : 'them'}.`,
          },
        ]),
  ];
}

/** etcd takes requests of 1.5 MiB (`--max-request-bytes`), and what else the object has comes on top; a dry run does not reach it. */
const LARGE_BYTES = 1_400_000;

function large({ configuration }: FilterSettings, written: WrittenFilter): Warning[] {
  const bytes = Buffer.byteLength(JSON.stringify(configuration));
  if (bytes < LARGE_BYTES) return [];
  return [
    {
      topic: 'Large configuration',
      subject: settingAt('configuration', written).subject,
      text: `The configuration has ${formatBytes(bytes)}. The object that holds it is stored in etcd, which takes up to 1.5 MiB unless the cluster is configured otherwise. A dry run does not show whether it fits.`,
    },
  ];
}

const IDLE_SETTING = 'Setting without effect';

/** Settings that the module does not make use of. */
function withoutEffect(
  { imports, sizes }: ModuleFacts,
  { environment, allowPrecompiled }: FilterSettings,
  written: WrittenFilter,
): Warning[] {
  const readsEnvironment = imports.some(({ name }) => name === 'environ_get');
  // https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/main/src/v8/v8.cc (`getPrecompiledSectionName`)
  const precompiled = sizes.some(({ custom, name }) => custom && name.startsWith('precompiled_'));
  return [
    ...(environment !== undefined && !readsEnvironment
      ? [
          {
            topic: IDLE_SETTING,
            subject: settingAt('environment', written).subject,
            text: `The filter imports no environ_get, so it cannot read what ${nameSettings(['environment'], written)} says.`,
          },
        ]
      : []),
    ...(allowPrecompiled === true && !precompiled
      ? [
          {
            topic: IDLE_SETTING,
            subject: settingAt('allow-precompiled', written).subject,
            text: `The filter brings no machine code along (a custom section "precompiled_…", which shrinking leaves out), so ${nameSettings(['allow-precompiled'], written)} changes nothing.`,
          },
        ]
      : []),
  ];
}
