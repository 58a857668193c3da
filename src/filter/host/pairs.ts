import type { GuestMemory } from './guest-memory.ts';
import type { Header } from './request.ts';

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Pairs as the ABI serialises them: their number, the lengths of each name and value, then names and values, each with a
 * NUL behind it; numbers are 32 bits, little-endian
 * (https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#serialization). No pairs are no bytes.
 */
function serializePairs(pairs: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array {
  if (pairs.length === 0) return new Uint8Array();
  const size = pairs.reduce((sum, [name, value]) => sum + 8 + name.length + 1 + value.length + 1, 4);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pairs.length, true);
  let position = 4 + pairs.length * 8;
  for (const [index, [name, value]] of pairs.entries()) {
    view.setUint32(4 + index * 8, name.length, true);
    view.setUint32(8 + index * 8, value.length, true);
    bytes.set(name, position);
    bytes.set(value, position + name.length + 1);
    position += name.length + value.length + 2;
  }
  return bytes;
}

/** Serialises headers as UTF-8. */
export function serializeHeaders(headers: readonly Header[]): Uint8Array {
  return serializePairs(headers.map(([name, value]) => [ENCODER.encode(name), ENCODER.encode(value)]));
}

/** Reads serialised headers that are going to be kept. */
export function keptHeaders(memory: GuestMemory, bytes: Uint8Array): Header[] {
  // Each pair has two lengths of 4 bytes; a number of pairs that is too large is found out by `parseHeaders`.
  const pairs = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  memory.keep(Math.min(pairs, bytes.length / 8), bytes.length);
  return parseHeaders(bytes);
}

/** Reads serialised headers; none when the bytes are not well formed, as Envoy does. */
export function parseHeaders(bytes: Uint8Array): Header[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) return [];
  const count = view.getUint32(0, true);
  let position = 4 + count * 8;
  if (position > bytes.length) return [];
  const take = (length: number): string | undefined => {
    const end = position + length;
    if (end >= bytes.length || bytes[end] !== 0) return undefined;
    const text = DECODER.decode(bytes.slice(position, end));
    position = end + 1;
    return text;
  };
  const headers: Header[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = take(view.getUint32(4 + index * 8, true));
    const value = name === undefined ? undefined : take(view.getUint32(8 + index * 8, true));
    if (name === undefined || value === undefined) return [];
    headers.push([name, value]);
  }
  return position === bytes.length ? headers : [];
}
