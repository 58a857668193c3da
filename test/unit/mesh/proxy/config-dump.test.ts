import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseListeners } from '../../../../src/mesh/proxy/config-dump.ts';
import { must, problemsIn } from '../../builders.ts';

/** Answers of Envoy 1.40 under Istio 1.31, without what is not looked at. */
const sample = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../../fixtures/config-dump/${name}.json`), 'utf8');

describe('parseListeners on what a proxy said', () => {
  test('directions, ports and HTTP of its chains', () => {
    const listeners = must(parseListeners(sample('both-directions')));
    const seen = listeners.map(({ name, direction, active }) => [
      name,
      direction,
      [...new Set(active.map(({ port, http }) => `${port ?? 'rest'} ${http ? 'HTTP' : 'TCP'}`))],
    ]);
    expect(seen).toEqual([
      ['10.96.0.1_443', 'outbound', ['443 TCP']],
      ['0.0.0.0_9080', 'outbound', ['9080 HTTP', '9080 TCP']],
      // Its chain for port 15001, and the one for what no other listener takes.
      ['virtualOutbound', 'outbound', ['rest TCP']],
      ['virtualInbound', 'inbound', ['rest TCP', 'rest HTTP', '3306 TCP', '7000 HTTP', '7000 TCP', '9080 HTTP']],
    ]);
  });

  test('what takes traffic that is not encrypted, and what needs no redirection', () => {
    const [permissive] = must(parseListeners(sample('refused-push'))).filter(({ name }) => name === 'virtualInbound');
    expect(permissive?.bound).toBe(false);
    const chain = (port: number, transport: string) => ({
      filter_chain_match: { destination_port: port, transport_protocol: transport },
      filters: [],
    });
    const chains = [chain(80, 'tls'), chain(80, 'raw_buffer'), chain(81, 'tls'), chain(15_006, 'raw_buffer')];
    const listeners = [
      { name: 'virtualInbound', traffic_direction: 'INBOUND', filter_chains: chains },
      { name: '0.0.0.0_8080', traffic_direction: 'INBOUND', filter_chains: [chain(8080, 'raw_buffer')] },
      { name: '0.0.0.0_80', traffic_direction: 'OUTBOUND', bind_to_port: false },
      { name: '127.0.0.1_80', traffic_direction: 'OUTBOUND' },
    ];
    const configs = listeners.map((listener) => ({ name: listener.name, active_state: { listener } }));
    const seen = must(parseListeners(JSON.stringify({ configs })));
    expect(seen.map(({ name, bound }) => [name, bound])).toEqual([
      ['virtualInbound', false],
      ['0.0.0.0_8080', true],
      ['0.0.0.0_80', false],
      ['127.0.0.1_80', true],
    ]);
    expect(seen[0]?.active.map(({ plaintext }) => plaintext)).toEqual([false, true, false, false]);
  });

  test('the module and configuration of its Wasm filters', () => {
    const [listener] = must(parseListeners(sample('one-port')));
    const module = {
      file: expect.stringMatching(/\/add-header-[0-9a-f]{10}\.wasm$/),
      settings: { rootId: 'add_header', vmId: 'add-header', configuration: 'x-lst: one', failPolicy: 'closed' },
    };
    const found = listener?.active.filter(({ wasm }) => wasm.length > 0) ?? [];
    expect(found.length).toBeGreaterThan(0);
    for (const chain of found) expect(chain).toMatchObject({ port: 9080, http: true, wasm: [module] });
  });

  test('a listener that was never accepted is empty and refused, also where Envoy leaves out its name', () => {
    const listeners = must(parseListeners(sample('refused-start')));
    expect(listeners).toHaveLength(2);
    for (const listener of listeners) {
      expect(listener).toMatchObject({ name: 'virtualInbound', direction: 'inbound', active: [] });
      expect(listener.refused?.details).toBe('Unable to create Wasm plugin add-header');
      expect(listener.refused?.chains.some(({ wasm }) => wasm.length > 0)).toBe(true);
    }
  });
});

describe('parseListeners on other answers', () => {
  test('everything at once has the listeners one level deeper', () => {
    const { configs } = JSON.parse(sample('both-directions'));
    const everything = { configs: [{ '@type': 'BootstrapConfigDump' }, { dynamic_listeners: configs }] };
    const names = must(parseListeners(JSON.stringify(everything))).map(({ name }) => name);
    expect(names.filter((name) => name !== '')).toEqual(configs.map(({ name }: { name: string }) => name));
  });

  test.each<[string, unknown, string | undefined]>([
    ['a text', { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'a: b' }, 'a: b'],
    ['an empty text', { '@type': 'type.googleapis.com/google.protobuf.StringValue' }, ''],
    ['none', undefined, ''],
    ['an object', { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { a: 'b' } }, undefined],
    ['bytes', { '@type': 'type.googleapis.com/google.protobuf.BytesValue', value: 'YTogYg==' }, undefined],
  ])('a configuration that is %s', (_, configuration, read) => {
    const config = { vm_config: { code: { local: { filename: '/f.wasm' } } }, configuration };
    const typed = {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      http_filters: [{ name: 'f', typed_config: { config } }, { name: 'envoy.filters.http.router' }],
    };
    const listener = { name: '0.0.0.0_80', filter_chains: [{ filters: [{ typed_config: typed }] }] };
    const dump = JSON.stringify({ configs: [{ name: '0.0.0.0_80', active_state: { listener } }] });
    expect(must(parseListeners(dump))[0]?.active).toEqual([
      {
        port: undefined,
        http: true,
        plaintext: true,
        httpFilters: ['f', 'envoy.filters.http.router'],
        wasm: [
          {
            file: '/f.wasm',
            position: 0,
            settings: { rootId: '', vmId: '', configuration: read, failPolicy: 'closed' },
          },
        ],
        plugins: [],
      },
    ]);
  });

  test.each([
    ['', /not valid JSON/],
    ['Error: could not reach Envoy', /not valid JSON/],
    ['[]', /no listeners/],
    ['{"configs":{}}', /no listeners/],
  ])('%j is told', (dump, why) => {
    const [problem] = problemsIn(parseListeners(dump));
    expect(problem).toMatchObject({ kind: 'verification', message: expect.stringMatching(why) });
  });

  test('no answer makes it throw', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"configs":[${json}]}`),
    );
    fc.assert(
      fc.property(anything, (dump) => {
        expect(typeof parseListeners(dump).ok).toBe('boolean');
      }),
    );
  });

  test('a part of unknown shape does not hide the rest', () => {
    const configs = JSON.parse(sample('one-port')).configs as readonly unknown[];
    const whole = must(parseListeners(sample('one-port')));
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (strange) => {
        const listeners = must(parseListeners(JSON.stringify({ configs: [...strange, ...configs] })));
        expect(listeners.slice(-1)).toEqual(whole);
      }),
    );
  });
});
