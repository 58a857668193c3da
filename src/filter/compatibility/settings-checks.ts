import type { Problem } from '../../base/problem.ts';
import { formatBytes, listWords, nearestNames, shownName } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { ModuleFacts } from '../module/facts.ts';
import type { FilterSettings } from '../settings.ts';
import { CAPABILITIES, unknownCapabilities, withheldFrom } from './capabilities.ts';
import type { Compatibility } from './compatibility.ts';
import { LONG_KNOWN_ENVOY, NEWEST_KNOWN_ENVOY } from './host-functions.ts';
import { describeEnvoy, describeProxies, type ProxyVersion } from './proxy-version.ts';
import { WASM_FIELDS, type WasmField } from './wasm-fields.ts';

/** Tells what messages call a setting, by the name of its input, and where it stands. */
export type PlaceOfSetting = (input: string) => Pick<Problem, 'subject' | 'at'>;

/**
 * Whether the settings suit the proxies (none when they are not known) and the module. A proxy that is too old for a setting
 * would run the filter as if it were not there, so that is a problem; what only may be wrong is a warning.
 */
export function checkSettings(
  facts: ModuleFacts,
  proxies: readonly ProxyVersion[],
  settings: FilterSettings,
  placeOf: PlaceOfSetting = (input) => ({ subject: subjectOf(input) }),
): Compatibility {
  const fields = WASM_FIELDS.filter(({ isUsed }) => isUsed(settings));
  const capabilities = checkNames(settings.capabilities ?? [], proxies, placeOf);
  return {
    problems: [...fields.flatMap((field) => tooOld(field, proxies, placeOf)), ...capabilities.problems],
    warnings: [
      ...fields.flatMap((field) => uncertain(field, proxies)),
      ...capabilities.warnings,
      ...withheld(facts, settings),
      ...withoutEffect(facts, settings),
      ...large(settings),
    ],
  };
}

function tooOld({ input, since }: WasmField, proxies: readonly ProxyVersion[], placeOf: PlaceOfSetting): Problem[] {
  const old = describeProxies(proxies.filter(({ envoy }) => envoy.major === 1 && envoy.minor < since));
  if (old.length === 0) return [];
  return [
    {
      kind: 'input',
      ...placeOf(input.replace(/:.*/, '')),
      message: `"${input}" needs ${describeEnvoy(since)} or newer. Too old for it: ${listWords(old, 'and')}, which would ignore it.`,
      remedy: 'Upgrade these sidecars, or leave the input out for them.',
    },
  ];
}

/** Returns the input of `name: value`. */
function subjectOf(input: string): string {
  return `input "${input.replace(/:.*/, '')}"`;
}

function uncertain({ input, since, deprecated }: WasmField, proxies: readonly ProxyVersion[]): Warning[] {
  const newer = deprecated === undefined ? [] : describeProxies(proxies.filter(isNewerThanKnown));
  const subject = subjectOf(input);
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

const CAPABILITIES_INPUT = 'input "capabilities"';

/** A name that nobody knows is a slip, unless a proxy is newer than the tables. */
function checkNames(
  capabilities: readonly string[],
  proxies: readonly ProxyVersion[],
  placeOf: PlaceOfSetting,
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
    const text = `The input "capabilities" ${message} ${remedy}`;
    return { problems: [], warnings: [{ topic: 'Unknown capabilities', subject: CAPABILITIES_INPUT, text }] };
  }
  return { problems: [{ kind: 'input', ...placeOf('capabilities'), message, remedy }], warnings: [] };
}

function withheld(facts: ModuleFacts, { capabilities }: FilterSettings): Warning[] {
  if (capabilities === undefined) return [];
  const { functions, callbacks } = withheldFrom(facts, capabilities);
  return [
    ...(functions.length === 0
      ? []
      : [
          {
            topic: 'Withheld host functions',
            subject: CAPABILITIES_INPUT,
            text: `The filter imports ${listWords(functions, 'and')}, which the input "capabilities" does not name: every such call will fail, and Envoy will log it.`,
          },
        ]),
    ...(callbacks.length === 0
      ? []
      : [
          {
            topic: 'Withheld callbacks',
            subject: CAPABILITIES_INPUT,
            text: `The filter exports ${listWords(callbacks, 'and')}, which the input "capabilities" does not name: Envoy will never call ${callbacks.length === 1 ? 'it' : 'them'}.`,
          },
        ]),
  ];
}

/** etcd takes requests of 1.5 MiB (`--max-request-bytes`), and what else the object has comes on top; a dry run does not reach it. */
const LARGE_BYTES = 1_400_000;

function large({ configuration }: FilterSettings): Warning[] {
  const bytes = Buffer.byteLength(JSON.stringify(configuration));
  if (bytes < LARGE_BYTES) return [];
  return [
    {
      topic: 'Large configuration',
      subject: 'input "configuration"',
      text: `The configuration has ${formatBytes(bytes)}. The object that holds it is kept in etcd, which takes 1.5 MiB unless the cluster says otherwise; a dry run does not show that.`,
    },
  ];
}

const IDLE_SETTING = 'Setting without effect';

/** Settings that the module does not make use of. */
function withoutEffect({ imports, sizes }: ModuleFacts, { environment, allowPrecompiled }: FilterSettings): Warning[] {
  const readsEnvironment = imports.some(({ name }) => name === 'environ_get');
  // https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/main/src/v8/v8.cc (`getPrecompiledSectionName`)
  const precompiled = sizes.some(({ custom, name }) => custom && name.startsWith('precompiled_'));
  return [
    ...(environment !== undefined && !readsEnvironment
      ? [
          {
            topic: IDLE_SETTING,
            subject: 'input "environment"',
            text: 'The filter imports no environ_get, so it cannot read what the input "environment" says.',
          },
        ]
      : []),
    ...(allowPrecompiled === true && !precompiled
      ? [
          {
            topic: IDLE_SETTING,
            subject: 'input "allow-precompiled"',
            text: 'The filter brings no machine code along (a custom section "precompiled_…", which shrinking leaves out), so the input "allow-precompiled" changes nothing.',
          },
        ]
      : []),
  ];
}
