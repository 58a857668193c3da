import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  describeEnvoy,
  describeProxies,
  formatProxyVersion,
  parseProxyVersion,
  proxyVersionOfImage,
} from '../../../../src/filter/compatibility/proxy-version.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('proxyVersionOfImage', () => {
  test.each<[string, string, number]>([
    ['docker.io/istio/proxyv2:1.31.0', '1.31.0', 39],
    ['istio/proxyv2:1.24.3-distroless', '1.24.3', 32],
    ['proxyv2:1.25.0', '1.25.0', 33],
    ['gcr.io/istio-testing/proxyv2:1.27-alpha.6f3b1c', '1.27', 35],
    ['gcr.io/istio-release/proxyv2:1.26.0-rc.1-distroless', '1.26.0', 34],
    ['gcr.io/gke-release/asm/proxyv2:1.20.8-asm.4', '1.20.8', 28],
    ['mirror.example:5000/team/istio/proxyv2:1.21.1', '1.21.1', 29],
    ['mirror.example/library/mirrored-istio-proxyv2:1.19.7', '1.19.7', 27],
    ['registry.example/proxyv2-ubi9:v1.28.2', '1.28.2', 36],
    [`registry.example:443/istio/proxyv2:1.18.2@${DIGEST}`, '1.18.2', 26],
    ['istio/proxyv2:1.9.0', '1.9.0', 17],
    ['registry.example/acs/proxyv2:v1.22.6.71-g9c8a', '1.22.6', 30],
    ['istio/proxyv2:1.33.0_custom', '1.33.0', 41],
  ])('%s', (image, istio, minor) => {
    expect(proxyVersionOfImage(image)).toEqual({ istio, envoy: { major: 1, minor } });
  });

  test.each([
    '',
    'auto',
    'istio/proxyv2',
    'istio/proxyv2:latest',
    'istio/proxyv2:master-20260101',
    `istio/proxyv2@${DIGEST}`,
    `mirror.example:5000/istio/proxyv2@${DIGEST}`,
    'mirror.example:5000/istio/proxyv2',
    'proxyv2.example:1.24.3/app',
    // OpenShift Service Mesh 2 counts its own versions.
    'registry.example/openshift-service-mesh/proxyv2-rhel8:2.5.1',
    'istio/pilot:1.24.3',
    'envoyproxy/envoy:v1.33.0',
    'istio/proxyv2:11.24.3',
    'istio/proxyv2:1.24x',
  ])('says nothing of %s', (image) => {
    expect(proxyVersionOfImage(image)).toBeUndefined();
  });

  test('takes any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `istio/proxyv2:1.${text}`),
        ),
        (image) => {
          const version = proxyVersionOfImage(image);
          if (version !== undefined) expect(version.istio).toMatch(/^1\.\d+(\.\d+)?$/);
        },
      ),
    );
  });
});

test('a minor version of Envoy is told with the Istio that has it', () => {
  expect(describeEnvoy(33)).toBe('Envoy 1.33 (Istio 1.25)');
});

test('each version is told once', () => {
  const images = ['istio/proxyv2:1.24.3', 'mirror.example/proxyv2:1.24.3-distroless', 'istio/proxyv2:1.31.0'];
  const proxies = images.map(proxyVersionOfImage).filter((version) => version !== undefined);
  expect(describeProxies(proxies)).toEqual(['Istio 1.24.3 (Envoy 1.32)', 'Istio 1.31.0 (Envoy 1.39)']);
});

test.each<[string, string[], string[]]>([
  ['versions in a row', ['1.28', '1.29', '1.30'], ['Istio 1.28 to 1.30 (Envoy 1.36 to 1.38)']],
  ['two are no row', ['1.28', '1.29'], ['Istio 1.28 (Envoy 1.36)', 'Istio 1.29 (Envoy 1.37)']],
  [
    'rows with a gap between them',
    ['1.20', '1.21', '1.22', '1.24'],
    ['Istio 1.20 to 1.22 (Envoy 1.28 to 1.30)', 'Istio 1.24 (Envoy 1.32)'],
  ],
  ['Envoys', ['envoy/1.36.2', 'envoy/1.37', 'envoy/1.38'], ['Envoy 1.36.2 to 1.38']],
  ['both', ['1.28', 'envoy/1.37.1', '1.30'], ['Istio 1.28 (Envoy 1.36)', 'Envoy 1.37.1', 'Istio 1.30 (Envoy 1.38)']],
])('%s', (_case, versions, words) => {
  expect(describeProxies(versions.flatMap((version) => parseProxyVersion(version) ?? []))).toEqual(words);
});

test('a version that was written is read again as it is told', () => {
  const version = fc.tuple(fc.constantFrom('', 'envoy/'), fc.nat(999), fc.option(fc.nat(9999), { nil: undefined }));
  fc.assert(
    fc.property(version, ([prefix, minor, patch]) => {
      const text = `${prefix}1.${minor}${patch === undefined ? '' : `.${patch}`}`;
      const proxy = parseProxyVersion(text);
      expect(proxy === undefined ? undefined : formatProxyVersion(proxy)).toBe(text);
    }),
  );
});
