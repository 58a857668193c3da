import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDuration } from '../../../../src/action/inputs/duration.ts';

describe('parseDuration', () => {
  test.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1h1m1s', 3_661_000],
    ['1h1s', 3_601_000],
    ['1d', 86_400_000],
    ['7d12h', 648_000_000],
    ['1d1s', 86_401_000],
    ['0h5m', 300_000],
    ['007m', 420_000],
    ['0s', 0],
    ['0d0h0m0s', 0],
    ['597h', 2_149_200_000],
    ['36500d', 3_153_600_000_000],
    ['', undefined],
    ['0', undefined],
    ['10', undefined],
    ['m', undefined],
    ['dhms', undefined],
    ['10 m', undefined],
    [' 10m', undefined],
    ['10min', undefined],
    ['1w', undefined],
    ['1.5h', undefined],
    ['-5m', undefined],
    ['5M', undefined],
    ['30m1h', undefined],
    ['1h1d', undefined],
    ['1h1h', undefined],
    ['500ms', undefined],
    ['9'.repeat(400).concat('h'), undefined],
    ['9007199254740s', 9_007_199_254_740_000],
    ['9007199254741s', undefined],
  ])('%s is %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  const amount = fc.option(fc.nat(999), { nil: undefined });

  test('adds days, hours, minutes and seconds, each of which may be left out', () => {
    fc.assert(
      fc.property(fc.tuple(amount, amount, amount, amount), (amounts) => {
        const text = amounts.map((n, at) => (n === undefined ? '' : `${n}${'dhms'[at]}`)).join('');
        const [d = 0, h = 0, m = 0, s = 0] = amounts;
        expect(parseDuration(text)).toBe(text === '' ? undefined : (((d * 24 + h) * 60 + m) * 60 + s) * 1_000);
      }),
    );
  });

  test('reads no other order and nothing but numbers and units', () => {
    const piece = fc.tuple(fc.nat(99), fc.constantFrom('d', 'h', 'm', 's')).map(([n, unit]) => ({ n, unit }));
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
        const at = pieces.map(({ unit }) => 'dhms'.indexOf(unit));
        const ordered = at.every((place, index) => index === 0 || place > (at[index - 1] ?? -1));
        expect(parseDuration(pieces.map(({ n, unit }) => `${n}${unit}`).join('')) !== undefined).toBe(ordered);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!/^(\d+[dhms])+$/.test(text)) expect(parseDuration(text)).toBeUndefined();
      }),
    );
  });
});
