import { defined } from '../../base/defined.ts';
import { type Json, sameJson } from '../../base/json.ts';
import type { PodTemplate } from '../../cluster/objects.ts';
import { anchorOf } from '../../filter/insertion.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import { nameSettings } from '../../filter/written.ts';
import { FILTER_LABEL, isOwned } from '../identity/names.ts';
import type { Revision } from '../identity/revision.ts';
import { type EnvoyFilter, INSERTIONS } from '../objects/envoy-filter.ts';
import { describePatch, httpPatchesOf, overlaps, type PatchPlace, patchesOf } from '../objects/http-patches.ts';
import { filtersOn } from '../template/template.ts';
import { envoyFilterKey, selectsTemplate, type UnmanagedFilter } from './unmanaged.ts';

/** The proxies of a workload that our EnvoyFilter selects, and what puts filters into them. */
export interface ConcernedProxies {
  /** Whose they are, for a reader. */
  readonly workload: string;
  readonly template: PodTemplate;
  /** Every EnvoyFilter that may select them, ours and those of others. */
  readonly envoyFilters: readonly EnvoyFilter[];
  /** The names in each chain of HTTP filters of a proxy that runs now; omitted when nobody could look. */
  readonly chains?: readonly ProxyChain[];
}

/** A chain of HTTP filters in a running proxy. */
export interface ProxyChain {
  readonly direction: 'inbound' | 'outbound';
  readonly port: number | undefined;
  readonly httpFilters: readonly string[];
}

/** Filters that Istio itself puts into the chains of a sidecar (istio pilot/pkg/networking/core/listener_builder.go). */
const OF_ISTIO: ReadonlySet<string> = new Set([
  'istio.metadata_exchange',
  'istio.alpn',
  'istio.stats',
  'istio_authn',
  'envoy.filters.http.cors',
  'envoy.filters.http.fault',
  'envoy.filters.http.grpc_stats',
  'envoy.filters.http.jwt_authn',
  'envoy.filters.http.rbac',
  'envoy.filters.http.router',
]);

/**
 * What else would be taken out with an adopted filter, because it has the same name in a proxy: an EnvoyFilter takes HTTP filters
 * out by their names. In words; nothing where the name is its own.
 */
export function sharersOf(
  filter: UnmanagedFilter,
  adopted: readonly UnmanagedFilter[],
  ours: string,
  proxies: readonly ConcernedProxies[],
): string[] {
  const { httpFilter, places } = filter;
  const found = new Set<string>(OF_ISTIO.has(httpFilter) ? ["Istio's own filter"] : []);
  for (const proxy of proxies) {
    const { template, envoyFilters, chains = [] } = proxy;
    // What takes it out there takes it out here.
    const where = isIn(filter, proxy) ? '' : ` on ${proxy.workload}, which the same EnvoyFilter of this action serves`;
    const other = otherFiltersOn(template, ours).find((name) => name === httpFilter);
    if (other !== undefined) found.add(`the filter ${other} of this action${where}`);
    for (const envoyFilter of envoyFilters) {
      if (isOwned(envoyFilter) || !selectsTemplate(envoyFilter, template.metadata?.labels ?? {})) continue;
      const sharing = httpPatchesOf(envoyFilter).some(
        (one) =>
          one.httpFilter === httpFilter &&
          (INSERTIONS.has(one.operation) || one.operation === 'REPLACE') &&
          places.some((place) => overlaps(place, one)) &&
          !isTaken(adopted, envoyFilter, one.patch),
      );
      if (sharing) found.add(`another filter of EnvoyFilter ${observedKey(envoyFilter)}${where}`);
    }
    if (found.size === 0 && chains.some((chain) => holdsMore(chain, filter, adopted))) {
      found.add(`another filter in the chains of its running proxies${where}`);
    }
  }
  return [...found];
}

/** Whether the EnvoyFilter of a filter puts it into these proxies. */
function isIn({ envoyFilter }: UnmanagedFilter, { template, envoyFilters }: ConcernedProxies): boolean {
  const own = envoyFilters.find((one) => observedKey(one) === envoyFilterKey(envoyFilter));
  return own === undefined || selectsTemplate(own, template.metadata?.labels ?? {});
}

