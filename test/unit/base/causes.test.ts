import { describe, expect, test } from '@jest/globals';
import { errorCode } from '../../../src/base/causes.ts';

const coded = (code: string, message = 'a system error'): Error => Object.assign(new Error(message), { code });

describe('errorCode', () => {
  const inner = coded('ECONNRESET');

  test.each<[string, unknown, string]>([
    ['of the error itself', inner, 'ECONNRESET'],
    ['of a cause', new Error('fetch failed', { cause: new Error('x', { cause: inner }) }), 'ECONNRESET'],
    ['of the first of several', new AggregateError([inner, coded('OTHER')]), 'ECONNRESET'],
    ['of none', new Error('x'), ''],
    ['of a number', Object.assign(new Error('x'), { code: 5 }), ''],
    ['of what is no error', 'text', ''],
  ])('%s', (_, error, code) => {
    expect(errorCode(error)).toBe(code);
  });

  test('ends in a circle of causes', () => {
    const error: Error & { cause?: unknown } = new Error('x');
    error.cause = error;
    expect(errorCode(error)).toBe('');
  });
});
