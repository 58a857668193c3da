/** An address as 16 bytes, one of IPv4 in its form for IPv6 (RFC 4291, 2.5.5.2). */
export type IpAddress = Uint8Array;

/** Reads an IPv4 address in four decimal parts, or an IPv6 address without brackets and zone; `undefined` for any other text. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const known = URL.parse(`http://[${text}]`);
  // The URL standard writes every IPv6 address in groups of hexadecimal digits.
  if (known === null || known.port !== '' || known.pathname !== '/') return undefined;
  const [head = '', tail] = known.hostname.slice(1, -1).split('::');
  const groupsOf = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const groups = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return Uint8Array.from([...Array<number>(10).fill(0), 0xff, 0xff, ...parts.map(Number)]);
}

/** Whether the first `bits` of two addresses are the same; the bits are counted in the 16-byte form. */
export function samePrefix(one: IpAddress, other: IpAddress, bits = 128): boolean {
  const whole = bits >> 3;
  const mask = (0xff00 >> (bits & 7)) & 0xff;
  return one.every((byte, index) =>
    index < whole ? byte === other[index] : index > whole || ((byte ^ (other[index] ?? 0)) & mask) === 0,
  );
}

/** Reads a range such as `10.0.0.0/8`; its bits are counted in the 16-byte form. `undefined` for any other text. */
export function parseIpRange(text: string): { readonly network: IpAddress; readonly bits: number } | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const network = parseIpAddress(address);
  const max = address.includes(':') ? 128 : 32;
  if (network === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > max) return undefined;
  return { network, bits: Number(length) + 128 - max };
}
