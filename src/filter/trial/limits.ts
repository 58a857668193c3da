import type { ByteReader } from '../byte-reader.ts';

/** The bytes of an unsigned LEB128 number. */
export function encodeNumber(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** How large a memory or table is at first and may get, in pages or elements. */
export interface Limits {
  readonly flags: number;
  readonly initial: number;
  readonly maximum?: number;
}

/** Whether limits are those of every Envoy: 32 bits, not shared. */
export const isPlain = ({ flags }: Limits): boolean => flags <= 1;

/** Reads limits (https://webassembly.github.io/spec/core/binary/types.html#limits). */
export function readLimits(reader: ByteReader): Limits {
  const flags = reader.byte();
  const initial = reader.unsigned();
  return (flags & 1) === 1 ? { flags, initial, maximum: reader.unsigned() } : { flags, initial };
}
