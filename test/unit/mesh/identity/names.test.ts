import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  fileName,
  isFilterName,
  isRevisionOf,
  MAX_NAME_CHARACTERS,
  objectName,
  ownedLabels,
  podLabel,
  volumeName,
} from '../../../../src/mesh/identity/names.ts';

test.each([
  ['a', true],
  ['0', true],
  ['add-header', true],
  ['a'.repeat(50), true],
  ['a'.repeat(51), false],
  ['', false],
  ['Add', false],
  ['-a', false],
  ['a-', false],
  ['a.b', false],
  ['a_b', false],
  ['a\n', false],
  ['ä', false],
])('%j as a filter name: %j', (name, valid) => {
  expect(isFilterName(name)).toBe(valid);
});

/** Every allowed name: letters, digits and, inside, dashes. */
const filterName = fc
  .string({ unit: fc.constantFrom(...'abz019-'), minLength: 1, maxLength: MAX_NAME_CHARACTERS })
  .filter((name) => !name.startsWith('-') && !name.endsWith('-'));
const revisionId = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 10, maxLength: 10 });

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

test('every allowed name gives names that Kubernetes allows', () => {
  fc.assert(
    fc.property(filterName, revisionId, (name, id) => {
      expect(isFilterName(name)).toBe(true);
      expect(volumeName(name)).toMatch(DNS_LABEL);
      expect(objectName(name, id)).toMatch(DNS_LABEL);
      expect(fileName(name, id)).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
      for (const [key, value] of [[podLabel(name), id], ...Object.entries(ownedLabels(name, id))]) {
        const [prefix, part] = (key ?? '').split('/');
        expect(prefix).toMatch(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
        expect(part).toMatch(LABEL_PART);
        expect(value).toMatch(LABEL_PART);
      }
    }),
  );
});

describe('isRevisionOf', () => {
  test('knows the objects of a filter from those of another one', () => {
    fc.assert(
      fc.property(filterName, filterName, revisionId, (name, other, id) => {
        expect(isRevisionOf(name, objectName(name, id))).toBe(true);
        expect(isRevisionOf(other, objectName(name, id))).toBe(other === name);
      }),
    );
  });

  test.each(['add-header', 'add-header-', 'add-header-01234567', 'add-header-0123456789a', 'add-header-012345678G'])(
    '%s is no revision of add-header',
    (name) => {
      expect(isRevisionOf('add-header', name)).toBe(false);
    },
  );
});
