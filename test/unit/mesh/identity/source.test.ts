import { describe, expect, test } from '@jest/globals';
import type { ModuleSource } from '../../../../src/filter/module/module.ts';
import { SOURCE_ANNOTATION } from '../../../../src/mesh/identity/names.ts';
import { makeRevision } from '../../../../src/mesh/identity/revision.ts';
import { parseSource, sourceOf } from '../../../../src/mesh/identity/source.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { filterModule, settings } from '../../builders.ts';

const GIVEN = 'oci://ghcr.io/me/f:v1';
const PINNED = `ghcr.io/me/f@sha256:${'1'.repeat(64)}`;
const IMAGE: ModuleSource = { kind: 'image', given: GIVEN, pinned: PINNED, istioCanPull: true, isImage: true };
const revisionOf = (source?: ModuleSource) =>
  makeRevision('f', { ...filterModule(), ...(source === undefined ? {} : { source }) }, settings());

test('the source of an image is recorded on the ConfigMap, and read back', () => {
  const configMap = renderConfigMap(revisionOf(IMAGE), 'shop');
  const content = filterModule().digest;
  expect(configMap.metadata.annotations?.[SOURCE_ANNOTATION]).toBe(`${GIVEN} ${PINNED} ${content}`);
  expect(parseSource(configMap)).toEqual({ given: GIVEN, pinned: PINNED, content });
});

test('it makes no other revision', () => {
  expect(revisionOf(IMAGE).id).toBe(revisionOf().id);
});

test.each<[string, ModuleSource | undefined]>([
  ['a file', { kind: 'file', given: 'f.wasm' }],
  ['an address', { kind: 'https', given: 'https://me.example/f.wasm' }],
  ['nothing known', undefined],
])('of %s nothing is recorded', (_, source) => {
  expect(sourceOf(revisionOf(source).module)).toBeUndefined();
  expect(renderConfigMap(revisionOf(source), 'shop').metadata.annotations).not.toHaveProperty(SOURCE_ANNOTATION);
});

describe('a record that others have changed counts as none', () => {
  test.each(['', GIVEN, `${GIVEN} ${PINNED}`, `${GIVEN} ${PINNED} x y`])('"%s"', (text) => {
    expect(parseSource({ metadata: { name: 'f', annotations: { [SOURCE_ANNOTATION]: text } } })).toBeUndefined();
  });
});
