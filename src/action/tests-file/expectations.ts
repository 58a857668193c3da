import { quoted, truncate } from '../../base/text.ts';
import { combined } from '../../filter/tests/evaluate.ts';
import { linearExpression, MAX_EXPRESSION_LENGTH } from '../../filter/tests/expression.ts';
import type { HeaderExpectations, TextExpectation } from '../../filter/tests/filter-test.ts';
import { type Form, type Schema, scalarText } from './forms.ts';
import { headerMapping } from './headers.ts';
import type { Spot } from './spot.ts';

const REMEDY = 'Write a text, "*" for any, /expression/, or null for what must not be there.';
const LINE_REMEDY = 'Write a line such as "info: *orders*", in which "*" stands for any text, or /expression/.';

/** What a text must be, or that it must not be there. */
export const textExpectation: Form<TextExpectation> = {
  read: (spot) => {
    if (spot.node.value === null) return { kind: 'absent' };
    return expectedText(spot);
  },
  schema: { type: ['string', 'number', 'boolean', 'null'] },
};

/** The same of something that is there for sure, such as a status. */
export const presentExpectation: Form<TextExpectation> = {
  read: expectedText,
  schema: { type: ['string', 'number', 'boolean'] },
};

function expectedText(spot: Spot): TextExpectation | undefined {
  const text = scalarText(spot);
  if (text === undefined) {
    spot.wrong('is not a text.', REMEDY);
    return undefined;
  }
  if (text === '*') return { kind: 'any' };
  return isExpression(text) ? expression(text, spot) : { kind: 'exact', text };
}

/** A line of the log: `*` stands for any text. */
export const lineExpectation: Form<TextExpectation> = {
  read: (spot) => {
    const text = scalarText(spot);
    if (text === undefined || text === '') {
      spot.wrong(`is ${quoted(spot.node.value)}, which is not a line.`, LINE_REMEDY);
      return undefined;
    }
    if (isExpression(text)) return expression(text, spot);
    return text.includes('*') ? { kind: 'wildcard', pattern: text } : { kind: 'exact', text };
  },
  schema: { type: 'string', minLength: 1 },
};

const LIST_REMEDY =
  'Write a list of texts, the values of the header in their order; or, for "*" and /expression/, one text that stands for all of them, with ", " between two.';

/** What a header must be; of one that comes several times all values are one, as in HTTP, and a list names them. */
const headerExpectation: Form<TextExpectation> = {
  read: (spot) => {
    const { items } = spot.node;
    if (items.length === 0) return textExpectation.read(spot);
    const texts = items.flatMap((one, index) => {
      const inner = spot.inner(one, `[${index}]`);
      const text = scalarText(inner);
      if (text !== undefined && text !== '*' && !isExpression(text)) return [text];
      // It may be a secret.
      inner.wrong('is not an exact text.', LIST_REMEDY);
      return [];
    });
    return { kind: 'exact', text: combined(texts) };
  },
  schema: {
    anyOf: [textExpectation.schema, { type: 'array', minItems: 1, items: { type: ['string', 'number', 'boolean'] } }],
  },
};

const HEADERS_SCHEMA: Schema = { type: 'object', minProperties: 1, additionalProperties: headerExpectation.schema };

/** What headers must be, by name. */
export const headerExpectations: Form<HeaderExpectations> = {
  read: (spot) => {
    const read = headerMapping(spot);
    if (read === undefined) return undefined;
    if (read.length === 0) spot.wrong('is empty: it expects nothing.', 'Name headers, or leave it out.');
    const expected = read.flatMap(({ name, spot: value }) => {
      const one = headerExpectation.read(value);
      return one === undefined ? [] : [[name, one] as const];
    });
    return Object.fromEntries(expected);
  },
  schema: HEADERS_SCHEMA,
};

function isExpression(text: string): boolean {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/');
}

function expression(text: string, spot: Spot): TextExpectation | undefined {
  const source = text.slice(1, -1);
  if (linearExpression(source) !== undefined) return { kind: 'expression', source };
  const shown = JSON.stringify(truncate(text, 60));
  if (source.length > MAX_EXPRESSION_LENGTH) {
    spot.wrong(
      `is an expression of ${source.length} characters; at most ${MAX_EXPRESSION_LENGTH} are read.`,
      'Write a shorter one.',
    );
    return undefined;
  }
  const why = refusedPart(source);
  if (why !== undefined) {
    spot.wrong(
      `is the expression ${shown} with ${why}, which cannot be matched in linear time.`,
      'Expressions are matched in linear time, so that none can hang the job: write it without that, or as several expectations.',
    );
  } else {
    spot.wrong(
      `is ${shown}, which is not a valid regular expression.`,
      'What stands between two "/" is a regular expression of JavaScript. For a text such as the path "/orders/", write "/^\\/orders\\/$/".',
    );
  }
  return undefined;
}

/** Names what of an expression V8's linear engine does not take (https://v8.dev/blog/non-backtracking-regexp). */
function refusedPart(source: string): string | undefined {
  const plain = source.replaceAll('\\\\', '');
  if (/\(\?<?[=!]/.test(plain)) return 'a lookaround, such as (?=…)';
  if (/\\(?:[1-9]|k<)/.test(plain)) return 'a backreference, such as \\1';
  if (/\\[pP]\{/.test(plain)) return 'a class of Unicode, such as \\p{L}';
  if (/\{\d+(?:,\d*)?\}/.test(plain)) return 'a count that is too high, such as {1000}';
  return undefined;
}
