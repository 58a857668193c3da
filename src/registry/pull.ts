import { ContentError } from './errors.ts';
import { chooseEntry, type ImageManifest, type IndexManifest, istioChooses, parseImageManifest } from './manifest.ts';
import { findModuleLayer } from './module-layer.ts';
import { type ImageReference, manifestName, pinnedName } from './reference.ts';
import { MAX_BLOB_BYTES, type Repository } from './repository.ts';
import { unpackModule } from './unpack.ts';

/** A module from a registry. */
export interface PulledModule {
  readonly bytes: Uint8Array;
  /** `registry.example/filters/add-header@sha256:…`, the digest of what the reference names: a manifest or index. */
  readonly pinned: string;
  /** Whether Istio's own fetcher would take the filter from there, too. */
  readonly istioCanPull: boolean;
  /** Whether it is an image, which can be mounted as a volume, with the module as the file plugin.wasm. */
  readonly isImage: boolean;
}

/** Gets the module that a reference names. Throws what `Repository` throws. */
export async function pullModule(reference: ImageReference, repository: Repository): Promise<PulledModule> {
  const named = await repository.manifest(manifestName(reference));
  const first = parseImageManifest(named.bytes, named.contentType);
  const { manifest, istioFinds } =
    first.type === 'index' ? await follow(first, repository) : { manifest: first, istioFinds: true };
  const { layer, form, istioReads } = findModuleLayer(manifest);
  const content = await repository.blob(layer);
  return {
    bytes: form === 'raw' ? content : await unpackModule(content, MAX_BLOB_BYTES),
    pinned: pinnedName(reference, named.digest),
    istioCanPull: istioReads && istioFinds,
    isImage: form === 'image',
  };
}

/** Indexes do not nest, in practice. */
async function follow(
  index: IndexManifest,
  repository: Repository,
): Promise<{ readonly manifest: ImageManifest; readonly istioFinds: boolean }> {
  const entry = chooseEntry(index);
  const { bytes, contentType } = await repository.manifest(entry.digest);
  const manifest = parseImageManifest(bytes, contentType);
  if (manifest.type === 'index')
    throw new ContentError('the index names another index', 'Name the image by its digest.');
  return { manifest, istioFinds: istioChooses(index, entry) };
}
