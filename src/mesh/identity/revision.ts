import { createHash } from 'node:crypto';
import { defined } from '../../base/defined.ts';
import { canonicalJson, type Json } from '../../base/json.ts';
import type { PluginKind } from '../../cluster/resources.ts';
import { isBeforeRouter } from '../../filter/insertion.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import type { SettingPlaces } from '../../filter/written.ts';
import { objectName } from './names.ts';

/** One immutable combination of code and settings. Equal content has an equal id, in every namespace and run. */
export interface Revision {
  readonly filter: string;
  /** 10 hex digits. */
  readonly id: string;
  readonly module: FilterModule;
  readonly settings: FilterSettings;
  /** Where these are written; says nothing of what the revision is. Omitted where all are in the inputs. */
  readonly places?: SettingPlaces;
}

/** What a pod template carries of a filter: which revision, and where its module comes from. */
export type PodRevision = MountedRevision | PulledRevision;

interface AnyPodRevision {
  readonly filter: string;
  readonly id: string;
}

/** The module is mounted into the proxy, in this folder. */
export interface MountedRevision extends AnyPodRevision {
  readonly mountPath: string;
  readonly kind?: undefined;
  readonly image?: undefined;
  readonly plugin?: undefined;
}

/** The proxy pulls the module itself; `registry.example/filters/add-header@sha256:…`. */
export interface PulledRevision extends AnyPodRevision {
  /** The kind of object that tells it of the image. */
  readonly kind: PluginKind;
  readonly image: string;
  readonly mountPath?: undefined;
  /** Of a Gateway: the spec of the WasmPlugin that names it. */
  readonly plugin?: Readonly<Record<string, Json>>;
}

/**
 * The pod revision that a revision has unless it is pushed into the pods of an earlier one, in a cluster that has WasmPlugins.
 */
export function podRevisionOf(revision: Revision): PodRevision {
  const { filter, id, settings } = revision;
  const { image } = settings;
  return image === undefined ? mountedRevision(revision) : { filter, id, kind: 'WasmPlugin', image: image.reference };
}

/** The same, of one whose module is mounted. */
export function mountedRevision({ filter, id, settings: { mountPath } }: Revision): MountedRevision {
  return { filter, id, mountPath };
}

/** Raised when the objects of a revision are rendered differently, so that a new shape never hides under an old name. */
const SHAPE = 1;

/**
 * Makes the revision of a filter: its id is a hash over the code and every setting that reaches the proxy. A setting that is
 * newer than SHAPE counts only where it is used, so that it gives no new id to revisions that do not use it.
 */
export function makeRevision(
  filter: string,
  module: FilterModule,
  settings: FilterSettings,
  places?: SettingPlaces,
): Revision {
  const { insert, vmId, mountPath, image, ...others } = settings;
  // Settings that mean nothing to a delivery must not make another revision.
  const delivery = image === undefined ? { vmId, mountPath } : { image: { ...image } };
  const content = {
    shape: SHAPE,
    filter,
    digest: module.digest,
    ...others,
    ...delivery,
    port: settings.port ?? null,
    ...(!isBeforeRouter(insert) && { insert }),
  };
  return { filter, id: shortHash(canonicalJson(content)), module, settings, ...defined({ places }) };
}

/**
 * The ids under which pods may carry a revision, without an end: its own and, for where the objects of that hold other settings,
 * which were pushed into them, further ones. Equal revisions have equal ones.
 */
export function* podIdsOf({ id }: Pick<Revision, 'id'>): Generator<string, never> {
  yield id;
  for (let next = 1; ; next++) yield shortHash(`${id} ${next}`);
}

/**
 * The id under which the scouts of a run get a revision by an object of their own: `as` tells apart what is not alike of it. It looks
 * like a revision's, so that what a killed run leaves of it is garbage as every other.
 */
export function scoutIdOf({ id }: Pick<Revision, 'id'>, run: string, as: string): string {
  return shortHash(`scout ${id} ${run} ${as}`);
}

/** A name for what is one run's, 10 hex digits. */
export function runHash(run: string, part = ''): string {
  return shortHash(`run ${run} ${part}`);
}

function shortHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 10);
}

/** The name of the revision's objects. */
export function revisionName({ filter, id }: Pick<PodRevision, 'filter' | 'id'>): string {
  return objectName(filter, id);
}
