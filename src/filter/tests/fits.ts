import { linearExpression } from './expression.ts';
import type { TextExpectation } from './filter-test.ts';

/** Whether a text is as expected; `undefined` is none. */
export function fits(expected: TextExpectation, text: string | undefined): boolean {
  if (expected.kind === 'absent') return text === undefined;
  if (text === undefined) return false;
  switch (expected.kind) {
    case 'any':
      return true;
    case 'exact':
      return text === expected.text;
    case 'wildcard':
      return fitsWildcard(expected.pattern, text);
    case 'expression':
      return linearExpression(expected.source)?.test(text) ?? false;
  }
}

/** An expectation in words: the text itself, the pattern, `/…/`, `any value`, `none`. */
export function expectedWords(expected: TextExpectation): string {
  switch (expected.kind) {
    case 'any':
      return 'any value';
    case 'absent':
      return 'none';
    case 'exact':
      return expected.text;
    case 'wildcard':
      return expected.pattern;
    case 'expression': {
      const words = `/${expected.source}/`;
      return linearExpression(expected.source) === undefined
        ? `${words}, which cannot be matched in linear time`
        : words;
    }
  }
}

/** `*` stands for any text. The first place of each part is good enough for what follows, so nothing is tried twice. */
function fitsWildcard(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
