import { type ByteReader, Malformed } from './byte-reader.ts';

/** Operations that take everything from the stack: arithmetic of i32 and i64, and what converts references. */
const PLAIN = [0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e];
const END = 0x0b;

/**
 * Reads over the expression that a global starts with
 * (https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions).
 */
export function skipConstExpression(reader: ByteReader): void {
  for (let code = reader.byte(); code !== END; code = reader.byte()) skipOperands(reader, code);
}

function skipOperands(reader: ByteReader, code: number): void {
  if (PLAIN.includes(code)) return;
  // i32.const, i64.const, global.get, ref.null, ref.func: one number, signed or not.
  if ([0x41, 0x42, 0x23, 0xd0, 0xd2].includes(code)) reader.unsigned(70);
  else if (code === 0x43) reader.take(4);
  else if (code === 0x44) reader.take(8);
  else if (code === 0xfd) {
    // The only vector operation that is constant: v128.const.
    reader.unsigned();
    reader.take(16);
  } else if (code === 0xfb) skipGarbageCollected(reader);
  else throw new Malformed('a global that starts with an unknown operation');
}

/** struct.new, struct.new_default, array.new, array.new_default, array.new_fixed, and conversions without operands. */
function skipGarbageCollected(reader: ByteReader): void {
  const code = reader.unsigned();
  if (code <= 1 || code === 6 || code === 7) reader.unsigned();
  else if (code === 8) {
    reader.unsigned();
    reader.unsigned();
  } else if (code < 26 || code > 28) throw new Malformed('a global that starts with an unknown operation');
}
