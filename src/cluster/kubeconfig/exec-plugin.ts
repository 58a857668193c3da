import { sep } from 'node:path';
import { defined } from '../../base/defined.ts';
import { isObject, parseJson } from '../../base/json.ts';
import type { Log } from '../../base/log.ts';
import { type Fault, fail, faulty, ok, type Problem, type Result } from '../../base/problem.ts';
import type { ProxyServer } from '../../base/proxy.ts';
import type { Mask, SecretKeeper } from '../../base/redaction/redactor.ts';
import { withoutCredentials } from '../../base/redaction/shapes.ts';
import { listWords, sentence, truncate } from '../../base/text.ts';
import { visible } from '../../base/visible.ts';
import { readYaml } from '../../base/yaml.ts';
import { absolutePath } from './credential-files.ts';
import type { ClusterSource, UserSource } from './credentials.ts';
import { EXEC_FIELDS, type ExecFields, type FieldPlace, fieldProblem, readFields } from './fields.ts';
import { headerFault } from './headers.ts';
import { type KeyPair, readKeyPair } from './pem.ts';
import { failureRemedy, signInRemedy, tellingLine } from './plugin-remedies.ts';
import type { PluginCommand, RunPlugin } from './plugin-runner.ts';
import { tokensIn, withoutTokens } from './token-words.ts';

/** An exec plugin, checked and ready to run. */
export interface ExecPlugin extends PluginCommand {
  readonly place: FieldPlace;
  readonly apiVersion: string;
  readonly installHint: string;
}

