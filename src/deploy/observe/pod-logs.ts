import { stripVTControlCharacters } from 'node:util';
import { defined } from '../../base/defined.ts';
import type { Permission } from '../../base/permission.ts';
import { truncate } from '../../base/text.ts';
import type { Pod } from '../../cluster/objects.ts';
import type { PodLogOptions } from '../../cluster/pod-log.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { ENVOY_FILTER, POD } from '../../cluster/resources.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import {
  type EnvoyReason,
  findPluginReason,
  findReasonFor,
  insertedBy,
  logSince,
  type PluginNames,
} from '../../mesh/proxy/envoy-log.ts';
import { ownLines } from '../../mesh/proxy/own-lines.ts';
import { carriedFilters, filterResourceOfRefused, type OwnFilter } from '../../mesh/proxy/refused-filter.ts';
import { plainLog, readFilterLog, type Trap } from '../../mesh/proxy/trap-log.ts';
import { appliesToPod } from '../../mesh/unmanaged/unmanaged.ts';
import { type EvidenceSource, readIfAllowed, readIfPossible } from './evidence-source.ts';
import { ROOT_NAMESPACE, rootNamespaceOf } from './unmanaged.ts';

/** Envoy rejects a filter as it starts; later lines only repeat that the proxy is not ready. */
const LOG_BYTES = 256 * 1024;
/** A filter crashes last, behind access logs: bytes are counted from the first line of these, and are to be enough for all. */
const TRAP_LINES = 4_000;
const TRAP_BYTES = 2 * 1024 * 1024;

/**
 * Why the proxy of a pod refuses its listeners, as its log says: one of the filters asked for, another one of this action, or one
 * of others, then with the EnvoyFilter that inserts it there. `undefined` if it says nothing, or may not be read.
 */
export async function readEnvoyReason(
  pod: Pod,
  namespace: string,
  own: readonly OwnFilter[],
  source: EvidenceSource,
): Promise<EnvoyReason | undefined> {
  const log = await readProxyLog(pod, namespace, source);
  const reason = log === undefined ? undefined : findReasonFor(log, own, carriedFilters(namespace, pod));
  if (reason?.foreign === undefined || reason.foreign.sibling !== undefined) return reason;
  const { foreign } = reason;
  const namespaces = new Set([namespace, rootNamespaceOf([pod]) ?? ROOT_NAMESPACE]);
  for (const one of namespaces) {
    const list = await readIfPossible(source.debug, () => source.client.list<EnvoyFilter>(ENVOY_FILTER, one));
    const { labels = {} } = pod.metadata;
    const applied = list?.items.filter((envoyFilter) => appliesToPod(envoyFilter, namespace, labels)) ?? [];
    const filterResource = filterResourceOfRefused(foreign.refused, applied);
    if (filterResource !== undefined) return insertedBy(reason, foreign, filterResource);
  }
  return reason;
}

/** What the log of a proxy says of a WasmPlugin that may not run. */
export type PluginLog =
  | { readonly state: 'unreadable' | 'silent' }
  | { readonly state: 'explains'; readonly reason: EnvoyReason };

/** Why a WasmPlugin does not run in a pod, as the log of its proxy says. */
export async function readPluginReason(
  pod: Pod,
  namespace: string,
  names: PluginNames,
  source: EvidenceSource,
): Promise<PluginLog> {
  const log = await readProxyLog(pod, namespace, source, defined({ since: names.since }));
  if (log === undefined) return { state: 'unreadable' };
  const reason = findPluginReason(logSince(log, names.since), names);
  return reason === undefined ? { state: 'silent' } : { state: 'explains', reason };
}

/**
 * The traps of filters that a proxy has logged since a time, one for each function; none if its log may not be read. Envoy does not say
 * whose they are.
 */
export async function readTraps(
  pod: Pod,
  namespace: string,
  since: Date,
  source: EvidenceSource,
): Promise<readonly Trap[]> {
  const log = await readProxyLog(pod, namespace, source, { since, lines: TRAP_LINES }, TRAP_BYTES);
  return log === undefined ? [] : readFilterLog(logSince(log, since)).kinds;
}

async function readProxyLog(
  { metadata }: Pod,
  namespace: string,
  source: EvidenceSource,
  options: PodLogOptions = {},
  bytes: number = LOG_BYTES,
): Promise<string | undefined> {
  const log = await readIfAllowed(logsOf(namespace), source, (client) =>
    client.podLog(namespace, metadata.name, PROXY_CONTAINER, bytes, options),
  );
  return log === undefined ? undefined : ownLines(plainLog(log));
}

/** A program says what it dies of at the end of its log. */
const LAST_LINES = 20;
const LAST_BYTES = 16 * 1024;

/** What a container said last, of its end where it has ended, see `lastErrorLine`; `undefined` if it said nothing, or its log may not be read. */
export async function readLastWords(
  { metadata }: Pod,
  namespace: string,
  { name: container, ended }: { readonly name: string; readonly ended: boolean },
  source: EvidenceSource,
): Promise<string | undefined> {
  for (const previous of ended ? [true, false] : [false]) {
    const log = await readIfAllowed(logsOf(namespace), source, (client) =>
      client.podLog(namespace, metadata.name, container, LAST_BYTES, { previous, lines: LAST_LINES }),
    );
    const said = log === undefined ? undefined : lastErrorLine(log);
    if (said !== undefined) return said;
  }
  return undefined;
}
const MAX_WORDS = 300;

/** What the kubelet answers, with status 200, for a container that was removed meanwhile (seen on Kubernetes 1.34). */
const NO_LOG = 'unable to retrieve container logs for ';
const TELLS_AN_ERROR = /error|exception|panic|fatal|fail|cannot|denied|not found|no such|refused/i;

/**
 * The line of a log that says why its program ended: the last one that speaks of an error, else the last one that is not
 * indented, as the lines of a stack are.
 */
export function lastErrorLine(log: string): string | undefined {
  const lines = stripVTControlCharacters(log)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith(NO_LOG));
  const outer = lines.filter((line) => !/^\s/.test(line));
  const said = outer.findLast((line) => TELLS_AN_ERROR.test(line)) ?? outer.at(-1) ?? lines.at(-1);
  return said === undefined ? undefined : truncate(said.trim(), MAX_WORDS);
}
function logsOf(namespace: string): Permission {
  return { verb: 'get', group: POD.group, resource: `${POD.plural}/log`, namespace };
}
