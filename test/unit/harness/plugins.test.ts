import { describe, expect, test } from '@jest/globals';
import { askAdmin } from '../../harness/sidecar/admin.ts';
import { CLOSED_REGISTRY } from '../../harness/sidecar/plugins.ts';
import { replay } from '../../harness/sidecar/proxy.ts';
import { pluginsOf } from '../../harness/sidecar/wasm.ts';
import type { ApiObject, JsonMap } from '../../kubelet/client.ts';
import { podWith } from './builders.ts';

const NAME = 'a-0123456789';
const FULL = `extensions.istio.io/trafficextension/shop.${NAME}~istio-translated-wasmplugin`;

function plugin(spec: JsonMap = {}, name = NAME): ApiObject {
  return {
    metadata: { name, namespace: 'shop', resourceVersion: '10' },
    spec: { selector: { matchLabels: { app: 'reviews' } }, url: 'oci://registry.example/a@sha256:b', ...spec },
  };
}

/** What a proxy has that starts after these plugins were made. */
const proxyWith = (plugins: readonly ApiObject[], annotations: Record<string, string> = {}) =>
  replay(
    podWith(annotations),
    { version: 100, at: 1_000 },
    plugins.map((object) => ({ name: `wasmplugins/${object.metadata.name}`, version: 10, seenAt: 10, object })),
    () => 'absent',
    10_000,
  );
/** The plugins of a listener's chains that speak HTTP, in the order in which requests pass all filters. */
const placesIn = (listener: string, plugins: readonly ApiObject[]): string[] => [
  ...new Set(
    proxyWith(plugins)
      .listeners.find(({ name }) => name === listener)
      ?.active?.filter_chains.flatMap(({ filters }) =>
        filters.flatMap(({ typed_config }) => typed_config.http_filters ?? []),
      )
      .map(({ name }) => name.replace(/^.*shop\.|~.*$/g, ''))
      .filter((name) => name.startsWith('a') || name === 'envoy.filters.http.cors'),
  ),
];

describe('where a WasmPlugin stands', () => {
  test.each<[string, JsonMap, string[], string[]]>([
    ['everywhere', {}, [NAME], [NAME]],
    ['inbound', { match: [{ mode: 'SERVER' }] }, [NAME], []],
    ['outbound', { match: [{ mode: 'CLIENT' }] }, [], [NAME]],
    ['at another port', { match: [{ mode: 'SERVER', ports: [{ number: 8080 }] }] }, [], []],
    ['in other pods', { selector: { matchLabels: { app: 'other' } } }, [], []],
  ])('%s', (_, spec, inbound, outbound) => {
    const found = ['virtualInbound', '0.0.0.0_80'].map((listener) =>
      placesIn(listener, [plugin(spec)]).filter((name) => name.startsWith('a')),
    );
    expect(found).toEqual([inbound, outbound]);
  });

  test('by priority, the highest first, and before everything in the phase AUTHN', () => {
    const plugins = [
      plugin({ priority: -1 }, 'a-low'),
      plugin({ priority: 1 }, 'a-high'),
      plugin({ phase: 'AUTHN' }, 'a-authn'),
    ];
    expect(placesIn('virtualInbound', plugins)).toEqual(['a-authn', 'envoy.filters.http.cors', 'a-high', 'a-low']);
  });
});

describe('what it brings', () => {
  const dumpOf = (state: ReturnType<typeof proxyWith>): unknown =>
    JSON.parse(askAdmin(state, 'config_dump?resource=ecds_filters').body).configs[0].ecds_filter.typed_config;

  test('the module, with its configuration written anew', () => {
    const state = proxyWith([plugin({ pluginConfig: { b: 1, a: [true] } })]);
    expect(dumpOf(state)).toMatchObject({ config: { configuration: { value: '{ "b": 1, "a": [ true ] }' } } });
    const chain = state.listeners[0]?.active?.filter_chains[1];
    expect(chain && pluginsOf(chain, state.extensions)).toMatchObject([{ name: 'a', file: `${NAME}.wasm` }]);
  });

  test.each([
    ['FAIL_CLOSE', { rules: {} }, ['deny']],
    ['FAIL_OPEN', {}, []],
  ])('a substitute where the image cannot be pulled: %s', (failStrategy, rules, effect) => {
    const state = proxyWith([plugin({ url: `oci://${CLOSED_REGISTRY}/a@sha256:b`, failStrategy })]);
    expect(dumpOf(state)).toMatchObject(rules);
    expect(state.log[0]?.text).toMatch(/cannot fetch Wasm module oci:.+UNAUTHORIZED.+ RBAC filter$/);
    const chain = state.listeners[0]?.active?.filter_chains[1];
    expect(chain && pluginsOf(chain, state.extensions)).toEqual(effect);
    expect(state.rejected).toBe(0);
  });

  test('what Envoy rejects is shown all the same, while the listener is taken', () => {
    const state = proxyWith([plugin({ pluginConfig: { mode: 'bad' } })], { 'sim/refuses': 'bad' });
    expect(dumpOf(state)).toMatchObject({ config: { configuration: { value: '{ "mode": "bad" }' } } });
    const chain = state.listeners[0]?.active?.filter_chains[1];
    expect(chain && pluginsOf(chain, state.extensions)).toEqual(['missing']);
    expect([state.accepted, state.rejected]).toEqual([1, 0]);
    expect(state.extensions).toMatchObject([{ name: FULL, refused: true }]);
  });

  test('no such part of the configuration without a WasmPlugin', () => {
    expect(askAdmin(proxyWith([]), 'config_dump?resource=ecds_filters').status).toBe(404);
  });
});
