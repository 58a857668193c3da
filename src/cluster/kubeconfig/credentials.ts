import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import { pick, readJson } from '../../base/json.ts';
import { Diagnostics, fail, ok, type Result } from '../../base/problem.ts';
import { readDataOrFile, readNamedFile, type Source } from './credential-files.ts';
import { AUTH_PROVIDER_FIELDS, type ClusterFields, fieldProblem, readFields, type UserFields } from './fields.ts';
import { headerFault, impersonationHeaders } from './headers.ts';
import { type KeyPair, readAuthority, readKeyPair } from './pem.ts';

/** Who calls and whom is trusted, read and checked; nothing of it has met the server. */
export interface ClusterCredentials {
  /** Absent where the system's authorities are meant. */
  readonly authority?: readonly string[];
  readonly keyPair?: KeyPair;
  readonly token?: string;
  readonly login?: { readonly username: string; readonly password: string };
  /** Headers by which the user acts as another one. */
  readonly impersonation: Readonly<Record<string, string | string[]>>;
  /** Whether files were read, which may have changed since. */
  readonly fromFiles: boolean;
}

export type ClusterSource = Source<ClusterFields>;
export type UserSource = Source<UserFields>;

/** Reads what a server is checked with. */
async function readTrust(cluster: ClusterSource, readFile: ReadFile): Promise<Result<readonly string[] | undefined>> {
  const { fields, place } = cluster;
  const { 'certificate-authority': path, 'certificate-authority-data': data } = fields;
  const found = await readDataOrFile({ name: 'certificate-authority', path, data }, cluster, readFile);
  if (!found.ok) return found;
  if (found.value === undefined) return ok(undefined);
  const { field, bytes } = found.value;
  if (fields['insecure-skip-tls-verify'] === true) {
    const fault = 'is set together with "insecure-skip-tls-verify: true"';
    return fail(fieldProblem(place, field, fault, 'Remove one of the two; kubectl takes no kubeconfig with both.'));
  }
  const authority = readAuthority(bytes);
  if (authority.ok) return authority;
  return fail(
    fieldProblem(
      place,
      field,
      authority.fault,
      "It must hold the certificate of the authority that signs the API server's.",
    ),
  );
}

/** Reads a user's credentials, but for what an exec plugin gives, with the rules of client-go's clientcmd/validation.go. */
export async function readCredentials(
  cluster: ClusterSource,
  user: UserSource,
  runtime: { readonly readFile: ReadFile; readonly date: () => Date },
): Promise<Result<ClusterCredentials>> {
  const diagnostics = new Diagnostics();
  const authority = diagnostics.unwrap(await readTrust(cluster, runtime.readFile));
  const keyPair = diagnostics.unwrap(await readClientCertificate(user, runtime.readFile));
  const token = diagnostics.unwrap(await readToken(user, runtime));
  const { username, password = '' } = user.fields;
  if (username !== undefined && token !== undefined) {
    const fault = 'is set together with a token';
    diagnostics.add(fieldProblem(user.place, 'username', fault, 'Remove one of the two ways to sign in.'));
  }
  const impersonation = diagnostics.unwrap(impersonationHeaders(user)) ?? {};
  if (!diagnostics.ok) return fail(diagnostics.problems);
  const files = [cluster.fields['certificate-authority'], user.fields['client-certificate'], user.fields.tokenFile];
  return ok({
    ...defined({ authority, keyPair, token }),
    ...(username !== undefined && { login: { username, password } }),
    impersonation,
    fromFiles: files.some((file) => file !== undefined),
  });
}

async function readClientCertificate(user: UserSource, readFile: ReadFile): Promise<Result<KeyPair | undefined>> {
  const { fields, place } = user;
  const { 'client-certificate': path, 'client-certificate-data': data } = fields;
  const certificate = await readDataOrFile({ name: 'client-certificate', path, data }, user, readFile);
  if (!certificate.ok) return certificate;
  // A key without a certificate is passed over, as kubectl does.
  if (certificate.value === undefined) return ok(undefined);
  const { 'client-key': keyPath, 'client-key-data': keyData } = fields;
  const key = await readDataOrFile({ name: 'client-key', path: keyPath, data: keyData }, user, readFile);
  if (!key.ok) return key;
  if (key.value === undefined) {
    return fail(
      fieldProblem(place, 'client-key-data', 'is missing, and the client certificate cannot be used without it'),
    );
  }
  const pair = readKeyPair(certificate.value.bytes, key.value.bytes);
  if (pair.ok) return pair;
  const { field } = pair.wrong === 'key' ? key.value : certificate.value;
  const remedy =
    pair.wrong === 'key'
      ? 'It must hold the private key of the client certificate in PEM, without a password.'
      : 'It must hold a client certificate in PEM.';
  return fail(fieldProblem(place, field, pair.fault, remedy));
}

/** A token file that can be read counts more than a token beside it (client-go, transport/round_trippers.go). */
async function readToken(
  user: UserSource,
  { readFile, date }: { readonly readFile: ReadFile; readonly date: () => Date },
): Promise<Result<string | undefined>> {
  const { fields, place } = user;
  if (fields.tokenFile !== undefined) {
    const read = await readNamedFile(fields.tokenFile, 'tokenFile', user, readFile);
    const token = read.ok ? read.value.toString('utf8').trim() : '';
    if (token !== '') return checkToken(token, 'tokenFile');
    if (fields.token === undefined) {
      return read.ok ? fail(fieldProblem(place, 'tokenFile', 'names a file that is empty')) : read;
    }
  }
  const fromProvider = fields['auth-provider'] === undefined ? ok(undefined) : readAuthProvider(user, date());
  if (!fromProvider.ok) return fromProvider;
  if (fields.token !== undefined) return checkToken(fields.token, 'token');
  return fromProvider.value === undefined ? ok(undefined) : checkToken(fromProvider.value, 'auth-provider');

  function checkToken(token: string, field: string): Result<string> {
    const fault = headerFault(token);
    if (fault === undefined) return ok(token);
    return fail(
      fieldProblem(place, field, `cannot be sent as a header: it ${fault}`, 'Write the token alone, on one line.'),
    );
  }
}

/** What is left of auth-providers in kubectl: `oidc`, of which the token that is there is used while it is valid. */
function readAuthProvider({ fields, place }: UserSource, now: Date): Result<string> {
  const remedy = 'Use a token, a client certificate or an exec plugin.';
  const read = readFields(fields['auth-provider'], AUTH_PROVIDER_FIELDS, {
    ...place,
    entry: `the auth-provider of ${place.entry}`,
  });
  if (!read.ok) return read;
  const { name = '', config = {} } = read.value;
  if (name !== 'oidc') {
    const fault = `is "${name.slice(0, 40)}", which Kubernetes removed in 1.26`;
    return fail(fieldProblem(place, 'auth-provider', fault, remedy));
  }
  const token = config['id-token'] ?? '';
  if (token === '') return fail(fieldProblem(place, 'auth-provider', 'has no "id-token"', remedy));
  const expires = expiryOf(token);
  if (expires !== undefined && expires > now.getTime()) return ok(token);
  const fault = 'has an "id-token" that has expired or cannot be read, and its refresh token is not used here';
  return fail(fieldProblem(place, 'auth-provider', fault, remedy));
}

/** When a JSON Web Token expires, in milliseconds since the epoch (RFC 7519, 4.1.4). */
function expiryOf(token: string): number | undefined {
  const expires = pick(readJson(Buffer.from(token.split('.')[1] ?? '', 'base64url')), 'exp');
  return typeof expires === 'number' ? expires * 1000 : undefined;
}
