import { posix } from 'node:path';
import { fileFault, isMissing, type ReadFile } from '../base/files.ts';
import { type Mask, maskLogin } from '../base/redaction/redactor.ts';
import { credentialsIn, parseDockerConfig, type RegistryCredentials, type RunHelper } from './credentials.ts';
import { LoginError } from './errors.ts';

/** A login that was handed to the run itself, for one registry. */
export interface GivenLogin {
  readonly username: string;
  readonly password: string;
}

/** Where logins are looked for. */
export interface LoginSources {
  /** Goes before all others, to the registry that the inputs name and to no other one. */
  readonly given?: GivenLogin & { readonly host: string };
  /** HOME and DOCKER_CONFIG are looked at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  readonly runHelper: RunHelper;
  /** Keeps a value out of every log. */
  readonly mask: Mask;
}

/**
 * Finds the login for a registry's host: what was handed to the run, else what Docker's own configuration has. `undefined` for
 * none. Throws `LoginError` when a configuration or helper that is there cannot be used.
 */
export async function findLogin(host: string, sources: LoginSources): Promise<RegistryCredentials | undefined> {
  const { given, mask } = sources;
  const found = given?.host === host ? { ...given, from: GIVEN } : await findInDocker(host, sources);
  if (found !== undefined && 'identityToken' in found) mask(found.identityToken);
  else if (found !== undefined) maskLogin(mask, found.username, found.password);
  return found;
}

/** One with the logins of a hundred registries has some 20 KiB. */
const MAX_CONFIG_BYTES = 1_048_576;
const GIVEN = 'the inputs "registry-username" and "registry-password"';

async function findInDocker(
  host: string,
  { environment, readFile, runHelper }: LoginSources,
): Promise<RegistryCredentials | undefined> {
  const { DOCKER_CONFIG, HOME, USERPROFILE } = environment;
  const home = HOME || USERPROFILE;
  const folder = DOCKER_CONFIG || (home ? posix.join(home, '.docker') : undefined);
  if (folder === undefined) return undefined;
  const path = posix.join(folder, 'config.json');
  let text: string;
  try {
    text = Buffer.from(await readFile(path, MAX_CONFIG_BYTES)).toString('utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new LoginError(`${path} cannot be read: ${fileFault(error)}`);
  }
  return credentialsIn(parseDockerConfig(text, path), host, runHelper);
}
