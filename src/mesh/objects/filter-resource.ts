import { sameJson } from '../../base/json.ts';
import { ENVOY_FILTER, PLUGINS, type Resource } from '../../cluster/resources.ts';
import type { ListenerSettings } from '../../filter/settings.ts';
import { isMarked, PUSHED_ANNOTATION } from '../identity/names.ts';
import { type Placement, placementOf, type Revision } from '../identity/revision.ts';
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
export type Inserter = EnvoyFilter | WasmPlugin;

/** The kinds of inserters and where they are kept. */
export const INSERTERS = { EnvoyFilter: ENVOY_FILTER, ...PLUGINS } as const;
export type InserterKind = keyof typeof INSERTERS;

/** The kind of an inserter that was rendered or observed. */
export function kindOf({ kind = 'EnvoyFilter' }: Pick<Inserter, 'kind'>): InserterKind {
  return kind;
}

/** Whether an inserter names an image. */
export function isPlugin(inserter: Inserter | undefined): inserter is WasmPlugin {
  return inserter !== undefined && kindOf(inserter) !== 'EnvoyFilter';
}

/** The kind of inserter that a placement needs. */
export function neededKind({ kind }: Pick<Placement, 'kind'>): InserterKind {
  return kind ?? 'EnvoyFilter';
}

/** Where the inserter of a placement is kept. */
export function resourceOf(placement: Pick<Placement, 'kind'>): Resource {
  return INSERTERS[neededKind(placement)];
}

/**
 * The inserter of a revision. What an EnvoyFilter may do besides, carry other settings than the pods' revision and take filters
 * of others out, a WasmPlugin never does.
 */
export function renderInserter(
  revision: Revision,
  namespace: string,
  carrier: Placement = placementOf(revision),
  replaced: readonly ForeignHttpFilter[] = [],
): Inserter {
  if (carrier.image !== undefined) return renderWasmPlugin(revision, namespace, carrier.kind);
  return renderEnvoyFilter(revision, namespace, { carrier, replaced });
}

/** Whether an observed inserter is what is wanted: its spec and our labels; further labels are others' business. */
export function isSameInserter(observed: Inserter, wanted: Inserter): boolean {
  return (
    kindOf(observed) === kindOf(wanted) &&
    observed.metadata.deletionTimestamp === undefined &&
    !isMarked(observed) &&
    observed.metadata.annotations?.[PUSHED_ANNOTATION] === wanted.metadata.annotations?.[PUSHED_ANNOTATION] &&
    sameJson(observed.spec, wanted.spec) &&
    Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) => observed.metadata.labels?.[key] === value)
  );
}

/** What pods carry for an inserter of ours; undefined where somebody has edited away what it inserts. */
export function carriedBy(inserter: Inserter, filter: string, id: string): Placement | undefined {
  if (isPlugin(inserter)) return { filter, id, kind: inserter.kind, image: pluginImage(inserter) };
  const mountPath = mountPathOf(inserter);
  return mountPath === undefined ? undefined : { filter, id, mountPath };
}

/** The settings of an inserter of ours that show in a proxy. */
export function shownSettings(inserter: Inserter): ListenerSettings {
  return isPlugin(inserter) ? pluginSettings(inserter.spec) : settingsOf(inserter);
}
