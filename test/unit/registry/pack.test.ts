import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packImage } from '../../../src/registry/pack.ts';
import { unpackModule } from '../../../src/registry/unpack.ts';
import { wasm } from '../builders.ts';

const MAX = 10_000_000;
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('the digest of equal bytes is the same on every machine, for ever', async () => {
  // Whoever changes this makes every image that is pushed again another one.
  expect((await packImage(wasm(1, 2, 3))).digest).toBe(
    'sha256:0bd69abf93179f2669014bd8d8c1209d4f9c3e0a30e81101a58947f8ee09a743',
  );
});

test('manifest and config say what an image has to', async () => {
  const { blobs, manifest, mediaType, digest } = await packImage(wasm(1));
  const [layer, config] = blobs.map((blob) => Buffer.from(blob));
  expect(digest).toBe(digestOf(manifest));
  expect(JSON.parse(Buffer.from(manifest).toString())).toEqual({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config as Buffer),
      size: config?.length,
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: digestOf(layer as Buffer),
        size: layer?.length,
      },
    ],
  });
  expect(JSON.parse(String(config))).toEqual({
    created: '1970-01-01T00:00:00.000Z',
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(gunzipSync(layer as Buffer))] },
  });
});

test('whatever is packed comes out again', async () => {
  const lengths = fc.oneof(fc.nat(2_000), fc.constantFrom(65_023, 65_024, 65_535, 65_536, 131_070, 200_000));
  await fc.assert(
    fc.asyncProperty(lengths, fc.nat(255), async (length, value) => {
      const module = new Uint8Array(length).fill(value);
      const [layer] = (await packImage(module)).blobs;
      const unpacked = await unpackModule(layer ?? new Uint8Array(), MAX);
      expect(Buffer.compare(unpacked, module)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test('a layer that would unpack to more than is allowed is refused', async () => {
  const [layer] = (await packImage(new Uint8Array(100_000))).blobs;
  await expect(unpackModule(layer ?? new Uint8Array(), 50_000)).rejects.toThrow('has more than 48.8 KiB');
});
