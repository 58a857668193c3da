import { isObject } from '../../base/json.ts';
import { quoted } from '../../base/text.ts';
import type { Header } from '../../filter/host/request.ts';
import { HEADER_NAME, HEADER_VALUE } from '../inputs/probe.ts';
import { type Form, scalarText } from './forms.ts';
import { MAX_HEADERS } from './limits.ts';
import type { Spot } from './spot.ts';

/** Where what a header would say has a key of its own. */
const KEYS_OF: Readonly<Record<string, string>> = {
  ':method': 'method',
  ':path': 'path',
  ':authority': 'authority',
  ':scheme': 'scheme',
  ':status': 'status',
  host: 'authority',
};

/** A header as it is written. */
export interface WrittenHeader {
  /** In lower case. */
  readonly name: string;
  readonly spot: Spot;
}

/** Reads a mapping of headers by their names, each once; `undefined` if it is none. */
export function headerMapping(spot: Spot): WrittenHeader[] | undefined {
  const { node } = spot;
  if (!isObject(node.value)) {
    spot.wrong(`is ${quoted(node.value)}, which is not a mapping.`, 'Write headers as {name: value}.');
    return undefined;
  }
  const { entries } = node;
  if (entries.length > MAX_HEADERS) {
    spot.wrong(`has ${entries.length} headers; at most ${MAX_HEADERS} are read.`, 'Write fewer of them.');
    return undefined;
  }
  const seen = new Set<string>();
  return entries.flatMap(({ key, keyAt, node: value }) => {
    const name = key.toLowerCase();
    const own = Object.hasOwn(KEYS_OF, name) ? KEYS_OF[name] : undefined;
    if (own !== undefined) {
      spot.wrong(`has the header ${quoted(key)}.`, `Write the key "${own}" beside "headers" instead.`, keyAt);
    } else if (!HEADER_NAME.test(name)) {
      spot.wrong(`has ${quoted(key)}, which cannot name a header.`, 'Use letters, digits and "-".', keyAt);
    } else if (seen.has(name)) {
      spot.wrong(
        `has the header ${quoted(key)} twice.`,
        'Names that differ only in case are the same; keep one.',
        keyAt,
      );
    } else {
      seen.add(name);
      return [{ name, spot: spot.inner(value, key) }];
    }
    return [];
  });
}

const VALUE = 'Write one line of text, or a list of them for a header that comes several times.';

/** Headers that are sent, in their order; a list is a header that comes several times. */
export const sentHeaders: Form<readonly Header[]> = {
  read: (spot) =>
    headerMapping(spot)?.flatMap(({ name, spot: value }) => {
      const several = value.node.items;
      const spots = several.length > 0 ? several.map((one, index) => value.inner(one, `[${index}]`)) : [value];
      return spots.flatMap((one): Header[] => {
        const text = scalarText(one);
        if (text !== undefined && HEADER_VALUE.test(text)) return [[name, text]];
        // It may be a secret.
        one.wrong('is not the value of a header.', VALUE);
        return [];
      });
    }),
  schema: {
    type: 'object',
    additionalProperties: {
      anyOf: [
        { type: ['string', 'number', 'boolean'] },
        { type: 'array', minItems: 1, items: { type: ['string', 'number', 'boolean'] } },
      ],
    },
  },
};
