import type { PackedImage } from './pack.ts';
import { type ImageReference, pinnedName } from './reference.ts';
import type { Repository } from './repository.ts';

/** What happened to an image that was to be pushed. */
export interface PushedImage {
  /** `registry.example/filters/add-header@sha256:…`. */
  readonly pinned: string;
  /** Whether the registry had it already, under the same tag. */
  readonly wasThere: boolean;
}

/**
 * Pushes an image under the reference's tag, or under its digest alone where there is none. Nothing is written when it is there
 * already. Throws what `Repository` throws.
 */
export async function pushImage(
  image: PackedImage,
  reference: ImageReference,
  repository: Repository,
): Promise<PushedImage> {
  const name = reference.tag ?? image.digest;
  const pinned = pinnedName(reference, image.digest);
  if ((await repository.digestUnder(name)) === image.digest) return { pinned, wasThere: true };
  // A registry refuses a manifest whose blobs it does not have.
  for (const blob of image.blobs) await repository.putBlob(blob);
  await repository.putManifest(name, image.manifest, image.mediaType);
  return { pinned, wasThere: false };
}
