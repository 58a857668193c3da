import { parseIpAddress, parseIpRange, samePrefix } from './ip-address.ts';

/** The default ports of URLs. */
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const LOOPBACK = '127.0.0.0/8';

/**
 * Whether NO_PROXY has a URL's host reached without a proxy, by the rules of Go's clients, hence kubectl's
 * (golang.org/x/net/http/httpproxy): names with or without a leading dot or `*.`, addresses, CIDR ranges, each of the first two
 * with or without a port, `*` for everything. Loopback addresses and `localhost` never go to a proxy.
 */
export function bypassesProxy(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (PORTS[url.protocol] ?? '');
  if (host === 'localhost' || host === '::1' || isInRange(host, LOOPBACK)) return true;
  const entries = noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  return entries.some((entry) => entry === '*' || isInRange(host, entry) || matches(entry, host, port));
}

function isInRange(host: string, entry: string): boolean {
  const range = parseIpRange(entry);
  const address = parseIpAddress(host);
  return range !== undefined && address !== undefined && samePrefix(address, range.network, range.bits);
}

function matches(entry: string, host: string, port: string): boolean {
  const [name, wantedPort] = splitPort(entry);
  if (name === '' || (wantedPort !== '' && wantedPort !== port)) return false;
  const wanted = parseIpAddress(name);
  const address = parseIpAddress(host);
  if (wanted !== undefined || address !== undefined) {
    return wanted !== undefined && address !== undefined && samePrefix(wanted, address);
  }
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  // A leading dot leaves out the name itself.
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(entry: string): [name: string, port: string] {
  if (parseIpAddress(entry) !== undefined) return [entry, ''];
  const end = entry.lastIndexOf(']');
  const colon = entry.lastIndexOf(':');
  if (entry.startsWith('[') && end > 0) return [entry.slice(1, end), colon > end ? entry.slice(colon + 1) : ''];
  return colon < 0 ? [entry, ''] : [entry.slice(0, colon), entry.slice(colon + 1)];
}
