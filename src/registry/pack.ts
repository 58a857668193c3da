import { crc32 } from 'node:zlib';
import { packTar } from 'modern-tar';
import { digestOf } from '../filter/module/module.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from './manifest.ts';
import { MODULE_FILE } from './module-layer.ts';

/** An image that holds a module, not yet anywhere. */
export interface PackedImage {
  readonly blobs: readonly Uint8Array[];
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  /** Of the manifest. */
  readonly digest: string;
}

/** What Istio and image volumes ask for; the filter itself is for none. */
const PLATFORM = { architecture: 'amd64', os: 'linux' } as const;
const EPOCH = new Date(0);

/**
 * Packs a module as an image that Istio's fetcher reads (its "compat" form,
 * https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md) and that can be mounted as an image volume: one layer with the
 * file plugin.wasm. Equal bytes give an equal digest, on any machine.
 */
export async function packImage(module: Uint8Array): Promise<PackedImage> {
  const archive = await packTar([
    {
      header: {
        name: MODULE_FILE,
        size: module.length,
        mode: 0o644,
        uid: 0,
        gid: 0,
        uname: '',
        gname: '',
        mtime: EPOCH,
      },
      body: module,
    },
  ]);
  const layer = gzipStored(archive);
  const config = json({
    created: EPOCH.toISOString(),
    ...PLATFORM,
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
  });
  const describe = (mediaType: string, bytes: Uint8Array): object => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe(OCI_CONFIG, config),
    layers: [describe(OCI_LAYER, layer)],
  });
  return { blobs: [layer, config], manifest, mediaType: OCI_MANIFEST, digest: digestOf(manifest) };
}

const MAX_STORED_BYTES = 65_535;
/** Deflate, no flags, no time, no extra flags, unknown system (RFC 1952, 2.3). */
const GZIP_HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff] as const;

/**
 * gzip without compression, in stored blocks (RFC 1951, 3.2.4). What zlib makes of the same bytes differs from version to version
 * and processor to processor; the digest of an image must not.
 */
function gzipStored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.from(GZIP_HEADER)];
  for (let from = 0; from === 0 || from < bytes.length; from += MAX_STORED_BYTES) {
    const block = bytes.subarray(from, from + MAX_STORED_BYTES);
    const header = Buffer.alloc(5);
    header.writeUInt8(from + block.length >= bytes.length ? 1 : 0, 0);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(header, block);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([...parts, trailer]);
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
