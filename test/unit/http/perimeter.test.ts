import { isIP } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseIpAddress } from '../../../src/base/ip-address.ts';
import { networkKind } from '../../../src/base/ip-networks.ts';
import { RefusedDestinationError } from '../../../src/http/errors.ts';
import { Perimeter } from '../../../src/http/perimeter.ts';

const HOME = 'registry.example';
const answer = (addresses: readonly string[]) =>
  addresses.map((address) => ({ address, family: isIP(address.split('%')[0] ?? '') }));
const admit = (perimeter: Perimeter, hostname: string, ...addresses: string[]): string[] => {
  try {
    return perimeter.admit(hostname, answer(addresses)).map(({ address }) => address);
  } catch (error) {
    if (error instanceof RefusedDestinationError) return [];
    throw error;
  }
};
const perimeterOf = (...home: string[]): Perimeter => {
  const perimeter = new Perimeter(HOME);
  expect(admit(perimeter, HOME, ...home)).not.toEqual([]);
  return perimeter;
};
const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof RefusedDestinationError) return `${error.message}. ${error.remedy}`;
    throw error;
  }
  return 'admitted';
};

const PLACES = {
  public: ['140.82.112.33', '2606:50c0:8000::154', '64:ff9b::8.8.8.8'],
  private: ['10.0.0.5', '172.17.0.2', '192.168.1.1', '100.64.0.1', 'fd12::1', '::ffff:10.0.0.5', '64:ff9b::a00:5'],
  loopback: ['127.0.0.1', '127.0.0.53', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '64:ff9b::7f00:1'],
  never: ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'fd00:ec2::254', '168.63.129.16', '224.0.0.1', '203.0.113.1'],
} as const;
type Place = keyof typeof PLACES;

describe('where a server leads to', () => {
  const RULES: Readonly<Record<Exclude<Place, 'never'>, readonly Place[]>> = {
    public: ['public'],
    private: ['public', 'private'],
    loopback: ['public', 'private', 'loopback'],
  };
  const rows = Object.entries(RULES).flatMap(([home, allowed]) =>
    Object.entries(PLACES).flatMap(([place, addresses]) =>
      addresses.map((address): [string, string, boolean] => [home, address, allowed.includes(place as Place)]),
    ),
  );

  test.each(rows)('from a %s address to %s: %s', (home, address, allowed) => {
    for (const own of PLACES[home as Place]) {
      expect(admit(perimeterOf(own), 'other.example', address)).toEqual(allowed ? [address] : []);
    }
  });

  test.each(rows.filter(([, address]) => !address.includes('%')))(
    'from a %s address to the address %s itself: %s',
    (home, address, allowed) => {
      const url = new URL(address.includes(':') ? `https://[${address}]/x` : `https://${address}/x`);
      for (const throughProxy of [true, false]) {
        const said = messageOf(() => perimeterOf(PLACES[home as Place][0]).enter(url.hostname, throughProxy));
        expect(said === 'admitted').toBe(allowed);
      }
    },
  );

  test('of many addresses those that may be are connected to', () => {
    const perimeter = perimeterOf('140.82.112.33');
    expect(admit(perimeter, 'other.example', '127.0.0.1', '10.0.0.1', '8.8.8.8', '::1', '2606:50c0::1')).toEqual([
      '8.8.8.8',
      '2606:50c0::1',
    ]);
    expect(admit(perimeter, 'other.example', '127.0.0.1', '10.0.0.1')).toEqual([]);
  });

  test('a name that resolves to nothing is refused', () => {
    expect(admit(new Perimeter(HOME), HOME)).toEqual([]);
  });
});

