import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseIpAddress, parseIpRange, samePrefix } from '../../../src/base/ip-address.ts';
import { bypassesProxy } from '../../../src/base/no-proxy.ts';
import { isLoopback, proxyFor, proxySecrets, readProxy, shownAddress } from '../../../src/base/proxy.ts';

describe('NO_PROXY, as golang.org/x/net/http/httpproxy reads it', () => {
  const api = 'https://api.prod.example:6443';
  test.each<[string, string, boolean]>([
    // The rows of that package's documentation, and what users write.
    ['', api, false],
    ['*', api, true],
    ['other.example,*', api, true],
    ['api.prod.example', api, true],
    ['API.Prod.Example', api, true],
    [' api.prod.example ', api, true],
    ['prod.example', api, true],
    ['prod.example', 'https://prod.example', true],
    ['.prod.example', api, true],
    ['.prod.example', 'https://prod.example', false],
    ['*.prod.example', api, true],
    ['*.prod.example', 'https://prod.example', false],
    ['d.example', api, false],
    ['prod.example.', api, false],
    ['api.*.example', api, false],
    ['prod.example:6443', api, true],
    ['prod.example:443', api, false],
    ['.prod.example:443', 'https://api.prod.example', true],
    ['prod.example:80', 'http://prod.example', true],
    ['10.0.0.0/8', 'https://10.250.0.1', true],
    ['10.0.0.0/8', 'https://11.0.0.1', false],
    ['10.128.0.0/9', 'https://10.127.0.1', false],
    ['0.0.0.0/0', 'https://192.0.2.2:7444', true],
    ['10.0.0.0/8', api, false],
    ['10.0.0.0/33', 'https://10.0.0.1', false],
    ['192.0.2.2', 'https://192.0.2.2:7444', true],
    ['192.0.2.2:7444', 'https://192.0.2.2:7444', true],
    ['192.0.2.2:6443', 'https://192.0.2.2:7444', false],
    ['2.2', 'https://192.0.2.2', false],
    ['2001:db8::/32', 'https://[2001:db8:1::5]:6443', true],
    ['2001:db8::/32', 'https://[2001:db9::5]', false],
    ['2001:db8::5', 'https://[2001:db8:0::5]', true],
    ['[2001:db8::5]:6443', 'https://[2001:db8::5]:6443', true],
    ['[2001:db8::5]:443', 'https://[2001:db8::5]:6443', false],
    [',,:80, ', api, false],
    ['', 'https://localhost:6443', true],
    ['', 'https://127.3.2.1', true],
    ['', 'https://[::1]:6443', true],
    ['', 'https://localhost.example', false],
  ])('%j and %s: %s', (noProxy, address, direct) => {
    expect(bypassesProxy(new URL(address), noProxy)).toBe(direct);
  });
});

describe('the proxy of the environment', () => {
  const server = new URL('https://192.0.2.2:7444');
  test.each<[string, Record<string, string>, string | undefined]>([
    ['none', {}, undefined],
    ['with a scheme', { HTTPS_PROXY: 'http://proxy.example:3128' }, 'http://proxy.example:3128/'],
    ['without one', { HTTPS_PROXY: 'proxy.example:3128' }, 'http://proxy.example:3128/'],
    ['without scheme and port', { HTTPS_PROXY: 'proxy.example' }, 'http://proxy.example/'],
    ['an address', { HTTPS_PROXY: '192.0.2.9:3128' }, 'http://192.0.2.9:3128/'],
    ['over TLS', { HTTPS_PROXY: 'https://proxy.example' }, 'https://proxy.example/'],
    ['SOCKS', { HTTPS_PROXY: 'socks5://proxy.example:1080' }, 'socks5://proxy.example:1080'],
    ['in lower case', { https_proxy: 'proxy.example:3128' }, 'http://proxy.example:3128/'],
    ['empty in upper case', { HTTPS_PROXY: '', https_proxy: 'proxy.example:3128' }, 'http://proxy.example:3128/'],
    ['for plain HTTP only', { HTTP_PROXY: 'http://proxy.example:3128' }, undefined],
    ['forbidden', { HTTPS_PROXY: 'proxy.example', no_proxy: '192.0.2.0/24' }, undefined],
  ])('%s', (_, environment, address) => {
    const proxy = proxyFor(server, environment);
    expect(proxy.ok ? proxy.value?.url.href : proxy).toBe(address);
  });

  test.each([
    ['ftp://proxy.example', 'has a scheme that is not http, https or socks5'],
    ['http://', 'is not a valid proxy address'],
    ['http://me:100%@proxy.example', 'has a user name or a password with a "%" that is not written as "%25"'],
    ['a b', 'is not a valid proxy address'],
  ])('that is none: %s', (address, fault) => {
    expect(proxyFor(server, { HTTPS_PROXY: address })).toEqual({ ok: false, origin: 'variable HTTPS_PROXY', fault });
  });
});

test('the address of a proxy is shown without its credentials, and those are secrets', () => {
  const proxy = readProxy('http://some-user:pass%2Fword@proxy.example:3128/x?y', 'variable HTTPS_PROXY');
  if (!proxy.ok) throw new Error(proxy.fault);
  expect(shownAddress(proxy.value.url)).toBe('http://proxy.example:3128');
  expect(proxySecrets(proxy.value)).toEqual(['pass%2Fword', 'pass/word']);
});

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['[::1]', true],
  ['128.0.0.1', false],
  ['127.example', false],
])('%s is this machine: %s', (host, local) => {
  expect(isLoopback(host)).toBe(local);
});

describe('addresses', () => {
  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    'a.b.c.d',
    ':',
    '::g',
    '1::2::3',
    '[::1]',
    '::1/64',
    '::1]:80/[',
  ])('%j is none', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  test('an IPv4 address and its form for IPv6 are the same', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(parseIpAddress(`::ffff:${address}`)).toEqual(parseIpAddress(address));
      }),
    );
  });

  test('a range holds the addresses that have its first bits', () => {
    const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
      bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
    fc.assert(
      fc.property(fc.ipV6(), fc.nat(127), fc.nat(127), (address, bits, bit) => {
        const range = parseIpRange(`${address}/${bits}`);
        const known = parseIpAddress(address);
        if (range === undefined || known === undefined) throw new Error('expected an address');
        expect(samePrefix(flipped(known, bit), range.network, range.bits)).toBe(bit >= bits);
      }),
    );
  });
});
