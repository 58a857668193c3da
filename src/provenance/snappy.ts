/** Data that is not compressed as it says. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError';
}

/**
 * Unpacks one block of raw Snappy (https://github.com/google/snappy/blob/main/format_description.txt), in which GitHub's storage
 * keeps attestations.
 * @param most bytes that it may unpack to
 * @throws SnappyError where it is damaged, or larger than that
 */
export function decodeSnappy(data: Uint8Array, max: number): Uint8Array {
  let at = 0;
  const next = (): number => {
    const byte = data[at++];
    if (byte === undefined) throw new SnappyError('it is cut off');
    return byte;
  };
  const little = (bytes: number): number => {
    let value = 0;
    for (let index = 0; index < bytes; index++) value += next() * 256 ** index;
    return value;
  };
  const size = (): number => {
    let value = 0;
    for (let index = 0; index < 5; index++) {
      const byte = next();
      value += (byte % 128) * 128 ** index;
      if (byte < 128) return value;
    }
    throw new SnappyError('its size has too many digits');
  };

  const length = size();
  if (length > max) throw new SnappyError(`it unpacks to ${length} bytes, more than ${max}`);
  const unpacked = new Uint8Array(length);
  let filled = 0;
  const room = (count: number): void => {
    if (filled + count > length) throw new SnappyError('it unpacks to more than it says');
  };
  const literal = (count: number): void => {
    room(count);
    if (at + count > data.length) throw new SnappyError('it is cut off');
    unpacked.set(data.subarray(at, at + count), filled);
    at += count;
    filled += count;
  };
  // Byte by byte: a copy may reach into what it is just writing, which repeats it.
  const copy = (count: number, offset: number): void => {
    room(count);
    if (offset === 0 || offset > filled) throw new SnappyError('it copies from before its start');
    for (const end = filled + count; filled < end; filled++) unpacked[filled] = unpacked[filled - offset] ?? 0;
  };

  while (at < data.length) {
    const tag = next();
    const [kind, upper] = [tag & 3, tag >> 2];
    if (kind === 0) literal(1 + (upper < 60 ? upper : little(upper - 59)));
    else if (kind === 1) copy(4 + (upper & 7), (tag >> 5) * 256 + next());
    else copy(1 + upper, little(kind === 2 ? 2 : 4));
  }
  if (filled < length) throw new SnappyError('it is cut off');
  return unpacked;
}
