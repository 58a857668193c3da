import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  anchorOf,
  BEFORE_ROUTER,
  describeInsertion,
  isBeforeRouter,
  parseInsertion,
} from '../../../src/filter/insertion.ts';

test.each<[string, object, string]>([
  ['first', { place: 'first' }, 'first'],
  [' first\n', { place: 'first' }, 'first'],
  ['before router', BEFORE_ROUTER, 'before router'],
  ['before envoy.filters.http.router', BEFORE_ROUTER, 'before router'],
  ['before\tistio.stats', { place: 'before', filter: 'istio.stats' }, 'before istio.stats'],
  ['after auth-v2', { place: 'after', filter: 'auth-v2' }, 'after auth-v2'],
])('%j', (text, insertion, described) => {
  const read = parseInsertion(text);
  if ('message' in read) throw new Error(read.message);
  expect(read).toEqual(insertion);
  expect(describeInsertion(read)).toBe(described);
  expect(isBeforeRouter(read)).toBe(described === 'before router');
  expect(anchorOf(read)).toBe('filter' in insertion ? insertion.filter : undefined);
});

test.each<[unknown, RegExp]>([
  ['', /has the unknown place ""/],
  ['last', /has the unknown place "last"/],
  ['first istio.stats', /has the unknown place/],
  ['before', /has the unknown place "before"/],
  ['before a b', /has the unknown place/],
  ['First', /has the unknown place/],
  [5, /has the unknown place 5/],
  [{ before: 'a' }, /has the unknown place \{"before":"a"\}/],
  ['before envoy.router', /old name "envoy\.router".* Write "before envoy\.filters\.http\.router"/],
  ['after envoy.cors', /old name "envoy\.cors".* Write "after envoy\.filters\.http\.cors"/],
  ['after router', /places the filter after the router.* Write "before router"/],
  ['after envoy.filters.http.router', /places the filter after the router/],
])('%j is refused', (value, words) => {
  const read = parseInsertion(value);
  if (!('message' in read)) throw new Error(JSON.stringify(read));
  expect(`${read.message} ${read.remedy}`).toMatch(words);
});

test('what is described reads as the same again', () => {
  const insertion = fc.oneof(
    fc.constant({ place: 'first' as const }),
    fc.record({
      place: fc.constantFrom('before' as const, 'after' as const),
      filter: fc.stringMatching(/^(istio|extensions|my)[-.\w]+$/),
    }),
  );
  fc.assert(fc.property(insertion, (given) => expect(parseInsertion(describeInsertion(given))).toEqual(given)));
});
