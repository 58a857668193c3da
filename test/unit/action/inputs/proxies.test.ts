import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { KNOWN_PROXIES } from '../../../../src/filter/compatibility/known-proxies.ts';
import { formatProxyVersion } from '../../../../src/filter/compatibility/proxy-version.ts';
import { goodInputs, messagesOn } from './reading.ts';

const REMEDY =
  'Write versions of Istio, such as 1.28 or 1.28.3, or of Envoy, such as envoy/1.36.2, separated by commas or lines.';

test.each<[string, string[]]>([
  ['', []],
  ['1.28', ['1.28']],
  ['1.28, 1.31', ['1.28', '1.31']],
  ['1.31\n1.28.3\n', ['1.28.3', '1.31']],
  ['v1.28.3-distroless,1.28.3', ['1.28.3']],
  ['envoy/1.36.2 envoy/v1.36.1 envoy/1.35', ['envoy/1.35', 'envoy/1.36.1', 'envoy/1.36.2']],
  ['envoy/1.40,1.9', ['1.9', 'envoy/1.40']],
  ['1.99', ['1.99']],
])('%j', (proxies, names) => {
  expect(goodInputs({ command: 'check', proxies }).proxies.map(formatProxyVersion)).toEqual(names);
});

test.each<[string, string]>([
  ['1', 'has "1", which is not a proxy version.'],
  ['1.28, latest', 'has "latest", which is not a proxy version.'],
  ['2.6.1', 'has "2.6.1", which is not a proxy version.'],
  ['envoy/1', 'has "envoy/1", which is not a proxy version.'],
  [',', 'is ",", which names no version.'],
])('%j is no list of versions', (proxies, message) => {
  expect(messagesOn({ command: 'check', proxies })).toEqual([`input "proxies" ${message} ${REMEDY}`]);
});

test('more versions than a table can show are too many', () => {
  const proxies = Array.from({ length: 51 }, (_, index) => `1.28.${index}`).join(',');
  expect(messagesOn({ command: 'check', proxies })).toEqual([
    'input "proxies" names 51 versions. Name at most 50; one of each minor version is enough.',
  ]);
});

test('docs/inputs.md says which versions are known', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/inputs.md'), 'utf8');
  const [oldest, newest] = [KNOWN_PROXIES[0], KNOWN_PROXIES.at(-1)];
  const known = `Known are Envoy 1.${oldest?.envoy.minor} to 1.${newest?.envoy.minor} (Istio ${oldest?.istio} to ${newest?.istio})`;
  expect(page).toContain(known);
});
