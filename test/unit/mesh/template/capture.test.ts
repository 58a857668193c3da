import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Pod } from '../../../../src/cluster/objects.ts';
import {
  type Capture,
  captureInbound,
  captureOutbound,
  describeSetting,
} from '../../../../src/mesh/template/capture.ts';
import {
  mayBeConfiguredOtherwise,
  type Redirection,
  readRedirection,
} from '../../../../src/mesh/template/redirection.ts';

const TRAFFIC = 'traffic.sidecar.istio.io';
const MODE = 'sidecar.istio.io/interceptionMode';
type Annotations = Readonly<Record<string, string>>;

interface PodParts {
  readonly init?: 'istio-init' | 'istio-validation' | 'none';
  readonly args?: readonly string[];
  readonly annotations?: Annotations;
  readonly mode?: string;
  readonly proxy?: boolean;
}

/** A pod as Istio 1.31 injects it. */
function podOf({ init = 'istio-init', args = [], annotations = {}, mode = 'REDIRECT', proxy = true }: PodParts): Pod {
  const env = [{ name: 'ISTIO_META_INTERCEPTION_MODE', value: mode }];
  return {
    metadata: { name: 'one', annotations },
    spec: {
      initContainers: [
        ...(init === 'none' ? [] : [{ name: init, args: ['istio-iptables', '-p', '15001', ...args] }]),
        ...(proxy ? [{ name: 'istio-proxy', env }] : []),
      ],
      containers: [{ name: 'app' }],
    },
  };
}
const templateOf = (annotations: Annotations) => ({ metadata: { annotations } });
const USUAL = ['-m', 'REDIRECT', '-i', '*', '-x', '', '-b', '*', '-d', '15090,15021,15020'];

/** A redirection that was told these arguments, which end those that Istio gives unless told otherwise. */
const told = (...args: readonly string[]): Redirection => {
  const given = new Map<string, string>();
  for (const all = [...USUAL, ...args]; all.length > 0; ) given.set(all.shift() ?? '', all.shift() ?? '');
  const redirection = readRedirection(podOf({ args: [...given].flat() }), {});
  if (redirection === undefined) throw new Error('nothing was told');
  return redirection;
};
const short = (capture: Capture): string =>
  capture.state === 'captured' ? capture.state : `${capture.state}: ${capture.by.annotation.replace(/^.*\//, '')}`;

describe('captureInbound', () => {
  test.each<[string, readonly string[], number | undefined, string]>([
    ['everything', [], 9080, 'captured'],
    ['an excluded port', ['-d', '15090,15021,9080,15020'], 9080, 'not: excludeInboundPorts'],
    ['another excluded port', ['-d', '9081'], 9080, 'captured'],
    ['an excluded range as iptables writes it', ['-d', '9000:9100'], 9080, 'not: excludeInboundPorts'],
    ['an excluded range as nftables writes it', ['-d', '9000-9100'], 9080, 'not: excludeInboundPorts'],
    ['a port whose digits are part of an excluded one', ['-d', '19080,90800'], 9080, 'captured'],
    ['an excluded port after a space', ['-d', '80, 9080'], 9080, 'not: excludeInboundPorts'],
    ["the sidecar's own port", [], 15020, 'not: excludeInboundPorts'],
    ['an included port', ['-b', '8080,9080'], 9080, 'captured'],
    ['a port that is not included', ['-b', '8080'], 9080, 'not: includeInboundPorts'],
    ['an included port that is excluded, too: that counts only of all', ['-b', '9080', '-d', '9080'], 9080, 'captured'],
    ['no port included', ['-b', ''], 9080, 'not: includeInboundPorts'],
    ['ports that no Service names', [], undefined, 'captured'],
    ['ports that no Service names, of which some are included', ['-b', '8080'], undefined, 'captured'],
    ['ports that no Service names, and none is included', ['-b', ''], undefined, 'not: includeInboundPorts'],
    ['the interface of the pod', ['-c', 'eth0'], 9080, 'not: excludeInterfaces'],
    ['the interface of the pod among others', ['-c', 'net1,eth0'], 9080, 'not: excludeInterfaces'],
    ['another interface', ['-c', 'net1'], 9080, 'partly: excludeInterfaces'],
    ['outbound exclusions', ['-o', '9080', '-i', ''], 9080, 'captured'],
  ])('%s', (_case, args, port, expected) => {
    expect(short(captureInbound(told(...args), port))).toBe(expected);
  });
});

