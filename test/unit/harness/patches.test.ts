import { describe, expect, test } from '@jest/globals';
import { baseListeners, type FilterChain, type Listener } from '../../harness/sidecar/listeners.ts';
import { patchListeners, selectedFilters } from '../../harness/sidecar/patches.ts';
import { wasmFiltersOf } from '../../harness/sidecar/wasm.ts';
import type { ApiObject } from '../../kubelet/client.ts';
import { envoyFilter, wasmPatch } from './builders.ts';

const PORTS = { http: [9080, 8080], tcp: [3306] };

/** The Wasm filters by listener and chain, chains of one name and port together; those that have none are left out. */
function placed(filters: readonly ApiObject[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const listener of patchListeners(baseListeners(PORTS), filters)) {
    for (const chain of listener.filter_chains) {
      const names = wasmFiltersOf(chain).map(({ name }) => name);
      if (names.length > 0) found[describeChain(listener, chain)] = names.join(' ');
    }
  }
  return found;
}

function describeChain({ name }: Listener, { name: chain, filter_chain_match: match }: FilterChain): string {
  return `${name} ${match?.destination_port ?? (chain || 'default')}`;
}

const INBOUND = {
  'virtualInbound virtualInbound-catchall-http': 'a',
  'virtualInbound 9080': 'a',
  'virtualInbound 8080': 'a',
};
const OUTBOUND = { '0.0.0.0_80 default': 'a' };

describe('where a patch inserts', () => {
  test.each([
    ['inbound', { context: 'SIDECAR_INBOUND' }, INBOUND],
    ['outbound', { context: 'SIDECAR_OUTBOUND' }, OUTBOUND],
    ['any', { context: 'ANY' }, { ...INBOUND, ...OUTBOUND }],
    ['no context, which is any', {}, { ...INBOUND, ...OUTBOUND }],
    ['a gateway', { context: 'GATEWAY' }, {}],
    ['one inbound port', { context: 'SIDECAR_INBOUND', port: 8080 }, { 'virtualInbound 8080': 'a' }],
    ['a port that is TCP', { context: 'SIDECAR_INBOUND', port: 3306 }, {}],
    ['one outbound port', { context: 'SIDECAR_OUTBOUND', port: 80 }, OUTBOUND],
    ['another outbound port', { context: 'SIDECAR_OUTBOUND', port: 81 }, {}],
    ['before a filter that is not there', { subFilter: 'envoy.router' }, {}],
  ])('%s', (_case, options, expected) => {
    expect(placed([envoyFilter('a', [wasmPatch('a', options)])])).toEqual(expected);
  });

  test('before the router, and in the place that the operation names', () => {
    const at = (operation: string): string[] => {
      const patch = wasmPatch('a', { context: 'SIDECAR_INBOUND', port: 9080, operation });
      const [inbound] = patchListeners(baseListeners(PORTS), [envoyFilter('a', [patch])]);
      const chain = inbound?.filter_chains.find(({ filter_chain_match: match }) => match?.destination_port === 9080);
      return (chain?.filters[0]?.typed_config.http_filters ?? []).map(({ name }) => name);
    };
    expect(at('INSERT_BEFORE').slice(-2)).toEqual(['a', 'envoy.filters.http.router']);
    expect(at('INSERT_AFTER').at(-1)).toBe('a');
    expect(at('INSERT_FIRST')[0]).toBe('a');
  });
});

describe('the order', () => {
  const patches = (name: string): readonly unknown[] => [wasmPatch(name, { context: 'SIDECAR_OUTBOUND' })];
  const chainOf = (...filters: readonly ApiObject[]): string | undefined =>
    placed(selectedFilters(filters, {}))['0.0.0.0_80 default'];

  test('is by priority, then by age, then by name', () => {
    const early = '2025-01-01T00:00:00Z';
    expect(
      chainOf(
        envoyFilter('d', patches('d'), { priority: 10 }),
        envoyFilter('c', patches('c')),
        envoyFilter('b', patches('b')),
        envoyFilter('old', patches('old'), { created: early }),
        envoyFilter('low', patches('low'), { priority: -1 }),
      ),
    ).toBe('low old b c d');
  });

  test('lets a later one take out what an earlier one put in, and not the other way round', () => {
    const removal = [wasmPatch('', { operation: 'REMOVE', subFilter: 'a' })];
    expect(chainOf(envoyFilter('a', patches('a')), envoyFilter('z', removal, { priority: 20 }))).toBeUndefined();
    expect(chainOf(envoyFilter('a', patches('a')), envoyFilter('z', removal, { priority: -20 }))).toBe('a');
  });
});

test.each([
  ['no selector', undefined, true],
  ['labels that the pod has', { app: 'reviews' }, true],
  ['another value', { app: 'ratings' }, false],
  ['one label more', { app: 'reviews', tier: 'web' }, false],
])('whether a filter with %s selects the pod', (_case, labels, selected) => {
  const filter = envoyFilter('a', [], labels === undefined ? {} : { labels });
  expect(selectedFilters([filter], { app: 'reviews', version: 'v1' })).toHaveLength(selected ? 1 : 0);
});

test('messages come as Envoy prints them: snake case, no defaults, the configuration as it was written', () => {
  const value = {
    name: 'a',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: {
        rootId: '',
        failOpen: false,
        vmConfig: { vmId: 'x' },
        configuration: { value: { maxAge: 0, on: false } },
      },
    },
  };
  const patch = { applyTo: 'HTTP_FILTER', match: {}, patch: { operation: 'INSERT_FIRST', value } };
  const [, outbound] = patchListeners(baseListeners(PORTS), [envoyFilter('a', [patch])]);
  expect(outbound?.filter_chains[0]?.filters[0]?.typed_config.http_filters?.[0]).toEqual({
    name: 'a',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: { vm_config: { vm_id: 'x' }, configuration: { value: { maxAge: 0, on: false } } },
    },
  });
});