/** What a plugin gave. */
export interface PluginCredential {
  readonly token?: string;
  readonly keyPair?: KeyPair;
  /** When it has to be asked again, in milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/** What running a plugin needs. */
export interface PluginRuntime extends SecretKeeper {
  readonly runPlugin: RunPlugin;
  readonly log: Pick<Log, 'info'>;
}

const API_GROUP = 'client.authentication.k8s.io';
const API_VERSIONS = [`${API_GROUP}/v1`, `${API_GROUP}/v1beta1`];
/** The name of a cluster's extension that is meant for plugins. */
const CLUSTER_EXTENSION = 'client.authentication.k8s.io/exec';
const MAX_SHOWN = 300;

/** Reads a user's `exec`, with the rules of client-go's clientcmd/validation.go and exec.go. */
export function readExecPlugin(
  user: UserSource,
  cluster: ClusterSource,
  {
    server,
    proxy,
    authority,
  }: {
    readonly server: URL;
    readonly proxy?: ProxyServer | undefined;
    readonly authority?: readonly string[] | undefined;
  },
): Result<ExecPlugin | undefined> {
  const { fields, place } = user;
  if (fields.exec === undefined) return ok(undefined);
  const execPlace = { ...place, entry: `"exec" of ${place.entry}` };
  const problem = (field: string, fault: string, remedy?: string): ReturnType<typeof fail> =>
    fail(fieldProblem(execPlace, field, fault, remedy));
  if (fields['auth-provider'] !== undefined) {
    return fail(fieldProblem(place, 'exec', 'and "auth-provider" are both set', 'Remove one of the two.'));
  }
  const read = readFields(fields.exec, EXEC_FIELDS, execPlace);
  if (!read.ok) return read;
  const { command, args = [], env = [], apiVersion, installHint = '', interactiveMode } = read.value;
  if (command === undefined) return problem('command', 'is missing');
  if (apiVersion === undefined || !API_VERSIONS.includes(apiVersion)) {
    const fault = apiVersion === undefined ? 'is missing' : 'is a version that Kubernetes no longer has';
    return problem('apiVersion', fault, `It is ${listWords(API_VERSIONS)}; a newer version of the plugin writes it.`);
  }
  const interactive = interactiveFault(interactiveMode, apiVersion);
  if (interactive !== undefined) return problem('interactiveMode', ...interactive);
  // A command without a folder is looked up in PATH.
  const program = command.includes(sep) ? absolutePath(command, 'command', { ...user, place: execPlace }) : ok(command);
  if (!program.ok) return program;
  const info = execInfo(read.value, apiVersion, cluster, { server, proxy, authority });
  const given = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const environment = { ...given, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  return ok({ place, command: program.value, args, environment, apiVersion, installHint });
}

function interactiveFault(mode: string | undefined, apiVersion: string): [fault: string, remedy?: string] | undefined {
  if (mode === undefined) {
    return apiVersion.endsWith('/v1') ? ['is missing', 'Set it to Never or IfAvailable; v1 requires it.'] : undefined;
  }
  if (mode === 'Never' || mode === 'IfAvailable') return undefined;
  if (mode !== 'Always') return ['is none of Never, IfAvailable and Always'];
  return [
    'is "Always", but nobody can enter anything during a run',
    'Set it to IfAvailable or Never, if the plugin can work without a person.',
  ];
}

/** What a plugin is told in KUBERNETES_EXEC_INFO (client-go, pkg/apis/clientauthentication and rest/exec.go). */
function execInfo(
  { provideClusterInfo = false }: ExecFields,
  apiVersion: string,
  { fields }: ClusterSource,
  {
    server,
    proxy,
    authority,
  }: {
    readonly server: URL;
    readonly proxy?: ProxyServer | undefined;
    readonly authority?: readonly string[] | undefined;
  },
): object {
  const spec = { interactive: false };
  const cluster = {
    server: fields.server ?? server.href,
    ...defined({ 'tls-server-name': fields['tls-server-name'] }),
    ...(fields['insecure-skip-tls-verify'] === true && { 'insecure-skip-tls-verify': true }),
    ...(authority !== undefined && { 'certificate-authority-data': encode(fields, authority) }),
    ...(fields['proxy-url'] !== undefined && proxy !== undefined && { 'proxy-url': fields['proxy-url'] }),
    ...(fields['disable-compression'] === true && { 'disable-compression': true }),
    config: fields.extensions?.[CLUSTER_EXTENSION] ?? null,
  };
  return { kind: 'ExecCredential', apiVersion, spec: provideClusterInfo ? { cluster, ...spec } : spec };
}

function encode(fields: ClusterSource['fields'], authority: readonly string[]): string {
  const bytes = fields['certificate-authority-data'] ?? Buffer.from(authority.join(''));
  return bytes.toString('base64');
}

/** Runs a plugin and reads what it gives. Its token and key are masked before anything else is done with them. */
export async function runExecPlugin(
  plugin: ExecPlugin,
  { runPlugin, mask, redact, log }: PluginRuntime,
): Promise<Result<PluginCredential>> {
  const name = `exec plugin "${truncate(plugin.command, 60)}" of ${plugin.place.entry}`;
  const said: string[] = [];
  const scrub = (text: string): string => visible(withoutTokens(withoutCredentials(redact(text)))).trim();
  log.info(`Running the ${name}.`);
  const end = await runPlugin(plugin, (line) => {
    const shown = scrub(line);
    said.push(shown);
    log.info(`${truncate(plugin.command, 60)}: ${shown}`);
  });
  const problem = (fault: string, remedy?: string, kind: Problem['kind'] = 'kubeconfig'): ReturnType<typeof fail> =>
    fail({
      kind,
      subject: plugin.place.origin,
      form: 'clause',
      message: sentence(`the ${name} ${fault}`),
      ...defined({ remedy }),
    });
  const timedOut = (fault: string): ReturnType<typeof fail> => {
    const signIn = signInRemedy(plugin, said);
    return signIn === undefined
      ? problem(`${fault}, and was stopped`, 'What it wrote to its stderr is in the log.')
      : problem(`${fault}: it waits for a person to sign in, and was stopped`, signIn);
  };
  switch (end.how) {
    case 'missing': {
      const hint = truncate(scrub(plugin.installHint), 2 * MAX_SHOWN);
      return problem('is not on the runner', sentence(hint || 'Install it in an earlier step'));
    }
    case 'cancelled':
      return problem('was stopped because the run was cancelled', undefined, 'cancelled');
    case 'timed out':
      return timedOut(end.fault);
    case 'stopped':
      return problem(end.fault, 'What it wrote to its stderr is in the log.');
    case 'exited': {
      const read = readCredential(end.output, plugin.apiVersion, mask);
      if (end.code !== 0) {
        // Whatever it meant to give may stand in its words, too.
        for (const token of tokensIn(end.output)) mask(token);
        const telling = tellingLine(said.map(scrub));
        const why = telling === undefined ? ' and wrote nothing to its stderr' : `: ${truncate(telling, MAX_SHOWN)}`;
        return problem(`ended with exit code ${end.code}${why}`, failureRemedy(plugin, said));
      }
      return read.ok ? read : problem(read.fault);
    }
  }
}

/** The credential of a plugin's output, or what is wrong with it. Nothing of the output is quoted. */
function readCredential(output: string, wanted: string, mask: Mask): Result<PluginCredential, Fault> {
  const credential = parse(output);
  const status = isObject(credential) ? credential.status : undefined;
  const {
    token,
    clientCertificateData: certificate,
    clientKeyData: key,
    expirationTimestamp,
  } = isObject(status) ? status : {};
  for (const secret of [token, key]) if (typeof secret === 'string' && secret !== '') mask(secret);
  if (!isObject(credential) || credential.kind !== 'ExecCredential') return faulty('has not written an ExecCredential');
  if (credential.apiVersion !== wanted)
    return faulty(`has not written an ExecCredential of ${wanted}, which the kubeconfig asks for`);
  if (!isObject(status)) return faulty('has written an ExecCredential without "status"');
  for (const [field, value] of Object.entries({ token, clientCertificateData: certificate, clientKeyData: key })) {
    if (value !== undefined && value !== null && typeof value !== 'string')
      return faulty(`has written a "${field}" that is not text`);
  }
  const expiresAt = expirationTimestamp ? Date.parse(String(expirationTimestamp)) : undefined;
  if (Number.isNaN(expiresAt)) return faulty('has written an "expirationTimestamp" that is not a time');
  if (!token && !certificate && !key) return faulty('has given neither a token nor a client certificate');
  if (!certificate !== !key) return faulty('has given only one of client certificate and key');
  if (token) {
    const fault = headerFault(String(token));
    if (fault !== undefined) return faulty(`has given a token that cannot be sent as a header: it ${fault}`);
  }
  const pair = certificate ? readKeyPair(Buffer.from(String(certificate)), Buffer.from(String(key))) : undefined;
  if (pair?.ok === false) return faulty(`has given a client ${pair.wrong} that ${pair.fault}`);
  return ok({
    ...(token ? { token: String(token) } : {}),
    ...defined({ keyPair: pair?.value, expiresAt }),
  });
}

/** JSON, or YAML, which kubectl reads as well. */
function parse(output: string): unknown {
  try {
    return parseJson(output);
  } catch {
    const read = readYaml(output, { merge: true });
    return read.ok ? read.value : undefined;
  }
}