describe('captureOutbound', () => {
  test.each<[string, readonly string[], number | undefined, string]>([
    ['everything', [], 9080, 'captured'],
    ['an excluded port', ['-o', '9080'], 9080, 'not: excludeOutboundPorts'],
    ['an excluded port that is included, too', ['-o', '9080', '-q', '9080'], 9080, 'not: excludeOutboundPorts'],
    ['another excluded port', ['-o', '9081'], 9080, 'captured'],
    ['no range', ['-i', ''], 9080, 'not: includeOutboundIPRanges'],
    ['no range, but the port', ['-i', '', '-q', '9080'], 9080, 'captured'],
    ['no range, but another port', ['-i', '', '-q', '9081'], 9080, 'not: includeOutboundIPRanges'],
    [
      'no range, but a port, and no port is named',
      ['-i', '', '-q', '9081'],
      undefined,
      'partly: includeOutboundIPRanges',
    ],
    ['some ranges', ['-i', '10.0.0.0/8'], 9080, 'partly: includeOutboundIPRanges'],
    ['all as a range', ['-i', '0.0.0.0/0'], 9080, 'captured'],
    ['ranges that are excluded', ['-x', '10.0.0.0/8'], 9080, 'partly: excludeOutboundIPRanges'],
    ['every range excluded', ['-x', '0.0.0.0/0'], 9080, 'not: excludeOutboundIPRanges'],
    [
      'ranges that are excluded go before included ports',
      ['-x', '10.0.0.0/8', '-i', '', '-q', '9080'],
      9080,
      'partly: excludeOutboundIPRanges',
    ],
    ['the interface of the pod', ['-c', 'eth0'], 9080, 'not: excludeInterfaces'],
    ['inbound exclusions', ['-b', '', '-d', '9080'], 9080, 'captured'],
  ])('%s', (_case, args, port, expected) => {
    expect(short(captureOutbound(told(...args), port))).toBe(expected);
  });
});

test('including more never takes a port away, excluding more never brings one', () => {
  const ports = fc.uniqueArray(fc.integer({ min: 1, max: 20 }));
  const state = (one: Capture): boolean => one.state !== 'not';
  fc.assert(
    fc.property(ports, ports, fc.integer({ min: 1, max: 20 }), (some, more, port) => {
      const [few, many] = [some.join(','), [...some, ...more].join(',')];
      for (const [capture, include, exclude] of [
        [captureInbound, '-b', '-d'],
        [captureOutbound, '-q', '-o'],
      ] as const) {
        const none = include === '-q' ? ['-i', ''] : [];
        const included = [few, many].map((list) => state(capture(told(...none, include, list), port)));
        const excluded = [few, many].map((list) => state(capture(told(exclude, list), port)));
        expect(!included[0] || included[1]).toBe(true);
        expect(excluded[0] || !excluded[1]).toBe(true);
      }
    }),
  );
});

describe('readRedirection', () => {
  const EXCLUDED = { [`${TRAFFIC}/excludeInboundPorts`]: '9080' };

  test('with the CNI plugin the annotations count, not the arguments, and its own defaults', () => {
    const pod = podOf({ init: 'istio-validation', args: ['-b', '', '-d', ''], annotations: EXCLUDED });
    const redirection = readRedirection(pod, {}) as Redirection;
    expect(short(captureInbound(redirection, 9080))).toBe('not: excludeInboundPorts');
    expect(short(captureInbound(redirection, 9081))).toBe('captured');
    expect(short(captureOutbound(redirection, 80))).toBe('captured');
  });

  test.each<[string, PodParts, Annotations, string]>([
    [
      'the annotation of the template',
      { args: ['-b', '*', '-d', '15090,9080'], annotations: EXCLUDED },
      EXCLUDED,
      'the annotation traffic.sidecar.istio.io/excludeInboundPorts: "9080"',
    ],
    [
      'a mesh-wide value in the arguments',
      { args: ['-b', '*', '-d', '15090,9080'] },
      {},
      'the mesh-wide value "9080" of traffic.sidecar.istio.io/excludeInboundPorts',
    ],
    [
      'a mesh-wide value that the injector has written for the CNI plugin',
      { init: 'istio-validation', annotations: EXCLUDED },
      {},
      'the mesh-wide value "9080" of traffic.sidecar.istio.io/excludeInboundPorts',
    ],
    [
      'no redirection by an annotation',
      { init: 'none', annotations: { [MODE]: 'NONE' } },
      { [MODE]: 'NONE' },
      'the annotation sidecar.istio.io/interceptionMode: "NONE"',
    ],
    [
      'no redirection by the mesh',
      { init: 'none', mode: 'NONE' },
      {},
      'the mesh-wide value "NONE" of sidecar.istio.io/interceptionMode',
    ],
  ])('says where it comes from: %s', (_case, parts, template, expected) => {
    const capture = captureInbound(readRedirection(podOf(parts), templateOf(template)) as Redirection, 9080);
    expect(capture.state === 'not' && describeSetting(capture.by)).toBe(expected);
  });

  test('long flags, and values joined to them, are the same', () => {
    const pod = podOf({ args: ['--istio-inbound-ports=*', '--istio-local-exclude-ports', '9080'] });
    expect(short(captureInbound(readRedirection(pod, {}) as Redirection, 9080))).toBe('not: excludeInboundPorts');
  });

  test.each<[string, PodParts]>([
    ['a gateway, into which nothing is redirected', { init: 'none' }],
    ['a pod without a proxy', { proxy: false }],
  ])('nothing tells: %s', (_case, parts) => {
    expect(readRedirection(podOf(parts), {})).toBeUndefined();
  });

  test('a template that has changed since the pod was made may tell new ones otherwise', () => {
    const pod = podOf({ annotations: EXCLUDED });
    expect(mayBeConfiguredOtherwise(pod, templateOf(EXCLUDED))).toBe(false);
    expect(mayBeConfiguredOtherwise(pod, templateOf({ ...EXCLUDED, other: 'x' }))).toBe(false);
    expect(mayBeConfiguredOtherwise(pod, templateOf({ [`${TRAFFIC}/excludeInboundPorts`]: '' }))).toBe(true);
  });
});
