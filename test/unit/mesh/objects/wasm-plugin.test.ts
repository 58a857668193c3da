import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BEFORE_ROUTER } from '../../../../src/filter/insertion.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import { podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import {
  isSameFilterResource,
  podRevisionIn,
  renderFilterResource,
  resourceOf,
  shownSettings,
} from '../../../../src/mesh/objects/filter-resource.ts';
import {
  inputsNotCarried,
  pluginOf,
  readPluginConfig,
  renderWasmPlugin,
  type WasmPlugin,
} from '../../../../src/mesh/objects/wasm-plugin.ts';
import { PULLED, pulledRevision, revision, settings } from '../../builders.ts';

const spec = (over: Partial<FilterSettings> = {}): WasmPlugin['spec'] =>
  renderWasmPlugin(pulledRevision('add-header', over), 'shop').spec;

test('the whole object, as the reference of Istio describes it', () => {
  const ours = pulledRevision('add-header', {
    image: { ...PULLED, pullSecret: 'regcred', phase: 'authn' },
    direction: 'outbound',
    port: 8080,
    failPolicy: 'open',
    order: 3,
  });
  expect(renderWasmPlugin(ours, 'shop')).toEqual({
    kind: 'WasmPlugin',
    metadata: {
      name: `add-header-${ours.id}`,
      namespace: 'shop',
      labels: {
        'app.kubernetes.io/managed-by': 'deploy-wasm-filter',
        'deploy-wasm-filter/name': 'add-header',
        'deploy-wasm-filter/revision': ours.id,
      },
    },
    spec: {
      selector: { matchLabels: { 'deploy-wasm-filter/add-header': ours.id } },
      url: `oci://${PULLED.reference}`,
      imagePullPolicy: 'IfNotPresent',
      imagePullSecret: 'regcred',
      pluginName: 'root',
      pluginConfig: { header: 'x-wasm' },
      phase: 'AUTHN',
      priority: -3,
      failStrategy: 'FAIL_OPEN',
      match: [{ mode: 'CLIENT', ports: [{ number: 8080 }] }],
    },
  });
  expect(pluginOf('shop', ours)).toBe(`shop.add-header-${ours.id}`);
});

test('what says nothing is left out', () => {
  const plain = spec({ rootId: '', configuration: ' ' });
  expect(Object.keys(plain)).toEqual(['selector', 'url', 'imagePullPolicy', 'priority', 'failStrategy', 'match']);
  expect(spec({ configuration: '{}' })).not.toHaveProperty('pluginConfig');
});

test('requests pass through filters of a lower order first: Istio sorts by descending priority', () => {
  const priorities = [-2, 0, 5].map((order) => spec({ order }).priority as number);
  expect(priorities).toEqual([2, 0, -5]);
  // JSON knows no negative zero, and what is read back must be the same.
  expect(Object.is(spec({ order: 0 }).priority, 0)).toBe(true);
});

test.each<[FilterSettings['direction'], string]>([
  ['inbound', 'SERVER'],
  ['outbound', 'CLIENT'],
  ['any', 'CLIENT_AND_SERVER'],
])('the direction %s is the mode %s, and is read back', (direction, mode) => {
  const rendered = renderWasmPlugin(pulledRevision('add-header', { direction, port: 80 }), 'shop');
  expect(rendered.spec.match).toEqual([{ mode, ports: [{ number: 80 }] }]);
  expect(shownSettings(rendered)).toEqual({
    rootId: 'root',
    vmId: '',
    failPolicy: 'closed',
    direction,
    port: 80,
    configuration: '{"header":"x-wasm"}',
    insert: BEFORE_ROUTER,
  });
});

test('a gateway is a client in the eyes of Istio', () => {
  expect(spec({ direction: 'gateway' }).match).toEqual([{ mode: 'CLIENT' }]);
});

