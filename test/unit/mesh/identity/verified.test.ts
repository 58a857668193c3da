import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubernetesObject } from '../../../../src/cluster/objects.ts';
import { formatVerified, mergeVerified, parseVerified, verifiedKey } from '../../../../src/mesh/identity/verified.ts';

const configMap = (text?: string): KubernetesObject => ({
  metadata: { name: 'x', ...(text === undefined ? {} : { annotations: { 'deploy-wasm-filter/verified': text } }) },
});

test.each<[string | undefined, [string, string][]]>([
  [undefined, []],
  ['', []],
  ['\n\n', []],
  ['Deployment/reviews listener', [['Deployment/reviews', 'listener']]],
  [
    'Deployment/reviews listener\nStatefulSet/db ready\n',
    [
      ['Deployment/reviews', 'listener'],
      ['StatefulSet/db', 'ready'],
    ],
  ],
  ['Deployment/reviews', []],
  ['Deployment/reviews ', []],
  [' listener', []],
  [
    'Deployment/a stats\nnonsense\nDeployment/b ready',
    [
      ['Deployment/a', 'stats'],
      ['Deployment/b', 'ready'],
    ],
  ],
  ['Deployment/a ready\nDeployment/a listener', [['Deployment/a', 'listener']]],
])('%j is read as %j', (text, entries) => {
  expect([...parseVerified(configMap(text))]).toEqual(entries);
});

const workload = fc
  .tuple(fc.constantFrom('Deployment', 'StatefulSet', 'DaemonSet'), fc.constantFrom('a', 'b', 'c-d', 'e.f'))
  .map(([kind, name]) => `${kind}/${name}`);
const level = fc.constantFrom('listener', 'stats', 'ready');

test('what is written is read again, in one text for equal contents', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(workload, level)), (entries) => {
      const verified = new Map(entries);
      expect(new Map(parseVerified(configMap(formatVerified(verified))))).toEqual(verified);
      expect(formatVerified(new Map([...verified].reverse()))).toBe(formatVerified(verified));
    }),
  );
});

test('settings that were pushed are told from those of the revision that the pods carry', () => {
  const ref = { kind: 'Deployment', name: 'a' };
  expect(verifiedKey(ref, '0123456789', '0123456789')).toBe('Deployment/a');
  expect(verifiedKey(ref, '0123456789', 'abcdef0123')).toBe('Deployment/a@abcdef0123');
});

test('of each workload what was verified last stays', () => {
  const recorded = new Map([
    ['Deployment/a', 'listener'],
    ['Deployment/a@0123456789', 'stats'],
    ['Deployment/ab', 'ready'],
    ['StatefulSet/a', 'listener'],
  ]);
  expect([...mergeVerified(recorded, new Map([['Deployment/a@abcdef0123', 'listener']]))]).toEqual([
    ['Deployment/ab', 'ready'],
    ['StatefulSet/a', 'listener'],
    ['Deployment/a@abcdef0123', 'listener'],
  ]);
  expect([...mergeVerified(recorded, new Map())]).toEqual([...recorded]);
});

test('a record is read once, however many workloads are looked up in it', () => {
  const text = Array.from({ length: 50 }, (_, index) => `Deployment/w${index} listener`).join('\n');
  expect(parseVerified(configMap(text))).toBe(parseVerified(configMap(text)));
});
