import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../../../../src/cluster/objects.ts';
import { parseListeners } from '../../../../src/mesh/proxy/config-dump.ts';
import { expectPlaces, type Place, type WantedPlace } from '../../../../src/mesh/proxy/places.ts';
import { judgeReach } from '../../../../src/mesh/proxy/reach.ts';
import { type Redirection, readRedirection } from '../../../../src/mesh/template/redirection.ts';
import { must } from '../../builders.ts';

const USUAL: Readonly<Record<string, string>> = { '-m': 'REDIRECT', '-i': '*', '-x': '', '-b': '*', '-d': '15090' };
const redirection = (args: Readonly<Record<string, string>>): Redirection => {
  const pod: Pod = {
    metadata: { name: 'one' },
    spec: {
      initContainers: [{ name: 'istio-init', args: Object.entries({ ...USUAL, ...args }).flat() }],
      containers: [{ name: 'istio-proxy' }],
    },
  };
  return readRedirection(pod, {}) as Redirection;
};
const NONE = readRedirection(
  {
    metadata: { name: 'one', annotations: { 'sidecar.istio.io/interceptionMode': 'NONE' } },
    spec: { containers: [{ name: 'istio-proxy' }] },
  },
  { metadata: { annotations: { 'sidecar.istio.io/interceptionMode': 'NONE' } } },
);

const MANAGER = { typed_config: { '@type': 'x.HttpConnectionManager', http_filters: [{ name: 'router' }] } };
const http = (port?: number) => ({ filter_chain_match: { destination_port: port }, filters: [MANAGER] });
const inbound = (...ports: readonly number[]) => ({
  name: 'virtualInbound',
  active_state: { listener: { traffic_direction: 'INBOUND', filter_chains: ports.map(http) } },
});
const outbound = (port: number) => ({
  name: `0.0.0.0_${port}`,
  active_state: {
    listener: {
      traffic_direction: 'OUTBOUND',
      bind_to_port: false,
      address: { socket_address: { port_value: port } },
      filter_chains: [{ filters: [MANAGER] }],
    },
  },
});
/** An ingress listener of a Sidecar resource, as Istio 1.31 gives it in the interception mode NONE. */
const ingress = (port: number) => ({
  name: `0.0.0.0_${port}`,
  active_state: {
    listener: {
      traffic_direction: 'INBOUND',
      address: { socket_address: { port_value: port } },
      filter_chains: [http(port)],
    },
  },
});

/** Whether requests reach a filter that a proxy with these listeners is to get. */
const reach = (listeners: readonly object[], wanted: WantedPlace, told: Redirection | undefined) => {
  const seen = must(parseListeners(JSON.stringify({ configs: listeners })));
  return judgeReach(expectPlaces(seen, wanted), wanted, told);
};
const PAST = 'bypass the sidecar, because of the mesh-wide value';

describe('judgeReach', () => {
  test.each<[string, readonly object[], WantedPlace, Redirection | undefined, object]>([
    ['everything', [inbound(80)], { direction: 'inbound' }, redirection({}), { state: 'reached', notes: [] }],
    [
      'its only port excluded',
      [inbound(80)],
      { direction: 'inbound' },
      redirection({ '-d': '80' }),
      {
        state: 'unreached',
        why: `inbound requests to port 80 ${PAST} "80" of traffic.sidecar.istio.io/excludeInboundPorts`,
        remedy: expect.stringContaining('so that port 80 is captured'),
      },
    ],
    [
      'another port than its own excluded',
      [inbound(80, 81)],
      { direction: 'inbound', port: 81 },
      redirection({ '-d': '80' }),
      { state: 'reached', notes: [] },
    ],
    [
      'two of three ports excluded',
      [inbound(80, 81, 82)],
      { direction: 'inbound' },
      redirection({ '-d': '82,80' }),
      {
        state: 'reached',
        notes: [{ severity: 'warning', text: expect.stringContaining(`requests to ports 80 and 82 ${PAST}`) }],
      },
    ],
    [
      'a listener of its own needs no redirection',
      [ingress(8080)],
      { direction: 'inbound' },
      NONE,
      { state: 'reached', notes: [] },
    ],
    [
      'without redirection, and no listener for the port',
      [ingress(8080)],
      { direction: 'inbound', port: 80 },
      NONE,
      {
        state: 'unreached',
        why: expect.stringMatching(
          /^the sidecar gets inbound requests only at the ingress listeners of a Sidecar resource, because of the annotation sidecar\.istio\.io\/interceptionMode: "NONE", and none of them has HTTP on port 80$/,
        ),
      },
    ],
    [
      'both directions, one of them excluded',
      [inbound(80), outbound(80)],
      { direction: 'any' },
      redirection({ '-o': '80' }),
      {
        state: 'reached',
        notes: [
          { severity: 'warning', text: expect.stringMatching(/^inbound only: outbound requests to port 80 bypass/) },
        ],
      },
    ],
    [
      'both directions, one excluded, one not there',
      [outbound(80)],
      { direction: 'any', port: 80 },
      redirection({ '-o': '80' }),
      {
        state: 'unreached',
        why: expect.stringMatching(/^no Service names a port of its pods.*; outbound requests to/),
      },
    ],
    [
      'both directions, and the port is only one of others',
      [inbound(9080), outbound(80)],
      { direction: 'any', port: 80 },
      redirection({}),
      {
        state: 'reached',
        notes: [
          {
            severity: 'warning',
            text: expect.stringMatching(/^outbound only: no Service leads to port 80 of its pods/),
          },
        ],
      },
    ],
    [
      'some addresses',
      [outbound(80)],
      { direction: 'outbound' },
      redirection({ '-i': '10.0.0.0/8' }),
      {
        state: 'reached',
        notes: [{ severity: 'note', text: expect.stringContaining('only part of the outbound requests') }],
      },
    ],
    ['nothing tells', [inbound(80)], { direction: 'inbound' }, undefined, { state: 'reached', notes: [] }],
  ])('%s', (_case, listeners, wanted, told, expected) => {
    expect(reach(listeners, wanted, told)).toMatchObject(expected);
  });

  test('many ports are not all told', () => {
    const ports = Array.from({ length: 12 }, (_, index) => 80 + index);
    const found = reach([inbound(...ports)], { direction: 'inbound' }, redirection({ '-b': '' }));
    expect(found.state === 'unreached' && found.why).toContain(
      'ports 80, 81, 82, 83, 84, 85, 86, 87 and 4 more bypass',
    );
  });
});

test('expectPlaces tells each port of a side once, and of a side without HTTP what is there', () => {
  const seen = must(parseListeners(JSON.stringify({ configs: [inbound(80, 80, 81)] })));
  const place = (port: number): Place => ({ side: 'inbound', port, bound: false });
  expect(expectPlaces(seen, { direction: 'any' })).toEqual({
    places: [place(80), place(81)],
    missing: [{ state: 'absent', side: 'outbound', http: [], tcp: [] }],
  });
});
