import { createHash } from 'node:crypto';
import { canonicalJson } from '../base/json.ts';
import { isBeforeRouter } from '../filter/insertion.ts';
import type { FilterModule } from '../filter/module.ts';
import type { FilterSettings } from '../filter/settings.ts';
import { objectName } from './names.ts';

/** One immutable combination of code and settings. Equal content has an equal id, in every namespace and run. */
export interface Revision {
  readonly filter: string;
  /** 10 hex digits. */
  readonly id: string;
  readonly module: FilterModule;
  readonly settings: FilterSettings;
}

/** What a pod template carries of a filter: which revision, and where it is mounted. */
export interface Placement {
  readonly filter: string;
  readonly id: string;
  readonly mountPath: string;
}

/** The placement that a revision has unless it is pushed into the pods of an earlier one. */
export function placementOf({ filter, id, settings }: Revision): Placement {
  return { filter, id, mountPath: settings.mountPath };
}

/** Raised when the objects of a revision are rendered differently, so that a new shape never hides under an old name. */
const SHAPE = 1;

/**
 * Makes the revision of a filter: its id is a hash over the code and every setting that reaches the proxy. A setting that is
 * newer than SHAPE counts only where it is used, so that it gives no new id to revisions that do not use it.
 */
export function makeRevision(filter: string, module: FilterModule, settings: FilterSettings): Revision {
  const { insert, ...others } = settings;
  const content = {
    shape: SHAPE,
    filter,
    digest: module.digest,
    ...others,
    port: settings.port ?? null,
    ...(isBeforeRouter(insert) ? {} : { insert }),
  };
  const id = createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 10);
  return { filter, id, module, settings };
}

/** The name of the revision's objects. */
export function revisionName({ filter, id }: Pick<Placement, 'filter' | 'id'>): string {
  return objectName(filter, id);
}
