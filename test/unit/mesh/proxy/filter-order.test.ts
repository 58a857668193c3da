import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseInsertion } from '../../../../src/filter/insertion.ts';
import { isInConfiguredPosition } from '../../../../src/mesh/proxy/filter-order.ts';

const STATS = 'istio.stats';
const ROUTER = 'envoy.filters.http.router';
const FAULT = 'envoy.filters.http.fault';
/** Istio's own chain of a sidecar. */
const BASE = ['istio.metadata_exchange', 'envoy.filters.http.grpc_stats', FAULT, STATS, ROUTER];

const stands = (chain: readonly string[], insert: string): boolean => {
  const insertion = parseInsertion(insert);
  if ('message' in insertion) throw new Error(insertion.message);
  return isInConfiguredPosition(chain, chain.indexOf('ours'), insertion);
};
/** What istiod makes of an insertion into a chain. */
const inserted = (chain: readonly string[], insert: string, name = 'ours'): readonly string[] => {
  const insertion = parseInsertion(insert);
  if ('message' in insertion) throw new Error(insertion.message);
  if (insertion.place === 'first') return [name, ...chain];
  const at = chain.indexOf(insertion.filter);
  return at < 0 ? chain : chain.toSpliced(insertion.place === 'after' ? at + 1 : at, 0, name);
};

const PLACES = ['first', 'before router', `before ${FAULT}`, `after ${FAULT}`, `before ${STATS}`, `after ${STATS}`];

describe('the place of a filter', () => {
  test.each(PLACES)('%s: is where istiod puts it, and what else was inserted later does not matter', (insert) => {
    const later = fc.array(fc.constantFrom(...PLACES, 'before ours', 'after ours'));
    fc.assert(
      fc.property(later, (others) => {
        const chain = others.reduce(
          (before, place, index) => inserted(before, place, `envoy.filters.http.other${index}`),
          inserted(BASE, insert),
        );
        expect(stands(chain, insert)).toBe(true);
      }),
    );
  });

  test.each([
    ['first', 'before router'],
    ['before router', 'first'],
    ['before router', `before ${STATS}`],
    [`before ${STATS}`, 'before router'],
    [`before ${STATS}`, `after ${STATS}`],
    [`after ${FAULT}`, `before ${FAULT}`],
    [`after ${FAULT}`, 'before router'],
    [`before ${FAULT}`, 'first'],
  ])('%s is told from %s', (wanted, has) => {
    expect(stands(inserted(BASE, has), wanted)).toBe(false);
  });

  test.each<[string, readonly string[], string]>([
    ['its anchor was taken out later', ['ours', STATS, ROUTER], `after ${FAULT}`],
    ['its anchor is there twice', [FAULT, 'ours', STATS, FAULT, ROUTER], `before ${FAULT}`],
    ['a filter with a name of istiod is there twice', ['ours', STATS, STATS, ROUTER], 'before router'],
    ['nothing but others of the chain, which may have come later', [FAULT, 'ours', ROUTER], 'first'],
    ['a filter of ours that is no anchor', ['one', 'ours', ROUTER], 'first'],
  ])('tells nothing where %s', (_case, chain, insert) => {
    expect(stands(chain, insert)).toBe(true);
  });

  test('is that beside another filter of ours', () => {
    expect(stands([STATS, 'other', 'ours', ROUTER], 'after other')).toBe(true);
    expect(stands([STATS, 'ours', 'other', ROUTER], 'after other')).toBe(false);
  });
});
