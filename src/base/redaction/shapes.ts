import { REDACTED } from './secret-forms.ts';
import { isSecretName, isSecretValue } from './secret-names.ts';

/** The private keys in PEM in a text (RFC 7468), each from its first line to its last one, or to the end of the text. */
export function privateKeysIn(text: string): string[] {
  return keySpans(text).map(([start, end]) => text.slice(start, end));
}

const BEGIN = '-----BEGIN ';
const KEY_LABEL = 'PRIVATE KEY-----';
/** The longest label is `ENCRYPTED PRIVATE KEY`; that of PGP ends with `BLOCK`. */
const MAX_LABEL = 40;

function keySpans(text: string): [start: number, end: number][] {
  const spans: [number, number][] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
    if (!text.slice(at, at + BEGIN.length + MAX_LABEL).includes(KEY_LABEL)) continue;
    const end = text.indexOf('-----END ', at);
    const last = end < 0 ? -1 : text.indexOf(KEY_LABEL, end);
    const until = last < 0 ? text.length : last + KEY_LABEL.length;
    spans.push([at, until]);
    at = until - 1;
  }
  return spans;
}

/**
 * A text from outside without what has the shape of a credential, whether it is known or not: private keys in PEM, passwords in
 * addresses, `Bearer` and `Basic` with what follows, tokens by their prefix, and what stands behind a secret's name: `DB_PASSWORD=…`,
 * `"accessToken":"…"`, `&sig=…`. Prose is left alone: `the token: expired`, `"registry-password" is missing`. Takes linear time.
 */
export function withoutCredentials(text: string): string {
  if (text.length < 8) return text;
  return withoutNamed(withoutPrefixed(withoutSchemes(withoutUserInfo(withoutKeys(text)))));
}

function withoutKeys(text: string): string {
  let done = 0;
  const parts = keySpans(text).map(([start, end]) => {
    const part = `${text.slice(done, start)}${REDACTED}`;
    done = end;
    return part;
  });
  return `${parts.join('')}${text.slice(done)}`;
}

/** Keeps the user's name: `postgres://shop:***@db:5432`. */
function withoutUserInfo(text: string): string {
  const [first = '', ...others] = text.split('://');
  return [first, ...others.map(withoutPassword)].join('://');
}

function withoutPassword(rest: string): string {
  const end = rest.search(/[\s"'<>/?#]/);
  const word = rest.slice(0, end < 0 ? undefined : end);
  // A password may hold an @ that was not encoded.
  const [at, colon] = [word.lastIndexOf('@'), word.indexOf(':')];
  return colon < 0 || at <= colon + 1 ? rest : `${rest.slice(0, colon + 1)}${REDACTED}${rest.slice(at)}`;
}

/** `Bearer authentication` and `Basic credentials` are words. */
function withoutSchemes(text: string): string {
  return text.replace(/\b(Bearer|Basic)(\s|%20|\+)([\w~+/.=-]{6,5000})/gi, (all, scheme, space, token: string) =>
    isRandom(token) ? `${scheme}${space}${REDACTED}` : all,
  );
}

/** What tokens begin with that no other word has in it; each is in an expression below. */
export const TOKEN_PREFIXES: readonly string[] =
  'ghp_ gho_ ghs_ ghu_ ghr_ github_pat_ glpat- dckr_pat_ hvs. dop_v1_ eyJ k8s-aws-v1. ya29.'.split(' ');

const PREFIXED = [
  // GitHub, GitLab, Docker, Vault, DigitalOcean, npm, Stripe.
  /\b(?:gh[posur]_|github_pat_|glpat-|dckr_pat_|hvs\.|dop_v1_|npm_|[rs]k_live_|sk_test_)[\w-]{12,5000}/g,
  /\bxox[a-z]-[\w-]{8,5000}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}/g,
  /\bAIza[\w-]{30,5000}/g,
  // JSON Web Tokens, and the tokens of Amazon's and Google's clusters.
  /(?:eyJ|k8s-aws-v1\.|ya29\.)[\w.=-]{30,5000}/g,
  /hooks\.slack\.com\/services\/[\w/]{8,5000}/g,
];

function withoutPrefixed(text: string): string {
  return PREFIXED.reduce((rest, shape) => rest.replace(shape, REDACTED), text);
}

/** Where a name ends and its value begins: `=`, `: ` or `":"`, also escaped. */
const SIGN = /["'\\]{0,4}[ \t]?[:=][ \t]?["'\\]{0,4}/y;
const NAME_CHARACTER = /[\w.-]/;
const MAX_NAME = 100;

function withoutNamed(text: string): string {
  const parts: string[] = [];
  let done = 0;
  let name = 0;
  for (let at = 0; at < text.length; at++) {
    if (NAME_CHARACTER.test(text.charAt(at))) continue;
    const word = text.slice(Math.max(name, at - MAX_NAME), at);
    name = at + 1;
    if (word === '' || !isSecretName(word)) continue;
    SIGN.lastIndex = at;
    const sign = SIGN.exec(text)?.[0];
    if (sign === undefined) continue;
    const start = at + sign.length;
    // Taken out already. To look for the end of it from each of many names would take time that grows with the square.
    if (text.startsWith(REDACTED, start)) {
      name = start + REDACTED.length;
      at = name - 1;
      continue;
    }
    const end = endOfValue(text, start, sign);
    const value = text.slice(start, end);
    if (!isSecretValue(word, value) || !isSecretBehind(sign, value)) continue;
    parts.push(text.slice(done, start), REDACTED);
    done = end;
    at = end - 1;
    name = end;
  }
  return `${parts.join('')}${text.slice(done)}`;
}

/** A quoted value ends at its quotation mark, another one at a space or at what separates it from the next. */
function endOfValue(text: string, start: number, sign: string): number {
  const quote = /["']$/.exec(sign)?.[0];
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === undefined ? /[\s"'\\,;&<>)}\]]/.test(character) : character === quote || character === '\n') break;
  }
  // The mark may be escaped, then so is the one that ends it.
  while (quote !== undefined && at > start && text.charAt(at - 1) === '\\') at--;
  return at;
}

const MIN_VALUE = 4;

function isSecretBehind(sign: string, value: string): boolean {
  if (value.length < MIN_VALUE) return false;
  if (/["']$/.test(sign)) return true;
  // `"input": must be` names something, and says what about it.
  if (/^["'\\]/.test(sign)) return isRandom(value);
  return sign.includes('=') || isRandom(value);
}

/** Whether a word is none of a language: it has digits, marks or capitals inside. */
function isRandom(word: string): boolean {
  const bare = word.replace(/[.:]$/, '');
  return bare.length >= 6 && (/\d/.test(bare) || /[^\w.-]/.test(bare) || /[a-z][A-Z]/.test(bare));
}
