import { defined } from '../../base/defined.ts';
import { isObject } from '../../base/json.ts';
import { Diagnostics, type Fault, fail, faulty, ok, type Problem, type Result } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';

/** What a field can hold. */
interface Kinds {
  readonly text: string;
  readonly flag: boolean;
  /** Base64 in the file. */
  readonly bytes: Buffer;
  readonly texts: readonly string[];
  readonly 'texts by name': Readonly<Record<string, string>>;
  readonly 'lists by name': Readonly<Record<string, readonly string[]>>;
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly mapping: Readonly<Record<string, unknown>>;
}

type Schema = Readonly<Record<string, keyof Kinds>>;
/** The values of an entry's fields, under the names that they have in the file. What is empty there is absent. */
export type FieldsOf<S extends Schema> = { readonly [Name in keyof S]?: Kinds[S[Name]] };

// Every field of a kubeconfig's entries, after client-go's tools/clientcmd/api/v1/types.go (Kubernetes 1.34).
export const CLUSTER_FIELDS = {
  server: 'text',
  'tls-server-name': 'text',
  'insecure-skip-tls-verify': 'flag',
  'certificate-authority': 'text',
  'certificate-authority-data': 'bytes',
  'proxy-url': 'text',
  'disable-compression': 'flag',
  extensions: 'extensions',
} as const satisfies Schema;
export const USER_FIELDS = {
  'client-certificate': 'text',
  'client-certificate-data': 'bytes',
  'client-key': 'text',
  'client-key-data': 'bytes',
  token: 'text',
  tokenFile: 'text',
  as: 'text',
  'as-uid': 'text',
  'as-groups': 'texts',
  'as-user-extra': 'lists by name',
  username: 'text',
  password: 'text',
  'auth-provider': 'mapping',
  exec: 'mapping',
  extensions: 'extensions',
} as const satisfies Schema;
export const CONTEXT_FIELDS = {
  cluster: 'text',
  user: 'text',
  namespace: 'text',
  extensions: 'extensions',
} as const satisfies Schema;
export const EXEC_FIELDS = {
  command: 'text',
  args: 'texts',
  env: 'variables',
  apiVersion: 'text',
  installHint: 'text',
  provideClusterInfo: 'flag',
  interactiveMode: 'text',
} as const satisfies Schema;
export const AUTH_PROVIDER_FIELDS = { name: 'text', config: 'texts by name' } as const satisfies Schema;

export type ClusterFields = FieldsOf<typeof CLUSTER_FIELDS>;
export type UserFields = FieldsOf<typeof USER_FIELDS>;
export type ExecFields = FieldsOf<typeof EXEC_FIELDS>;

/** Where fields stand, for messages: `{ origin: 'input "kubeconfig"', entry: 'user "bot"' }`. */
export interface FieldPlace {
  readonly origin: string;
  readonly entry: string;
}

/** What is wrong with a field. The message completes `FIELD of ENTRY …`; it never quotes a value, which may be secret. */
export function fieldProblem({ origin, entry }: FieldPlace, field: string, fault: string, remedy?: string): Problem {
  const message = `"${field}" of ${entry} ${fault}.`;
  return { kind: 'kubeconfig', subject: origin, form: 'clause', message, ...defined({ remedy }) };
}

/** Reads an entry's fields; gives a problem for each that holds something else than kubectl could read. */
export function readFields<S extends Schema>(value: unknown, schema: S, place: FieldPlace): Result<FieldsOf<S>> {
  const entry = isObject(value) ? value : {};
  const diagnostics = new Diagnostics();
  const fields: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(schema)) {
    const given = entry[name];
    if (given === undefined || given === null || given === '') continue;
    const read = READERS[kind](given);
    if (read.ok) fields[name] = read.value;
    else diagnostics.add(fieldProblem(place, name, read.fault, REMEDIES[kind]));
  }
  return diagnostics.ok ? ok(fields as FieldsOf<S>) : fail(diagnostics.problems);
}

const REMEDIES: Partial<Record<keyof Kinds, string>> = {
  text: 'Put the value in quotes.',
  texts: 'Put each value in quotes.',
  flag: 'Write it without quotes.',
  bytes:
    'Fields that end with "-data" hold a PEM file in base64 (`base64 -w0 FILE`); `kubectl config view --raw --flatten` writes them so.',
};

const READERS: { readonly [K in keyof Kinds]: (value: unknown) => Result<Kinds[K], Fault> } = {
  text: (value) => (typeof value === 'string' ? ok(value) : faulty(`is ${nameOf(value)}, not text`)),
  flag: (value) => (typeof value === 'boolean' ? ok(value) : faulty(`is ${nameOf(value)}, not true or false`)),
  bytes: (value) => {
    if (typeof value !== 'string') return faulty(`is ${nameOf(value)}, not text in base64`);
    if (value.includes('-----BEGIN')) return faulty('holds PEM that is not in base64');
    const packed = value.replace(/[\r\n]/g, '');
    if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return faulty('is not valid base64');
    return ok(Buffer.from(packed, 'base64'));
  },
  texts: (value) => {
    if (!Array.isArray(value)) return faulty(`is ${nameOf(value)}, not a list`);
    const other = value.find((item) => typeof item !== 'string');
    return other === undefined ? ok(value) : faulty(`has ${nameOf(other)} in its list, not text`);
  },
  'texts by name': (value) => readByName(value, READERS.text),
  'lists by name': (value) => readByName(value, READERS.texts),
  variables: (value) => {
    if (!Array.isArray(value)) return faulty(`is ${nameOf(value)}, not a list of names and values`);
    const variables = value.map((item) => (isObject(item) ? { name: item.name ?? '', value: item.value ?? '' } : {}));
    const isVariable = (item: object): item is { name: string; value: string } =>
      'name' in item && typeof item.name === 'string' && 'value' in item && typeof item.value === 'string';
    if (!variables.every(isVariable)) return faulty('has an entry that is not a name and a value in text');
    if (variables.some(({ name }) => name === '' || name.includes('=')))
      return faulty('has an entry without a valid name');
    return ok(variables);
  },
  extensions: (value) => {
    if (!Array.isArray(value)) return faulty(`is ${nameOf(value)}, not a list`);
    return ok(Object.fromEntries(value.filter(isObject).map(({ name, extension }) => [name, extension])));
  },
  mapping: (value) => (isObject(value) ? ok(value) : faulty(`is ${nameOf(value)}, not a mapping`)),
};

function readByName<T>(value: unknown, read: (item: unknown) => Result<T, Fault>): Result<Record<string, T>, Fault> {
  if (!isObject(value)) return faulty(`is ${nameOf(value)}, not a mapping`);
  const values: [string, T][] = [];
  for (const [name, item] of Object.entries(value)) {
    const one = read(item ?? '');
    if (!one.ok) return faulty(`has the key ${quoted(name)}, which ${one.fault}`);
    values.push([name, one.value]);
  }
  return ok(Object.fromEntries(values));
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (isObject(value)) return 'a mapping';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}
