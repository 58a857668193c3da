import { describe, expect, test } from '@jest/globals';
import type { FilterSettings } from '../../../src/filter/settings.ts';
import { type EnvoyFilter, isSameEnvoyFilter, renderEnvoyFilter } from '../../../src/mesh/envoy-filter.ts';
import { revision } from '../builders.ts';

/** The whole object, as Istio's EnvoyFilter reference and Envoy's wasm.v3.Wasm describe it. */
function golden(id: string, listener: object, context: string, failOpen: boolean, configuration: object): EnvoyFilter {
  return {
    metadata: {
      name: `add-header-${id}`,
      namespace: 'shop',
      labels: {
        'app.kubernetes.io/managed-by': 'deploy-wasm-filter',
        'deploy-wasm-filter/name': 'add-header',
        'deploy-wasm-filter/revision': id,
      },
    },
    spec: {
      workloadSelector: { labels: { 'deploy-wasm-filter/add-header': id } },
      priority: 10,
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: {
            context,
            listener: {
              ...listener,
              filterChain: {
                filter: {
                  name: 'envoy.filters.network.http_connection_manager',
                  subFilter: { name: 'envoy.filters.http.router' },
                },
              },
            },
          },
          patch: {
            operation: 'INSERT_BEFORE',
            value: {
              name: 'add-header',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
                config: {
                  name: 'add-header',
                  root_id: 'root',
                  fail_open: failOpen,
                  ...configuration,
                  vm_config: {
                    vm_id: 'add-header',
                    runtime: 'envoy.wasm.runtime.v8',
                    code: { local: { filename: `/var/local/lib/wasm-filters/add-header/add-header-${id}.wasm` } },
                  },
                },
              },
            },
          },
        },
      ],
    },
  };
}

const stringValue = (value: string): object => ({
  configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value },
});
const usual = stringValue('{"header":"x-wasm"}');

test.each<[string, Partial<FilterSettings>, object, string, boolean, object]>([
  ['inbound', {}, {}, 'SIDECAR_INBOUND', false, usual],
  ['outbound', { direction: 'outbound' }, {}, 'SIDECAR_OUTBOUND', false, usual],
  ['any direction', { direction: 'any' }, {}, 'ANY', false, usual],
  ['one port', { port: 9080 }, { portNumber: 9080 }, 'SIDECAR_INBOUND', false, usual],
  ['fail open', { failPolicy: 'open' }, {}, 'SIDECAR_INBOUND', true, usual],
  ['no configuration', { configuration: '' }, {}, 'SIDECAR_INBOUND', false, {}],
  ['any text', { configuration: ' \n\u0000é' }, {}, 'SIDECAR_INBOUND', false, stringValue(' \n\u0000é')],
])('the EnvoyFilter for %s', (_, over, listener, context, failOpen, configuration) => {
  const ours = revision('add-header', over);
  expect(renderEnvoyFilter(ours, 'shop')).toEqual(golden(ours.id, listener, context, failOpen, configuration));
});

test.each([
  [-11, -2],
  [-10, -1],
  [-9, 1],
  [-3, 7],
  [0, 10],
  [25, 35],
])('the order %i is the priority %i', (order, priority) => {
  expect(renderEnvoyFilter(revision('add-header', { order }), 'shop').spec.priority).toBe(priority);
});

describe('isSameEnvoyFilter', () => {
  const wanted = renderEnvoyFilter(revision(), 'shop');
  const observed: EnvoyFilter = JSON.parse(JSON.stringify(wanted));
  const { metadata, spec } = observed;

  test('takes what the API server adds for the same, in any order of keys', () => {
    const added = { ...metadata, uid: 'u', resourceVersion: '5', generation: 1, annotations: { a: 'b' } };
    const reversed = Object.fromEntries(Object.entries(spec).reverse());
    expect(isSameEnvoyFilter({ spec: reversed, metadata: added }, wanted)).toBe(true);
    expect(isSameEnvoyFilter({ spec, metadata: { ...metadata, labels: { ...metadata.labels, a: 'b' } } }, wanted)).toBe(
      true,
    );
  });

  test.each<[string, EnvoyFilter]>([
    ['another priority', { metadata, spec: { ...spec, priority: 0 } }],
    ['another selector', { metadata, spec: { ...spec, workloadSelector: { labels: {} } } }],
    ['a further patch', { metadata, spec: { ...spec, configPatches: [...(spec.configPatches as []), {}] } }],
    ['a missing label', { spec, metadata: { ...metadata, labels: {} } }],
    ['its deletion', { spec, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ])('sees %s', (_, other) => {
    expect(isSameEnvoyFilter(other, wanted)).toBe(false);
  });
});
