import { type IpAddress, parseIpAddress, parseIpRange, samePrefix } from './ip-address.ts';

/**
 * What kinds of addresses there are, from the outside in. `loopback` is this machine, `reserved` what no server has, and `link-local`
 * the neighbours of a machine, metadata services of clouds among them, which hand out credentials to whoever asks.
 */
export const NETWORK_KINDS = ['public', 'private', 'loopback', 'reserved', 'link-local'] as const;
export type NetworkKind = (typeof NETWORK_KINDS)[number];

/**
 * A range, its kind and where that is laid down; `ipv4At` is the byte at which an IPv4 address is embedded, to which routers may
 * translate: such an address is of the inner kind of both.
 */
type Row = readonly [range: string, kind: NetworkKind, source: string, ipv4At?: number];

/**
 * The first range that an address is in says its kind. Sources are in the registries of IANA
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry), and the metadata services in the
 * documents of their clouds.
 */
const NETWORKS: readonly Row[] = [
  ['0.0.0.0/8', 'loopback', 'RFC 1122, 3.2.1.3: this host; a connection to it comes to this machine'],
  ['10.0.0.0/8', 'private', 'RFC 1918'],
  ['100.100.100.200/32', 'link-local', 'metadata of Alibaba Cloud'],
  ['100.64.0.0/10', 'private', 'RFC 6598: shared by the customers of a carrier; overlay networks'],
  ['127.0.0.0/8', 'loopback', 'RFC 1122, 3.2.1.3'],
  ['168.63.129.16/32', 'link-local', 'the host of a machine of Azure'],
  ['169.254.0.0/16', 'link-local', 'RFC 3927; metadata of AWS, Azure, Google Cloud and others'],
  ['172.16.0.0/12', 'private', 'RFC 1918'],
  ['192.0.0.192/32', 'link-local', 'metadata of Oracle Cloud'],
  ['192.0.0.0/24', 'reserved', 'RFC 6890: protocol assignments'],
  ['192.0.2.0/24', 'reserved', 'RFC 5737: documentation'],
  ['192.88.99.0/24', 'reserved', 'RFC 7526: relays of 6to4, given up'],
  ['192.168.0.0/16', 'private', 'RFC 1918'],
  ['198.18.0.0/15', 'private', 'RFC 2544: benchmarks; what local resolvers of tunnels make up'],
  ['198.51.100.0/24', 'reserved', 'RFC 5737: documentation'],
  ['203.0.113.0/24', 'reserved', 'RFC 5737: documentation'],
  ['224.0.0.0/4', 'reserved', 'RFC 5771: multicast'],
  ['240.240.0.0/16', 'private', "what the DNS proxy of Istio's agent makes up for a ServiceEntry"],
  ['240.0.0.0/4', 'reserved', 'RFC 1112, 4; RFC 919: broadcast'],
  ['0.0.0.0/0', 'public', 'all other addresses of IPv4'],
  ['::/128', 'loopback', 'RFC 4291, 2.5.2: unspecified; a connection to it comes to this machine'],
  ['::1/128', 'loopback', 'RFC 4291, 2.5.3'],
  ['::/96', 'reserved', 'RFC 4291, 2.5.5.1: IPv4-compatible, given up', 12],
  ['64:ff9b::/96', 'public', 'RFC 6052: NAT64', 12],
  ['64:ff9b:1::/48', 'private', 'RFC 8215: NAT64 of a local network', 12],
  ['2001:2::/48', 'private', "RFC 5180: benchmarks; what the DNS proxy of Istio's agent makes up"],
  ['2001::/23', 'reserved', 'RFC 2928: protocol assignments, Teredo (RFC 4380) among them'],
  ['2001:db8::/32', 'reserved', 'RFC 3849: documentation'],
  ['2002::/16', 'public', 'RFC 3056: 6to4', 2],
  ['3fff::/20', 'reserved', 'RFC 9637: documentation'],
  ['2000::/3', 'public', 'RFC 4291, 2.4: what of global unicast is handed out'],
  ['fd00:ec2::/32', 'link-local', 'metadata and identities of AWS'],
  ['fd00:c1::a9fe:a9fe/128', 'link-local', 'metadata of Oracle Cloud'],
  ['fd20:ce::254/128', 'link-local', 'metadata of Google Cloud'],
  ['fc00::/7', 'private', 'RFC 4193'],
  ['fe80::/10', 'link-local', 'RFC 4291, 2.5.6'],
  ['fec0::/10', 'private', 'RFC 3879: site-local, given up'],
  ['::/0', 'reserved', 'multicast (RFC 4291, 2.7), discard-only (RFC 6666), SRv6 (RFC 9602) and what nobody has'],
];

const RANGES = NETWORKS.map(([range, kind, , ipv4At]) => {
  const parsed = parseIpRange(range);
  if (parsed === undefined) throw new Error(`${range} is not a range`);
  return { ...parsed, kind, ipv4At };
});

/** The kind of an address. */
export function networkKind(address: IpAddress): NetworkKind {
  const found = RANGES.find(({ network, bits }) => samePrefix(address, network, bits));
  if (found === undefined) return 'reserved';
  const { kind, ipv4At } = found;
  if (ipv4At === undefined) return kind;
  const inner = networkKind(Uint8Array.from([...MAPPED, ...address.subarray(ipv4At, ipv4At + 4)]));
  return NETWORK_KINDS.indexOf(inner) > NETWORK_KINDS.indexOf(kind) ? inner : kind;
}

/** What stands before an IPv4 address in its form of 16 bytes. */
const MAPPED = [...Array<number>(10).fill(0), 0xff, 0xff];

/**
 * The address that a URL's host is by itself, without asking a name server: a literal one, or this machine's for `localhost` and
 * the names below it (RFC 6761, 6.3). `undefined` for any other name.
 */
export function literalAddress(hostname: string): IpAddress | undefined {
  const name = hostname.replace(/\.$/, '').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return parseIpAddress('127.0.0.1');
  return parseIpAddress(hostname.startsWith('[') ? hostname.slice(1, -1) : hostname);
}
