import { isObject } from '../../base/json.ts';
import { secretsInConfiguration } from '../../base/redaction/configuration-secrets.ts';
import { type Mask, maskLogin } from '../../base/redaction/redactor.ts';
import { secretsIn, secretsInUrl } from '../../base/redaction/secret-names.ts';
import type { TargetList } from '../../targets/parse.ts';
import type { FilterInputs, Inputs } from '../inputs/inputs.ts';
import type { Environment } from '../inputs/reader.ts';
import type { Asked } from './request.ts';
import { runWords, sparing } from './run-words.ts';

interface SecretsRuntime {
  readonly environment: Environment;
  readonly mask: Mask;
}

/** Makes known what is secret of inputs and environment, before anything is said. */
export function maskSecrets({ read, filters }: Pick<Asked, 'read' | 'filters'>, runtime: SecretsRuntime): void {
  const { environment, mask } = runtime;
  const lists = filters.flatMap(({ targets }) => targets.lists);
  const inputs = [read.inputs, ...filters.map((filter) => filter.inputs)];
  const maskNamed = sparing(runWords(inputs, lists), mask);
  maskEnvironment(environment, maskNamed);
  maskProbe(read.inputs, mask);
  for (const one of inputs) maskInputs(one, mask);
  for (const list of lists) maskTargets(list, maskNamed);
}

/** Makes known the secrets of the environment: variables with a secret's name, and passwords in addresses, such as a proxy's. */
export function maskEnvironment(environment: Environment, mask: Mask): void {
  for (const secret of secretsIn(environment)) mask(secret);
  for (const [name, value = ''] of Object.entries(environment)) {
    if (!name.toUpperCase().endsWith('_PROXY') || value.includes('://')) continue;
    for (const secret of secretsInUrl(`http://${value}`)) mask(secret);
  }
}

/** Makes known the secrets that a probe sends. */
export function maskProbe({ policy: { probe } }: Pick<Inputs, 'policy'>, mask: Mask): void {
  if (probe === undefined) return;
  for (const secret of [...secretsIn(probe.headers), ...secretsInUrl(probe.path)]) mask(secret);
}

/** Makes known the secrets of a filter, but for those of the kubeconfig: logins, tokens, and what the filter is handed. */
export function maskInputs({ from, provenance, settings }: FilterInputs, mask: Mask): void {
  const { login, origin } = from;
  if (provenance.token !== '') mask(provenance.token);
  if (login !== undefined) maskLogin(mask, login.username, login.password);
  if (origin?.kind === 'https') for (const secret of secretsInUrl(origin.address)) mask(secret);
  for (const secret of secretsIn({ ...settings.environment })) mask(secret);
  maskConfiguration(settings.configuration, mask);
}

/** Makes known the secrets in the configurations that targets have of their own; whatever else is wrong with their list. */
export function maskTargets({ content }: Pick<TargetList, 'content'>, mask: Mask): void {
  for (const entry of content.ok && Array.isArray(content.value) ? content.value : []) {
    if (!isObject(entry)) continue;
    const { configuration } = entry;
    maskConfiguration(typeof configuration === 'string' ? configuration : JSON.stringify(configuration ?? null), mask);
  }
}

function maskConfiguration(text: string, mask: Mask): void {
  // What a configuration calls a token may be the name of one, too.
  for (const secret of secretsInConfiguration(text)) mask(secret, 'whole');
}
