import { isObject, pick } from '../../base/json.ts';
import { type Mask, maskLogin } from '../../base/redaction/redactor.ts';
import { secretsIn, secretsInArguments } from '../../base/redaction/secret-names.ts';
import type { Credentials } from './credentials.ts';

/** Makes known what is secret of a user, as the kubeconfig has it: before anything is checked, which may refuse it. */
export function maskUser(user: unknown, mask: Mask): void {
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
  const [args, variables] = [pick(user, 'exec', 'args'), pick(user, 'exec', 'env')];
  for (const secret of Array.isArray(args) ? secretsInArguments(args.map(String)) : []) mask(secret);
  for (const variable of Array.isArray(variables) ? variables : []) maskVariable(variable, mask);
}

/** A variable for a plugin, whose value need be no secret (a region, a path) but may be. */
function maskVariable(variable: unknown, mask: Mask): void {
  if (!isObject(variable) || typeof variable.value !== 'string') return;
  mask(variable.value, 'whole');
  for (const secret of secretsIn({ [String(variable.name)]: variable.value })) mask(secret);
}

/** Makes known what of a user's credentials is secret, wherever it was read. */
export function maskCredentials({ token, login, keyPair }: Credentials, mask: Mask): void {
  if (token !== undefined) mask(token);
  if (login !== undefined) maskLogin(mask, login.username, login.password);
  if (keyPair !== undefined) mask(keyPair.key);
}
