import { defined } from '../../base/defined.ts';
import { quoted } from '../../base/text.ts';
import { nameFromFile } from '../../filter/module/load.ts';
import type { GivenLogin } from '../../registry/logins.ts';
import {
  type ImageReference,
  isImageReference,
  isRegistryHost,
  lastPartOf,
  parseReference,
} from '../../registry/reference.ts';
import type { InputReader } from './reader.ts';
import { isInputOf } from './table.ts';

/** Where the filter is. */
export type ModuleOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'image'; readonly reference: ImageReference }
  | { readonly kind: 'https'; readonly address: string };

/** Where the filter comes from and goes to. */
export interface OriginInputs {
  /** Absent for none, and for one that cannot be read. */
  readonly origin?: ModuleOrigin;
  /** `sha256:` and 64 hex digits that the module's bytes must have. */
  readonly sha256?: string;
  readonly pushTo?: ImageReference;
  /** For the one registry that `filter` or `push-to` names; it has no host where neither does. */
  readonly login?: GivenLogin & { readonly host?: string };
  /** Registries (`host:port`) that may be spoken to without TLS. */
  readonly insecureRegistries: readonly string[];
}

/** Reads where the filter comes from, whether it is to be pushed, and how registries are reached. */
export function readOrigin(reader: InputReader): OriginInputs {
  const sha256 = readDigest(reader);
  const origin = readFilter(reader, sha256);
  const pushTo = readPushTo(reader, origin);
  const host = pushTo?.host ?? (origin?.kind === 'image' ? origin.reference.host : undefined);
  const login = readLogin(reader);
  // With half of a login the registry would only complain once more.
  const isHalf = reader.faulty.has('registry-username') || reader.faulty.has('registry-password');
  return {
    ...(origin !== undefined && !(isHalf && origin.kind === 'image') && { origin }),
    ...defined({ sha256, pushTo }),
    ...(login !== undefined && { login: { ...login, ...defined({ host }) } }),
    insecureRegistries: readInsecure(reader),
  };
}

/** Whether a tag decides which bytes the filter has, so that they may be others in a later run. */
export function isByTag({ origin, sha256, pushTo }: Pick<OriginInputs, 'origin' | 'sha256' | 'pushTo'>): boolean {
  return (
    origin?.kind === 'image' && origin.reference.digest === undefined && sha256 === undefined && pushTo === undefined
  );
}

/** The name that a filter gets from where it is; may be no valid name. `undefined` for an image reference that is none. */
export function nameFromFilter(filter: string): string | undefined {
  if (isImageReference(filter)) {
    const part = lastPartOf(filter);
    return part === '' ? undefined : nameFromFile(part);
  }
  return nameFromFile(isAddress(filter) ? (URL.parse(filter)?.pathname ?? '') : filter);
}

/** Whether a filter is named by an address, with a scheme, and not by its path. */
export function isAddress(filter: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(filter);
}

function readFilter(reader: InputReader, sha256: string | undefined): ModuleOrigin | undefined {
  const filter = reader.text('filter');
  if (filter === '') return undefined;
  if (isImageReference(filter)) {
    const reference = parseReference(filter, 'input "filter"');
    if (!reference.ok) reader.add('filter', reference.problems);
    return reference.ok ? { kind: 'image', reference: reference.value } : undefined;
  }
  if (!isAddress(filter)) return { kind: 'file', path: filter };
  const url = URL.parse(filter);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    const why =
      url?.protocol === 'https:' ? 'has a user name or password in its address' : 'has a scheme that is not known';
    reader.wrong(
      'filter',
      `${why}.`,
      'Give the path of a file, oci://HOST/REPOSITORY:TAG, or https:// without a login.',
    );
    return undefined;
  }
  if (sha256 !== undefined || !isInputOf(reader.command, 'sha256')) return { kind: 'https', address: filter };
  if (reader.text('sha256') !== '') return undefined;
  reader.wrong(
    'sha256',
    'is missing: a file from a web server is used only if it has the digest that you expect.',
    'Set it to the digest that "sha256sum" prints for the file.',
  );
  return undefined;
}

function readDigest(reader: InputReader): string | undefined {
  const given = reader.text('sha256').toLowerCase();
  const [, digits] = /^(?:sha256:)?([0-9a-f]{64})$/.exec(given) ?? [];
  if (digits !== undefined) return `sha256:${digits}`;
  if (given !== '') reader.wrong('sha256', `is ${quoted(given)}.`, 'A sha256 digest has 64 hex digits.');
  return undefined;
}

function readPushTo(reader: InputReader, origin: ModuleOrigin | undefined): ImageReference | undefined {
  const given = reader.text('push-to');
  if (given === '') return undefined;
  const reference = parseReference(given, 'input "push-to"');
  if (!reference.ok) {
    reader.add('push-to', reference.problems);
    return undefined;
  }
  if (reference.value.digest !== undefined) {
    reader.wrong(
      'push-to',
      'has a digest, but the digest follows from what is pushed.',
      'Remove "@" and what follows it.',
    );
  }
  if (origin !== undefined && origin.kind !== 'file') {
    reader.wrong(
      'push-to',
      'is set, but only a file is pushed.',
      'Leave it out, or let "filter" name the file that the compiler wrote.',
    );
  }
  return reference.value;
}

function readLogin(reader: InputReader): GivenLogin | undefined {
  const [username, password] = [reader.text('registry-username'), reader.text('registry-password')];
  if ((username === '') !== (password === '')) {
    const [missing, other] =
      username === ''
        ? (['registry-username', 'registry-password'] as const)
        : (['registry-password', 'registry-username'] as const);
    reader.wrong(
      missing,
      `is missing, and "${other}" is set.`,
      'Set both or neither. A secret is empty if it does not exist, or if Dependabot started the run, or a pull request from a fork.',
    );
  }
  return username === '' || password === '' ? undefined : { username, password };
}

function readInsecure(reader: InputReader): string[] {
  const hosts = reader
    .text('insecure-registries')
    .split(/[\s,]+/)
    .filter((host) => host !== '');
  for (const host of hosts) {
    if (isRegistryHost(host)) continue;
    reader.wrong(
      'insecure-registries',
      `has ${quoted(host)}.`,
      'List hosts with their ports, such as registry.local:5000, separated by commas.',
    );
  }
  // As addresses name it: in lower case, and without the port that is meant anyway.
  return hosts.flatMap((host) => URL.parse(`http://${host}`)?.host ?? []);
}
