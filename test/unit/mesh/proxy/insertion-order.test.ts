import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BEFORE_ROUTER, type Insertion } from '../../../../src/filter/insertion.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { baseListeners } from '../../../harness/sidecar/listeners.ts';
import { patchListeners, selectedFilters } from '../../../harness/sidecar/patches.ts';
import { type ApiObject, dig, digList } from '../../../kubelet/client.ts';
import { revision } from '../../builders.ts';

interface Placed {
  readonly name: string;
  readonly insert: Insertion;
  readonly order?: number;
}

/** The HTTP filters of a sidecar after istiod has applied our EnvoyFilters, which are created in this order. */
function chainWith(placed: readonly Placed[]): string[] {
  const revisions = placed.map(({ name, insert, order = 0 }) => revision(name, { insert, order }));
  const filters = revisions.map((one, age) => {
    const { metadata, spec } = renderEnvoyFilter(one, 'shop');
    return { metadata: { ...metadata, creationTimestamp: `2026-01-01T00:00:0${age}Z` }, spec } as unknown as ApiObject;
  });
  const labels = Object.fromEntries(revisions.map(({ filter, id }) => [`deploy-wasm-filter/${filter}`, id]));
  const listeners = patchListeners(baseListeners({ http: [9080], tcp: [] }), selectedFilters(filters, labels));
  const chain = listeners[0]?.filter_chains.find(({ name }) => name === '0.0.0.0_9080');
  return digList(chain?.filters[0], 'typed_config', 'http_filters').map((filter) => String(dig(filter, 'name')));
}

const OWN = chainWith([]);

describe('in a sidecar, as istiod would make its chain', () => {
  test.each<[Insertion, number]>([
    [{ place: 'first' }, 0],
    [{ place: 'before', filter: 'istio.stats' }, OWN.indexOf('istio.stats')],
    [{ place: 'after', filter: 'istio.stats' }, OWN.indexOf('istio.stats') + 1],
    [BEFORE_ROUTER, OWN.length - 1],
  ])('%j', (insert, at) => {
    const orders = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(orders, (given) => {
        const placed = given.map((order, index) => ({ name: `f${index}`, insert, order }));
        const wanted = placed.toSorted((a, b) => a.order - b.order).map(({ name }) => name);
        expect(chainWith(placed)).toEqual(OWN.toSpliced(at, 0, ...wanted));
      }),
    );
  });

  test('beside a filter of ours, whichever was there first and whatever its order', () => {
    for (const order of [-1_000_000, 0, 1_000_000]) {
      for (const place of ['before', 'after'] as const) {
        const anchor: Placed = { name: 'auth', insert: BEFORE_ROUTER, order };
        const ours: Placed = { name: 'add-header', insert: { place, filter: 'auth' } };
        const pair = place === 'before' ? ['add-header', 'auth'] : ['auth', 'add-header'];
        for (const both of [
          [anchor, ours],
          [ours, anchor],
        ]) {
          expect(chainWith(both)).toEqual(OWN.toSpliced(OWN.length - 1, 0, ...pair));
        }
      }
    }
  });

  test('beside a filter that is not there, in no place at all', () => {
    expect(chainWith([{ name: 'add-header', insert: { place: 'after', filter: 'auth' } }])).toEqual(OWN);
  });
});
