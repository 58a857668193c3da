import { quoted } from '../../base/text.ts';
import { formatProxyVersion, type ProxyVersion, parseProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import type { InputReader } from './reader.ts';

/** More versions than this no mesh has, and no table shows. */
const MAX_VERSIONS = 50;

/** Returns the versions that the input names, each once, oldest first; what is none is added to `reader`. */
export function readProxies(reader: InputReader): ProxyVersion[] {
  const words = reader
    .text('proxies')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.length === 0 && reader.isSet('proxies')) {
    reader.wrong('proxies', `is ${quoted(reader.text('proxies'))}, which names no version.`, REMEDY);
  }
  const named = new Map<string, ProxyVersion>();
  for (const word of words.slice(0, MAX_VERSIONS)) {
    const proxy = parseProxyVersion(word);
    if (proxy === undefined) reader.wrong('proxies', `has ${quoted(word)}, which is not a proxy version.`, REMEDY);
    else named.set(formatProxyVersion(proxy), proxy);
  }
  if (words.length > MAX_VERSIONS) {
    reader.wrong(
      'proxies',
      `names ${words.length} versions.`,
      `Name at most ${MAX_VERSIONS}; one of each minor version is enough.`,
    );
  }
  return [...named.values()].sort(byAge);
}

const REMEDY =
  'Write versions of Istio, such as 1.28 or 1.28.3, or of Envoy, such as envoy/1.36.2, separated by commas or lines.';

function byAge({ envoy: one }: ProxyVersion, { envoy: other }: ProxyVersion): number {
  return one.major - other.major || one.minor - other.minor || (one.patch ?? 0) - (other.patch ?? 0);
}
