import { isObject, pick } from '../../base/json.ts';
import { type Mask, maskLogin } from '../../base/redaction/redactor.ts';
import { secretsIn, secretsInArguments } from '../../base/redaction/secret-names.ts';
import type { ClusterCredentials } from './credentials.ts';

/**
 * Makes known what is secret of every user of a kubeconfig, also of those that no context names, whatever shape it has: a message may
 * quote a name that is the secret of any of them.
 */
export function maskUsers(users: unknown, mask: Mask): void {
  if (typeof users !== 'object' || users === null) return;
  for (const entry of Object.values(users)) {
    maskSecrets(entry, mask);
    maskSecrets(pick(entry, 'user'), mask);
  }
}

/** Makes known what is secret of the user that a run signs in as, and each variable of its plugin: before anything is checked. */
export function maskUser(user: unknown, mask: Mask): void {
  maskSecrets(user, mask);
  // Its value need be no secret (a region, a path), but may be. Those of other users may stand in any text.
  for (const { value } of variablesOf(user)) mask(value, 'whole');
}

function maskSecrets(user: unknown, mask: Mask): void {
  if (!isObject(user)) return;
  const text = (name: string): string => {
    const value = user[name];
    return typeof value === 'string' ? value : '';
  };
  const key = text('client-key-data');
  // Its base64 may stand in what is encoded again: a whole kubeconfig.
  const own = [text('token'), key, Buffer.from(key, 'base64').toString('utf8')];
  for (const secret of own.filter((value) => value !== '')) mask(secret);
  maskLogin(mask, text('username'), text('password'));
  const given = pick(user, 'auth-provider', 'config');
  for (const secret of isObject(given) ? secretsIn(given) : []) mask(secret);
  const args = pick(user, 'exec', 'args');
  for (const secret of Array.isArray(args) ? secretsInArguments(args.map(String)) : []) mask(secret);
  for (const { name, value } of variablesOf(user)) {
    for (const secret of secretsIn({ [name]: value })) mask(secret);
  }
}

/** The variables that a user's plugin gets, but for those whose value is no text. */
function variablesOf(user: unknown): { readonly name: string; readonly value: string }[] {
  const variables = pick(user, 'exec', 'env');
  if (!Array.isArray(variables)) return [];
  return variables.flatMap((variable) =>
    isObject(variable) && typeof variable.value === 'string'
      ? [{ name: String(variable.name), value: variable.value }]
      : [],
  );
}

/** Makes known what of a user's credentials is secret, wherever it was read. */
export function maskCredentials({ token, login, keyPair }: ClusterCredentials, mask: Mask): void {
  if (token !== undefined) mask(token);
  if (login !== undefined) maskLogin(mask, login.username, login.password);
  if (keyPair !== undefined) mask(keyPair.key);
}
