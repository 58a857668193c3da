import { describe, expect, test } from '@jest/globals';
import type { Pod, PodTemplate } from '../../../../src/cluster/objects.ts';
import {
  explainMissingMount,
  explainNoSidecar,
  explicitlyUninjected,
  mountsFilter,
} from '../../../../src/mesh/template/injection.ts';

type Map = Readonly<Record<string, string>>;

const template = (labels: Map, annotations: Map = {}, spec: NonNullable<PodTemplate['spec']> = {}): PodTemplate => ({
  metadata: { labels, annotations },
  spec,
});
const INJECT = 'sidecar.istio.io/inject';
const TEMPLATES = 'inject.istio.io/templates';
const proxy = (image: string): NonNullable<PodTemplate['spec']> => ({ containers: [{ name: 'istio-proxy', image }] });

/** Each was tried on Istio 1.31. */
describe('explicitlyUninjected', () => {
  test.each<[string, PodTemplate]>([
    ['an empty template', {}],
    ['a usual template', template({ app: 'a' })],
    ['the label "true"', template({ [INJECT]: 'true' })],
    ['the label "true", which outweighs the annotation', template({ [INJECT]: 'true' }, { [INJECT]: 'false' })],
    ['an annotation that says neither', template({}, { [INJECT]: 'no' })],
    ['the sidecar template', template({}, { [TEMPLATES]: 'sidecar' })],
    ['the sidecar template and one of the mesh', template({}, { [TEMPLATES]: 'sidecar, extra' })],
    ['settings for the container that Istio makes', template({}, {}, proxy('auto'))],
    ['an image for the container that Istio makes', template({}, {}, proxy('proxyv2:1'))],
  ])('lets %s pass', (_, given) => {
    expect(explicitlyUninjected(given)).toBeUndefined();
  });

  test.each<[string, PodTemplate, RegExp]>([
    ['the label "false"', template({ [INJECT]: 'false' }), /sidecar\.istio\.io\/inject: "false".+no sidecar/],
    ['the annotation "false"', template({}, { [INJECT]: 'false' }), /sidecar\.istio\.io\/inject: "false"/],
    ['hostNetwork', template({}, {}, { hostNetwork: true }), /hostNetwork/],
    ['the gateway template', template({}, { [TEMPLATES]: 'gateway' }), /template "gateway"/],
    ['gRPC without a proxy', template({}, { [TEMPLATES]: 'grpc-agent' }), /"grpc-agent".+no Envoy/],
    ['gRPC without an agent', template({}, { [TEMPLATES]: 'grpc-simple' }), /template "grpc-simple"/],
  ])('stops %s', (_, given, why) => {
    expect(explicitlyUninjected(given)).toMatch(why);
    // It ends a sentence that somebody else begins.
    expect(explicitlyUninjected(given)).not.toMatch(/\.$/);
  });
});

test('a gateway whose template mounts the filter, but not its pods', () => {
  const { message, remedy } = explainMissingMount(template({}, { [TEMPLATES]: 'gateway' }, proxy('auto')), 'f');
  expect(`${message}. ${remedy}`).toMatch(
    /do not mount the volume wasm-filter-f, although the pod template does\. .*webhook/,
  );
});

describe('what a gateway can run', () => {
  const gateway = template({}, { [TEMPLATES]: 'gateway' }, proxy('auto'));

  test('is what is for gateways, which nothing else can', () => {
    expect(explicitlyUninjected(gateway, ['gateway', 'gateway'])).toBeUndefined();
    expect(explicitlyUninjected(gateway)).toBeUndefined();
    const hosted = template({}, { [TEMPLATES]: 'gateway' }, { ...proxy('auto'), hostNetwork: true });
    expect(explicitlyUninjected(hosted, ['gateway'])).toMatch(/hostNetwork/);
    expect(explicitlyUninjected(gateway, ['gateway', 'inbound'])).toMatch(/gateway, where "direction: inbound"/);
    for (const other of [template({}), template({}, { [TEMPLATES]: 'gateway' }), template({}, {}, proxy('auto'))]) {
      expect(explicitlyUninjected(other, ['gateway'])).toMatch(/"direction: gateway" is for gateways/);
    }
  });
});

