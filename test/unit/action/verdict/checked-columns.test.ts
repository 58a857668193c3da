import { describe, expect, test } from '@jest/globals';
import { columnsOf, proxiesWith, versionWords } from '../../../../src/action/verdict/checked-columns.ts';
import { parseProxyVersion } from '../../../../src/filter/compatibility/proxy-version.ts';
import { found } from '../scenarios-check.ts';

test.each<[string, string]>([
  ['1.28', 'Istio 1.28'],
  ['1.28.3', 'Istio 1.28.3'],
  ['1.28 1.29', 'Istio 1.28, 1.29'],
  ['1.28 1.29 1.30', 'Istio 1.28 – 1.30'],
  ['1.24 1.28 1.29 1.30 1.32', 'Istio 1.24, 1.28 – 1.30, 1.32'],
  ['envoy/1.36.2', 'Envoy 1.36.2'],
  ['1.28 envoy/1.36.2 envoy/1.37 envoy/1.38 1.31', 'Istio 1.28, Envoy 1.36.2 – 1.38, Istio 1.31'],
  ['1.10 1.12 1.14 1.16 1.18', 'Istio 1.10, 1.12, 1.14, 1.16 and 1 more'],
])('%s is said as %s', (versions, words) => {
  expect(versionWords(versions.split(' ').flatMap((word) => parseProxyVersion(word) ?? []))).toBe(words);
});

describe('columns', () => {
  const titles = (...of: Parameters<typeof found>): string[] =>
    columnsOf(found(...of)).map(({ proxies }) => versionWords(proxies));

  test('are one where nothing differs', () => {
    expect(titles({ a: {}, b: { trial: () => 'failed' } })).toEqual(['Istio 1.9 – 1.32']);
  });

  test('part wherever a check of any filter changes', () => {
    const a = { 'host-functions': (envoy: number) => (envoy < 33 ? 'failed' : 'passed') } as const;
    const b = { settings: (envoy: number) => (envoy < 35 ? 'failed' : 'passed') } as const;
    expect(titles({ a, b })).toEqual(['Istio 1.9 – 1.24', 'Istio 1.25, 1.26', 'Istio 1.27 – 1.32']);
    expect(titles({ a }, ['1.20', '1.24', '1.28'])).toEqual(['Istio 1.20, 1.24', 'Istio 1.28']);
  });

  test('part where the tables end', () => {
    expect(titles({ a: {} }, ['1.31', '1.32', '1.33'])).toEqual(['Istio 1.31, 1.32', 'Istio 1.33']);
  });
});

test('a filter fails for the versions for which one of its checks does', () => {
  const all = found({ a: { trial: (envoy) => (envoy === 36 ? 'failed' : 'warned') } }, ['1.28', '1.30']);
  const [filter] = all.filters;
  if (filter === undefined) throw new Error('No filter');
  expect(proxiesWith(all, filter, 'failed').map(({ name }) => name)).toEqual(['1.28']);
  expect(proxiesWith(all, filter, 'warned').map(({ name }) => name)).toEqual(['1.30']);
});
