import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { EXAMPLE, manifestReference } from '../../scripts/manifest-reference.ts';
import { inputDescriptions, manifestSchema } from '../../scripts/manifest-schema.ts';
import { INPUTS, type InputDefinition } from '../../src/action/inputs/table.ts';
import { parseManifest } from '../../src/action/manifest/parse.ts';
import { ok } from '../../src/base/problem.ts';
import { kindNames } from '../../src/deploy/kinds/kinds.ts';
import { parseTargets } from '../../src/targets/parse.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** `UPDATE_GOLDEN=1 npm test -- manifest-schema` writes the files anew. */
test.each<[string, () => string]>([
  ['schema/manifest.schema.json', () => `${JSON.stringify(manifestSchema(), null, 2)}\n`],
  ['docs/manifest.md', manifestReference],
])('%s is made of the table of inputs and action.yml', (file, make) => {
  const path = join(ROOT, file);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, make());
  expect(readFileSync(path, 'utf8')).toBe(make());
});

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

test('the manifests of the README can be read', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const manifests = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .flatMap(([, text]) => text ?? [])
    .filter((text) => /^version: 1$/m.test(text));
  expect(manifests).toHaveLength(2);
  for (const text of manifests) {
    const parsed = parseManifest('filters.yaml', text);
    expect(parsed).toMatchObject({ ok: true });
    const lists = parsed.ok ? parsed.value.filters.map(({ values }) => values.get('targets')?.list?.entries) : [];
    for (const entries of lists) {
      const list = { origin: 'README.md', content: ok(entries) };
      expect(parseTargets(list, { defaultNamespace: 'default', kinds: kindNames() })).toMatchObject({ ok: true });
    }
  }
});
