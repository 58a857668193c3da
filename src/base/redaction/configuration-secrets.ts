import { isObject, readJson } from '../json.ts';
import { mapLeaves, type Place } from './named-leaves.ts';
import { namedLines } from './named-lines.ts';
import type { Mask } from './redactor.ts';
import { MIN_SECRET } from './secret-forms.ts';
import { isSecretValue, secretsIn, secretsInUrl, withoutScheme } from './secret-names.ts';
import { privateKeysIn } from './shapes.ts';
import { readStructured } from './structured-text.ts';

/** Of fewer characters, a part would be most of what could be a word. */
const MIN_RANDOM = 16;
/** What holds the text of a configuration in an EnvoyFilter, a WasmPlugin or a target. */
const TEXT_KEYS = new Set(['value', 'configuration']);

/** What is said of a secret beside it, such as who made it or where it is: shown nowhere, but no secret in other texts. */
const ASIDES = new Set(
  'issuer audience audiences alg algorithm type kind mode filename file path jwks_uri jwksUri header name'.split(' '),
);

/**
 * The secrets in the text of a configuration, of 8 characters at least: values with a secret's name in JSON, in YAML or in lines of
 * `name: value` and `name=value`, passwords in addresses, and private keys.
 */
export function secretsInConfiguration(text: string): string[] {
  const structured = readStructured(text);
  const read = structured === undefined ? secretsInLines(text) : secretsInValue(structured.values);
  if (isJson(text)) return longOnes(read);
  return longOnes([...privateKeysIn(text), ...read, ...text.split(/[\r\n]/).flatMap(secretsInLine)]);
}

/** The same in a value of JSON, such as an object of the cluster; texts in it that are JSON themselves are looked into. */
export function secretsInValue(value: unknown): string[] {
  const found: string[] = [];
  mapLeaves(value, (scalar, place) => {
    if (typeof scalar !== 'string' && typeof scalar !== 'number') return scalar;
    for (const secret of secretsAt(String(scalar).trim(), place)) found.push(secret);
    return scalar;
  });
  return longOnes([...found, ...encodedIn(value).flatMap(secretsInConfiguration)]);
}

function secretsAt(text: string, { key, secretName }: Place): string[] {
  const isAside = ASIDES.has(key) || (secretName !== key && isWords(text));
  return secretName !== undefined && isSecretValue(secretName, text) && !isAside
    ? [text, withoutScheme(text)]
    : secretsInText(text, key);
}

/** Whether a text is words only: the next header in a list, or how a secret is used. */
function isWords(text: string): boolean {
  return /^[a-z]+(?:[-_][a-z]+)+$/i.test(text);
}

/** The texts in bytes of an object of Envoy. */
function encodedIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(encodedIn);
  if (!isObject(value)) return [];
  const isEncoded = String(value['@type']).endsWith('.BytesValue');
  const own = isEncoded ? [Buffer.from(String(value.value), 'base64').toString('utf8')] : [];
  return [...own, ...Object.values(value).flatMap(encodedIn)];
}

function isJson(text: string): boolean {
  const json = readJson(Buffer.from(text));
  return typeof json === 'object' && json !== null;
}

/** Values of several lines in a text that is neither JSON nor YAML. */
function secretsInLines(text: string): string[] {
  return namedLines(text).flatMap(({ line, from }) => {
    if (from === undefined) return [];
    const value = line
      .slice(from)
      .replace(/^- /, '')
      .replace(/^[|>]\S*$/, '')
      .replace(/^("""|''')|("""|''')$/g, '');
    const inner = value.replace(/^["']?[\w.-]{1,100}["']?[ \t]*[:=][ \t]+/, '');
    return [bare(inner)].filter((one) => !isWords(one) && !/^[a-z]*$/i.test(one));
  });
}

function secretsInText(text: string, name: string): string[] {
  if (TEXT_KEYS.has(name)) return [...secretsInUrl(text), ...secretsInConfiguration(text)];
  const nested = /[[{\n]/.test(text) ? readStructured(text) : undefined;
  return [
    ...privateKeysIn(text),
    ...secretsInUrl(text),
    ...(nested === undefined ? [] : nested.values.flatMap((value) => secretsInValue(value))),
  ];
}

/** `api_token: value`, `authorization: Bearer value`, or some `name=value`. */
function secretsInLine(line: string): string[] {
  const colon = line.indexOf(':');
  const header = colon < 0 ? {} : { [bare(line.slice(0, colon))]: bare(line.slice(colon + 1)) };
  const pairs = line.split(/[\s,;&]/).flatMap((word) => {
    const equals = word.indexOf('=');
    return equals < 0 ? secretsInUrl(bare(word)) : secretsIn({ [word.slice(0, equals)]: bare(word.slice(equals + 1)) });
  });
  const equals = line.indexOf('=');
  // A value with spaces, but no other pair.
  const whole =
    equals < 0 || equals !== line.lastIndexOf('=')
      ? {}
      : { [bare(line.slice(0, equals))]: bare(line.slice(equals + 1)) };
  return [...secretsIn(header), ...secretsIn(whole), ...pairs];
}

/** Without the quotation marks around it. */
function bare(text: string): string {
  return text.trim().replace(/^["']/, '').replace(/["']$/, '');
}

function longOnes(secrets: readonly string[]): string[] {
  return [...new Set(secrets)].filter((secret) => secret.length >= MIN_SECRET);
}

/**
 * Makes a secret of a configuration known: with its parts where it looks random. What a configuration calls a token may be the name of
 * one or a word of the run, whose parts stand in many texts.
 */
export function maskFound(secret: string, mask: Mask, words: ReadonlySet<string> = new Set()): void {
  const text = secret.toLowerCase();
  const isPlain = secret.length < MIN_RANDOM || !/\d/.test(secret) || isAddress(secret) || isWords(secret);
  const hasWord = [...words].some((word) => word.length >= MIN_SECRET && text.includes(word));
  mask(secret, isPlain || hasWord ? 'whole' : undefined);
}

function isAddress(text: string): boolean {
  return text.includes('://') || text.startsWith('/');
}
