import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { load } from 'js-yaml';
import { EXAMPLE } from '../../scripts/manifest-reference.ts';
import { inputDescriptions, manifestSchema } from '../../scripts/manifest-schema.ts';
import { TESTS_EXAMPLE } from '../../scripts/tests-reference.ts';
import { testsSchema } from '../../scripts/tests-schema.ts';
import { INPUTS, type InputDefinition } from '../../src/action/inputs/table.ts';
import { parseManifest } from '../../src/action/manifest/parse.ts';
import { parseTests } from '../../src/action/tests-file/parse.ts';
import { ok } from '../../src/base/problem.ts';
import { kindNames } from '../../src/deploy/kinds/kinds.ts';
import { parseTargets } from '../../src/targets/parse.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test.each(Object.entries(INPUTS))('action.yml names the words of %s', (name, definition: InputDefinition) => {
  for (const word of definition.values ?? []) {
    expect(inputDescriptions()[name]).toMatch(new RegExp(`\\b${word}\\b`));
  }
});

test('the manifest of the bookshop can be read', () => {
  const text = readFileSync(join(ROOT, 'examples/bookshop/filters.yaml'), 'utf8');
  const parsed = parseManifest('filters.yaml', text);
  expect(parsed).toMatchObject({ ok: true });
  expect(parsed.ok ? parsed.value.filters.length : 0).toBe(2);
});

test('the example of the reference can be read', () => {
  const parsed = parseManifest('filters.yaml', EXAMPLE);
  expect(parsed).toMatchObject({ ok: true });
  expect(parsed.ok ? parsed.value.filters.length : 0).toBe(2);
});

test('the manifests of docs/many-filters.md can be read', () => {
  const page = readFileSync(join(ROOT, 'docs/many-filters.md'), 'utf8');
  const manifests = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .flatMap(([, text]) => text ?? [])
    .filter((text) => /^version: 1$/m.test(text));
  expect(manifests).toHaveLength(2);
  for (const text of manifests) {
    const parsed = parseManifest('filters.yaml', text);
    expect(parsed).toMatchObject({ ok: true });
    const lists = parsed.ok ? parsed.value.filters.map(({ values }) => values.get('targets')?.list?.entries) : [];
    for (const entries of lists) {
      const list = { origin: 'many-filters.md', content: ok(entries) };
      expect(parseTargets(list, { defaultNamespace: 'default', kinds: kindNames() })).toMatchObject({ ok: true });
    }
  }
});

describe('schema/tests.schema.json', () => {
  const valid = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(testsSchema());
  const validIn = new Ajv({ strict: false }).compile(manifestSchema());

  test('takes the example of the reference, and so does that of a manifest', () => {
    const tests = load(TESTS_EXAMPLE);
    expect([valid(tests), valid.errors]).toEqual([true, null]);
    const manifest = { version: 1, filters: [{ filter: 'a.wasm', tests, 'tests-file': ['tests/*.yaml'] }] };
    expect([validIn(manifest), validIn.errors]).toEqual([true, null]);
  });

  test.each([
    '- { name: a }',
    '- { expect: { response: { status: 200 } } }',
    '- { name: a, expect: { response: { sttus: 200 } } }',
    '- { name: a, repeat: 0, expect: { start: accepted } }',
    '- { name: a, calls: [ { cluster: a, answr: {} } ], expect: { start: accepted } }',
    '[]',
  ])('refuses %s, as the reader does', (text) => {
    expect(valid(load(text))).toBe(false);
    expect(parseTests(text, { kind: 'input' }).ok).toBe(false);
  });
});
