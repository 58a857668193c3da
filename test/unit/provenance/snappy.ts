/** Packs bytes as Snappy does, literals only: valid, if not small. */
export function packSnappy(data: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < data.length; at += 256) {
    const literal = data.subarray(at, at + 256);
    blocks.push(Buffer.from([60 << 2, literal.length - 1]), Buffer.from(literal));
  }
  return Buffer.concat([varint(data.length), ...blocks]);
}

/** A number as Snappy writes down the unpacked size: 7 bits a byte, the lowest first. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
