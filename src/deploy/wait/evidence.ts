import { stripVTControlCharacters } from 'node:util';
import type { Permission } from '../../base/permission.ts';
import { truncate } from '../../base/text.ts';
import type { Client } from '../../cluster/client.ts';
import { ApiError, isApiError } from '../../cluster/errors.ts';
import type { Event, Pod } from '../../cluster/objects.ts';
import { isReady, PROXY_CONTAINER } from '../../cluster/pods.ts';
import { ENVOY_FILTER, EVENT, POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import {
  type EnvoyReason,
  findPluginReason,
  findReasonFor,
  insertedBy,
  logSince,
  type PluginNames,
} from '../../mesh/proxy/envoy-log.ts';
import {
  carriedFilters,
  filterResourceOfRefused,
  type OwnFilter,
  ownFilters,
} from '../../mesh/proxy/refused-filter.ts';
import { appliesToPod } from '../../mesh/unmanaged/unmanaged.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { ownerOf } from '../kinds/kinds.ts';
import { ROOT_NAMESPACE, rootNamespaceOf } from '../observe/unmanaged.ts';
import type { RolloutGoal } from './rollout-goal.ts';

/** Where evidence comes from. All of it is optional: what may not be read is left out. */
export interface EvidenceSource {
  readonly client: Client;
  readonly debug: (line: string) => void;
  /** Told of what the kubeconfig user may not read. */
  readonly denied?: (permission: Permission) => void;
}

/** Where a run's evidence comes from. */
export function evidenceSource({ client, log }: DeployContext): EvidenceSource {
  return { client, debug: (line) => log.debug(line) };
}

/** Envoy rejects a filter as it starts; later lines only repeat that the proxy is not ready. */
const LOG_BYTES = 256 * 1024;

/**
 * The pods of the wanted revisions, by `workloadKey`: one list per namespace and filter; of a workload that was not changed yet,
 * one list of all its pods.
 */
export async function listNewPods(
  workloads: readonly RolloutGoal[],
  source: EvidenceSource,
): Promise<ReadonlyMap<string, readonly Pod[]>> {
  const selectors = new Map<string, Set<string>>();
  const lists = new Map<string, { namespace: string; labelSelector: string; resource?: string }>();
  for (const { ref, podRevisions, selector } of workloads) {
    const resource = workloadKey(ref);
    if (selector !== undefined) lists.set(resource, { namespace: ref.namespace, labelSelector: selector, resource });
    for (const { filter, id } of podRevisions) {
      const key = `${ref.namespace} ${podLabel(filter)}`;
      selectors.set(key, (selectors.get(key) ?? new Set()).add(id));
    }
  }
  for (const [key, revisions] of selectors) {
    const [namespace = '', label = ''] = key.split(' ');
    lists.set(key, { namespace, labelSelector: `${label} in (${[...revisions].join(',')})` });
  }
  const found = new Map<string, Pod[]>();
  const seen = new Set<string>();
  await Promise.all(
    [...lists.values()].map(async ({ namespace, labelSelector, resource }) => {
      const list = await readable(
        { verb: 'list', group: POD.group, resource: POD.plural, namespace },
        source,
        (client) => client.list<Pod>(POD, namespace, { labelSelector }),
      );
      for (const pod of list?.items ?? []) {
        const owner = ownerOf(pod);
        if (owner === undefined || seen.has(podId(pod))) continue;
        const workload = workloadKey({ ...owner, namespace });
        // Its selector may match the pods of others, too.
        if (resource !== undefined && resource !== workload) continue;
        seen.add(podId(pod));
        found.set(workload, [...(found.get(workload) ?? []), pod]);
      }
    }),
  );
  return found;
}

/** Those of them that are not ready. */
export async function listUnreadyPods(
  workloads: readonly RolloutGoal[],
  source: EvidenceSource,
): Promise<ReadonlyMap<string, readonly Pod[]>> {
  return unreadyOf(await listNewPods(workloads, source));
}

/** The pods that are not ready, of lists by any key. */
export function unreadyOf(pods: ReadonlyMap<string, readonly Pod[]>): ReadonlyMap<string, readonly Pod[]> {
  const unready = [...pods].map(([key, all]): [string, Pod[]] => [key, all.filter((pod) => !isReady(pod))]);
  return new Map(unready.filter(([, left]) => left.length > 0));
}

/** What tells a pod from another one of the same name. */
export function podId({ metadata }: Pod): string {
  return metadata.uid ?? metadata.name;
}

/** The warning events of a namespace. */
export async function listWarnings(namespace: string, source: EvidenceSource): Promise<readonly Event[]> {
  const list = await readable(
    { verb: 'list', group: EVENT.group, resource: EVENT.plural, namespace },
    source,
    (client) => client.list<Event>(EVENT, namespace, { fieldSelector: 'type=Warning' }),
  );
  return list?.items ?? [];
}

/** Returns what Envoy may call the filters that a goal is about. */
export function goalFilters({ ref, podRevisions, removals, about = [], settings }: RolloutGoal): OwnFilter[] {
  return ownFilters(ref.namespace, podRevisions, [...removals, ...about], settings);
}

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
    const list = await optional(source.debug, () => source.client.list<EnvoyFilter>(ENVOY_FILTER, one));
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
  const log = await readProxyLog(pod, namespace, source, names.since);
  if (log === undefined) return { state: 'unreadable' };
  const reason = findPluginReason(logSince(log, names.since), names);
  return reason === undefined ? { state: 'silent' } : { state: 'explains', reason };
}

function readProxyLog(
  { metadata }: Pod,
  namespace: string,
  source: EvidenceSource,
  since?: Date,
): Promise<string | undefined> {
  const options = since === undefined ? {} : { since };
  return readable(logsOf(namespace), source, (client) =>
    client.podLog(namespace, metadata.name, PROXY_CONTAINER, LOG_BYTES, options),
  );
}

/** A program says what it dies of at the end of its log. */
const LAST_LINES = 20;
const LAST_BYTES = 16 * 1024;

/** What a container said last, of its end where it has ended, see `lastWords`; `undefined` if it said nothing, or its log may not be read. */
export async function readLastWords(
  { metadata }: Pod,
  namespace: string,
  { name: container, ended }: { readonly name: string; readonly ended: boolean },
  source: EvidenceSource,
): Promise<string | undefined> {
  for (const previous of ended ? [true, false] : [false]) {
    const log = await readable(logsOf(namespace), source, (client) =>
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

/** Reads what a permission is needed for; `undefined` if it cannot be read, of which a refusal is told. */
function readable<T>(
  permission: Permission,
  { client, debug, denied }: EvidenceSource,
  read: (client: Client) => Promise<T>,
): Promise<T | undefined> {
  return optional(debug, async () => {
    try {
      return await read(client);
    } catch (error) {
      if (isApiError(error, 403)) denied?.(permission);
      throw error;
    }
  });
}

async function optional<T>(debug: (line: string) => void, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    debug(`No evidence from ${error instanceof ApiError ? error.path : 'the API server'}: ${String(error)}`);
    return undefined;
  }
}
