import { isObject, pick, readJson } from '../base/json.ts';
import { messageOf } from '../base/problem.ts';
import { withoutTrailing } from '../base/text.ts';
import { LoginError } from './errors.ts';

/** What a registry is logged in to with, and where it came from, in words. */
export type RegistryCredentials = { readonly from: string } & (
  | { readonly username: string; readonly password: string }
  /** Exchanged for access tokens (https://distribution.github.io/distribution/spec/auth/oauth/). */
  | { readonly identityToken: string }
);

/** Runs `docker-credential-HELPER get` with the server on standard input, and gives what it prints. */
export type RunHelper = (helper: string, server: string) => Promise<string>;

/** What of a Docker configuration is about logins; see https://docs.docker.com/reference/cli/docker/login/. */
export interface DockerConfig {
  readonly origin: string;
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, unknown>>;
  readonly credsStore?: string;
}

/** The end of a program's name, and no path: a configuration cannot name a program elsewhere. */
const HELPER = /^\w[\w.-]{0,63}$/;
/** Docker Hub's credentials are kept under this name, whatever its API is called. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';
/** A helper that prints this as the user name has an identity token. */
const TOKEN_USER = '<token>';

/** Reads a Docker configuration; throws `LoginError` for one that is none. `origin` is how messages call it. */
export function parseDockerConfig(text: string, origin: string): DockerConfig {
  const value = readJson(Buffer.from(text));
  if (value === undefined) throw new LoginError(`${origin} is not valid JSON`);
  const object = (key: string): Readonly<Record<string, unknown>> => {
    const inner = pick(value, key);
    return isObject(inner) ? inner : {};
  };
  const credsStore = pick(value, 'credsStore');
  return {
    origin,
    auths: object('auths'),
    credHelpers: object('credHelpers'),
    ...(typeof credsStore === 'string' && credsStore !== '' && { credsStore }),
  };
}

/**
 * The credentials that a Docker configuration has for a registry's host, in Docker's own order: the host's helper, the store of
 * all hosts, the file itself. `undefined` for none. Throws `LoginError` when a helper fails.
 */
export async function credentialsIn(
  config: DockerConfig,
  host: string,
  runHelper: RunHelper,
): Promise<RegistryCredentials | undefined> {
  const server = host === 'docker.io' ? DOCKER_HUB_SERVER : host;
  const own = config.credHelpers[server] ?? config.credHelpers[host];
  const helper = typeof own === 'string' ? own : config.credsStore;
  const helped = helper === undefined ? undefined : await askHelper(helper, server, runHelper);
  return helped ?? credentialsOfFile(config, host);
}

async function askHelper(
  helper: string,
  server: string,
  runHelper: RunHelper,
): Promise<RegistryCredentials | undefined> {
  const program = `docker-credential-${helper}`;
  if (!HELPER.test(helper))
    throw new LoginError('the Docker configuration names a credential helper that is not a valid program name');
  let output: string;
  try {
    output = await runHelper(helper, server);
  } catch (error) {
    // https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go
    if (/credentials not found in native keychain/.test(messageOf(error))) return undefined;
    throw new LoginError(`${program} returned no credentials for ${server}: ${messageOf(error)}`);
  }
  const answer = readJson(Buffer.from(output));
  if (answer === undefined) throw new LoginError(`${program} returned an answer that is not JSON`);
  const [username, secret] = [pick(answer, 'Username'), pick(answer, 'Secret')];
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  return username === TOKEN_USER
    ? { from: program, identityToken: secret }
    : { from: program, username, password: secret };
}

function credentialsOfFile({ auths, origin }: DockerConfig, host: string): RegistryCredentials | undefined {
  const entry = Object.entries(auths).find(([key]) => hostOfKey(key) === host)?.[1];
  if (!isObject(entry)) return undefined;
  const { identitytoken, username, password, auth } = entry;
  if (typeof identitytoken === 'string' && identitytoken !== '') return { from: origin, identityToken: identitytoken };
  if (typeof username === 'string' && typeof password === 'string' && username !== '') {
    return { from: origin, username, password };
  }
  if (typeof auth !== 'string' || auth === '') return undefined;
  const [, user, secret] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(auth, 'base64').toString('utf8')) ?? [];
  if (user === undefined || secret === undefined) {
    throw new LoginError(`${origin} has an "auth" for ${host} that is not base64 of a user name and a password`);
  }
  // Docker itself ends the password at a zero byte (docker/cli cli/config/configfile/file.go).
  return { from: origin, username: user, password: withoutTrailing(secret, '\0') };
}

/** Old entries are addresses: `https://ghcr.io/v2/`. */
function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return host === 'index.docker.io' ? 'docker.io' : host;
}

/** Base64 of `username:password`. */
export function encodeBasic(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}
