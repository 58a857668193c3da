import { MIN_SECRET } from './secret-forms.ts';

/** What the names of headers, variables, parameters and options end with whose values are secrets, without separators. */
const ENDINGS = [
  ...['token', 'secret', 'password', 'passwd', 'passphrase', 'apikey', 'accesskey', 'privatekey', 'secretkey'],
  ...['authorization', 'authtoken', 'cookie', 'signature', 'sig'],
];

/** Whether what has this name is a secret, whoever has named it: `AWS_SECRET_ACCESS_KEY`, `x-api-key`, `id-token`. */
export function isSecretName(name: string): boolean {
  const word = name.toLowerCase().replace(/[-_. ]/g, '');
  return ENDINGS.some((ending) => word.endsWith(ending));
}

/** The secrets in named values: those with a secret's name, and passwords in addresses. */
export function secretsIn(values: Readonly<Record<string, unknown>>): string[] {
  const secrets = Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== 'string') return [];
    return [...(isSecretName(name) ? [value, withoutScheme(value)] : []), ...secretsInUrl(value)];
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
function withoutScheme(value: string): string {
  return value.slice(value.lastIndexOf(' ') + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
