import { isObject, readJson } from '../base/json.ts';
import { type Mask, maskLogin } from '../base/redaction/redactor.ts';
import { secretsIn, secretsInUrl } from '../base/redaction/secret-names.ts';
import type { Environment } from './input-reader.ts';
import type { Inputs } from './inputs.ts';

/** The one input that ends like a secret, but is the name of an object. */
const NAME_OF_SECRET = 'INPUT_PULL-SECRET';

/** Makes known the secrets of the environment: variables with a secret's name, and passwords in addresses, such as a proxy's. */
export function maskEnvironment(environment: Environment, mask: Mask): void {
  const variables = Object.entries(environment).filter(([name]) => name !== NAME_OF_SECRET);
  for (const secret of secretsIn(Object.fromEntries(variables))) mask(secret);
  for (const [name, value = ''] of variables) {
    if (!name.toUpperCase().endsWith('_PROXY') || value.includes('://')) continue;
    for (const secret of secretsInUrl(`http://${value}`)) mask(secret);
  }
}

/** Makes known the secrets of the inputs, but for those of the kubeconfig: logins, tokens, and what a probe or a filter is handed. */
export function maskInputs({ from, provenance, policy, settings }: Inputs, mask: Mask): void {
  const { login, origin } = from;
  if (provenance.token !== '') mask(provenance.token);
  if (login !== undefined) maskLogin(mask, login.username, login.password);
  if (origin?.kind === 'https') for (const secret of secretsInUrl(origin.address)) mask(secret);
  const { probe } = policy;
  const handed = [
    ...(probe === undefined ? [] : [...secretsIn(probe.headers), ...secretsInUrl(probe.path)]),
    ...secretsIn({ ...settings.environment }),
  ];
  for (const secret of handed) mask(secret);
  // What a configuration calls a token may be the name of one, too.
  for (const secret of namedSecrets(readJson(Buffer.from(settings.configuration)))) mask(secret, 'whole');
}

function namedSecrets(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namedSecrets);
  if (!isObject(value)) return [];
  return [...secretsIn(value), ...Object.values(value).flatMap(namedSecrets)];
}
