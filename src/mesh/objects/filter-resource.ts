import { sameJson } from '../../base/json.ts';
import { ENVOY_FILTER, PLUGINS, type Resource } from '../../cluster/resources.ts';
import type { ListenerSettings } from '../../filter/settings.ts';
import { isMarked, PUSHED_ANNOTATION } from '../identity/names.ts';
import { type PodRevision, podRevisionOf, type Revision } from '../identity/revision.ts';
import {
  type EnvoyFilter,
  type ForeignHttpFilter,
  mountPathOf,
  renderEnvoyFilter,
  settingsOf,
} from './envoy-filter.ts';
import { pluginImage, pluginSettings, renderWasmPlugin, type WasmPlugin } from './wasm-plugin.ts';

/**
 * What puts a revision into the proxies of the pods that carry its label: an EnvoyFilter, which names the mounted file, or a
 * WasmPlugin, or what stands for it, which names an image that the proxies pull.
 */
export type FilterResource = EnvoyFilter | WasmPlugin;

/** The kinds of filter resources and where they are kept. */
export const FILTER_RESOURCES = { EnvoyFilter: ENVOY_FILTER, ...PLUGINS } as const;
export type FilterResourceKind = keyof typeof FILTER_RESOURCES;

/** The kind of a filter resource that was rendered or observed. */
export function kindOf({ kind = 'EnvoyFilter' }: Pick<FilterResource, 'kind'>): FilterResourceKind {
  return kind;
}

/** Whether a filter resource names an image. */
export function isPlugin(filterResource: FilterResource | undefined): filterResource is WasmPlugin {
  return filterResource !== undefined && kindOf(filterResource) !== 'EnvoyFilter';
}

/** The kind of filter resource that a pod revision needs. */
export function kindFor({ kind }: Pick<PodRevision, 'kind'>): FilterResourceKind {
  return kind ?? 'EnvoyFilter';
}

/** Where the filter resource of a pod revision is kept. */
export function resourceOf(podRevision: Pick<PodRevision, 'kind'>): Resource {
  return FILTER_RESOURCES[kindFor(podRevision)];
}

/**
 * The filter resource of a revision. What an EnvoyFilter may do besides, carry other settings than the pods' revision and take
 * filters of others out, a WasmPlugin never does.
 */
export function renderFilterResource(
  revision: Revision,
  namespace: string,
  podRevision: PodRevision = podRevisionOf(revision),
  replaced: readonly ForeignHttpFilter[] = [],
): FilterResource {
  if (podRevision.image !== undefined) return renderWasmPlugin(revision, namespace, podRevision.kind);
  return renderEnvoyFilter(revision, namespace, { podRevision, replaced });
}

/** Whether an observed filter resource is what is wanted: its spec and our labels; further labels are others' business. */
export function isSameFilterResource(observed: FilterResource, wanted: FilterResource): boolean {
  return (
    kindOf(observed) === kindOf(wanted) &&
    observed.metadata.deletionTimestamp === undefined &&
    !isMarked(observed) &&
    observed.metadata.annotations?.[PUSHED_ANNOTATION] === wanted.metadata.annotations?.[PUSHED_ANNOTATION] &&
    sameJson(observed.spec, wanted.spec) &&
    Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) => observed.metadata.labels?.[key] === value)
  );
}

/** What pods carry for a filter resource of this action; `undefined` if somebody has edited away what it inserts. */
export function podRevisionIn(filterResource: FilterResource, filter: string, id: string): PodRevision | undefined {
  if (isPlugin(filterResource)) return { filter, id, kind: filterResource.kind, image: pluginImage(filterResource) };
  const mountPath = mountPathOf(filterResource);
  return mountPath === undefined ? undefined : { filter, id, mountPath };
}

/** The settings of a filter resource of this action that show in a proxy. */
export function shownSettings(filterResource: FilterResource): ListenerSettings {
  return isPlugin(filterResource) ? pluginSettings(filterResource.spec) : settingsOf(filterResource);
}
