import { posix } from 'node:path';
import { defined } from '../base/defined.ts';
import { fail, ok, type Problem, type Result } from '../base/problem.ts';

/** Where an image is: `oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:…]`. */
export interface ImageReference {
  /** Host and port, as they stand in the reference. */
  readonly host: string;
  /** `filters/add-header`. */
  readonly repository: string;
  readonly tag?: string;
  /** Of the manifest; it decides, whatever the tag says. */
  readonly digest?: string;
}

export const OCI_SCHEME = 'oci://';
/** What a reference without tag and digest means. */
export const DEFAULT_TAG = 'latest';

// The grammar of names, tags and digests: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const HOST =
  /^(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Host and repository together, as most clients limit it. */
const MAX_NAME_CHARACTERS = 255;
const FORM = 'oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:…';

/** Whether a text is a digest: `sha256:` and 64 hex digits in lower case. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Whether a text is a host, or a host and port. */
export function isRegistryHost(text: string): boolean {
  // Some have the form and are none: 1.2.3.400, registry.example:99999.
  return HOST.test(text) && URL.canParse(`https://${text}`);
}

/** Whether a text is meant as an image reference. */
export function isImageReference(text: string): boolean {
  return text.startsWith(OCI_SCHEME);
}

// The address is not quoted: it holds the password.
const LOGIN = 'has a user name or password in its address, which is not allowed.';
const LOGIN_REMEDY = `Write ${FORM}; put the login into "registry-username" and "registry-password".`;

/** Whether the address has a login: an "@" before its first "/", or a password with a "/" in it before the last "@" that begins no digest. */
function hasLogin(text: string): boolean {
  const address = text.slice(OCI_SCHEME.length);
  const at = address.lastIndexOf('@');
  const slash = address.indexOf('/');
  if (at === -1) return false;
  // A digest, valid or not, follows the path and has no path after it.
  return slash === -1 || address.indexOf('@') < slash || address.indexOf('/', at) !== -1;
}

/**
 * Reads an image reference. The host has to be there: a name without one would silently mean Docker Hub. `subject` is what a
 * problem is about: the input's name.
 */
export function parseReference(text: string, subject: string): Result<ImageReference> {
  const wrong = (why: string, remedy = `Write ${FORM}.`): Result<never> => fail(problem(subject, text, why, remedy));
  if (!isImageReference(text)) return wrong('it does not start with oci://');
  if (hasLogin(text)) return fail({ kind: 'input', subject, message: LOGIN, remedy: LOGIN_REMEDY });
  const [name = '', digest, ...more] = text.slice(OCI_SCHEME.length).split('@');
  if (digest !== undefined && (!isDigest(digest) || more.length > 0)) {
    return wrong('a digest is "sha256:" and 64 lower-case hex digits');
  }
  const [, host = '', path = ''] = /^([^/]*)\/(.*)$/s.exec(name) ?? [];
  if (host === '' || path === '') return wrong('it has no host or no repository');
  if (!isRegistryHost(host)) return wrong(`"${host}" is not a valid host`);
  if (!/[.:]/.test(host) && host !== 'localhost') {
    return wrong(
      `it has no host: "${host}" has no dot and no port`,
      `Write ${FORM}; the host of Docker Hub is docker.io.`,
    );
  }
  const [repository = '', tag, ...rest] = path.split(':');
  if (tag !== undefined && (!TAG.test(tag) || rest.length > 0))
    return wrong(`"${[tag, ...rest].join(':')}" is not a valid tag`);
  if (!REPOSITORY.test(repository)) {
    return wrong(
      `"${repository}" is not a valid repository: lower-case letters and digits, with single ".", "_", "-" and "/" between`,
    );
  }
  if (host.length + repository.length + 1 > MAX_NAME_CHARACTERS) {
    return wrong(`host and repository have more than ${MAX_NAME_CHARACTERS} characters`);
  }
  return ok({
    host: host.toLowerCase(),
    // Docker Hub keeps what has no owner under "library".
    repository: host.toLowerCase() === DOCKER_HUB && !repository.includes('/') ? `library/${repository}` : repository,
    ...defined({ tag, digest }),
  });
}

/** The reference as text that `parseReference` reads as the same. */
export function formatReference({ host, repository, tag, digest }: ImageReference): string {
  return `${OCI_SCHEME}${host}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** What a manifest is asked for by: the digest, else the tag, else `latest`. */
export function manifestName({ tag, digest }: ImageReference): string {
  return digest ?? tag ?? DEFAULT_TAG;
}

/** `registry.example/filters/add-header@sha256:…`, the name under which an image never changes. */
export function pinnedName({ host, repository }: ImageReference, digest: string): string {
  return `${host}/${repository}@${digest}`;
}

/** `add-header`, the last part of the repository; empty for a text that is no reference. */
export function lastPartOf(text: string): string {
  const parsed = parseReference(text, '');
  return parsed.ok ? posix.basename(parsed.value.repository) : '';
}

const DOCKER_HUB = 'docker.io';
/** Docker Hub's API has a host of its own, and its credentials are kept under yet another name. */
const DOCKER_HUB_API = 'registry-1.docker.io';

/** The host that a registry's API has. */
export function apiHost(host: string): string {
  return host === DOCKER_HUB ? DOCKER_HUB_API : host;
}

function problem(subject: string, text: string, why: string, remedy: string): Problem {
  // What stands before an "@" that is no digest's may be a password.
  const shown = /@(?!sha256:)/.test(text) ? '' : ` ${JSON.stringify(text)}`;
  return { kind: 'input', subject, message: `is not a valid image reference${shown}: ${why}.`, remedy };
}
