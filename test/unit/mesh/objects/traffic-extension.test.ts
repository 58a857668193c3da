import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../../../src/base/json.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import { gatewayPodRevision } from '../../../../src/mesh/gateway/plugin.ts';
import { isSameFilterResource, renderFilterResource } from '../../../../src/mesh/objects/filter-resource.ts';
import {
  fromStored,
  fromTrafficExtension,
  toStored,
  toTrafficExtension,
} from '../../../../src/mesh/objects/traffic-extension.ts';
import { renderWasmPlugin, type WasmPlugin } from '../../../../src/mesh/objects/wasm-plugin.ts';
import { PULLED, pulledRevision, revision } from '../../builders.ts';

/** Any settings of a filter with an image. */
const anySettings: fc.Arbitrary<Partial<FilterSettings>> = fc.record({
  rootId: fc.string(),
  configuration: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean())).map((value) => JSON.stringify(value)),
  direction: fc.constantFrom('inbound', 'outbound', 'any', 'gateway'),
  failPolicy: fc.constantFrom('closed', 'open', 'reload'),
  order: fc.integer({ min: -100, max: 100 }),
  environment: fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
  image: fc.record(
    {
      reference: fc.string(),
      pullSecret: fc.string({ minLength: 1 }),
      phase: fc.constantFrom('unspecified', 'authn', 'authz', 'stats'),
    },
    { requiredKeys: ['reference', 'phase'] },
  ),
});

test('has what is about the module in a field of its own, as istiod translates a WasmPlugin', () => {
  const ours = pulledRevision('add-header', {
    image: { ...PULLED, pullSecret: 'regcred', phase: 'authn' },
    direction: 'outbound',
    port: 8080,
    failPolicy: 'open',
    order: 3,
    environment: { MODE: 'x' },
  });
  const plugin = renderWasmPlugin(ours, 'shop', 'TrafficExtension');
  expect(toStored(plugin)).toEqual({
    kind: 'TrafficExtension',
    metadata: plugin.metadata,
    spec: {
      selector: { matchLabels: { 'deploy-wasm-filter/add-header': ours.id } },
      phase: 'AUTHN',
      priority: -3,
      match: [{ mode: 'CLIENT', ports: [{ number: 8080 }] }],
      wasm: {
        url: `oci://${PULLED.reference}`,
        imagePullPolicy: 'IfNotPresent',
        imagePullSecret: 'regcred',
        pluginName: 'root',
        pluginConfig: { header: 'x-wasm' },
        failStrategy: 'FAIL_OPEN',
        vmConfig: { env: [{ name: 'MODE', value: 'x' }] },
      },
    },
  });
});

test('the translation has a way back, whatever we render for pods or for a Gateway', () => {
  fc.assert(
    fc.property(anySettings, (over) => {
      const ours = pulledRevision('add-header', over);
      for (const spec of [renderWasmPlugin(ours, 'shop').spec, gatewayPodRevision(ours, 'web').plugin ?? {}]) {
        const translated = toTrafficExtension(spec);
        expect(Object.keys(translated).filter((field) => field === 'url' || field === 'failStrategy')).toEqual([]);
        expect(fromTrafficExtension(translated)).toEqual(spec);
        expect(toTrafficExtension(fromTrafficExtension(translated))).toEqual(translated);
      }
    }),
  );
});

describe('the form in which a cluster keeps a filter resource', () => {
  const ours = pulledRevision();

  test.each([
    ['a WasmPlugin', renderFilterResource(ours, 'shop')],
    ['an EnvoyFilter', renderFilterResource(revision(), 'shop')],
  ])('is that of %s itself', (_, filterResource) => {
    expect(toStored(filterResource)).toBe(filterResource);
  });

  test('is read as the WasmPlugin of the same content', () => {
    const wanted = renderWasmPlugin(ours, 'shop', 'TrafficExtension');
    expect(isSameFilterResource(fromStored(toStored(wanted)), wanted)).toBe(true);
    expect(isSameFilterResource(renderWasmPlugin(ours, 'shop'), wanted)).toBe(false);
    const plain = renderWasmPlugin(ours, 'shop');
    expect(fromStored(plain)).toBe(plain);
  });

  test.each<[string, Readonly<Record<string, Json>>]>([
    ['a script in place of the module', { lua: { inlineCode: 'x' } }],
    ['a field of the module at the top', { url: 'oci://registry.example/a' }],
    ['no module at all', {}],
    ['a module that is none', { wasm: 'x' }],
  ])('with %s is not what we wanted', (_, spec) => {
    const wanted = renderWasmPlugin(ours, 'shop', 'TrafficExtension');
    const kept: WasmPlugin = { ...wanted, spec };
    expect(isSameFilterResource(fromStored(kept), wanted)).toBe(false);
  });
});
