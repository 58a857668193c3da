import { defined } from '../../base/defined.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import {
  DIGEST_ANNOTATION,
  fileName,
  IMAGE_ANNOTATION,
  isMarked,
  ownedLabels,
  SOURCE_ANNOTATION,
} from '../identity/names.ts';
import { type PodRevision, podRevisionOf, type Revision, revisionName } from '../identity/revision.ts';
import { formatSource, sourceOf } from '../identity/source.ts';

/** A ConfigMap, as far as it is written. */
export interface ConfigMap extends KubernetesObject {
  readonly immutable: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/**
 * The ConfigMap of a revision; immutable, as the revision is. It holds the module or, where the proxies pull an image, only says
 * which: then it is the record of the revision, since a note on the WasmPlugin itself would be news to every proxy. `pod
 * revision` is the revision that the pods carry, where it is another one with the same module.
 */
export function renderConfigMap(
  revision: Revision,
  namespace: string,
  podRevision: PodRevision = podRevisionOf(revision),
): ConfigMap {
  const { module, settings } = revision;
  const image = settings.image?.reference;
  const source = sourceOf(module);
  const bytes = image === undefined ? module.bytes : undefined;
  return {
    metadata: {
      name: revisionName(podRevision),
      namespace,
      labels: ownedLabels(podRevision.filter, podRevision.id),
      annotations: {
        [DIGEST_ANNOTATION]: module.digest,
        ...(source !== undefined && { [SOURCE_ANNOTATION]: formatSource(source) }),
        ...defined({ [IMAGE_ANNOTATION]: image }),
      },
    },
    immutable: true,
    ...(bytes !== undefined && {
      binaryData: { [fileName(podRevision.filter, podRevision.id)]: Buffer.from(bytes).toString('base64') },
    }),
    ...(image !== undefined && { data: { image } }),
  };
}

/**
 * Returns a ConfigMap that is about to be written.
 * @throws Error if its file is empty, because nobody has read the bytes: every pod that starts with it would stop
 */
export function withBytes<T extends KubernetesObject & Pick<Partial<ConfigMap>, 'binaryData'>>(configMap: T): T {
  const files = Object.values(configMap.binaryData ?? {});
  if (files.includes('')) throw new Error(`the bytes of ConfigMap ${configMap.metadata.name} were not read`);
  return configMap;
}

/** The image that an observed ConfigMap (its metadata alone) says the proxies pull; `undefined` if it holds the module. */
export function imageOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.annotations?.[IMAGE_ANNOTATION];
}

/**
 * Whether an observed ConfigMap (its metadata alone) is the one that `renderConfigMap` makes, wherever its module came from:
 * equal bytes under another name are no reason to write.
 */
export function holdsRevision(
  { metadata }: KubernetesObject,
  revision: Revision,
  podRevision: PodRevision = podRevisionOf(revision),
): boolean {
  return (
    metadata.name === revisionName(podRevision) &&
    metadata.deletionTimestamp === undefined &&
    metadata.annotations?.[DIGEST_ANNOTATION] === revision.module.digest &&
    imageOf({ metadata }) === revision.settings.image?.reference &&
    !isMarked({ metadata }) &&
    Object.entries(ownedLabels(podRevision.filter, podRevision.id)).every(
      ([key, value]) => metadata.labels?.[key] === value,
    )
  );
}
