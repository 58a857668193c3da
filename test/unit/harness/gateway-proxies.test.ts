import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askAdmin } from '../../harness/sidecar/admin.ts';
import type { FilterChange } from '../../harness/sidecar/filter-history.ts';
import type { Listener } from '../../harness/sidecar/listeners.ts';
import { CLOSED_REGISTRY, EMPTY_REGISTRY, REFUSED_REGISTRY } from '../../harness/sidecar/plugins.ts';
import { type ProxyState, PULL_TIME, replay } from '../../harness/sidecar/proxy.ts';
import { pluginsOf } from '../../harness/sidecar/wasm.ts';
import { type ApiObject, dig, digList, type JsonMap } from '../../kubelet/client.ts';
import { envoyFilter, wasmPatch } from './builders.ts';

/** What a real mesh has: Istio 1.31, Envoy 1.40, for a plugin `gw` or `wpt` of `CLIENT_AND_SERVER`. */
const MEASURED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/gateway-api/listeners.json'), 'utf8'),
) as { readonly gateway: unknown; readonly waypoint: unknown; readonly ecds: unknown };

type Kind = 'gateway' | 'waypoint';
const CLASSES = { gateway: 'istio', waypoint: 'istio-waypoint' };
const START = { version: 100, at: 1_000 };
const TARGET = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' };
const BOTH = [{ mode: 'CLIENT_AND_SERVER' }];

function podOf(kind: Kind, annotations: Readonly<Record<string, string>> = {}): ApiObject {
  const labels = {
    'gateway.networking.k8s.io/gateway-name': 'web',
    'gateway.networking.k8s.io/gateway-class-name': CLASSES[kind],
    app: 'edge',
  };
  return {
    metadata: { name: 'web-0', namespace: 'lab', uid: 'uid-0', labels, annotations },
    spec: { containers: [{ name: 'istio-proxy' }] },
  };
}

/** What happens to the plugin `gw`; without a spec its deletion. */
function change(seenAt: number, spec?: JsonMap, name = 'gw'): FilterChange {
  const metadata = { name, namespace: 'lab', resourceVersion: String(seenAt) };
  const full = { targetRefs: [TARGET], url: 'oci://registry.example/a@sha256:1', match: BOTH, ...spec };
  const object = spec === undefined ? undefined : { metadata, spec: full };
  return { name: `wasmplugins/${name}`, version: seenAt, seenAt, object };
}

const play = (pod: ApiObject, changes: readonly FilterChange[], now = 10_000): ProxyState =>
  replay(pod, START, changes, () => 'absent', now);
const active = ({ listeners }: ProxyState): Listener[] => listeners.flatMap((listener) => listener.active ?? []);
/** The chains that have a place for plugins, by listener and name. */
const places = (state: ProxyState): string[] =>
  active(state).flatMap((listener) =>
    listener.filter_chains
      .filter((chain) => chain.filters.some(hasPlace))
      .map((chain) => `${listener.name} ${chain.name}`.trim()),
  );
const hasPlace = ({ typed_config }: Listener['filter_chains'][number]['filters'][number]): boolean =>
  (typed_config.http_filters ?? []).some(({ config_discovery }) => config_discovery !== undefined);
/** What a request meets in the last chain of the last listener that has a place. */
const met = (state: ProxyState): unknown => {
  const chain = active(state)
    .flatMap(({ filter_chains }) => filter_chains)
    .findLast(({ filters }) => filters.some(hasPlace));
  if (chain === undefined) return 'nothing';
  const [plugin] = pluginsOf(chain, state.extensions);
  return typeof plugin === 'object' ? plugin.configuration : plugin;
};
const shown = (state: ProxyState): unknown[] => {
  const { status, body } = askAdmin(state, 'config_dump?resource=ecds_filters');
  return status === 404
    ? []
    : digList(JSON.parse(body), 'configs').map((config) => dig(config, 'ecds_filter', 'typed_config'));
};

