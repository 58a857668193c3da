import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PIECE, PieceIndex, type Span } from '../../../../src/base/redaction/piece-index.ts';

const fold = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');

/** The same by comparing every piece of a text with all that were added. */
function spansByHand(added: readonly string[], text: string): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at + PIECE <= text.length; at++) {
    const piece = fold(text.slice(at, at + PIECE));
    if (new Set(piece.split('')).size < 4 || !added.some((one) => fold(one).includes(piece))) continue;
    const last = spans.at(-1);
    if (last !== undefined && at <= last[1]) spans[spans.length - 1] = [last[0], at + PIECE];
    else spans.push([at, at + PIECE]);
  }
  return spans;
}

function spansOf(added: readonly string[], text: string): Span[] {
  const index = new PieceIndex();
  for (const one of added) index.add(one);
  const spans: Span[] = [];
  index.find(text, (start, end) => spans.push([start, end]));
  return spans;
}

// Few letters, so that parts of one text stand in another, and units of any value, whose sums are alike.
const words = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abcd-+_/'), maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.base64String({ maxLength: 60 }),
);

test('finds what a comparison with everything finds', () => {
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 4 }),
      fc.array(fc.oneof(words, fc.tuple(fc.nat(3), fc.nat(40), fc.nat(40))), { maxLength: 6 }),
      (added, parts) => {
        const text = parts
          .map((part) => (typeof part === 'string' ? part : (added[part[0]] ?? '').slice(part[1], part[1] + part[2])))
          .join('');
        expect(spansOf(added, text)).toEqual(spansByHand(added, text));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('parts of which all runs of three characters are known, and no piece', () => {
  const added = ['abcdefghijklmnop', 'mnopabcd'];
  expect(spansOf(added, 'abcdefghmnopabcd')).toEqual([]);
  expect(spansOf(added, 'efghmnopabcdefghijklmnopabcd')).toEqual([[8, 24]]);
});
