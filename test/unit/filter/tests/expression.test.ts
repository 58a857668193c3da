import { describe, expect, test } from '@jest/globals';
import { linearExpression } from '../../../../src/filter/tests/expression.ts';

const LONG = 'a'.repeat(50_000);

describe('an expression from outside', () => {
  test.each([
    ['^[0-9a-f]{8}-[0-9a-f]{4}$', '0123abcd-0123'],
    ['(?<word>o+)k|\\bgo\\b', 'fooook'],
    ['^a.b$', 'a\nb'],
    ['grüß dich', 'grüß dich!'],
  ])('%s fits', (source, text) => {
    expect(linearExpression(source)?.test(text)).toBe(true);
  });

  test.each(['(a+)+$', '(a|a)*b', 'a.*a.*a.*b'])('%s is done with a long text in no time', (source) => {
    expect(linearExpression(source)?.test(`${LONG}!`)).toBe(false);
  });

  test.each(['(a', '(a)\\1', '(?=a)', 'a{5000}', 'a'.repeat(1_001)])('%s cannot be matched so', (source) => {
    expect(linearExpression(source)).toBeUndefined();
  });
});