/** A listener as far as the fixture has it. */
function outline({ name, address, internal_listener, traffic_direction, filter_chains }: Listener): { name: string } {
  return {
    name,
    ...(address === undefined ? {} : { port: address.socket_address.port_value }),
    ...(internal_listener === undefined ? {} : { internal: true }),
    ...(traffic_direction === undefined ? {} : { traffic_direction }),
    ...{
      filter_chains: filter_chains.map((chain) => ({
        ...(chain.name === '' ? {} : { name: chain.name }),
        filters: chain.filters.map(({ name: filter, typed_config: { stat_prefix, http_filters } }) => ({
          name: filter,
          ...(stat_prefix === undefined ? {} : { stat_prefix }),
          // The mesh that was measured had an Envoy without Istio's own filters.
          ...(http_filters === undefined
            ? {}
            : { http_filters: http_filters.map((one) => one.name).filter((one) => one !== 'istio.stats') }),
        })),
      })),
    },
  };
}

describe('the proxies of Gateways', () => {
  test.each<[Kind, string, string]>([
    ['gateway', '8080,80', 'gw'],
    ['waypoint', '9080,9081', 'wpt'],
  ])('a %s has the listeners of a real one', (kind, ports, plugin) => {
    const state = play(podOf(kind, { 'sim/http-ports': ports }), [change(10, {}, plugin)]);
    const found = active(state).map(outline);
    expect(found.sort((a, b) => a.name.localeCompare(b.name))).toEqual(MEASURED[kind]);
  });

  test('a plugin is shown as in a real one', () => {
    const url = 'oci://registry.example/a:v1@sha256:584f4fdbc4b67378b296b49b1e27633fce9d83734e502fb65ec6f3b743fef2bf';
    const spec = { url, pluginName: 'add_header', pluginConfig: { mode: 'one' }, failStrategy: 'FAIL_CLOSE' };
    const [config] = shown(play(podOf('gateway'), [change(10, spec)]));
    const text = JSON.stringify(config).replace(/data\/[0-9a-f]{64}/, 'data/REPOSITORY');
    const measured = JSON.stringify(MEASURED.ecds).replace(/data\/[0-9a-f]{64}/, 'data/REPOSITORY');
    // Istiod's blanks in the configuration differ from run to run.
    expect(JSON.parse(text.replace('{ \\"mode\\": \\"one\\" }', '{\\"mode\\":\\"one\\"}'))).toEqual(
      JSON.parse(measured),
    );
  });

  const GATEWAY = ['0.0.0.0_80', '0.0.0.0_8080'];
  const WAYPOINT = [
    'main_internal inbound-vip|80|http|reviews.lab.svc.cluster.local',
    'main_internal inbound-vip|8080|http|reviews.lab.svc.cluster.local',
    'main_internal direct-http',
  ];
  test.each<[string, JsonMap, string[], string[]]>([
    ['one of both modes', {}, GATEWAY, WAYPOINT],
    ['one without a match', { match: undefined }, GATEWAY, WAYPOINT],
    ['one for clients', { match: [{ mode: 'CLIENT' }] }, GATEWAY, []],
    ['one for servers', { match: [{ mode: 'SERVER' }] }, [], WAYPOINT],
    ['one for a port', { match: [{ ...BOTH[0], ports: [{ number: 80 }] }] }, ['0.0.0.0_80'], []],
    ['one for another Gateway', { targetRefs: [{ ...TARGET, name: 'other' }] }, [], []],
    ['one for a Service', { targetRefs: [{ kind: 'Service', group: '', name: 'reviews' }] }, [], WAYPOINT.slice(0, 2)],
    ['one for another Service', { targetRefs: [{ kind: 'Service', group: '', name: 'web' }] }, [], []],
    ['one for another kind', { targetRefs: [{ kind: 'GatewayClass', group: TARGET.group, name: 'web' }] }, [], []],
    ['one of the old form', { targetRefs: undefined, targetRef: TARGET }, GATEWAY, WAYPOINT],
    ['one that selects', { targetRefs: undefined, selector: { matchLabels: { app: 'edge' } } }, GATEWAY, []],
    ['one for all', { targetRefs: undefined }, GATEWAY, []],
  ])('%s stands where it is for', (_what, spec, gateway, waypoint) => {
    const where = (kind: Kind): string[] =>
      places(play(podOf(kind, { 'sim/http-ports': '80,8080' }), [change(10, spec)]));
    expect([where('gateway'), where('waypoint')]).toEqual([gateway, waypoint]);
  });

  test('a label that a pod gets by hand gives it what selects that, from then on', () => {
    const pod = podOf('gateway');
    const { labels = {} } = pod.metadata;
    const trial = { ...labels, trial: 'yes' };
    const start = {
      ...START,
      labels: [
        { version: 100, at: 1_000, labels },
        { version: 110, at: 3_000, labels: trial },
        { version: 120, at: 5_000, labels },
      ],
    };
    const spec = { targetRefs: undefined, selector: { matchLabels: { trial: 'yes' } }, pluginConfig: { mode: 'bad' } };
    const at = (now: number): unknown[] => {
      const refuses = podOf('gateway', { 'sim/refuses': 'bad' });
      const state = replay(refuses, start, [change(10, spec)], () => 'absent', now);
      return [met(state), state.log.length > 0];
    };
    expect([2_000, 4_000, 6_000].map(at)).toEqual([
      ['nothing', false],
      ['missing', true],
      ['nothing', true],
    ]);
  });

  test('a TrafficExtension is one of its own, under its own name', () => {
    const metadata = { name: 'gw', namespace: 'lab', resourceVersion: '20' };
    const spec = {
      targetRefs: [TARGET],
      wasm: { url: 'oci://registry.example/a@sha256:1', pluginConfig: { mode: 'x' } },
    };
    const object = { metadata, spec };
    const extension = { name: 'trafficextensions/gw', version: 20, seenAt: 20, object };
    const { extensions } = play(podOf('gateway'), [change(10, {}), extension]);
    expect(extensions.map(({ name }) => name.replace(/^.*\//, ''))).toEqual([
      'lab.gw~istio-translated-wasmplugin',
      'lab.gw',
    ]);
    expect(extensions[1]?.config).toMatchObject({
      config: { name: 'lab.gw', configuration: { value: '{ "mode": "x" }' } },
    });
  });

  test('only what has a place is asked for', () => {
    expect(shown(play(podOf('waypoint'), [change(10, { match: [{ mode: 'CLIENT' }] })]))).toEqual([]);
  });

  test('a sidecar has none that names targets', () => {
    const pod = { ...podOf('gateway'), metadata: { name: 'a', namespace: 'lab', labels: { app: 'edge' } } };
    expect(places(play(pod, [change(10, {})]))).toEqual([]);
  });

  test('EnvoyFilters by labels are for gateways, and not for waypoints', () => {
    const object = envoyFilter('a', [wasmPatch('a')], { labels: { app: 'edge' } });
    const changes = [{ name: 'a', version: 10, seenAt: 10, object }];
    const has = (kind: Kind): boolean =>
      JSON.stringify(replay(podOf(kind), START, changes, () => 'wasm', 10_000).listeners).includes('/wasm/a.wasm');
    expect([has('gateway'), has('waypoint')]).toEqual([true, false]);
  });
});

describe.each<Kind>(['gateway', 'waypoint'])('in a %s, what is replaced in place', (kind) => {
  const refuses = { 'sim/refuses': 'bad' };
  const good = { pluginConfig: { mode: 'good' } };
  const bad = { pluginConfig: { mode: 'bad' } };
  const badImage = { ...good, url: 'oci://registry.example/bad@sha256:2' };
  const closed = { url: `oci://${CLOSED_REGISTRY}/a@sha256:1` };
  const GOOD = '{ "mode": "good" }';
  const LAST = 8_000;

  test.each<[string, readonly (JsonMap | undefined)[], unknown]>([
    ['runs', [good], GOOD],
    ['is gone when it is taken away', [good, undefined], 'nothing'],
    ['answers with errors when the first one is refused', [bad], 'missing'],
    ['is what it was when the next configuration is refused', [good, bad], GOOD],
    ['is what it was when the next module is refused', [good, badImage], GOOD],
    ['or is one that every proxy rejects', [good, { url: `oci://${REFUSED_REGISTRY}/a@sha256:2` }], GOOD],
    ['refuses every request when the next image is not there', [good, { url: `oci://${EMPTY_REGISTRY}/a` }], 'deny'],
    ['whatever its policy', [good, { ...bad, failStrategy: 'FAIL_OPEN' }], GOOD],
    ['runs once it is put back', [bad, good], GOOD],
    ['refuses every request when the next one cannot be pulled', [good, closed], 'deny'],
    ['passes every request when that is its policy', [good, { ...closed, failStrategy: 'FAIL_OPEN' }], undefined],
    ['goes on refusing when the one after that is refused', [good, closed, bad], 'deny'],
    ['runs again after a failed pull', [good, closed, good], GOOD],
    ['has what was taken away when the next one is refused soon', [good, undefined, bad], GOOD],
  ])('%s', (_what, specs, expected) => {
    const changes = specs.map((spec, index) => change(LAST - 1_000 * (specs.length - 1 - index), spec));
    expect(met(play(podOf(kind, refuses), changes))).toEqual(expected);
  });

  test('a pod that starts with a refused one never had another', () => {
    expect(met(play(podOf(kind, refuses), [change(10, good), change(20, bad)]))).toBe('missing');
  });

  test('is shown as it was given, refused or not, and for a while after it was taken away', () => {
    const state = (now: number): ProxyState =>
      play(podOf(kind, refuses), [change(2_000, good), change(3_000, bad), change(4_000)], now);
    expect(JSON.stringify(shown(state(2_500)))).toContain('good');
    expect(JSON.stringify(shown(state(3_500)))).toContain('bad');
    expect([places(state(4_500)), shown(state(4_500)).length]).toEqual([[], 1]);
    expect([shown(state(48_999)).length, shown(state(49_000)).length]).toEqual([1, 0]);
    expect(state(49_000).rejected).toBe(0);
  });

  test('has what was there before until its image is pulled, and is pulled anew when it comes again', () => {
    const slow = podOf(kind, { [PULL_TIME]: '500' });
    const changes = [change(2_000, closed), change(3_000), change(4_000, good), change(5_000), change(6_000, closed)];
    const state = (now: number): ProxyState => play(slow, changes, now);
    expect([2_499, 2_500, 4_499, 4_500, 6_499, 6_500].map((now) => met(state(now)))).toEqual([
      'missing',
      'deny',
      'deny',
      met(play(podOf(kind), [change(2_000, good)])),
      met(play(podOf(kind), [change(2_000, good)])),
      'deny',
    ]);
    expect(state(LAST).log.map(({ at }) => at)).toEqual([2_500, 6_500]);
  });

  test('is logged when it happened', () => {
    const { log } = play(podOf(kind, refuses), [change(2_000, bad), change(3_000, badImage), change(4_000, closed)]);
    expect(
      log.map(({ at, text }) => [at, /Failed to \w+ \w+|Unable to create.*|failed to load|UNAUTH\w+/.exec(text)?.[0]]),
    ).toEqual([
      [2_000, 'Failed to configure base'],
      [2_000, 'failed to load'],
      [2_000, 'Unable to create Wasm plugin lab.gw~istio-translated-wasmplugin'],
      [3_000, 'Failed to load Wasm'],
      [3_000, 'Failed to load Wasm'],
      [3_000, 'failed to load'],
      [3_000, 'Unable to create Wasm plugin lab.gw~istio-translated-wasmplugin'],
      [4_000, 'UNAUTHORIZED'],
    ]);
  });
});
