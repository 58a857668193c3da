import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Insertion } from '../../../../src/filter/insertion.ts';
import type { WasmSettings } from '../../../../src/filter/settings.ts';
import { explainAbsence } from '../../../../src/mesh/proxy/absence.ts';
import { inspectListeners, type ListenerVerdict, type WantedFilter } from '../../../../src/mesh/proxy/listeners.ts';

/** Answers of Envoy 1.40 under Istio 1.31, without what is not looked at. */
const sample = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../../fixtures/config-dump/${name}.json`), 'utf8');
const path = (revision: string): string => `/var/local/lib/wasm-filters/add-header/add-header-${revision}.wasm`;
type WantedFile = Extract<WantedFilter, { readonly file: string }>;
/** What a proxy should have, settings and all. */
const wanted = ({
  settings,
  ...over
}: Partial<Omit<WantedFile, 'settings'>> & { readonly settings?: Partial<WasmSettings> } = {}): WantedFile => ({
  filter: 'add-header',
  file: path('66d3aaf0b8'),
  settings: {
    rootId: 'add_header',
    vmId: 'add-header',
    configuration: 'x-lst: one',
    failPolicy: 'closed',
    ...settings,
  },
  direction: 'inbound',
  ...over,
});
const configured = (configuration: string): WantedFile => wanted({ settings: { configuration } });
const [onOnePort, refusedAtStart] = [path('e3c8abed38'), path('8d2b7512c3')];

const present = { state: 'present', places: expect.any(Array), missing: expect.any(Array) };
const outdated = (...differs: readonly string[]): object => ({ state: 'outdated', differs });
const rejected = { state: 'rejected', details: 'Unable to create Wasm plugin add-header' };
const absent = (side: string, http: readonly number[], tcp: readonly number[]): object => ({
  state: 'absent',
  side,
  http,
  tcp,
});

describe('inspectListeners on what a proxy said', () => {
  test.each<[string, string, WantedFilter, object]>([
    ['inbound', 'no-service', wanted(), present],
    ['inbound, while it still is in both', 'both-directions', wanted(), outdated('direction')],
    [
      'outbound, while it still is in both',
      'both-directions',
      wanted({ direction: 'outbound' }),
      outdated('direction'),
    ],
    ['in both', 'both-directions', wanted({ direction: 'any' }), present],
    [
      'on an inbound port, while it still is on another',
      'both-directions',
      wanted({ port: 7000 }),
      outdated('direction', 'port'),
    ],
    [
      'on an outbound port, while it still is inbound',
      'both-directions',
      wanted({ direction: 'outbound', port: 9080 }),
      outdated('direction'),
    ],
    [
      'on a port that both sides have, while it still is on another',
      'both-directions',
      wanted({ direction: 'any', port: 9080 }),
      outdated('port'),
    ],
    ['on its only port', 'one-port', wanted({ file: onOnePort, port: 9080 }), present],
    ['where it was asked for on one port and is looked for on all', 'one-port', wanted({ file: onOnePort }), present],
    ['in pods of no Service', 'no-service', wanted(), present],
    ['another configuration', 'both-directions', configured('x-lst: two'), outdated('configuration')],
    ['no configuration', 'both-directions', configured(''), outdated('configuration')],
    ['another revision', 'one-port', wanted(), absent('inbound', [7000, 9080], [3306])],
    [
      'another port with HTTP',
      'one-port',
      wanted({ file: onOnePort, port: 7000 }),
      absent('inbound', [7000, 9080], [3306]),
    ],
    ['a port with TCP', 'tcp-port', wanted({ port: 3306 }), absent('inbound', [7000, 9080], [3306])],
    ['a port that is not there', 'both-directions', wanted({ port: 8080 }), absent('inbound', [7000, 9080], [3306])],
    ['a port of the sidecar', 'both-directions', wanted({ port: 15_006 }), absent('inbound', [7000, 9080], [3306])],
    ['a workload with TCP only', 'tcp-only', wanted(), absent('inbound', [], [3306])],
    ['the same, but what it sends', 'tcp-only', wanted({ direction: 'outbound' }), outdated('direction')],
    ['the same in both directions: only one has HTTP', 'tcp-only', wanted({ direction: 'any' }), present],
    ['a port of pods without a Service', 'no-service', wanted({ port: 9080 }), absent('inbound', [], [])],
    [
      'an outbound port without HTTP',
      'both-directions',
      wanted({ direction: 'outbound', port: 443 }),
      absent('outbound', [9080], [443]),
    ],
    ['inbound only, where both are wanted', 'one-port', wanted({ file: onOnePort, direction: 'any' }), present],
    ['a refusal at the start of a pod', 'refused-start', wanted({ file: refusedAtStart }), rejected],
    [
      'a refusal at the start of a pod, looked for on a port',
      'refused-start',
      wanted({ file: refusedAtStart, port: 9080 }),
      rejected,
    ],
    [
      'a refusal that is not about this side',
      'refused-start',
      wanted({ direction: 'outbound' }),
      absent('outbound', [], []),
    ],
    ['a refused push', 'refused-push', configured('refused'), rejected],
    ['a refused push of what is sent', 'refused-push', { ...configured('refused'), direction: 'outbound' }, rejected],
    ['a refused push in both', 'refused-push', { ...configured('refused'), direction: 'any' }, rejected],
    ['what is still there after a refused push', 'refused-push', wanted({ direction: 'any' }), present],
    ['the next push, before the proxy has heard of it', 'refused-push', configured('third'), outdated('configuration')],
  ])('%s', (_, name, filter, verdict) => {
    expect(inspectListeners(sample(name), filter)).toEqual(verdict);
  });
});

interface ChainParts {
  readonly port?: number;
  readonly wasm?: readonly { readonly file: string; readonly value: string }[];
  readonly tcp?: boolean;
  /** The names of its other HTTP filters. */
  readonly others?: readonly string[];
}

const chain = ({ port, wasm = [], tcp = false, others = [] }: ChainParts): object => ({
  filter_chain_match: port === undefined ? {} : { destination_port: port },
  filters: [
    {
      typed_config: tcp
        ? { '@type': 'x/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy' }
        : {
            '@type': 'x/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            http_filters: [
              ...others.map((name) => ({ name })),
              ...wasm.map(({ file, value }) => ({
                typed_config: {
                  config: {
                    vm_config: { code: { local: { filename: file } } },
                    configuration: { '@type': 'x/google.protobuf.StringValue', value },
                  },
                },
              })),
            ],
          },
    },
  ],
});
const inbound = (chains: readonly ChainParts[]): object => ({
  name: 'virtualInbound',
  traffic_direction: 'INBOUND',
  filter_chains: chains.map(chain),
});
const outbound = (port: number, chains: readonly ChainParts[]): object => ({
  name: `0.0.0.0_${port}`,
  traffic_direction: 'OUTBOUND',
  address: { socket_address: { port_value: port } },
  filter_chains: chains.map(chain),
});
const active = (listener: object): object => ({ active_state: { listener } });
const refused = (listener: object | undefined, details?: string): object => ({
  name: 'virtualInbound',
  error_state: { ...(listener === undefined ? {} : { failed_configuration: listener }), details },
});
const dumpOf = (...configs: readonly object[]): string => JSON.stringify({ configs });
const ours = { file: '/f/f-0123456789.wasm', value: 'v' };
const filter: WantedFile = {
  filter: 'f',
  file: ours.file,
  settings: { rootId: '', vmId: '', configuration: 'v', failPolicy: 'closed' },
  direction: 'inbound',
};

describe('inspectListeners on listeners made for it', () => {
  test.each<[string, string, object]>([
    ['nothing yet', dumpOf(), absent('inbound', [], [])],
    [
      'an app port without it, for all that the rest has it',
      dumpOf(active(inbound([{ wasm: [ours] }, { port: 80 }]))),
      absent('inbound', [80], []),
    ],
    [
      'a port of which only some connections are HTTP',
      dumpOf(active(inbound([{ port: 80, tcp: true }, { port: 80 }]))),
      absent('inbound', [80], []),
    ],
    [
      'another filter beside it',
      dumpOf(active(inbound([{ port: 80, wasm: [{ file: '/g.wasm', value: 'g' }, ours] }]))),
      present,
    ],
    [
      'another filter is to blame',
      dumpOf(refused(inbound([{ port: 80, wasm: [ours] }]), 'Unable to create Wasm plugin g')),
      { state: 'rejected', details: 'Unable to create Wasm plugin g' },
    ],
    [
      'a refusal without a word',
      dumpOf(refused(inbound([{ port: 80, wasm: [ours] }]))),
      { state: 'rejected', details: 'the listener was rejected' },
    ],
    [
      'a refusal of a listener without it',
      dumpOf(refused(inbound([{ port: 80 }]), 'Unable to create Wasm plugin f')),
      absent('inbound', [], []),
    ],
    [
      'Envoy names it without the configuration that failed',
      dumpOf(refused(undefined, 'Unable to create Wasm plugin f')),
      { state: 'rejected', details: 'Unable to create Wasm plugin f' },
    ],
    [
      'Envoy names its file without the configuration that failed',
      dumpOf(refused(undefined, `Invalid path: ${ours.file}`)),
      { state: 'rejected', details: `Invalid path: ${ours.file}` },
    ],
    [
      'Envoy names one whose name is longer',
      dumpOf(refused(undefined, 'Unable to create Wasm plugin f-2')),
      absent('inbound', [], []),
    ],
  ])('%s', (_, dump, verdict) => {
    expect(inspectListeners(dump, filter)).toEqual(verdict);
  });

  test('with both directions, a side with HTTP that lacks it is told', () => {
    const [has, lacks] = [{ port: 80, wasm: [ours] }, { port: 80 }];
    const any: WantedFilter = { ...filter, direction: 'any' };
    const verdictOf = (...listeners: readonly object[]): ListenerVerdict =>
      inspectListeners(dumpOf(...listeners.map(active)), any);
    expect(verdictOf(inbound([has]), outbound(80, [has]))).toEqual(present);
    expect(verdictOf(inbound([has]), outbound(80, [lacks]))).toEqual(absent('outbound', [80], []));
    expect(verdictOf(inbound([lacks]), outbound(80, [has]))).toEqual(absent('inbound', [80], []));
    expect(verdictOf(inbound([lacks]), outbound(80, [lacks]))).toEqual(absent('inbound', [80], []));
    expect(verdictOf(inbound([{ port: 80, tcp: true }]), outbound(80, [{ tcp: true }]))).toEqual(
      absent('inbound', [], [80]),
    );
  });

  test('with both directions, the other side never stands for one that has no place for it', () => {
    const any: WantedFilter = { ...filter, direction: 'any', port: 80 };
    const [has, other] = [{ port: 80, wasm: [ours] }, { port: 9080 }];
    expect(inspectListeners(dumpOf(active(inbound([other])), active(outbound(80, [has]))), any)).toMatchObject({
      state: 'present',
      places: [{ side: 'outbound', port: 80 }],
      missing: [absent('inbound', [9080], [])],
    });
    expect(inspectListeners(dumpOf(active(inbound([has])), active(outbound(9080, [other]))), any)).toMatchObject({
      state: 'present',
      places: [{ side: 'inbound', port: 80 }],
      missing: [absent('outbound', [9080], [])],
    });
    const [nowhere] = [dumpOf(active(inbound([other])), active(outbound(9080, [other])))];
    expect(inspectListeners(nowhere, any)).toEqual(absent('inbound', [9080], []));
  });

  test('where it does not stand in its place is outdated, in whichever chain', () => {
    const others = ['istio.stats', 'envoy.filters.http.router'];
    const dump = dumpOf(
      active(
        inbound([
          { port: 80, wasm: [ours] },
          { port: 81, others, wasm: [ours] },
        ]),
      ),
    );
    expect(inspectListeners(dump, filter)).toEqual(outdated('insert'));
    expect(inspectListeners(dump, { ...filter, port: 80 })).toEqual(outdated('port'));
    const behind: Insertion = { place: 'after', filter: 'envoy.filters.http.router' };
    expect(inspectListeners(dump, { ...filter, insert: behind })).toEqual(present);
  });

  const port = fc.integer({ min: 1, max: 9_999 });
  const someChain = fc.record({ port, tcp: fc.boolean() });

  test('a chain with it makes it present, whatever else there is', () => {
    fc.assert(
      fc.property(fc.array(someChain), port, fc.string(), (others, at, value) => {
        const dump = dumpOf(active(inbound([...others, { port: at, wasm: [{ ...ours, value }] }])));
        const asked = (configuration: string): WantedFile => ({
          ...filter,
          settings: { ...filter.settings, configuration },
        });
        expect(inspectListeners(dump, asked(value))).toEqual(present);
        expect(inspectListeners(dump, { ...asked(value), port: at })).toEqual(present);
        expect(inspectListeners(dump, asked(`${value}!`))).toEqual(outdated('configuration'));
      }),
    );
  });

  test('where it is absent, every port is told once, and as HTTP when any of its chains is', () => {
    fc.assert(
      fc.property(fc.array(someChain), (chains) => {
        const verdict = inspectListeners(dumpOf(active(inbound(chains))), filter);
        if (verdict.state !== 'absent') throw new Error(verdict.state);
        const http = chains.filter(({ tcp }) => !tcp).map((one) => one.port);
        expect([...verdict.http, ...verdict.tcp].toSorted((a, b) => a - b)).toEqual(
          [...new Set(chains.map((one) => one.port))].sort((a, b) => a - b),
        );
        expect(verdict.http).toEqual([...new Set(http)].sort((a, b) => a - b));
      }),
    );
  });

  test('no answer makes it throw, and one that cannot be read is no proof', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (dump) => {
        expect(inspectListeners(dump, filter)).toMatchObject({ state: 'absent' });
      }),
    );
  });
});

describe('explainAbsence', () => {
  const why = (dump: string, over: Partial<WantedFilter>): string => {
    const asked = { ...filter, ...over };
    const verdict = inspectListeners(dump, asked);
    if (verdict.state !== 'absent') throw new Error(verdict.state);
    return explainAbsence(verdict, asked);
  };

  test.each<[string, string, Partial<WantedFilter>, string]>([
    ['TCP only', sample('tcp-only'), { file: '/other' }, 'the proxy serves no HTTP, only TCP on 3306'],
    [
      'a TCP port',
      sample('tcp-port'),
      { port: 3306 },
      'port 3306 is TCP for the mesh, and only HTTP has filters; the proxy serves HTTP on 7000 and 9080 and TCP on 3306',
    ],
    [
      'an unknown port',
      sample('tcp-port'),
      { port: 80 },
      "no Service leads to port 80 of its pods (the container's port counts, not the Service's); the proxy serves HTTP on 7000 and 9080 and TCP on 3306",
    ],
    [
      'a port of pods without a Service',
      sample('no-service'),
      { port: 9080 },
      'no Service names a port of its pods, so the proxy has no listener for port 9080',
    ],
    [
      'an HTTP port that has not got it',
      sample('tcp-port'),
      { port: 9080 },
      'the EnvoyFilter has not reached port 9080 of the proxy; the proxy serves HTTP on 7000 and 9080 and TCP on 3306',
    ],
    [
      'HTTP ports that have not got it',
      sample('tcp-port'),
      {},
      'the EnvoyFilter has not reached the proxy, or does not select the pod; the proxy serves HTTP on 7000 and 9080 and TCP on 3306',
    ],
    ['no listener at all', dumpOf(), {}, 'the EnvoyFilter has not reached the proxy, or does not select the pod'],
    [
      'no HTTP destination',
      dumpOf(active(outbound(443, [{ tcp: true }]))),
      { direction: 'outbound' },
      'the proxy knows no HTTP destination, only TCP on 443',
    ],
    [
      'no destination with the port',
      sample('both-directions'),
      { direction: 'outbound', port: 80 },
      'the proxy knows no destination with port 80; the proxy sends HTTP on 9080 and TCP on 443',
    ],
  ])('%s', (_, dump, over, text) => {
    expect(why(dump, over)).toBe(text);
  });

  describe('the filter beside which it is to stand', () => {
    const others = ['istio.stats', 'envoy.filters.http.router'];
    const dump = dumpOf(
      active(
        inbound([
          { port: 80, others },
          { port: 81, others: ['cors', 'router'] },
          { port: 82, tcp: true },
        ]),
      ),
    );
    const beside = (anchor: string): Partial<WantedFilter> => ({ insert: { place: 'after', filter: anchor } });

    test('is missing: said, with those that are there', () => {
      expect(why(dump, { ...beside('jwt'), port: 80 })).toBe(
        'it must be placed after jwt, but inbound there is no such HTTP filter, only istio.stats and envoy.filters.http.router',
      );
      expect(why(dump, beside('jwt'))).toMatch(/only istio\.stats, envoy\.filters\.http\.router, cors and router$/);
    });

    test('is on another port only', () => {
      expect(why(dump, { ...beside('cors'), port: 80 })).toMatch(/^it must be placed after cors, but/);
      expect(why(dump, { ...beside('cors'), port: 81 })).toMatch(/^the EnvoyFilter has not reached port 81/);
    });

    test.each<[string, Partial<WantedFilter>]>([
      ['is there', beside('istio.stats')],
      ['does not matter to the first of all', { insert: { place: 'first' } }],
      ['is looked for where there is no HTTP', { ...beside('jwt'), port: 82 }],
    ])('%s: another reason is told', (_, over) => {
      expect(why(dump, over)).not.toContain('it is to stand');
    });
  });

  describe('a gateway', () => {
    const open = dumpOf(active(outbound(8080, [{ wasm: [ours] }])), active(outbound(9000, [{ tcp: true }])));
    const asked = (over: Partial<WantedFilter> = {}): Partial<WantedFilter> => ({ direction: 'gateway', ...over });

    test('has the filter in what are outbound listeners for Envoy', () => {
      expect(inspectListeners(open, { ...filter, direction: 'gateway', port: 8080 })).toEqual(present);
      expect(inspectListeners(open, { ...filter, direction: 'gateway' })).toEqual(present);
    });

    test.each<[string, Partial<WantedFilter>, string]>([
      [dumpOf(), {}, 'no Gateway gives the proxy a port for HTTP'],
      [
        dumpOf(active(outbound(9000, [{ tcp: true }]))),
        {},
        'no Gateway gives the proxy a port for HTTP, only TCP on 9000',
      ],
      [
        open,
        { port: 80 },
        "no Gateway opens port 80 of the proxy (the container's port counts, not the Service's); the proxy serves HTTP on 8080 and TCP on 9000",
      ],
      [
        open,
        { file: '/other', insert: { place: 'after', filter: 'jwt' } },
        'the EnvoyFilter has not reached the proxy, or does not select the pod; the proxy serves HTTP on 8080 and TCP on 9000',
      ],
    ])('lacks it: %#', (dump, over, text) => {
      expect(why(dump, asked(over))).toBe(text);
    });
  });

  test('many ports are not all told', () => {
    const chains = Array.from({ length: 20 }, (_, at) => ({ port: 8_000 + at }));
    expect(why(dumpOf(active(inbound(chains))), { port: 80 })).toMatch(/HTTP on 8000, .+, 8007 and 12 more$/);
  });

  test('an answer that could not be read is told instead', () => {
    expect(why('pilot-agent: no', {})).toMatch(/^Envoy's listeners are not valid JSON \(.+\)$/);
  });
});
