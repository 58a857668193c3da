import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { explainAbsence } from '../../../../src/mesh/proxy/absence.ts';
import { inspectExtension, pluginName } from '../../../../src/mesh/proxy/ecds.ts';
import { inspectListeners } from '../../../../src/mesh/proxy/listeners.ts';

const PLUGIN = 'shop.add-header-0123456789';
const NAMES = [
  PLUGIN,
  `extenstions.istio.io/wasmplugin/${PLUGIN}`,
  `extensions.istio.io/wasmplugin/${PLUGIN}`,
  `extensions.istio.io/trafficextension/${PLUGIN}`,
  `extensions.istio.io/trafficextension/${PLUGIN}~istio-translated-wasmplugin`,
];
const NEWEST = NAMES.at(-1) ?? '';

test.each(NAMES)('%s is the filter of a WasmPlugin, or of a TrafficExtension', (name) => {
  expect(pluginName(name)).toBe(PLUGIN);
});

const WASM = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';

/** The configuration that istio-agent hands to Envoy once it has the module. */
const wasm = (configuration?: string): object => ({
  '@type': WASM,
  config: {
    name: PLUGIN,
    ...(configuration === undefined
      ? {}
      : { configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configuration } }),
    vm_config: { code: { local: { filename: '/var/lib/istio/data/a/b.wasm' } } },
  },
});
const entry = (typed?: object, name = NEWEST): object => ({
  ecds_filter: { name, ...(typed === undefined ? {} : { typed_config: typed }) },
});
/** As Envoy answers `resource=ecds_filters`. */
const dump = (...entries: readonly object[]): string => JSON.stringify({ configs: entries });

