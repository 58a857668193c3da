import { describe, expect, test } from '@jest/globals';
import { volumeName } from '../../../../src/mesh/identity/names.ts';
import { describeReason, findReasonFor } from '../../../../src/mesh/proxy/envoy-log.ts';
import {
  carriedFilters,
  filterResourceOfRefused,
  isOneOf,
  refusedIn,
} from '../../../../src/mesh/proxy/refused-filter.ts';
import { code, envoyFilter, insertion } from '../unmanaged/unmanaged.ts';

/** Lines as a proxy of Istio 1.31 (Envoy 1.40) wrote them. */
const rejected = (why: string): string =>
  `2026-01-02T03:04:05.678901Z\twarning\tenvoy config external/x.cc:1\tlds: listener 'virtualInbound' config rejected: ${why}\tthread=20`;
const FOREIGN = rejected('Invalid path: /etc/nope/waf.wasm');
const OWN = [{ name: 'add-header', folder: '/var/wasm/add-header' }];

test.each([
  ['Invalid path: /etc/nope/waf.wasm', ['/etc/nope/waf.wasm']],
  [
    'Error adding/updating listener(s) virtualInbound: Invalid path: /a/b.wasm\nvirtualOutbound: Invalid path: /a/b.wasm.',
    ['/a/b.wasm'],
  ],
  ['Unable to create Wasm plugin waf', ['waf']],
  ['Unable to create Wasm HTTP filter waf', ['waf']],
  ['Proto constraint validation failed', []],
])('%s names %j', (words, named) => {
  expect(refusedIn(words)).toEqual(named);
});

test.each([
  ['add-header', true],
  ['waf', false],
  ['/var/wasm/add-header/add-header-0123456789.wasm', true],
  ['/var/wasm/add-header/inner/waf.wasm', false],
  ['/etc/nope/waf.wasm', false],
])('%s is ours: %s', (refused, ours) => {
  expect(isOneOf(refused, OWN)).toBe(ours);
});

test('an EnvoyFilter is found by the file or the name that it inserts, not by what it stands beside', () => {
  const waf = envoyFilter(
    [insertion({ name: 'waf-1', configName: 'waf', code: code.file('/etc/nope/waf.wasm') })],
    'waf',
  );
  const beside = envoyFilter(
    [insertion({ name: 'other', anchor: 'waf', code: code.file('/etc/other.wasm') })],
    'beside',
  );
  const found = (refused: string): string | undefined => filterResourceOfRefused(refused, [beside, waf]);
  expect(found('/etc/nope/waf.wasm')).toBe('EnvoyFilter shop/waf');
  expect(found('waf')).toBe('EnvoyFilter shop/waf');
  expect(found('/etc/nope')).toBeUndefined();
});

describe('why Envoy rejects its listeners', () => {
  test('a filter of others is not ours', () => {
    const reason = findReasonFor(FOREIGN, OWN);
    expect(reason).toMatchObject({
      reason: 'Invalid path: /etc/nope/waf.wasm',
      remedy: expect.stringMatching(
        /^Correct or delete what inserts \/etc\/nope\/waf\.wasm.*with or without this run\.$/,
      ),
      foreign: { refused: '/etc/nope/waf.wasm', ours: ['add-header'] },
    });
    expect(reason && describeReason(reason)).toBe(
      'Envoy rejects another filter, not add-header: Invalid path: /etc/nope/waf.wasm',
    );
  });

  test.each([
    ['alone', rejected('Unable to create Wasm plugin add-header')],
    ['beside one of others', `${FOREIGN}\n${rejected('Unable to create Wasm plugin add-header')}`],
  ])('ours is ours, %s', (_, lines) => {
    const reason = findReasonFor(`Wasm VM failed Failed to configure base Wasm plugin\n${lines}`, OWN);
    expect(reason).toMatchObject({ reason: 'Failed to configure base Wasm plugin' });
    expect(reason?.foreign).toBeUndefined();
  });

  test('what names nobody counts as ours', () => {
    expect(findReasonFor('Failed to load Wasm bytecode', OWN)?.foreign).toBeUndefined();
  });

  test('a plugin of others, which comes apart from the listener, keeps no pod from becoming ready', () => {
    expect(findReasonFor('ecds: config rejected: Unable to create Wasm plugin shop.waf', OWN)).toBeUndefined();
  });
});

describe('a filter of this action that the pod carries', () => {
  const mounts = { auth: { mountPath: '/var/wasm/auth' }, 'add-header': { mountPath: '/var/wasm/add-header' } };
  const pod = {
    metadata: {
      labels: {
        app: 'reviews',
        'deploy-wasm-filter/auth': '0123456789',
        'deploy-wasm-filter/add-header': 'aaaaaaaaaa',
      },
      annotations: {
        'sidecar.istio.io/userVolumeMount': JSON.stringify(
          Object.fromEntries(Object.entries(mounts).map(([filter, mount]) => [volumeName(filter), mount])),
        ),
      },
    },
  };
  const carried = carriedFilters('shop', pod);
  const reason = (words: string, own: Parameters<typeof findReasonFor>[1]): ReturnType<typeof findReasonFor> =>
    findReasonFor(`Failed to load Wasm bytecode\n${rejected(words)}`, own, carried);

  test.each([
    ['its name', 'Unable to create Wasm plugin auth', 'Failed to load Wasm bytecode'],
    ['its file', 'Invalid path: /var/wasm/auth/auth-0123456789.wasm', 'Failed to load Wasm bytecode'],
  ])('and that was not asked for is told by %s, and is what is to be repaired', (_, words, why) => {
    const found = reason(words, OWN);
    expect(found?.foreign?.sibling).toEqual({ filter: 'auth', revision: '0123456789' });
    expect(found?.remedy).toMatch(/^Deploy auth .* or remove it\./);
    expect(found && describeReason(found)).toBe(
      `Envoy rejects another filter of this action (auth 0123456789), not add-header: ${why}`,
    );
  });

  test.each([
    ['by its name', 'Unable to create Wasm plugin add-header'],
    [
      'by its file, though only its name was asked for',
      'Invalid path: /var/wasm/add-header/add-header-aaaaaaaaaa.wasm',
    ],
  ])('and that was asked for is ours, %s', (_, words) => {
    const found = reason(words, [{ name: 'add-header' }]);
    expect(found).toBeDefined();
    expect(found?.foreign).toBeUndefined();
  });

  test('is not what somebody else inserts', () => {
    expect(reason('Invalid path: /etc/nope/waf.wasm', OWN)?.foreign).toEqual({
      refused: '/etc/nope/waf.wasm',
      ours: ['add-header'],
    });
  });
});
