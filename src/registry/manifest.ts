import { isObject, readJson } from '../base/json.ts';
import { count, listWords, shownName } from '../base/text.ts';
import { ContentError } from './errors.ts';
import { isDigest } from './reference.ts';

// https://github.com/opencontainers/image-spec/blob/main/media-types.md and
// https://distribution.github.io/distribution/spec/manifest-v2-2/
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** What a manifest may be, in the form of an Accept header. */
export const MANIFEST_TYPES = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(', ');

/** A blob or manifest, as others name it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  /** `plugin.wasm`: the file that it was made of, as oras records it. */
  readonly title?: string;
}

/** An image for one platform, or an artifact. */
export interface ImageManifest {
  readonly type: 'image';
  readonly mediaType: string;
  readonly layers: readonly Descriptor[];
}

/** An entry of an index. */
export interface IndexEntry extends Descriptor {
  /** `linux/amd64`; absent for an entry that is for no platform. */
  readonly platform?: string;
  /** Whether it is no image but says something about another one, as the provenance that BuildKit adds. */
  readonly isAttestation: boolean;
}

/** A choice of images, mostly one for each platform. */
export interface IndexManifest {
  readonly type: 'index';
  readonly entries: readonly IndexEntry[];
}

const TITLE = 'org.opencontainers.image.title';
/** What Istio and most Kubernetes nodes run on. */
const USUAL_PLATFORM = 'linux/amd64';

const CHECK_HOST = 'Check that the host is a registry.';
const PUSH_AGAIN = 'Push it again with a current tool.';

/** Reads a manifest or index. Throws `ContentError` for what is neither. `contentType` is for those that do not say what they are. */
export function parseImageManifest(bytes: Uint8Array, contentType: string): ImageManifest | IndexManifest {
  const value = readJson(bytes);
  if (value === undefined) throw new ContentError('the manifest is not valid JSON', CHECK_HOST);
  if (!isObject(value)) throw new ContentError('the manifest is not a JSON object', CHECK_HOST);
  const mediaType = typeof value.mediaType === 'string' ? value.mediaType : (contentType.split(';')[0] ?? '').trim();
  if (value.schemaVersion === 1) {
    throw new ContentError('the image has a manifest of schema 1, which is no longer supported', PUSH_AGAIN);
  }
  if (Array.isArray(value.manifests)) return { type: 'index', entries: value.manifests.map(parseEntry) };
  if (Array.isArray(value.layers)) {
    return { type: 'image', mediaType: mediaType || OCI_MANIFEST, layers: value.layers.map(parseDescriptor) };
  }
  throw new ContentError(
    `the manifest has no layers${mediaType === '' ? '' : ` (${shownName(mediaType)})`}`,
    'Name an image or artifact that has the filter as a layer.',
  );
}

/**
 * The entry of an index that holds the filter, which is the same for every platform: the only one, else one for Wasm or for no
 * platform, else the one that Istio takes. What describes other entries does not count.
 */
export function chooseEntry({ entries }: IndexManifest): IndexEntry {
  const images = entries.filter(({ isAttestation }) => !isAttestation);
  const [first, ...others] = images;
  if (first === undefined)
    throw new ContentError('the index names no image', 'Name one that does, or the image itself.');
  if (others.length === 0) return first;
  const found =
    images.find(({ platform }) => platform !== undefined && /\/wasm(32|64)?$/.test(platform)) ??
    images.find(({ platform }) => platform === undefined) ??
    images.find(({ platform }) => platform === USUAL_PLATFORM);
  if (found !== undefined) return found;
  const platforms = listWords(
    images.map(({ platform = 'none' }) => shownName(platform)),
    'and',
  );
  throw new ContentError(
    `the index names ${count(images.length, 'image')}, for ${platforms}, and none for Wasm or ${USUAL_PLATFORM}`,
    'Name the one you mean by its digest.',
  );
}

/** Whether Istio takes this entry, too: its fetcher asks for linux/amd64, and takes an entry without platform for that. */
export function istioChooses({ entries }: IndexManifest, entry: IndexEntry): boolean {
  return entries.find(({ platform = USUAL_PLATFORM }) => platform === USUAL_PLATFORM) === entry;
}

function parseEntry(value: unknown): IndexEntry {
  const descriptor = parseDescriptor(value);
  const { platform, annotations } = value as { platform?: unknown; annotations?: unknown };
  const { os, architecture } = isObject(platform) ? platform : {};
  const reference = isObject(annotations) ? annotations['vnd.docker.reference.type'] : undefined;
  return {
    ...descriptor,
    ...(typeof os === 'string' && typeof architecture === 'string' && { platform: `${os}/${architecture}` }),
    isAttestation: reference === 'attestation-manifest',
  };
}

function parseDescriptor(value: unknown): Descriptor {
  if (!isObject(value)) throw new ContentError('the manifest has an entry that is not an object', PUSH_AGAIN);
  const { mediaType, digest, size, annotations } = value;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !Number.isSafeInteger(size) || Number(size) < 0) {
    throw new ContentError('the manifest has an entry without media type, digest or size', PUSH_AGAIN);
  }
  if (!isDigest(digest)) {
    throw new ContentError('the manifest has a digest that is not sha256', 'Push it again with sha256 digests.');
  }
  const title = isObject(annotations) ? annotations[TITLE] : undefined;
  return { mediaType, digest, size: Number(size), ...(typeof title === 'string' && { title }) };
}
