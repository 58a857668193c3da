import { describe, expect, test } from '@jest/globals';
import { checkModule, type FilterModule, type ModuleSource } from '../../../../src/filter/module/module.ts';
import {
  checkConfigurations,
  chooseDelivery,
  type DeliveryRequest,
  isPulled,
} from '../../../../src/mesh/objects/delivery.ts';
import { messagesIn, must, PULLED, problemsIn, wasm } from '../../builders.ts';

const MAX = 1_048_576;
const FILE: ModuleSource = { kind: 'file', given: 'a.wasm' };
const IMAGE: ModuleSource = {
  kind: 'image',
  given: 'oci://registry.example/a:v1',
  pinned: PULLED.reference,
  istioCanPull: true,
  isImage: true,
};

function moduleOf(source: ModuleSource | undefined, size: number): FilterModule {
  const content = new Uint8Array(size);
  content.set(wasm());
  return { ...must(checkModule(content, 'a')), ...(source === undefined ? {} : { source }) };
}
const SHRINKING = { mode: 'auto', origin: 'filter "a"', written: {} } as const;
const requested = (delivery: DeliveryRequest['delivery']): DeliveryRequest => ({ delivery, phase: 'unspecified' });
const choose = (
  source: ModuleSource | undefined,
  size: number,
  delivery: DeliveryRequest['delivery'],
): ReturnType<typeof chooseDelivery> => chooseDelivery(moduleOf(source, size), requested(delivery), SHRINKING);

describe('for Gateways among the targets', () => {
  const among = (delivery: DeliveryRequest['delivery']): DeliveryRequest => ({
    ...requested(delivery),
    gateways: true,
  });

  test('an image that would fit is pulled, and why', () => {
    expect(must(chooseDelivery(moduleOf(IMAGE, 8), among('auto'), SHRINKING))).toMatchObject({
      image: { reference: PULLED.reference },
      why: 'a Gateway is among the targets, and nothing can be mounted into its pods',
    });
    expect(isPulled(moduleOf(IMAGE, 8), among('auto'))).toBe(true);
  });

  test.each([
    [FILE, 'auto'],
    [FILE, 'image'],
    [IMAGE, 'configmap'],
  ] as const)('%j with "delivery: %s" cannot get there', (source, delivery) => {
    expect(messagesIn(chooseDelivery(moduleOf(source, 8), among(delivery), SHRINKING))).toEqual([
      expect.stringMatching(/^names a Gateway\. .* they must pull it\. Give "filter: oci:.*"push-to"/),
    ]);
  });
});

describe('how a module is delivered', () => {
  test.each<[string, ModuleSource | undefined, number, DeliveryRequest['delivery'], object]>([
    ['a file is mounted', FILE, MAX, 'auto', {}],
    ['a module of unknown origin, too', undefined, 8, 'auto', {}],
    [
      'as is an image that fits',
      IMAGE,
      MAX,
      'auto',
      { why: 'the module fits into a ConfigMap, so pods start without the registry' },
    ],
    ['or that is asked to', IMAGE, MAX, 'configmap', {}],
    [
      'an image that does not fit is pulled',
      IMAGE,
      MAX + 1,
      'auto',
      { image: PULLED, why: 'the module is 1.00 MiB, and a ConfigMap holds 1 MiB' },
    ],
    ['and one that is asked to be', IMAGE, 8, 'image', { image: PULLED }],
  ])('%s', (_, source, size, delivery, chosen) => {
    expect(must(choose(source, size, delivery))).toEqual(chosen);
  });

  test('the Secret and the phase go along', () => {
    const chosen = chooseDelivery(
      moduleOf(IMAGE, 8),
      { delivery: 'image', pullSecret: 'regcred', phase: 'authz' },
      SHRINKING,
    );
    expect(must(chosen).image).toEqual({ reference: PULLED.reference, pullSecret: 'regcred', phase: 'authz' });
  });

  test.each<[string, ModuleSource | undefined, DeliveryRequest['delivery']]>([
    ['a file', FILE, 'auto'],
    ['a download', { kind: 'https', given: 'https://example.com/a.wasm' }, 'auto'],
    ['an image that shall be mounted', IMAGE, 'configmap'],
  ])('%s above the size of a ConfigMap has its ways out told, an image first', (_, source, delivery) => {
    expect(messagesIn(choose(source, MAX + 1, delivery))).toEqual([
      expect.stringMatching(/^is 1\.00 MiB \(1048577 bytes\); .+at most 1 MiB .+ Deliver it by image/),
    ]);
  });

  test('an artifact that istio-agent does not read is mounted, or refused', () => {
    const artifact: ModuleSource = { ...IMAGE, istioCanPull: false };
    expect(must(choose(artifact, 8, 'auto'))).toEqual({ why: expect.stringContaining('fits') });
    for (const chosen of [choose(artifact, 8, 'image'), choose(artifact, MAX + 1, 'auto')]) {
      expect(messagesIn(chosen)).toEqual([expect.stringContaining('istio-agent does not read')]);
    }
  });

  test('what the proxies pull is not to be shrunk: they get what the registry has', () => {
    const pulledAt = (size: number, delivery: DeliveryRequest['delivery'], source: ModuleSource = IMAGE): boolean =>
      isPulled(moduleOf(source, size), { delivery });
    expect([pulledAt(8, 'image'), pulledAt(MAX + 1, 'auto')]).toEqual([true, true]);
    expect([pulledAt(8, 'auto'), pulledAt(MAX + 1, 'configmap'), pulledAt(8, 'image', FILE)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test.each([FILE, undefined])('nobody can pull what is no image (%j)', (source) => {
    expect(problemsIn(choose(source, 8, 'image'))).toMatchObject([{ kind: 'input', subject: 'input "delivery"' }]);
  });
});

test('a configuration that a WasmPlugin cannot carry is named, and matters only to an image', () => {
  const configurations = [
    { subject: 'input "configuration"', text: '{"a":1}' },
    { subject: 'targets entry 2: configuration', text: 'x-a: 1' },
    { subject: 'targets entry 3: configuration', text: '[]' },
  ];
  expect(problemsIn(checkConfigurations({ image: PULLED }, configurations)).map(({ subject }) => subject)).toEqual([
    'targets entry 2: configuration',
    'targets entry 3: configuration',
  ]);
  expect(checkConfigurations({}, configurations).ok).toBe(true);
});
