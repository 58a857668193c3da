import { dirname } from 'node:path/posix';
import { defined } from '../../base/defined.ts';
import { isObject } from '../../base/json.ts';
import type { KubernetesObject, PodTemplate } from '../../cluster/objects.ts';
import type { SettingPlaces, WrittenFilter } from '../../filter/written.ts';
import { filtersIn, podLabel } from '../identity/names.ts';
import type { PodRevision } from '../identity/revision.ts';
import type { EnvoyFilter } from '../objects/envoy-filter.ts';
import { patchesOf } from '../objects/http-patches.ts';
import { pluginOf } from '../objects/wasm-plugin.ts';
import { mountedAt } from '../template/sidecar-mounts.ts';

/** What Envoy puts before the words that a filter logs as it starts: the ids of its configuration, of which either may be empty. */
export interface LogIds {
  readonly rootId: string;
  readonly vmId: string;
}

/** What is known of a filter that this run is about: how it logs, and where its settings are written. */
export type KnownFilter = LogIds & Pick<WrittenFilter, 'places'>;

/** What Envoy's words may call a filter of this action. */
export interface OwnFilter {
  /** The filter's name, or `NAMESPACE.NAME` of its plugin. */
  readonly name: string;
  /** The folder that its module is mounted at; omitted when it is pulled, or is to go. */
  readonly folder?: string;
  /** Omitted where its settings are not known: then only what it logs under its name is known to be its own. */
  readonly ids?: LogIds;
  /** Omitted as `ids` is. */
  readonly written?: WrittenFilter;
}

/** A filter of this action that a pod carries. */
export interface CarriedFilter {
  readonly filter: string;
  readonly revision: string;
}

/** What Envoy names when it refuses a Wasm filter: its file, or the name of its plugin. Measured on Envoy 1.40. */
const NAMED = /Invalid path: (\S+)|Unable to create Wasm (?:HTTP filter|plugin) ([^\s~`]+)/g;

/** The files and plugins that Envoy's words refuse, each once. */
export function refusedIn(words: string): string[] {
  const found = [...words.matchAll(NAMED)].map(([, file, name]) => withoutPunctuation(file ?? name ?? ''));
  return [...new Set(found)];
}

function withoutPunctuation(text: string): string {
  let end = text.length;
  while (end > 0 && '.,;\'"'.includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/** Whether what Envoy rejects, a file or a plugin, is one of some filters. */
export function isOneOf(refused: string, own: readonly OwnFilter[]): boolean {
  return own.some(({ name, folder }) => refused === name || (refused.startsWith('/') && dirname(refused) === folder));
}

/** Which of some filters is among what Envoy refuses, by its name; `undefined` if none of them is. */
export function ownAmong(refused: readonly string[], own: readonly OwnFilter[]): string | undefined {
  const named = own.find((one) => refused.some((name) => isOneOf(name, [one])))?.name;
  const filters = own.map(({ name }) => name).filter((name) => !name.includes('.'));
  // A plugin is called NAMESPACE.FILTER-REVISION.
  return filters.find((name) => name === named || named?.replace(/^[^.]*\./, '').startsWith(`${name}-`));
}

/** The filters that some names are of, each once: a filter from an image goes by that of its plugin, too. */
export function filtersAmong(own: readonly OwnFilter[]): string[] {
  return [...new Set(own.map(({ name }) => ownAmong([name], own) ?? name))];
}

/**
 * The EnvoyFilter that inserts a file or a plugin, by `kubectl`'s words for it; `undefined` if none of the given does, which are to be
 * those that apply to the pod.
 */
export function filterResourceOfRefused(refused: string, envoyFilters: readonly EnvoyFilter[]): string | undefined {
  const found = envoyFilters.find((envoyFilter) => inserts(envoyFilter, refused));
  return found === undefined ? undefined : describeEnvoyFilter(found);
}

/** Whether an EnvoyFilter's patches bring a file or a name. */
export function inserts(envoyFilter: Pick<EnvoyFilter, 'spec'>, refused: string): boolean {
  return patchesOf(envoyFilter).some((entry) => isObject(entry) && holdsText(entry.patch, refused));
}

function holdsText(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value === text;
  if (Array.isArray(value)) return value.some((item) => holdsText(item, text));
  return isObject(value) && Object.values(value).some((item) => holdsText(item, text));
}

function describeEnvoyFilter({ metadata }: Pick<KubernetesObject, 'metadata'>): string {
  return `EnvoyFilter ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What to do where proxies reject a filter of somebody else. */
export function foreignRemedy(refused: string, filterResource: string | undefined): string {
  const what = filterResource ?? `what inserts ${refused}`;
  const why = refused.startsWith('/') ? `, or mount ${refused} in the pods that it is for` : '';
  return `Correct or delete ${what}${why}. Until then no pod that starts becomes ready, with or without this run.`;
}

/** What to do where proxies reject a filter of this action that a run is not about. */
export function siblingRemedy({ filter }: CarriedFilter): string {
  return `Deploy ${filter} with a module and settings that its proxies accept, or remove it. Until then no pod that starts becomes ready, with or without this run.`;
}

/** Returns the filters of this action that a pod carries, as its labels say, each with what Envoy may call it. */
export function carriedFilters(namespace: string, pod: PodTemplate): (CarriedFilter & { own: readonly OwnFilter[] })[] {
  const labels = pod.metadata?.labels ?? {};
  return filtersIn(labels).map((filter) => {
    const id = labels[podLabel(filter)] ?? '';
    const folder = mountedAt(pod, filter);
    const mounted = { name: filter, ...(folder !== undefined && { folder }) };
    return { filter, revision: id, own: [mounted, { name: pluginOf(namespace, { filter, id }) }] };
  });
}

/**
 * What Envoy may call the filters that a workload's pods carry, or are to carry no more. `known` is what is known of filters, by
 * their names.
 */
export function ownFilters(
  namespace: string,
  podRevisions: readonly PodRevision[],
  removals: readonly string[] = [],
  known: ReadonlyMap<string, KnownFilter> = new Map(),
): OwnFilter[] {
  return [
    ...podRevisions.flatMap((podRevision): OwnFilter[] => {
      const name = podRevision.filter;
      const own = knownOf(known.get(name), podRevision);
      if (podRevision.image === undefined) return [{ name, folder: podRevision.mountPath, ...own }];
      return [name, pluginOf(namespace, podRevision)].map((one) => ({ name: one, ...own }));
    }),
    ...removals.map((name) => ({ name })),
  ];
}

/** Returns by which ids a filter logs in a proxy, where a WasmPlugin has no field for that of a VM, and where it is written. */
export function knownOf(
  known: KnownFilter | undefined,
  { filter, image }: PodRevision,
): Pick<OwnFilter, 'ids' | 'written'> {
  if (known === undefined) return {};
  const { rootId, vmId, places } = known;
  return { ids: { rootId, vmId: image === undefined ? vmId : '' }, written: { filter, ...defined({ places }) } };
}

/** Returns what is known of the filters of revisions, by their names. */
export function knownByName(
  revisions: readonly {
    readonly podRevision: Pick<PodRevision, 'filter'>;
    readonly revision: { readonly settings: LogIds; readonly places?: SettingPlaces };
  }[],
): ReadonlyMap<string, KnownFilter> {
  return new Map(
    revisions.map(({ podRevision, revision: { settings, places } }) => [
      podRevision.filter,
      { ...settings, ...defined({ places }) },
    ]),
  );
}
