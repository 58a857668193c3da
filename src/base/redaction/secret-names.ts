import { MIN_SECRET } from './secret-forms.ts';

/** What the names of headers, variables, parameters and options end with whose values are secrets, without separators. */
const ENDINGS = [
  ...['token', 'secret', 'password', 'passwd', 'passphrase', 'credential', 'bearer', 'jwt', 'sessionid'],
  ...['apikey', 'accesskey', 'privatekey', 'secretkey', 'signingkey', 'encryptionkey', 'hmackey', 'masterkey'],
  ...['sharedkey', 'accountkey', 'deploykey', 'sshkey', 'licensekey', 'connectionstring', 'webhook', 'webhookurl'],
  ...['authorization', 'authtoken', 'cookie', 'signature', 'sig'],
];
/** The same, where they are a word of their own: `DB_PASS`, but no `bypass`. */
const LAST_WORDS = new Set(['pass', 'pwd', 'pw', 'cred', 'creds', 'dsn', 'psk', 'otp']);
/** Of these a value of letters alone says how, not what: `auth: required`. */
const SOFT_WORDS = new Set(['auth', 'pin', 'salt']);

/** Whether what has this name is a secret, whoever has named it: `AWS_SECRET_ACCESS_KEY`, `x-api-key`, `signingKey`, `DB_PASS`. */
export function isSecretName(name: string): boolean {
  return isSecretFor(name) || SOFT_WORDS.has(lastWord(name));
}

/** Whether a value of this name is a secret: of a name such as `auth`, one of letters alone is none. */
export function isSecretValue(name: string, value: string): boolean {
  return isSecretFor(name) || (SOFT_WORDS.has(lastWord(name)) && !/^[a-z]*$/i.test(value));
}

function isSecretFor(name: string): boolean {
  const word = name.toLowerCase().replace(/[-_. ]/g, '');
  // The name of an object in the cluster.
  if (word.endsWith('pullsecret')) return false;
  const single = word.endsWith('s') ? word.slice(0, -1) : word;
  return ENDINGS.some((ending) => word.endsWith(ending) || single.endsWith(ending)) || LAST_WORDS.has(lastWord(name));
}

function lastWord(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^a-z0-9]/i);
  return (words.at(-1) ?? '').toLowerCase();
}

/** The secrets in named values: those with a secret's name, and passwords in addresses. */
export function secretsIn(values: Readonly<Record<string, unknown>>): string[] {
  const secrets = Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== 'string') return [];
    return [...(isSecretValue(name, value) ? [value, withoutScheme(value)] : []), ...secretsInUrl(value)];
  });
  return [...new Set(secrets)].filter((secret) => secret.length >= MIN_SECRET);
}

/** The password of an address, as it is written and as it is meant, and the parameters of its query that are secrets. */
export function secretsInUrl(text: string): string[] {
  const url = text.includes('://') || text.startsWith('/') ? URL.parse(text, 'http://x') : null;
  if (url === null) return [];
  const query = [...url.searchParams].filter(([name]) => isSecretName(name)).map(([, value]) => value);
  return [...new Set([url.password, decoded(url.password), ...query])].filter((secret) => secret !== '');
}

/** The secrets among the arguments of a program: `--client-secret=value`, or `--client-secret value`. */
export function secretsInArguments(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const equals = arg.indexOf('=');
    if (equals > 0) return secretsIn({ [arg.slice(0, equals)]: arg.slice(equals + 1) });
    const before = args[index - 1] ?? '';
    return before.startsWith('-') && !before.includes('=') ? secretsIn({ [before]: arg }) : [];
  });
}

/** What follows `Bearer` or `Basic` in a header. */
export function withoutScheme(value: string): string {
  return value.slice(value.lastIndexOf(' ') + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
