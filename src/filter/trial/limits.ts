import { type ByteReader, Malformed } from '../module/byte-reader.ts';

const MOST_FLAGS = 7;

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
  /** Bit 0: has a maximum; 1: is shared; 2: has 64-bit addresses. */
  readonly flags: number;
  readonly initial: number;
  readonly maximum?: number;
}

/** Reads limits (https://webassembly.github.io/spec/core/binary/types.html#limits). */
export function readLimits(reader: ByteReader): Limits {
  const flags = reader.byte();
  if (flags > MOST_FLAGS) throw new Malformed('limits of an unknown kind');
  const initial = reader.unsigned(64);
  return (flags & 1) === 1 ? { flags, initial, maximum: reader.unsigned(64) } : { flags, initial };
}
