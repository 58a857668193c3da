import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { licencesOf } from '../../scripts/licences.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('names each package once, with its licence and its text, and not the project itself', () => {
  const text = licencesOf(ROOT, [
    'src/main.ts',
    'node_modules/undici/index.js',
    'node_modules/undici/lib/api/index.js',
    'node_modules/@actions/core/lib/core.js',
  ]);
  expect(text).toMatch(/^@actions\/core\nMIT\nThe MIT License/);
  expect(text.match(/^undici\nMIT\n/gm)).toHaveLength(1);
  expect(text).toContain('Copyright (c) Matteo Collina and Undici contributors');
  expect(text).not.toContain('deploy-wasm-filter');
});

test('refuses what is no package', () => {
  expect(() => licencesOf(ROOT, ['node_modules/no-such-package/index.js'])).toThrow(
    'no-such-package has no package.json',
  );
});
