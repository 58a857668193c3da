import { isObject } from '../json.ts';
import { isSecretName } from './secret-names.ts';

/** What names the secret in a pair of two members: `{"name":"x-api-key","value":"…"}`. */
const NAME_KEYS = 'name key header header_name headerName field param parameter variable env id k n'.split(' ');
/** Where the value stands in such a pair. */
const VALUE_KEYS = new Set('value values val v data content inline inline_string inlineString'.split(' '));
/** The private members of a JSON Web Key (RFC 7518, 6). */
const PRIVATE_MEMBERS = new Set(['k', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'oth']);

/** What is known of a scalar from where it stands. */
export interface Place {
  /** The key that it stands under, or that of the list that it is in. */
  readonly key: string;
  /** What makes it a secret: the name of it, or of what it is a part of. */
  readonly secretName?: string | undefined;
}

/**
 * Returns a value of JSON with something else in place of each of its scalars. The one place that knows where in a value a secret
 * stands: anywhere below a key with a secret's name, in a pair with one, behind an option, in the private part of a key of JOSE.
 */
export function mapLeaves(
  value: unknown,
  map: (scalar: unknown, place: Place) => unknown,
  place: Place = { key: '' },
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, at) =>
      mapLeaves(item, map, { ...place, secretName: place.secretName ?? before(value, at) }),
    );
  }
  if (!isObject(value)) return map(value, place);
  const pairName = NAME_KEYS.map((key) => value[key]).find((name) => typeof name === 'string' && isSecretName(name));
  const nameOf = (key: string): string | undefined => {
    if (place.secretName !== undefined) return place.secretName;
    if (isSecretName(key)) return key;
    if (typeof pairName === 'string' && (VALUE_KEYS.has(key) || /value$/i.test(key))) return pairName;
    return value.kty !== undefined && PRIVATE_MEMBERS.has(key) ? 'privateKey' : undefined;
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, mapLeaves(inner, map, { key, secretName: nameOf(key) })]),
  );
}

/** The secret's name that stands before an item of a list: of a pair, or an option such as `--api-key`. */
function before(list: readonly unknown[], at: number): string | undefined {
  const [name, value] = [list[at - 1], list[at]];
  if (typeof name !== 'string' || !isSecretName(name)) return undefined;
  if (name.startsWith('-')) return name.includes('=') ? undefined : name;
  // A list of headers to pass on has names only.
  return list.length === 2 && !(typeof value === 'string' && isSecretName(value)) ? name : undefined;
}
