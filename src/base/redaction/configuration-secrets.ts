import { isObject, readJson } from '../json.ts';
import { readYaml } from '../yaml.ts';
import { MIN_SECRET } from './secret-forms.ts';
import { isSecretName, isSecretValue, secretsIn, secretsInUrl, withoutScheme } from './secret-names.ts';
import { privateKeysIn } from './shapes.ts';

/** What names the secret in a pair of two members: `{"name":"x-api-key","value":"…"}`. */
const NAME_KEYS = ['name', 'key', 'header', 'header_name', 'headerName'] as const;
/** Where the value itself stands in an object that has a secret's name, or in such a pair. */
const VALUE_KEYS = new Set(['value', 'values', 'data', 'k', 'inline_string', 'inlineString', 'string_value']);
/** The private members of a JSON Web Key (RFC 7518, 6). */
const PRIVATE_MEMBERS = new Set(['k', 'd', 'p', 'q', 'dp', 'dq', 'qi']);
/** What holds the text of a configuration in an EnvoyFilter, a WasmPlugin or a target. */
const TEXT_KEYS = new Set(['value', 'configuration']);

/**
 * The secrets in the text of a configuration, of 8 characters at least: values with a secret's name in JSON, in YAML or in lines of
 * `name: value` and `name=value`, passwords in addresses, and private keys.
 */
export function secretsInConfiguration(text: string): string[] {
  const json = readJson(Buffer.from(text));
  if (json !== undefined && typeof json !== 'string') return secretsInValue(json);
  const yaml = readYaml(text);
  const read = yaml.ok && typeof yaml.value === 'object' ? secretsInValue(yaml.value) : [];
  return longOnes([...privateKeysIn(text), ...read, ...text.split(/[\r\n]/).flatMap(secretsInLine)]);
}

/** The same in a value of JSON, such as an object of the cluster; texts in it that are JSON themselves are looked into. */
export function secretsInValue(value: unknown): string[] {
  return longOnes(look(value, { name: '', isSecret: false }));
}

/** What is known of a value from where it stands. */
interface Place {
  /** The key that it stands under, or that of the list that it is in. */
  readonly name: string;
  readonly isSecret: boolean;
}

function look(value: unknown, place: Place): string[] {
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    return place.isSecret ? [text, withoutScheme(text)] : secretsInText(text, place.name);
  }
  if (Array.isArray(value)) return value.flatMap((item) => look(item, place));
  return isObject(value) ? lookInto(value, place) : [];
}

function lookInto(value: Readonly<Record<string, unknown>>, place: Place): string[] {
  const isEncoded = String(value['@type']).endsWith('.BytesValue');
  const encoded = isEncoded ? Buffer.from(String(value.value), 'base64').toString('utf8') : '';
  const named = place.isSecret || NAME_KEYS.some((key) => typeof value[key] === 'string' && isSecretName(value[key]));
  const inside = Object.entries(value).flatMap(([name, inner]) => {
    const byName = typeof inner === 'string' ? isSecretValue(name, inner) : isSecretName(name);
    const isSecret =
      byName || (named && VALUE_KEYS.has(name)) || (value.kty !== undefined && PRIVATE_MEMBERS.has(name));
    return look(inner, { name, isSecret });
  });
  return isEncoded ? [...secretsInConfiguration(encoded), ...inside] : inside;
}

function secretsInText(text: string, name: string): string[] {
  if (TEXT_KEYS.has(name)) return [...secretsInUrl(text), ...secretsInConfiguration(text)];
  const nested = /^\s*[[{]/.test(text) ? readJson(Buffer.from(text)) : undefined;
  return [...privateKeysIn(text), ...secretsInUrl(text), ...(nested === undefined ? [] : secretsInValue(nested))];
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
