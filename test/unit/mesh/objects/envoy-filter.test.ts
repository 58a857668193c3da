import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BEFORE_ROUTER, type Insertion } from '../../../../src/filter/insertion.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import { mountedRevision } from '../../../../src/mesh/identity/revision.ts';
import {
  type EnvoyFilter,
  type ForeignHttpFilter,
  filePath,
  mountPathOf,
  renderEnvoyFilter,
  settingsOf,
  typedConfigIn,
} from '../../../../src/mesh/objects/envoy-filter.ts';
import { isSameFilterResource } from '../../../../src/mesh/objects/filter-resource.ts';
import { revision } from '../../builders.ts';

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
  ['a gateway', { direction: 'gateway' }, {}, 'GATEWAY', false, usual],
  ['one port', { port: 9080 }, { portNumber: 9080 }, 'SIDECAR_INBOUND', false, usual],
  ['fail open', { failPolicy: 'open' }, {}, 'SIDECAR_INBOUND', true, usual],
  ['no configuration', { configuration: '' }, {}, 'SIDECAR_INBOUND', false, {}],
  ['any text', { configuration: ' \n\u0000é' }, {}, 'SIDECAR_INBOUND', false, stringValue(' \n\u0000é')],
])('the EnvoyFilter for %s', (_, over, listener, context, failOpen, configuration) => {
  const ours = revision('add-header', over);
  expect(renderEnvoyFilter(ours, 'shop')).toEqual(golden(ours.id, listener, context, failOpen, configuration));
});

test.each<[Insertion, string, object]>([
  [{ place: 'first' }, 'INSERT_FIRST', {}],
  [{ place: 'before', filter: 'istio.stats' }, 'INSERT_BEFORE', { subFilter: { name: 'istio.stats' } }],
  [{ place: 'after', filter: 'istio.stats' }, 'INSERT_AFTER', { subFilter: { name: 'istio.stats' } }],
])('the EnvoyFilter for %j', (insert, operation, subFilter) => {
  const { spec } = renderEnvoyFilter(revision('add-header', { insert, port: 80 }), 'shop');
  expect(spec.configPatches).toMatchObject([
    {
      match: {
        listener: {
          portNumber: 80,
          filterChain: { filter: { name: 'envoy.filters.network.http_connection_manager', ...subFilter } },
        },
      },
      patch: { operation, value: { name: 'add-header' } },
    },
  ]);
  expect(JSON.stringify(spec).includes('subFilter')).toBe('subFilter' in subFilter);
});

describe('what a setting adds to the configuration of the filter', () => {
  const configOf = (over: Partial<FilterSettings>): Record<string, unknown> => {
    const typed = typedConfigIn(renderEnvoyFilter(revision('add-header', over), 'shop')) as {
      config: Record<string, unknown> & { vm_config: Record<string, unknown> };
    };
    const { vm_config: vm, ...config } = typed.config;
    const { code: _, ...vmConfig } = vm;
    return { ...config, ...vmConfig };
  };
  const plain = configOf({});

  test.each<[string, Partial<FilterSettings>, object]>([
    ['fail policy reload', { failPolicy: 'reload' }, { failure_policy: 'FAIL_RELOAD' }],
    [
      'a wait before a reload',
      { failPolicy: 'reload', reloadBackoffMs: 90_000 },
      { failure_policy: 'FAIL_RELOAD', reload_config: { backoff: { base_interval: '90s' } } },
    ],
    ['stopping at headers', { allowOnHeadersStopIteration: true }, { allow_on_headers_stop_iteration: true }],
    ['variables', { environment: { B: 'b', A: '' } }, { environment_variables: { key_values: { A: '', B: 'b' } } }],
    [
      "the proxy's variables",
      { environment: { POD_NAME: { from: 'proxy' }, A: { from: 'proxy' } } },
      { environment_variables: { host_env_keys: ['A', 'POD_NAME'] } },
    ],
    [
      'both kinds of variables',
      { environment: { POD_NAME: { from: 'proxy' }, A: 'a' } },
      { environment_variables: { host_env_keys: ['POD_NAME'], key_values: { A: 'a' } } },
    ],
    [
      'capabilities',
      { capabilities: ['fd_write', 'proxy_log'] },
      { capability_restriction_config: { allowed_capabilities: { fd_write: {}, proxy_log: {} } } },
    ],
    ['machine code', { allowPrecompiled: true }, { allow_precompiled: true }],
  ])('%s', (_, over, added) => {
    const { fail_open, ...rest } = plain;
    // Envoy rejects a filter that has both.
    expect(configOf(over)).toEqual({ ...rest, ...('failure_policy' in added ? {} : { fail_open }), ...added });
  });
});