describe('explainNoSidecar', () => {
  test.each<[string, PodTemplate, Map | undefined, RegExp, RegExp]>([
    ['the pods opt out', template({ [INJECT]: 'false' }), { 'istio-injection': 'enabled' }, /"false"/, /target list/],
    ['hostNetwork', template({}, {}, { hostNetwork: true }), {}, /hostNetwork/, /target list/],
    ['ambient mode', template({}), { 'istio.io/dataplane-mode': 'ambient' }, /ambient/, /waypoint/],
    [
      'injection is off',
      template({}),
      { 'istio-injection': 'disabled' },
      /istio-injection=disabled/,
      /`kubectl label namespace shop istio-injection=enabled --overwrite`/,
    ],
    [
      'injection is not on',
      template({}),
      { team: 'a' },
      /no label that turns injection on/,
      /`kubectl label namespace shop istio-injection=enabled` .*istio\.io\/rev/,
    ],
    ['the pods ask for it themselves', template({ [INJECT]: 'true' }), {}, /no sidecar/, /istiod/],
    ['the pods ask for a revision themselves', template({ 'istio.io/rev': 'canary' }), {}, /no sidecar/, /istiod/],
    ['it should have been injected', template({}), { 'istio-injection': 'enabled' }, /no sidecar/, /istiod/],
    ['a revision should have been injected', template({}), { 'istio.io/rev': 'canary' }, /no sidecar/, /istiod/],
    ['the namespace cannot be read', template({}), undefined, /no sidecar/, /injection is on/],
  ])('%s', (_, given, labels, message, remedy) => {
    expect(explainNoSidecar(given, { name: 'shop', labels })).toEqual({
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  });

  test('pods that ask for injection are not told to label the namespace', () => {
    for (const labels of [{ [INJECT]: 'true' }, { 'istio.io/rev': 'canary' }]) {
      expect(explainNoSidecar(template(labels), { name: 'shop', labels: {} }).message).not.toContain(
        'namespace has no label',
      );
    }
  });
});

describe('mountsFilter', () => {
  const mount = { name: 'wasm-filter-f', mountPath: '/f' };
  const pod = (spec: Pod['spec']): Pod => ({ metadata: { name: 'p' }, ...(spec === undefined ? {} : { spec }) });

  test.each<[string, Pod['spec'], boolean]>([
    ['a sidecar', { containers: [{ name: 'istio-proxy', volumeMounts: [mount] }] }, true],
    ['a native sidecar', { initContainers: [{ name: 'istio-proxy', volumeMounts: [mount] }] }, true],
    [
      'a sidecar with other mounts',
      { containers: [{ name: 'istio-proxy', volumeMounts: [{ ...mount, name: 'x' }] }] },
      false,
    ],
    ['a sidecar without mounts', { containers: [{ name: 'istio-proxy' }] }, false],
    ['a mount in the app', { containers: [{ name: 'app', volumeMounts: [mount] }, { name: 'istio-proxy' }] }, false],
    [
      'another filter',
      { containers: [{ name: 'istio-proxy', volumeMounts: [{ ...mount, name: 'wasm-filter-f-2' }] }] },
      false,
    ],
    ['nothing', undefined, false],
  ])('%s: %s', (_, spec, mounted) => {
    expect(mountsFilter(pod(spec), 'f')).toBe(mounted);
  });
});

describe('explainMissingMount', () => {
  test('names the volume, or the templates that do not make it', () => {
    expect(explainMissingMount(template({}), 'f').message).toContain('wasm-filter-f');
    expect(explainMissingMount(template({}, { [TEMPLATES]: 'sidecar,mine' }), 'f').message).toContain('"sidecar,mine"');
  });
});