test('a filter that is to start anew, and its variables', () => {
  expect(spec({ failPolicy: 'reload', environment: { MODE: 'x', POD_NAME: { from: 'proxy' } } })).toMatchObject({
    failStrategy: 'FAIL_RELOAD',
    vmConfig: {
      env: [
        { name: 'MODE', value: 'x' },
        { name: 'POD_NAME', valueFrom: 'HOST' },
      ],
    },
  });
  expect(spec()).not.toHaveProperty('vmConfig');
});

test('what a WasmPlugin has no field for is named by its inputs', () => {
  expect(inputsNotCarried(settings({ environment: { A: 'b' }, failPolicy: 'reload' }))).toEqual([]);
  const strict = settings({
    reloadBackoffMs: 5,
    allowOnHeadersStopIteration: true,
    capabilities: ['proxy_log'],
    allowPrecompiled: true,
    insert: { place: 'first' },
  });
  expect(inputsNotCarried(strict)).toEqual([
    'reload-backoff',
    'allow-on-headers-stop-iteration',
    'capabilities',
    'allow-precompiled',
    'insert',
  ]);
});

describe('the configuration', () => {
  test.each<[string, object | undefined]>([
    ['', {}],
    [' \n', {}],
    ['{}', {}],
    ['{"a":[1,2.5,null,{"b":"c"}]}', { a: [1, 2.5, null, { b: 'c' }] }],
    ['{"most":9007199254740991}', { most: 9_007_199_254_740_991 }],
    ['{"id":9007199254740993}', undefined],
    ['{"deep":[{"id":-9007199254740993}]}', undefined],
    ['[1]', undefined],
    ['"text"', undefined],
    ['x-a: 1', undefined],
    ['{"a":', undefined],
  ])('%j is carried as %j', (text, value) => {
    expect(readPluginConfig(text)).toEqual(value);
  });

  test('comes back as it was given, for any object that a Struct can hold', () => {
    const leaf = fc.oneof(fc.string(), fc.boolean(), fc.integer());
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(leaf, fc.array(leaf))), (value) => {
        const rendered = renderWasmPlugin(pulledRevision('f', { configuration: JSON.stringify(value) }), 'shop');
        expect(JSON.parse(shownSettings(rendered).configuration || '{}')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('as one of the two filter resources', () => {
  const ours = pulledRevision();

  test('it is made for what is pulled, an EnvoyFilter for what is mounted', () => {
    expect(renderFilterResource(ours, 'shop')).toEqual(renderWasmPlugin(ours, 'shop'));
    expect(renderFilterResource(revision(), 'shop')).not.toHaveProperty('kind');
    expect([ours, revision()].map((one) => resourceOf(podRevisionOf(one)).kind)).toEqual(['WasmPlugin', 'EnvoyFilter']);
  });

  test('it tells what the pods carry for it', () => {
    expect(podRevisionIn(renderFilterResource(ours, 'shop'), 'add-header', ours.id)).toEqual(podRevisionOf(ours));
    const mounted = revision();
    expect(podRevisionIn(renderFilterResource(mounted, 'shop'), 'add-header', mounted.id)).toEqual(
      podRevisionOf(mounted),
    );
  });

  test.each<[string, Partial<WasmPlugin> & Pick<WasmPlugin, 'kind'>, boolean]>([
    ['as it was made', { kind: 'WasmPlugin' }, true],
    ['with another spec', { kind: 'WasmPlugin', spec: { ...spec(), phase: 'AUTHN' } }, false],
  ])('%s', (_, over, same) => {
    const wanted = renderWasmPlugin(ours, 'shop');
    expect(isSameFilterResource({ ...wanted, ...over }, wanted)).toBe(same);
  });

  test.each([
    ['that is being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['that another run means to delete', { annotations: { 'deploy-wasm-filter/garbage': 'o/r/2/1' } }],
    ['without our labels', { labels: {} }],
  ])('one %s is not the wanted one', (_, metadata) => {
    const wanted = renderWasmPlugin(ours, 'shop');
    expect(isSameFilterResource({ ...wanted, metadata: { ...wanted.metadata, ...metadata } }, wanted)).toBe(false);
  });
});
