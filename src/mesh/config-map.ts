import type { KubernetesObject } from '../cluster/objects.ts';
import { DIGEST_ANNOTATION, fileName, isMarked, ownedLabels, SOURCE_ANNOTATION } from './names.ts';
import { type Placement, placementOf, type Revision, revisionName } from './revision.ts';
import { formatSource, sourceOf } from './source.ts';

/** A ConfigMap, as far as it is written. */
export interface ConfigMap extends KubernetesObject {
  readonly immutable: boolean;
  readonly binaryData: Readonly<Record<string, string>>;
}

/**
 * The ConfigMap that holds the module of a revision; immutable, as the revision is. `carrier` is the revision that the pods
 * carry, where it is another one with the same module.
 */
export function renderConfigMap(
  revision: Revision,
  namespace: string,
  carrier: Placement = placementOf(revision),
): ConfigMap {
  const source = sourceOf(revision.module);
  return {
    metadata: {
      name: revisionName(carrier),
      namespace,
      labels: ownedLabels(carrier.filter, carrier.id),
      annotations: {
        [DIGEST_ANNOTATION]: revision.module.digest,
        ...(source === undefined ? {} : { [SOURCE_ANNOTATION]: formatSource(source) }),
      },
    },
    immutable: true,
    binaryData: { [fileName(carrier.filter, carrier.id)]: Buffer.from(revision.module.bytes).toString('base64') },
  };
}

/**
 * Whether an observed ConfigMap (its metadata alone) is the one that `renderConfigMap` makes, wherever its module came from:
 * equal bytes under another name are no reason to write.
 */
export function holdsRevision(
  { metadata }: KubernetesObject,
  revision: Revision,
  carrier: Placement = placementOf(revision),
): boolean {
  return (
    metadata.name === revisionName(carrier) &&
    metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[DIGEST_ANNOTATION] === revision.module.digest &&
    !isMarked({ metadata }) &&
    Object.entries(ownedLabels(carrier.filter, carrier.id)).every(([key, value]) => metadata.labels?.[key] === value)
  );
}
