import { isObject } from '../../base/json.ts';
import { maskFound, secretsInConfiguration } from '../../base/redaction/configuration-secrets.ts';
import { type Mask, maskLogin } from '../../base/redaction/redactor.ts';
import { secretsIn, secretsInUrl } from '../../base/redaction/secret-names.ts';
import type { FilterTest } from '../../filter/tests/filter-test.ts';
import type { TargetList } from '../../targets/parse.ts';
import type { FilterInputs, Inputs } from '../inputs/inputs.ts';
import type { Environment } from '../inputs/reader.ts';
import type { Asked } from './request.ts';
import { runWords, sparing } from './run-words.ts';

/** What the run itself says, see `runWords`. */
type Words = ReadonlySet<string>;
const NONE: Words = new Set();

interface SecretsRuntime {
  readonly environment: Environment;
  readonly mask: Mask;
}

/** Makes known what is secret of inputs and environment, before anything is said. */
export function maskSecrets({ read, filters }: Pick<Asked, 'read' | 'filters'>, runtime: SecretsRuntime): void {
  const { environment, mask } = runtime;
  const lists = filters.flatMap(({ targets }) => targets.lists);
  const inputs = [read.inputs, ...filters.map((filter) => filter.inputs)];
  const words = runWords(inputs, lists);
  const maskNamed = sparing(words, mask);
  maskEnvironment(environment, maskNamed);
  maskProbe(read.inputs, mask, words);
  for (const one of inputs) maskInputs(one, mask, words);
  for (const list of lists) maskTargets(list, maskNamed, words);
  for (const { tests } of filters) {
    for (const { test } of tests.ok ? tests.value : tests.partial) maskTest(test, maskNamed, words);
  }
}

/** Makes known the secrets of the environment: variables with a secret's name, and passwords in addresses, such as a proxy's. */
export function maskEnvironment(environment: Environment, mask: Mask): void {
  // Every shell puts the folder that it is in there: no password, and a part of every path that the log names.
  const { PWD: _folder, ...others } = environment;
  for (const secret of secretsIn(others)) mask(secret);
  for (const [name, value = ''] of Object.entries(environment)) {
    if (!name.toUpperCase().endsWith('_PROXY') || value.includes('://')) continue;
    for (const secret of secretsInUrl(`http://${value}`)) mask(secret);
  }
}

/** Makes known the secrets that a probe sends or expects. */
export function maskProbe({ policy: { probe } }: Pick<Inputs, 'policy'>, mask: Mask, words: Words = NONE): void {
  if (probe === undefined) return;
  const { headers, path, body = '', expect } = probe;
  for (const secret of [...secretsIn(headers), ...secretsIn({ ...expect.headers }), ...secretsInUrl(path)])
    mask(secret);
  for (const text of [body, expect.body ?? '']) maskConfiguration(text, mask, words);
}

/** Makes known the secrets of a filter, but for those of the kubeconfig: logins, tokens, and what the filter is handed. */
export function maskInputs({ from, provenance, settings }: FilterInputs, mask: Mask, words: Words = NONE): void {
  const { login, origin } = from;
  if (provenance.token !== '') mask(provenance.token);
  if (login !== undefined) maskLogin(mask, login.username, login.password);
  if (origin?.kind === 'https') for (const secret of secretsInUrl(origin.address)) mask(secret);
  for (const secret of secretsIn({ ...settings.environment })) mask(secret);
  // A variable may hold a configuration of its own.
  for (const value of Object.values(settings.environment ?? {})) {
    if (typeof value === 'string') maskConfiguration(value, mask, words);
  }
  maskConfiguration(settings.configuration, mask, words);
}

/** Makes known the secrets in the configurations that targets have of their own; whatever else is wrong with their list. */
export function maskTargets({ content }: Pick<TargetList, 'content'>, mask: Mask, words: Words = NONE): void {
  for (const entry of content.ok && Array.isArray(content.value) ? content.value : []) {
    if (!isObject(entry)) continue;
    const { configuration } = entry;
    maskConfiguration(
      typeof configuration === 'string' ? configuration : JSON.stringify(configuration ?? null),
      mask,
      words,
    );
  }
}

/** Makes known the secrets that a test sends, expects, or hands to the filter: one may be copied from what runs. */
export function maskTest({ settings, start }: FilterTest, mask: Mask, words: Words = NONE): void {
  const { configuration, environment } = settings;
  for (const secret of secretsIn({ ...environment })) mask(secret);
  if (configuration !== undefined) maskConfiguration(configuration, mask, words);
  const steps = start.kind === 'accepted' ? start.steps : [];
  for (const { request, upstream, calls, expect } of steps) {
    const answers = calls.flatMap(({ answer }) => (answer.kind === 'http' ? [answer.message] : []));
    for (const { headers, chunks } of [...(request === undefined ? [] : [request]), upstream, ...answers]) {
      for (const [name, value] of headers) {
        for (const secret of name === ':path' ? secretsInUrl(value) : secretsIn({ [name]: value })) mask(secret);
      }
      for (const chunk of chunks) maskConfiguration(Buffer.from(chunk).toString(), mask, words);
    }
    for (const { headers } of [expect.request, expect.response, ...(expect.calls ?? [])].flatMap((one) => one ?? [])) {
      const exact = Object.entries(headers).flatMap(([name, one]) => (one.kind === 'exact' ? [[name, one.text]] : []));
      for (const secret of secretsIn(Object.fromEntries(exact))) mask(secret);
    }
  }
}

function maskConfiguration(text: string, mask: Mask, words: Words): void {
  for (const secret of secretsInConfiguration(text)) maskFound(secret, mask, words);
}
