import { setFlagsFromString } from 'node:v8';

/** Characters of an expression; its program grows with them. */
export const MAX_EXPRESSION_LENGTH = 1_000;

/**
 * Returns a regular expression that comes from outside as one that is matched in linear time, by V8's engine for that
 * (https://v8.dev/blog/non-backtracking-regexp): whatever it is, it cannot hang the job. `.` is any character, a new line too, and `^`
 * and `$` are the ends of the text. `undefined` for one that is no regular expression, or that cannot be matched so: with a back
 * reference, with an assertion like `(?=…)`, with `\p{…}`, or with high counts.
 */
export function linearExpression(source: string): RegExp | undefined {
  if (source.length > MAX_EXPRESSION_LENGTH) return undefined;
  setFlagsFromString('--enable-experimental-regexp-engine');
  try {
    return new RegExp(source, 'ls');
  } catch {
    return undefined;
  }
}
