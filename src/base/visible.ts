/**
 * Characters that act on a terminal or on what is around them, or that nobody sees: controls, those that turn the direction of writing
 * around (Unicode UAX 9), line and paragraph separators, soft hyphens, characters without width, and tags.
 */
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\u00ad\u180e\u200b-\u200d\u2028\u2029\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/gu;

/**
 * Text with every hidden character shown, but for tabs and line feeds: `␛` (U+241B) for ESC and so on for the other C0 controls, `[U+202E]`
 * for the rest. Halves of characters become U+FFFD.
 */
export function visible(text: string): string {
  return text.toWellFormed().replace(HIDDEN, show);
}

function show(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\t' || character === '\n') return character;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '\u2421' : `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}
