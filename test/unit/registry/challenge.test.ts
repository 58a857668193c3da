import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseChallenges } from '../../../src/registry/challenge.ts';

const BEARER =
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:me/f:pull,push"';

test.each<[string, string | string[] | undefined, [string, Record<string, string>][]]>([
  ['none', undefined, []],
  ['an empty header', '', []],
  [
    'a token server',
    BEARER,
    [
      [
        'bearer',
        { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:me/f:pull,push' },
      ],
    ],
  ],
  ['blanks and capitals', 'BEARER  Realm = "x" , Service=y', [['bearer', { realm: 'x', service: 'y' }]]],
  [
    'two in one header',
    'Basic realm="a", Bearer realm="b",service="c"',
    [
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b', service: 'c' }],
    ],
  ],
  [
    'two headers',
    ['Basic realm="a"', 'Negotiate'],
    [
      ['basic', { realm: 'a' }],
      ['negotiate', {}],
    ],
  ],
  [
    'a scheme alone before another',
    'Negotiate, Basic realm="a"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'a' }],
    ],
  ],
  ['quotes and commas in a text', 'Basic realm="a \\"b\\", c=d"', [['basic', { realm: 'a "b", c=d' }]]],
  ['parameters without a scheme', 'realm="x"', []],
])('%s', (_, header, challenges) => {
  expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, parameters])).toEqual(challenges);
});

test('any text is read without an error', () => {
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseChallenges(text))));
});
