import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseIpAddress } from '../../../src/base/ip-address.ts';
import { literalAddress, NETWORK_KINDS, type NetworkKind, networkKind } from '../../../src/base/ip-networks.ts';

const kindOf = (text: string): NetworkKind | undefined => {
  const address = parseIpAddress(text);
  return address === undefined ? undefined : networkKind(address);
};

describe('the kind of an address', () => {
  // Both ends of each range, and what lies beside them.
  test.each<[string, NetworkKind]>([
    ['0.0.0.0', 'loopback'],
    ['0.255.255.255', 'loopback'],
    ['1.0.0.0', 'public'],
    ['9.255.255.255', 'public'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['11.0.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['100.64.0.0', 'private'],
    ['100.100.100.199', 'private'],
    ['100.100.100.200', 'link-local'],
    ['100.127.255.255', 'private'],
    ['100.128.0.0', 'public'],
    ['126.255.255.255', 'public'],
    ['127.0.0.0', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['128.0.0.0', 'public'],
    ['140.82.112.33', 'public'],
    ['168.63.129.15', 'public'],
    ['168.63.129.16', 'link-local'],
    ['169.253.255.255', 'public'],
    ['169.254.0.0', 'link-local'],
    ['169.254.169.254', 'link-local'],
    ['169.254.255.255', 'link-local'],
    ['169.255.0.0', 'public'],
    ['172.15.255.255', 'public'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['192.0.0.1', 'reserved'],
    ['192.0.0.192', 'link-local'],
    ['192.0.1.0', 'public'],
    ['192.0.2.1', 'reserved'],
    ['192.88.99.1', 'reserved'],
    ['192.167.255.255', 'public'],
    ['192.168.0.0', 'private'],
    ['192.168.255.255', 'private'],
    ['192.169.0.0', 'public'],
    ['198.17.255.255', 'public'],
    ['198.18.0.0', 'private'],
    ['198.19.255.255', 'private'],
    ['198.20.0.0', 'public'],
    ['198.51.100.1', 'reserved'],
    ['203.0.113.1', 'reserved'],
    ['223.255.255.255', 'public'],
    ['224.0.0.1', 'reserved'],
    ['239.255.255.255', 'reserved'],
    ['240.0.0.1', 'reserved'],
    ['240.239.255.255', 'reserved'],
    ['240.240.0.1', 'private'],
    ['240.241.0.0', 'reserved'],
    ['255.255.255.255', 'reserved'],
    ['::', 'loopback'],
    ['::1', 'loopback'],
    ['::2', 'reserved'],
    ['::127.0.0.1', 'reserved'],
    ['::169.254.169.254', 'link-local'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.1.2.3', 'private'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['::ffff:8.8.8.8', 'public'],
    ['::ffff:0:8.8.8.8', 'reserved'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::a9fe:a9fe', 'link-local'],
    ['64:ff9b::1:8.8.8.8', 'reserved'],
    ['64:ff9b:1::8.8.8.8', 'private'],
    ['64:ff9b:1::169.254.169.254', 'link-local'],
    ['100::1', 'reserved'],
    ['2001::1', 'reserved'],
    ['2001:2::1', 'private'],
    ['2001:2:1::', 'reserved'],
    ['2001:1ff:ffff::', 'reserved'],
    ['2001:200::', 'public'],
    ['2001:db7:ffff::', 'public'],
    ['2001:db8::1', 'reserved'],
    ['2001:db9::', 'public'],
    ['2002:808:808::', 'public'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a9fe:a9fe::1', 'link-local'],
    ['2606:50c0:8000::154', 'public'],
    ['3ffe:ffff::', 'public'],
    ['3fff::', 'reserved'],
    ['3fff:fff:ffff::', 'reserved'],
    ['3fff:1000::', 'public'],
    ['4000::', 'reserved'],
    ['5f00::1', 'reserved'],
    ['fbff:ffff::', 'reserved'],
    ['fc00::', 'private'],
    ['fd00:ec2::254', 'link-local'],
    ['fd00:ec2::23', 'link-local'],
    ['fd00:ec3::', 'private'],
    ['fd00:c1::a9fe:a9fe', 'link-local'],
    ['fd20:ce::254', 'link-local'],
    ['fdff:ffff::', 'private'],
    ['fe80::', 'link-local'],
    ['febf:ffff::', 'link-local'],
    ['fec0::1', 'private'],
    ['ff02::1', 'reserved'],
  ])('%s: %s', (address, kind) => {
    expect(kindOf(address)).toBe(kind);
  });

  const octet = fc.integer({ min: 0, max: 255 });
  const ipv4 = fc.tuple(octet, octet, octet, octet);
  const hex = ([a, b, c, d]: readonly number[]): string =>
    [((a ?? 0) << 8) | (b ?? 0), ((c ?? 0) << 8) | (d ?? 0)].map((group) => group.toString(16)).join(':');

  test('is the same in the form for IPv6, and never further outside in a form that routers translate', () => {
    fc.assert(
      fc.property(ipv4, (bytes) => {
        const text = bytes.join('.');
        const kind = kindOf(text) ?? 'public';
        expect(kindOf(`::ffff:${text}`)).toBe(kind);
        expect(kindOf(`64:ff9b::${text}`)).toBe(kind);
        expect(kindOf(`2002:${hex(bytes)}::1`)).toBe(kind);
        for (const form of [`::${text}`, `64:ff9b:1::${text}`]) {
          if (form === '::0.0.0.0' || form === '::0.0.0.1') continue;
          expect(NETWORK_KINDS.indexOf(kindOf(form) ?? 'public')).toBeGreaterThanOrEqual(NETWORK_KINDS.indexOf(kind));
        }
      }),
    );
  });

  test('is known of every address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (address) => {
        expect(NETWORK_KINDS).toContain(networkKind(address));
      }),
    );
  });
});

describe("a URL's host that is an address by itself", () => {
  test.each([
    ['http://127.0.0.1', '127.0.0.1'],
    ['http://127.1', '127.0.0.1'],
    ['http://2130706433', '127.0.0.1'],
    ['http://0x7f000001', '127.0.0.1'],
    ['http://0x7f.0.0.0x1', '127.0.0.1'],
    ['http://0177.0.0.01', '127.0.0.1'],
    ['http://127.0.0.1.', '127.0.0.1'],
    ['http://１２７。0。0。1', '127.0.0.1'],
    ['http://%31%32%37.0.0.1', '127.0.0.1'],
    ['http://user:password@127.0.0.1', '127.0.0.1'],
    ['http://0', '0.0.0.0'],
    ['http://0xA9FEA9FE', '169.254.169.254'],
    ['http://[::]', '::'],
    ['http://[::1]', '::1'],
    ['http://[::ffff:127.0.0.1]', '127.0.0.1'],
    ['http://[0:0:0:0:0:ffff:7f00:1]', '127.0.0.1'],
    ['http://[fe80::1]', 'fe80::1'],
    ['http://localhost', '127.0.0.1'],
    ['http://LOCALHOST.', '127.0.0.1'],
    ['http://a.b.localhost', '127.0.0.1'],
    ['http://a.localhost.', '127.0.0.1'],
  ])('%s: %s', (url, address) => {
    expect(literalAddress(new URL(url).hostname)).toEqual(parseIpAddress(address));
  });

  test.each(['http://localhost.example', 'http://127.0.0.1.nip.example', 'http://notlocalhost', 'http://a.example'])(
    '%s: none',
    (url) => {
      expect(literalAddress(new URL(url).hostname)).toBeUndefined();
    },
  );
});
