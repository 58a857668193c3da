import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type FilterState,
  formatState,
  isExpired,
  parseState,
  renewExpiry,
  type WorkloadState,
  withoutFilters,
} from '../../../../src/mesh/identity/state.ts';

const NOW = new Date('2026-01-02T12:00:00.000Z');
const HOUR = 3_600_000;
const inHours = (hours: number): string => new Date(NOW.getTime() + hours * HOUR).toISOString();

const record: fc.Arbitrary<FilterState> = fc.record(
  { revision: fc.string(), run: fc.string(), previous: fc.string(), expires: fc.string() },
  { requiredKeys: ['revision', 'run'], noNullPrototype: true },
);
const filter = fc.oneof(fc.constantFrom('a', 'b', 'add-header', '__proto__', 'constructor'), fc.string());
const state: fc.Arbitrary<WorkloadState> = fc.array(fc.tuple(filter, record)).map(Object.fromEntries);

describe('the annotation', () => {
  test('survives writing and reading, in one text for equal states', () => {
    fc.assert(
      fc.property(state, (of) => {
        const reversed = Object.fromEntries(Object.entries(of).reverse());
        expect(formatState(reversed)).toBe(formatState(of));
        expect(parseState(formatState(of))).toEqual(of);
      }),
    );
  });

  test('of no filter is none', () => {
    expect(formatState({})).toBeUndefined();
    expect(parseState(undefined)).toEqual({});
  });

  test.each([
    '',
    'no json',
    '[]',
    'null',
    '"text"',
    '5',
    '{"a":5}',
    '{"a":{"revision":5,"run":"r"}}',
    '{"a":{"revision":"r"}}',
  ])('that is damaged counts as none: %j', (damaged) => {
    expect(parseState(damaged)).toEqual({});
  });

  test('keeps the filters that can be read beside those that cannot, and fields that nobody knows', () => {
    const text = '{"a":{"revision":"1","run":"r","later":true},"b":null}';
    expect(parseState(text)).toEqual({ a: { revision: '1', run: 'r', later: true } });
    expect(formatState(parseState(text))).toBe('{"a":{"later":true,"revision":"1","run":"r"}}');
  });
});

test('withoutFilters takes out what is named and nothing else', () => {
  fc.assert(
    fc.property(state, fc.array(filter), (of, names) => {
      const left = withoutFilters(of, names);
      expect(Object.keys(left)).toEqual(Object.keys(of).filter((name) => !names.includes(name)));
      for (const name of Object.keys(left)) expect(left[name]).toBe(of[name]);
    }),
  );
});

describe('renewExpiry, for two hours', () => {
  test.each<[string, string | undefined, string]>([
    ['none yet', undefined, inHours(2)],
    ['just recorded', inHours(2), inHours(2)],
    ['more than half left', inHours(1.5), inHours(1.5)],
    ['exactly half left', inHours(1), inHours(2)],
    ['less than half left', inHours(0.5), inHours(2)],
    ['over', inHours(-1), inHours(2)],
    ['longer than now wanted', inHours(5), inHours(2)],
    ['damaged', 'soon', inHours(2)],
    ['empty', '', inHours(2)],
  ])('%s', (_, recorded, renewed) => {
    expect(renewExpiry(recorded, 2 * HOUR, NOW)).toBe(renewed);
  });

  test('a filter that shall stay for ever has none', () => {
    expect(renewExpiry(inHours(1), undefined, NOW)).toBeUndefined();
  });

  test('what it gives is not renewed at once, and never over', () => {
    const hours = fc.double({ min: -1_000, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(
        fc.option(hours.map(inHours), { nil: undefined }),
        fc.integer({ min: 1, max: 1_000 * HOUR }),
        (recorded, ms) => {
          const expires = renewExpiry(recorded, ms, NOW);
          expect(renewExpiry(expires, ms, NOW)).toBe(expires);
          expect(isExpired({ revision: '1', run: 'r', ...(expires === undefined ? {} : { expires }) }, NOW)).toBe(
            false,
          );
        },
      ),
    );
  });
});

test.each<[string | undefined, boolean]>([
  [undefined, false],
  [inHours(1), false],
  [inHours(0), true],
  [inHours(-1), true],
  ['2026-01-02T13:00:00+02:00', true],
  ['damaged', false],
])('a filter that expires at %s is expired: %j', (expires, expired) => {
  expect(isExpired({ revision: '1', run: 'r', ...(expires === undefined ? {} : { expires }) }, NOW)).toBe(expired);
});
