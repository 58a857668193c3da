import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader, frame } from '../../../../src/filter/trial/frames.ts';

test('frames come out as they went in, however the bytes are cut', () => {
  const cases = fc.record({
    contents: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
    cuts: fc.array(fc.nat(200)),
  });
  fc.assert(
    fc.property(cases, ({ contents, cuts }) => {
      const bytes = Buffer.concat(contents.map((content) => frame(content)));
      const found: Buffer[] = [];
      const reader = new FrameReader(bytes.length, (content) => found.push(Buffer.from(content)));
      const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      let from = 0;
      for (const to of ends) {
        expect(reader.push(bytes.subarray(from, to))).toBe(true);
        from = to;
      }
      expect(found).toEqual(contents.map((content) => Buffer.from(content)));
    }),
  );
});

test('more than was agreed is not looked at', () => {
  const found: string[] = [];
  const reader = new FrameReader(10, (content) => found.push(content.toString()));
  expect(reader.push(frame('abc'))).toBe(true);
  expect(reader.push(frame('defg'))).toBe(false);
  expect(reader.push(Buffer.alloc(0))).toBe(false);
  expect(found).toEqual(['abc']);
});
