import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { actionTypes } from '../../../scripts/action-types.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FILE = join(ROOT, 'action-types.yml');

/** `UPDATE_GOLDEN=1 npm test -- action-types` writes the file anew. */
test('action-types.yml is made of the table of inputs', () => {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, actionTypes());
  expect(readFileSync(FILE, 'utf8')).toBe(actionTypes());
});

test.each(['inputs', 'outputs'])('it has the %s of action.yml', (part) => {
  const names = (text: string): string[] => Object.keys((load(text) as Record<string, object>)[part] ?? {});
  expect(names(readFileSync(FILE, 'utf8'))).toEqual(names(readFileSync(join(ROOT, 'action.yml'), 'utf8')));
});