/** The filters of this action that a pod template carries besides one. */
function otherFiltersOn(template: PodTemplate, ours: string): string[] {
  return filtersOn({ metadata: { name: '' }, spec: { template } }).filter((name) => name !== ours);
}

/** Whether a chain has the name more often than what is adopted has put it there. */
function holdsMore(chain: ProxyChain, { httpFilter }: UnmanagedFilter, adopted: readonly UnmanagedFilter[]): boolean {
  const there = chain.httpFilters.filter((name) => name === httpFilter).length;
  const own = adopted
    .filter((one) => one.httpFilter === httpFilter)
    .flatMap(({ places }) => places)
    .filter((place) => reaches(place, chain)).length;
  return there > 1 && there > own;
}

function reaches({ context, portNumber }: PatchPlace, { direction, port }: ProxyChain): boolean {
  const side = direction === 'inbound' ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
  return ['ANY', 'GATEWAY', side].includes(context) && (portNumber === undefined || portNumber === port);
}

/**
 * What would lose its place or its meaning without an adopted filter: patches that stand beside it or change it, and our own place.
 * In words.
 */
export function dependentsOf(
  filter: UnmanagedFilter,
  adopted: readonly UnmanagedFilter[],
  ours: Pick<Revision, 'filter' | 'places'> & { readonly settings: Pick<FilterSettings, 'insert'> },
  proxies: readonly ConcernedProxies[],
): string[] {
  const { httpFilter, places } = filter;
  const found = new Set<string>();
  if (anchorOf(ours.settings.insert) === httpFilter) found.add(nameSettings(['insert'], ours));
  for (const { template, envoyFilters } of proxies.filter((proxy) => isIn(filter, proxy))) {
    for (const envoyFilter of envoyFilters) {
      if (envoyFilter.metadata.labels?.[FILTER_LABEL] === ours.filter) continue;
      if (!selectsTemplate(envoyFilter, template.metadata?.labels ?? {})) continue;
      for (const one of httpPatchesOf(envoyFilter)) {
        // What another filter of this action takes out is not there for it.
        if (isOwned(envoyFilter) && one.operation === 'REMOVE') continue;
        if (one.anchor !== httpFilter || isTaken(adopted, envoyFilter, one.patch)) continue;
        if (!places.some((place) => overlaps(place, one))) continue;
        found.add(`EnvoyFilter ${observedKey(envoyFilter)} (${describePatch(one.patch)} at it)`);
      }
    }
  }
  return [...found];
}

/** Whether an entry of an EnvoyFilter belongs to a filter that is taken over. */
function isTaken(adopted: readonly UnmanagedFilter[], envoyFilter: EnvoyFilter, patch: Json): boolean {
  const key = observedKey(envoyFilter);
  return adopted.some(
    (one) => envoyFilterKey(one.envoyFilter) === key && one.patches.some((own) => sameJson(own, patch)),
  );
}

/** The entries of an EnvoyFilter that stay when filters are taken out of it. */
export function remainingPatches(envoyFilter: EnvoyFilter, adopted: readonly UnmanagedFilter[]): Json[] {
  return patchesOf(envoyFilter).filter((patch) => !isTaken(adopted, envoyFilter, patch));
}

/** `shop/wasm`. */
function observedKey({ metadata: { namespace = '', name } }: EnvoyFilter): string {
  return envoyFilterKey({ namespace, name });
}

/** The places that a REMOVE of our own EnvoyFilter names: what an earlier run has begun to take the place of. */
export function removalsIn(envoyFilter: EnvoyFilter): (PatchPlace & { readonly httpFilter: string })[] {
  return httpPatchesOf(envoyFilter).flatMap(({ operation, anchor, context, portNumber }) =>
    operation === 'REMOVE' && anchor !== undefined ? [{ httpFilter: anchor, context, ...defined({ portNumber }) }] : [],
  );
}

/** Whether an earlier run has begun to take the place of a filter. */
export function isRemovedBy(filter: UnmanagedFilter, envoyFilter: EnvoyFilter): boolean {
  const removed = removalsIn(envoyFilter);
  return filter.places.every((place) =>
    removed.some(
      (one) =>
        one.httpFilter === filter.httpFilter && one.context === place.context && one.portNumber === place.portNumber,
    ),
  );
}
