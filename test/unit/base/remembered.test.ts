import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { remembered } from '../../../src/base/remembered.ts';

test('gives what the reader gives, whatever was asked before', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 })), fc.integer({ min: 1, max: 4 }), (texts, max) => {
      const read = remembered((text) => ({ text }), max);
      expect(texts.map(read)).toEqual(texts.map((text) => ({ text })));
    }),
  );
});

test('reads a text once, and no more texts than it may are kept', () => {
  const asked: string[] = [];
  const read = remembered((text) => {
    asked.push(text);
    return { text };
  }, 2);
  for (const text of ['a', 'b', 'a', 'b']) read(text);
  expect(asked).toEqual(['a', 'b']);
  for (const text of ['c', 'c', 'a']) read(text);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});