/** Answers of Envoy 1.40, which got its configurations from files in place of istio-agent. */
const sample = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../../fixtures/ecds/${name}.json`), 'utf8');

test.each<[string, object]>([
  ['loaded', { state: 'given' }],
  // Envoy shows what it has refused as if it had taken it, and answers every request with 500.
  ['refused', { state: 'given' }],
  ['pull-failed-closed', { state: 'substituted', by: 'deny' }],
  ['pull-failed-open', { state: 'substituted', by: 'allow' }],
])('what Envoy says of a filter that is %s', (name, verdict) => {
  expect(inspectExtension(sample(name), { plugin: PLUGIN, configuration: '{"n":1,"mode":"one"}' })).toEqual(verdict);
  expect(inspectListeners(sample('listeners'), { plugin: PLUGIN, direction: 'inbound' })).toMatchObject({
    state: 'present',
  });
});

describe('where a WasmPlugin is replaced in place', () => {
  const digest = 'd'.repeat(64);
  const [configuration, image] = ['{"a":1}', `registry.example/a@sha256:${digest}`];
  const loaded = (filename: string): string => {
    const config = {
      name: PLUGIN,
      configuration: { value: configuration },
      vm_config: { code: { local: { filename } } },
    };
    return JSON.stringify({
      configs: [{ ...entry({ '@type': WASM, config }), last_updated: '2026-11-25T18:53:48.444Z' }],
    });
  };

  test.each([
    [`/var/lib/istio/data/${'e'.repeat(64)}/${digest}.wasm`, 'given'],
    [`/var/lib/istio/data/${digest}/${'e'.repeat(64)}.wasm`, 'outdated'],
    // A release that names its files otherwise does not tell.
    ['/var/lib/istio/data/module.wasm', 'given'],
  ])('the module at %s is %s', (filename, state) => {
    const since = new Date('2026-11-25T18:53:48.444Z');
    expect(inspectExtension(loaded(filename), { plugin: PLUGIN, configuration, image })).toEqual({ state, since });
    expect(inspectExtension(loaded(filename), { plugin: PLUGIN, configuration }).state).toBe('given');
  });
});

describe('what a proxy was given of a WasmPlugin', () => {
  const wanted = { plugin: PLUGIN, configuration: '{"b":1,"a":[true]}' };

  test.each<[string, string, object]>([
    ['the module and its configuration', dump(entry(wasm('{"a":[true],"b":1}'))), { state: 'given' }],
    ['its configuration with the blanks of Go', dump(entry(wasm('{"a": [true], "b":1}'))), { state: 'given' }],
    ['other settings', dump(entry(wasm('{"b":2}'))), { state: 'outdated' }],
    ['no settings', dump(entry(wasm())), { state: 'outdated' }],
    ['a filter that refuses all', dump(entry({ '@type': RBAC, rules: {} })), { state: 'substituted', by: 'deny' }],
    ['a filter that lets all pass', dump(entry({ '@type': RBAC })), { state: 'substituted', by: 'allow' }],
    ['something else', dump(entry({ '@type': 'type.googleapis.com/lua' })), { state: 'outdated' }],
    ['only its name', dump(entry()), { state: 'missing' }],
    ['another filter only', dump(entry(wasm(), 'shop.add-header-9876543210')), { state: 'missing' }],
    ['nothing of that kind', '{}', { state: 'missing' }],
    ['no answer that could be read', 'Error: could not reach Envoy', { state: 'missing' }],
    [
      'the whole dump',
      JSON.stringify({ configs: [{ clusters: [] }, { ecds_filters: [entry(wasm(wanted.configuration))] }] }),
      { state: 'given' },
    ],
    [
      'a substitute beside the module',
      dump(entry(wasm(wanted.configuration)), entry({ '@type': RBAC, rules: {} })),
      { state: 'substituted', by: 'deny' },
    ],
  ])('%s', (_, text, verdict) => {
    expect(inspectExtension(text, wanted)).toEqual(verdict);
  });

  test.each(['', '{}'])('no configuration is none, however it is written: %j', (configuration) => {
    expect(inspectExtension(dump(entry(wasm())), { plugin: PLUGIN, configuration })).toEqual({ state: 'given' });
  });
});

describe('the place of a WasmPlugin in the listeners', () => {
  const manager = (...names: readonly string[]): object => ({
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      http_filters: [
        ...names.map((name) => ({ name, config_discovery: { type_urls: [WASM] } })),
        { name: 'envoy.filters.http.router', typed_config: {} },
      ],
    },
  });
  const chain = (port: number, ...names: readonly string[]): object => ({
    filter_chain_match: { destination_port: port },
    filters: [manager(...names)],
  });
  const listeners = (...chains: readonly object[]): string =>
    JSON.stringify({
      configs: [
        { name: 'virtualInbound', active_state: { listener: { traffic_direction: 'INBOUND', filter_chains: chains } } },
      ],
    });
  const wanted = { plugin: PLUGIN, direction: 'inbound' } as const;

  test.each(NAMES)('is found under %s', (name) => {
    expect(inspectListeners(listeners(chain(9080, name)), wanted)).toMatchObject({ state: 'present' });
  });

  test('is not that of another WasmPlugin, and its absence is told by the ports', () => {
    const verdict = inspectListeners(listeners(chain(9080, 'shop.other-0123456789'), chain(8080)), wanted);
    expect(verdict).toEqual({ state: 'absent', http: [8080, 9080], tcp: [], side: 'inbound' });
    if (verdict.state !== 'absent') throw new Error('it is there');
    expect(explainAbsence(verdict, wanted, 'WasmPlugin')).toMatch(/^the WasmPlugin has not reached the proxy/);
  });

  test('counts only at the port that is asked for', () => {
    const both = listeners(chain(9080, NEWEST), chain(8080));
    expect(inspectListeners(both, { ...wanted, port: 9080 }).state).toBe('present');
    expect(inspectListeners(both, { ...wanted, port: 8080 }).state).toBe('absent');
  });

  test('is not there yet while the listener waits for the image', () => {
    const warming = JSON.stringify({ configs: [{ name: 'virtualInbound', warming_state: { listener: {} } }] });
    expect(inspectListeners(warming, wanted)).toMatchObject({ state: 'absent', http: [] });
  });
});
