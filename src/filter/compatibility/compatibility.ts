import { greatest } from '../../base/lists.ts';
import type { Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { ModuleFacts } from '../module/facts.ts';
import type { FailPolicy } from '../settings.ts';
import { hasUsefulCallback } from './callbacks.ts';
import { LONG_KNOWN_ENVOY, NEWEST_KNOWN_ENVOY, OLDEST_KNOWN_ENVOY } from './host-functions.ts';
import { importIncompatibilities } from './import-checks.ts';
import { neededEnvoy } from './imports.ts';
import { isKnownProxy } from './known-proxies.ts';
import { type Incompatibility, moduleIncompatibilities } from './module-checks.ts';
import { describeEnvoy, describeProxies, type ProxyVersion } from './proxy-version.ts';
import { remedyFor } from './remedies.ts';

export interface CompatibilitySettings {
  /** What the filter is to be deployed with. */
  readonly failPolicy?: FailPolicy;
  /** How messages call the file. */
  readonly origin?: string;
}

export interface Compatibility {
  /** Everything for which a proxy would refuse the filter, one problem for each cause. */
  readonly problems: readonly Problem[];
  /** What may go wrong, but does not have to. */
  readonly warnings: readonly Warning[];
}

type TopicAndText = readonly [topic: string, text: string];

const IDLE_FAIL_POLICY: TopicAndText = [
  'Fail policy without effect',
  'The fail policy does not help here: Envoy rejects a filter that it cannot load, whatever the policy.',
];

/** The proxies' Envoy versions, by what the tables can say of them. */
interface Judged {
  /** The minor versions for which the tables are right. */
  readonly known: readonly number[];
  /** Stand-ins for those that are newer or older than the tables. */
  readonly estimated: readonly number[];
  /** The proxies that are outside the tables. */
  readonly unknown: readonly ProxyVersion[];
}

/**
 * Whether the proxies will accept a filter. `proxies` are the versions that the filter has to run on, several during an
 * upgrade, none when they are not known: then the newest known Envoy stands for them. A proxy whose version the tables do
 * not cover is never a reason to refuse, only to warn.
 */
export function checkCompatibility(
  facts: ModuleFacts,
  proxies: readonly ProxyVersion[],
  settings: CompatibilitySettings = {},
): Compatibility {
  const { known, estimated, unknown } = judge(proxies);
  const refused = incompatibilitiesOf(facts, known);
  const causes = new Set(refused.map(({ cause }) => cause));
  const estimatedRefusals = incompatibilitiesOf(facts, estimated).filter(({ cause }) => !causes.has(cause));
  const subject = settings.origin ?? 'filter';
  return {
    problems: refused.map((incompatibility) => toProblem(incompatibility, facts, proxies, subject)),
    warnings: [
      ...estimatedRefusals.map(({ message, cause }): TopicAndText => {
        const about = `The filter ${message} ${remedyFor(cause, facts.toolchain)}`;
        return [
          'Unknown proxy version',
          `${about} ${listWords(describeProxies(unknown), 'and')} may differ: known are Envoy 1.${OLDEST_KNOWN_ENVOY} to 1.${NEWEST_KNOWN_ENVOY}.`,
        ];
      }),
      ...unknownProxyWarnings(facts, proxies),
      ...warningsFor(facts, known),
      ...(settings.failPolicy !== undefined && settings.failPolicy !== 'closed' && refused.length > 0
        ? [IDLE_FAIL_POLICY]
        : []),
    ].map(([topic, text]) => ({ topic, subject, text })),
  };
}

/** What a proxy itself looks at when it loads a filter: the module as such, and the functions that it imports. */
export type LoadCheck = 'module' | 'host-functions';

/** Returns for which of its checks a proxy would refuse a filter; none for one that the tables do not cover. */
export function refusedChecks(facts: ModuleFacts, proxy: ProxyVersion): ReadonlySet<LoadCheck> {
  if (!isKnownProxy(proxy)) return new Set();
  const { minor } = proxy.envoy;
  return new Set<LoadCheck>([
    ...(moduleIncompatibilities(facts, minor).length > 0 ? (['module'] as const) : []),
    ...(importIncompatibilities(facts, [minor]).length > 0 ? (['host-functions'] as const) : []),
  ]);
}

function judge(proxies: readonly ProxyVersion[]): Judged {
  const unknown = proxies.filter((proxy) => !isKnownProxy(proxy));
  return {
    known: proxies.length === 0 ? [NEWEST_KNOWN_ENVOY] : proxies.filter(isKnownProxy).map(({ envoy }) => envoy.minor),
    estimated: unknown.map(({ envoy }) =>
      envoy.major > 1 ? NEWEST_KNOWN_ENVOY : Math.min(envoy.minor, NEWEST_KNOWN_ENVOY),
    ),
    unknown,
  };
}

function incompatibilitiesOf(facts: ModuleFacts, minors: readonly number[]): Incompatibility[] {
  if (minors.length === 0) return [];
  return [...moduleIncompatibilities(facts, greatest(minors)), ...importIncompatibilities(facts, minors)];
}

function toProblem(
  { cause, message }: Incompatibility,
  facts: ModuleFacts,
  proxies: readonly ProxyVersion[],
  subject: string,
): Problem {
  const needed = neededEnvoy(functionImports(facts)) ?? 0;
  const old = describeProxies(proxies.filter(({ envoy }) => envoy.major === 1 && envoy.minor < needed));
  const have = cause === 'newer' ? ` Older than that: ${listWords(old, 'and')}.` : '';
  return { kind: 'filter', subject, message: `${message}${have}`, remedy: remedyFor(cause, facts.toolchain) };
}

/** Nobody knows what the proxies are, and the module needs rather new ones. */
function unknownProxyWarnings(facts: ModuleFacts, proxies: readonly ProxyVersion[]): TopicAndText[] {
  const needed = neededEnvoy(functionImports(facts));
  if (proxies.length > 0 || needed === undefined || needed <= LONG_KNOWN_ENVOY) return [];
  const text = `The filter needs ${describeEnvoy(needed)} or newer; the version of the proxies is not known.`;
  return [['Unknown proxy version', text]];
}

function functionImports({ imports }: ModuleFacts): ModuleFacts['imports'] {
  return imports.filter(({ kind }) => kind === 'function');
}

function warningsFor(facts: ModuleFacts, minors: readonly number[]): TopicAndText[] {
  const { memories, toolchain, start, imports, switchedOff } = facts;
  const polls = imports.some(({ name }) => name === 'poll_oneoff');
  const found: [boolean, ...TopicAndText][] = [
    [
      !hasUsefulCallback(facts),
      'Filter without a callback',
      'The filter exports no callback in which it could do anything: Envoy will load it and never call it.',
    ],
    [
      memories.length > 1,
      'Filter with several memories',
      `The filter has ${memories.length} memories: Envoy works on one of them, and the engine of older Envoys rejects such a module.`,
    ],
    [
      !memories.some(({ imported, exported }) => imported || exported),
      'Filter without a memory',
      'The filter exports no memory: it can read no configuration and no header, and the first host function that accesses it crashes the whole proxy.',
    ],
    [
      toolchain === 'Go' && start === 'command',
      'Go program as a filter',
      `The filter is a Go program that runs to its end when it starts, which Envoy stops with "restricted_callback". ${remedyFor('abi', 'Go')}`,
    ],
    // https://github.com/golang/go/issues/78513; Envoy's host has more than a stub since 1.39.
    [
      toolchain === 'Go' && polls && minors.some((minor) => minor >= 33 && minor < 39),
      'Filter compiled by Go',
      'Filters that Go itself compiled can fail in Envoy older than 1.39 when Go collects garbage: there poll_oneoff is an empty stand-in. TinyGo is safer there.',
    ],
    [
      switchedOff !== undefined,
      'Filter not checked',
      `The filter uses a feature of WebAssembly that is turned off in the V8 of this runner, so its code was not checked ("${switchedOff}"). Envoy's V8 may reject it.`,
    ],
  ];
  return found.filter(([applies]) => applies).map(([, ...warning]) => warning);
}