/** In which order Istio applies them, and where each then stands: the lower order always comes first. */
describe('the order among filters in one place', () => {
  const priority = (insert: Insertion, order: number): number =>
    Number(renderEnvoyFilter(revision('add-header', { insert, order }), 'shop').spec.priority);

  test.each<[Insertion, 'rises' | 'falls']>([
    [BEFORE_ROUTER, 'rises'],
    [{ place: 'before', filter: 'istio.stats' }, 'rises'],
    [{ place: 'after', filter: 'istio.stats' }, 'falls'],
    [{ place: 'first' }, 'falls'],
    [{ place: 'before', filter: 'other' }, 'rises'],
    [{ place: 'after', filter: 'other' }, 'falls'],
  ])('%j: the priority %s with the order', (insert, way) => {
    const orders = [-1_000_000, -20, -1, 0, 1, 11, 1_000_000];
    const priorities = orders.map((order) => priority(insert, order));
    expect(priorities).toEqual(priorities.toSorted((a, b) => (way === 'rises' ? a - b : b - a)));
    expect(new Set(priorities).size).toBe(orders.length);
    expect(priorities).not.toContain(0);
  });

  test("beside a filter that is not the mesh's own, after all that could have put it there", () => {
    const dependent = priority({ place: 'before', filter: 'other' }, -1_000_000);
    expect(dependent).toBeGreaterThan(priority(BEFORE_ROUTER, 1_000_000));
    expect(dependent).toBeGreaterThan(priority({ place: 'first' }, -1_000_000));
    for (const filter of ['istio.stats', 'envoy.filters.http.cors', 'extensions.istio.io/wasmplugin/shop.auth']) {
      expect(priority({ place: 'before', filter }, 0)).toBe(10);
    }
  });
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

describe('an EnvoyFilter for pods that carry an earlier revision', () => {
  const podRevision = mountedRevision(revision());
  const newer = revision('add-header', { configuration: 'new', order: 3 });
  const pushed = renderEnvoyFilter(newer, 'shop', { podRevision });

  test('has the name, labels, selector and file of that one, and the settings of the new one', () => {
    const [own, old] = [renderEnvoyFilter(newer, 'shop'), renderEnvoyFilter(revision(), 'shop')];
    expect(pushed.metadata).toEqual({ ...old.metadata, annotations: { 'deploy-wasm-filter/pushed': newer.id } });
    expect(pushed.spec.workloadSelector).toEqual(old.spec.workloadSelector);
    expect(pushed.spec.priority).toBe(13);
    expect(JSON.stringify(pushed.spec).replaceAll(podRevision.id, newer.id)).toBe(JSON.stringify(own.spec));
  });

  test('is not the one of before, nor that of other settings', () => {
    const again = renderEnvoyFilter(revision('add-header', { configuration: 'x' }), 'shop', { podRevision });
    expect(isSameFilterResource(pushed, pushed)).toBe(true);
    expect(isSameFilterResource(pushed, renderEnvoyFilter(revision(), 'shop'))).toBe(false);
    expect(isSameFilterResource(pushed, again)).toBe(false);
    // The spec may be the same while the settings that are recorded are not.
    expect(isSameFilterResource({ ...pushed, metadata: { ...pushed.metadata, annotations: {} } }, pushed)).toBe(false);
  });
});

describe('filters that ours takes the place of', () => {
  const foreign: ForeignHttpFilter = { httpFilter: 'hand', context: 'SIDECAR_INBOUND' };
  const removal = (listener: object): object => ({
    applyTo: 'HTTP_FILTER',
    match: {
      context: 'SIDECAR_INBOUND',
      listener: {
        ...listener,
        filterChain: {
          filter: { name: 'envoy.filters.network.http_connection_manager', subFilter: { name: 'hand' } },
        },
      },
    },
    patch: { operation: 'REMOVE' },
  });

  test('are taken out before ours comes in', () => {
    const plain = renderEnvoyFilter(revision(), 'shop');
    const replacing = renderEnvoyFilter(revision(), 'shop', { replaced: [foreign, { ...foreign, portNumber: 9080 }] });
    expect(replacing).toEqual({
      ...plain,
      spec: {
        ...plain.spec,
        configPatches: [removal({}), removal({ portNumber: 9080 }), ...(plain.spec.configPatches as [])],
      },
    });
    expect(isSameFilterResource(replacing, plain)).toBe(false);
  });

  test('do not count for the settings', () => {
    const ours = revision('add-header', { direction: 'outbound', port: 80 });
    const replacing = renderEnvoyFilter(ours, 'shop', { replaced: [{ ...foreign, portNumber: 9080 }] });
    expect(settingsOf(replacing)).toMatchObject({
      configuration: ours.settings.configuration,
      direction: 'outbound',
      port: 80,
      insert: BEFORE_ROUTER,
    });
  });
});

describe('what an EnvoyFilter of ours says', () => {
  const settings = fc.record(
    {
      configuration: fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.json(),
        fc.constantFrom('"context":"ANY"', '"portNumber":7', '{"filename":"/x/y.wasm"}', 'INSERT_AFTER'),
      ),
      direction: fc.constantFrom<FilterSettings['direction']>('inbound', 'outbound', 'any', 'gateway'),
      port: fc.integer({ min: 1, max: 65_535 }),
      insert: fc.oneof(
        fc.constant<Insertion>({ place: 'first' }),
        fc.record({ place: fc.constantFrom('before', 'after'), filter: fc.string({ minLength: 1 }) }),
      ),
      rootId: fc.constantFrom('', 'root', '"portNumber":8'),
      failPolicy: fc.constantFrom<FilterSettings['failPolicy']>('closed', 'open', 'reload'),
      environment: fc.constantFrom({ MODE: 'a' }, { MODE: '', HOST: { from: 'proxy' as const } }),
      capabilities: fc.constantFrom(['fd_write', 'proxy_log'], ['proxy_log']),
      allowPrecompiled: fc.constant<true>(true),
      allowOnHeadersStopIteration: fc.constant<true>(true),
      mountPath: fc.constantFrom('/filters', '/var/local/lib/wasm-filters/add-header', '/a b/ü'),
    },
    { requiredKeys: ['configuration', 'direction', 'insert', 'rootId', 'mountPath'], noNullPrototype: true },
  );

  test('is what it was made of: settings and mount path', () => {
    fc.assert(
      fc.property(settings, (over) => {
        const ours = revision('add-header', over);
        const { order: _, mountPath, ...shown } = ours.settings;
        const observed: EnvoyFilter = JSON.parse(JSON.stringify(renderEnvoyFilter(ours, 'shop')));
        expect(settingsOf(observed)).toEqual(shown);
        expect(mountPathOf(observed)).toBe(mountPath);
        expect(JSON.stringify(observed.spec)).toContain(JSON.stringify(filePath(mountedRevision(ours))));
      }),
    );
  });

  test.each<[string, EnvoyFilter['spec']]>([
    ['nothing', {}],
    ['no patches', { configPatches: [] }],
    ['patches of others', { configPatches: [{ applyTo: 'CLUSTER', patch: { operation: 'ADD' } }] }],
    ['no list', { configPatches: 'x' }],
  ])('is nothing where it has been edited to %s', (_, spec) => {
    const edited = { metadata: { name: 'x' }, spec };
    expect(settingsOf(edited)).toEqual({
      ...{ rootId: '', vmId: '', configuration: '', failPolicy: 'closed' },
      ...{ direction: 'inbound', insert: BEFORE_ROUTER },
    });
    expect(mountPathOf(edited)).toBeUndefined();
  });
});

describe('isSameInserter', () => {
  const wanted = renderEnvoyFilter(revision(), 'shop');
  const observed: EnvoyFilter = JSON.parse(JSON.stringify(wanted));
  const { metadata, spec } = observed;

  test('takes what the API server adds for the same, in any order of keys', () => {
    const added = { ...metadata, uid: 'u', resourceVersion: '5', generation: 1, annotations: { a: 'b' } };
    const reversed = Object.fromEntries(Object.entries(spec).reverse());
    expect(isSameFilterResource({ spec: reversed, metadata: added }, wanted)).toBe(true);
    expect(
      isSameFilterResource({ spec, metadata: { ...metadata, labels: { ...metadata.labels, a: 'b' } } }, wanted),
    ).toBe(true);
  });

  test.each<[string, EnvoyFilter]>([
    ['another priority', { metadata, spec: { ...spec, priority: 0 } }],
    ['another selector', { metadata, spec: { ...spec, workloadSelector: { labels: {} } } }],
    ['a further patch', { metadata, spec: { ...spec, configPatches: [...(spec.configPatches as []), {}] } }],
    ['a missing label', { spec, metadata: { ...metadata, labels: {} } }],
    [
      'that it is to be deleted as garbage',
      { spec, metadata: { ...metadata, annotations: { 'deploy-wasm-filter/garbage': 'r' } } },
    ],
    [
      'that other settings are recorded',
      { spec, metadata: { ...metadata, annotations: { 'deploy-wasm-filter/pushed': '0123456789' } } },
    ],
    ['its deletion', { spec, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ])('sees %s', (_, other) => {
    expect(isSameFilterResource(other, wanted)).toBe(false);
  });
});