describe('where the home is', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['its outermost address counts, and no other is connected to', ['10.0.0.1', '8.8.8.8', '::1'], ['8.8.8.8']],
    ['of private and loopback ones the private', ['127.0.0.1', '10.0.0.1'], ['10.0.0.1']],
    ['a link-local one is left out', ['169.254.1.1', '10.0.0.1'], ['10.0.0.1']],
    ['at a reserved address it counts as public', ['203.0.113.5', '127.0.0.1'], ['203.0.113.5']],
    ['at a link-local address alone it is not asked', ['169.254.169.254', 'fe80::1%2'], []],
  ])('%s', (_, addresses, expected) => {
    expect(admit(new Perimeter(HOME), HOME, ...addresses)).toEqual(expected);
  });

  test('a name that is bound anew widens nothing', () => {
    const perimeter = perimeterOf('8.8.8.8');
    expect(admit(perimeter, HOME, '127.0.0.1')).toEqual([]);
    expect(admit(perimeter, 'other.example', '127.0.0.1')).toEqual([]);
    const inner = perimeterOf('10.0.0.1');
    expect(admit(inner, 'other.example', '10.0.0.2')).toEqual(['10.0.0.2']);
    expect(admit(inner, HOME, '8.8.8.8')).toEqual(['8.8.8.8']);
    expect(admit(inner, HOME, '10.0.0.1')).toEqual([]);
    expect(admit(inner, 'other.example', '10.0.0.2')).toEqual([]);
  });

  test('before it was looked at, nobody gets further inside', () => {
    expect(admit(new Perimeter(HOME), 'other.example', '10.0.0.2')).toEqual([]);
  });

  test('behind a proxy it counts as public, and names that the proxy resolves cannot be judged', () => {
    const perimeter = new Perimeter(HOME);
    perimeter.enter(HOME, true);
    expect(admit(perimeter, 'internal.example', '10.0.0.2')).toEqual([]);
    expect(messageOf(() => perimeter.enter('10.0.0.2', true))).toMatch(
      /^registry\.example leads to 10\.0\.0\.2, which/,
    );
    expect(messageOf(() => perimeter.enter('localhost.', true))).toMatch(/an address of the runner itself/);
    expect(messageOf(() => perimeter.enter('unknown.example', true))).toBe('admitted');
  });

  test.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['[::1]', '127.0.0.1', true],
    ['localhost', '127.0.0.1', true],
    ['10.0.0.1', '127.0.0.1', false],
    ['10.0.0.1', '10.0.0.2', true],
    ['8.8.8.8', '10.0.0.2', false],
  ])('of %s, which is an address itself, to %s: %s', (home, address, allowed) => {
    const perimeter = new Perimeter(home);
    perimeter.enter(home, true);
    expect(admit(perimeter, 'other.example', address)).toEqual(allowed ? [address] : []);
  });
});

test('whatever the name servers say and in whatever order, a home that was public once leads to public addresses alone', () => {
  const byte = fc.integer({ min: 0, max: 255 });
  const anywhere = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
  const inside = fc.constantFrom(...Object.values(PLACES).flat());
  const addresses = fc.array(fc.oneof(anywhere, inside), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(HOME, 'other.example'), addresses)), (answers) => {
      const perimeter = perimeterOf('8.8.8.8');
      for (const [hostname, found] of answers) {
        for (const address of admit(perimeter, hostname, ...found)) {
          const kind = networkKind(parseIpAddress(address) as Uint8Array);
          expect(hostname === HOME && kind === 'reserved' ? 'public' : kind).toBe('public');
        }
      }
    }),
  );
});

describe('the refusal says who leads where, and what to do', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a hop by name',
      () => perimeterOf('8.8.8.8').admit('auth.example', answer(['10.0.0.5'])),
      /^registry\.example leads to auth\.example \(10\.0\.0\.5\), which is a private address\. Nothing was sent there\. Only a server that is itself at such an address may lead there\. Check that this is the right server/,
    ],
    [
      'a hop to metadata',
      () => perimeterOf('10.0.0.1').enter('169.254.169.254', false),
      /^registry\.example leads to 169\.254\.169\.254, which is a link-local address or that of a metadata service\. Nothing was sent there\. Check/,
    ],
    [
      'the home itself',
      () => new Perimeter(HOME).admit(HOME, answer(['169.254.1.2'])),
      /^registry\.example \(169\.254\.1\.2\) is a link-local address or that/,
    ],
    [
      'the home, bound anew',
      () => perimeterOf('8.8.8.8').admit(HOME, answer(['127.0.0.1'])),
      /^registry\.example \(127\.0\.0\.1\) is an address of the runner itself\./,
    ],
  ])('%s', (_, work, expected) => {
    expect(messageOf(work)).toMatch(expected);
  });
});
