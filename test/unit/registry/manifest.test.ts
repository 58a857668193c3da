import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ContentError } from '../../../src/registry/errors.ts';
import {
  chooseEntry,
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  type ImageManifest,
  type IndexManifest,
  istioChooses,
  OCI_LAYER,
  OCI_MANIFEST,
  parseImageManifest,
} from '../../../src/registry/manifest.ts';
import { findModuleLayer } from '../../../src/registry/module-layer.ts';

const digest = `sha256:${'1'.repeat(64)}`;
const read = (value: unknown, contentType = '') => parseImageManifest(Buffer.from(JSON.stringify(value)), contentType);

describe('chooseEntry takes what holds the filter, and says whether Istio takes the same', () => {
  test.each<[string, (string | undefined)[], number, boolean]>([
    ['the only one', ['linux/amd64'], 0, true],
    ['the only one, for other machines', ['linux/arm64'], 0, false],
    ['the only one, for no platform', [undefined], 0, true],
    ['the only one besides provenance', ['attestation', 'linux/amd64'], 1, true],
    ['the one for Wasm', ['linux/amd64', 'wasip1/wasm'], 1, false],
    ['the one for Wasm, alone', ['wasi/wasm32'], 0, false],
    ['the one for no platform', ['linux/arm64', undefined], 1, true],
    ['the usual one of several', ['linux/arm64', 'linux/amd64'], 1, true],
  ])('%s', (_, platforms, chosen, istio) => {
    const entries = platforms.map((platform, size) => ({
      mediaType: OCI_MANIFEST,
      digest,
      size,
      isAttestation: platform === 'attestation',
      ...(platform === undefined ? {} : { platform: platform === 'attestation' ? 'unknown/unknown' : platform }),
    }));
    const index: IndexManifest = { type: 'index', entries };
    const entry = chooseEntry(index);
    expect(entry.size).toBe(chosen);
    expect(istioChooses(index, entry)).toBe(istio);
  });

  test('and refuses an index without an image', () => {
    expect(() => chooseEntry({ type: 'index', entries: [] })).toThrow('the index names no image');
  });
});

describe('findModuleLayer, as Istio where Istio reads it', () => {
  const WASME = 'application/vnd.module.wasm.content.layer.v1+wasm';
  const CONFIG = 'application/vnd.module.wasm.config.v1+json';
  const image = (mediaType: string, ...layers: string[]): ImageManifest => ({
    type: 'image',
    mediaType,
    layers: layers.map((type, size) => ({ mediaType: type, digest, size })),
  });

  test.each<[string, ImageManifest, object]>([
    ['Docker', image(DOCKER_MANIFEST, DOCKER_LAYER, DOCKER_LAYER), { form: 'image', at: 1, istioReads: true }],
    ['OCI', image(OCI_MANIFEST, OCI_LAYER), { form: 'image', at: 0, istioReads: true }],
    ['OCI with a layer of Docker', image(OCI_MANIFEST, DOCKER_LAYER), { form: 'image', at: 0, istioReads: false }],
    ['Docker with a layer of OCI', image(DOCKER_MANIFEST, OCI_LAYER), { form: 'image', at: 0, istioReads: false }],
    ['wasme', image(OCI_MANIFEST, CONFIG, WASME), { form: 'raw', at: 1, istioReads: true }],
    ['wasme in the other order', image(OCI_MANIFEST, WASME, CONFIG), { form: 'raw', at: 0, istioReads: true }],
    [
      'wasme with a third layer',
      image(OCI_MANIFEST, CONFIG, WASME, 'text/plain'),
      { form: 'raw', at: 1, istioReads: false },
    ],
    [
      'one raw layer among others',
      image(OCI_MANIFEST, 'text/plain', 'application/wasm'),
      { form: 'raw', at: 1, istioReads: false },
    ],
  ])('%s', (_, manifest, { at, ...expected }: { at?: number }) => {
    const { layer, ...found } = findModuleLayer(manifest);
    expect({ at: layer.size, ...found }).toEqual({ at, ...expected });
  });

  test.each<[string, ImageManifest, RegExp]>([
    ['no layers', image(OCI_MANIFEST), /no layers/],
    ['zstd', image(OCI_MANIFEST, 'application/vnd.oci.image.layer.v1.tar+zstd'), /there is .*zstd/],
    ['no gzip', image(OCI_MANIFEST, 'application/vnd.oci.image.layer.v1.tar'), /or a gzip-compressed image layer/],
  ])('%s is refused', (_, manifest, words) => {
    expect(() => findModuleLayer(manifest)).toThrow(words);
  });
});

describe('parseManifest', () => {
  const layer = { mediaType: OCI_LAYER, digest, size: 3 };

  test('takes the media type from the manifest, else from the answer', () => {
    expect(read({ mediaType: DOCKER_MANIFEST, layers: [layer] }, OCI_MANIFEST)).toMatchObject({
      mediaType: DOCKER_MANIFEST,
    });
    expect(read({ layers: [layer] }, `${DOCKER_MANIFEST}; charset=utf-8`)).toMatchObject({
      mediaType: DOCKER_MANIFEST,
    });
    expect(read({ layers: [layer] })).toMatchObject({ mediaType: OCI_MANIFEST });
  });

  test.each<[unknown, RegExp]>([
    [{}, /has no layers/],
    [[], /not a JSON object/],
    [{ schemaVersion: 1, fsLayers: [] }, /schema 1/],
    [{ layers: [3] }, /not an object/],
    [{ layers: [{ ...layer, size: -1 }] }, /without media type, digest or size/],
    [{ layers: [{ ...layer, size: 2 ** 60 }] }, /without media type, digest or size/],
    [{ layers: [{ ...layer, digest: '../../x' }] }, /not sha256/],
    [{ layers: [{ ...layer, digest: `sha512:${'1'.repeat(128)}` }] }, /not sha256/],
    [{ manifests: [{ ...layer, mediaType: 3 }] }, /without media type/],
  ])('%j is refused', (value, words) => {
    expect(() => read(value)).toThrow(words);
  });

  test('any JSON is read or refused in words', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('layers', 'manifests', 'x'), (value, key) => {
        try {
          read({ [key]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(ContentError);
        }
      }),
    );
  });
});
