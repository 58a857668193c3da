import { isObject } from '../../base/json.ts';
import { type Mask, maskLogin } from '../../base/redaction/redactor.ts';
import { secretsIn, secretsInArguments } from '../../base/redaction/secret-names.ts';
import type { Credentials, UserSource } from './credentials.ts';

/** Makes known what of a user's fields is secret, before anything is checked or done with them. */
export function maskUser({ fields }: UserSource, mask: Mask): void {
  const { token, username = '', password = '', exec } = fields;
  if (token !== undefined) mask(token);
  maskLogin(mask, username, password);
  const key = fields['client-key-data'];
  // Its base64 may stand in what is encoded again: a whole kubeconfig.
  for (const written of key === undefined ? [] : [key.toString('utf8'), key.toString('base64')]) mask(written);
  const given = fields['auth-provider']?.config;
  for (const secret of isObject(given) ? secretsIn(given) : []) mask(secret);
  if (!isObject(exec)) return;
  const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
  for (const secret of secretsInArguments(args)) mask(secret);
  for (const variable of Array.isArray(exec.env) ? exec.env : []) maskVariable(variable, mask);
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
