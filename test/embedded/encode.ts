/** Objects as response text: plain, or metadata only. Text is kept per stored object, since stored objects never change. */
import type { KubeObject, ObjectMeta } from './objects.ts';
import { groupVersion, type Resource } from './resources.ts';
import { notAcceptable } from './status-error.ts';

/** What the client asked for in `Accept`. */
export type Representation = 'object' | 'metadata';

const texts = new WeakMap<KubeObject, string>();
const itemTexts = new WeakMap<KubeObject, string>();

/** Picks the representation: the first of the accepted types that the server has. @throws StatusError 406 */
export function representationOf(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === '') return 'object';
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if ((as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') && parameters.includes('v=v1'))
      return 'metadata';
  }
  throw notAcceptable(['application/json', 'application/json;stream=watch']);
}

interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: ObjectMeta;
}

function partial(object: KubeObject): PartialObjectMetadata {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** One object. */
export function encodeObject(object: KubeObject, representation: Representation): string {
  if (representation === 'metadata') return JSON.stringify(partial(object));
  let text = texts.get(object);
  if (text === undefined) {
    const { kind, apiVersion, metadata, ...rest } = object;
    text = JSON.stringify({ kind, apiVersion, metadata, ...rest });
    texts.set(object, text);
  }
  return text;
}

/** One item of a list: built-in kinds come without `kind` and `apiVersion` there. */
function encodeItem(resource: Resource, object: KubeObject, representation: Representation): string {
  if (representation === 'metadata' || resource.custom) return encodeObject(object, representation);
  let text = itemTexts.get(object);
  if (text === undefined) {
    const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
    text = JSON.stringify({ metadata, ...rest });
    itemTexts.set(object, text);
  }
  return text;
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A list. */
export function encodeList(
  resource: Resource,
  items: readonly KubeObject[],
  metadata: ListMeta,
  representation: Representation,
): string {
  const kind = representation === 'metadata' ? 'PartialObjectMetadataList' : `${resource.kind}List`;
  const apiVersion = representation === 'metadata' ? 'meta.k8s.io/v1' : groupVersion(resource);
  const head = JSON.stringify({ kind, apiVersion, metadata });
  return `${head.slice(0, -1)},"items":[${items.map((item) => encodeItem(resource, item, representation)).join(',')}]}`;
}
