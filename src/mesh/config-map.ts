import type { KubernetesObject } from '../cluster/objects.ts';
import { DIGEST_ANNOTATION, fileName, ownedLabels } from './names.ts';
import { type Revision, revisionName } from './revision.ts';

/** A ConfigMap, as far as it is written. */
export interface ConfigMap extends KubernetesObject {
  readonly immutable: boolean;
  readonly binaryData: Readonly<Record<string, string>>;
}

/** The ConfigMap that holds the module of a revision; immutable, as the revision is. */
export function renderConfigMap(revision: Revision, namespace: string): ConfigMap {
  return {
    metadata: {
      name: revisionName(revision),
      namespace,
      labels: ownedLabels(revision.filter, revision.id),
      annotations: { [DIGEST_ANNOTATION]: revision.module.digest },
    },
    immutable: true,
    binaryData: { [fileName(revision.filter, revision.id)]: Buffer.from(revision.module.bytes).toString('base64') },
  };
}

/** Whether an observed ConfigMap (its metadata alone) is the one that `renderConfigMap` makes. */
export function holdsRevision({ metadata }: KubernetesObject, revision: Revision): boolean {
  return (
    metadata.name === revisionName(revision) &&
    metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[DIGEST_ANNOTATION] === revision.module.digest &&
    Object.entries(ownedLabels(revision.filter, revision.id)).every(([key, value]) => metadata.labels?.[key] === value)
  );
}
