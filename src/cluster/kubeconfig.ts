import { dirname } from 'node:path';
import { defined } from '../base/defined.ts';
import type { ReadFile } from '../base/files.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../base/problem.ts';
import { type ProxyEnvironment, type ProxyServer, proxySecrets } from '../base/proxy.ts';
import type { Mask } from '../base/redaction/redactor.ts';
import { listWords, nearestNames, quoted, shownName } from '../base/text.ts';
import { CredentialsError } from './errors.ts';
import { type Identity, makeIdentity } from './identity.ts';
import { findProxy, readServer } from './kubeconfig/address.ts';
import type { Source } from './kubeconfig/credential-files.ts';
import {
  type ClusterCredentials,
  type ClusterSource,
  readCredentials,
  type UserSource,
} from './kubeconfig/credentials.ts';
import { type PluginRuntime, readExecPlugin, runExecPlugin } from './kubeconfig/exec-plugin.ts';
import { CLUSTER_FIELDS, CONTEXT_FIELDS, readFields, USER_FIELDS } from './kubeconfig/fields.ts';
import { impersonationHeaders } from './kubeconfig/headers.ts';
import { type Entry, type KubeconfigText, loadConfigs, type MergedConfig, REMEDY } from './kubeconfig/load.ts';
import { maskCredentials, maskUser } from './kubeconfig/secrets.ts';

export { type KubeconfigText, looksLikeContent } from './kubeconfig/load.ts';
export { writeSecret } from './kubeconfig/mistaken.ts';

/** A cluster that can be called: the context's address and who we are there. */
export interface ClusterAccess {
  readonly context: string;
  /** The same, where kubectl has to be told it: the kubeconfig has others. */
  readonly kubectlContext?: string;
  readonly server: string;
  /** The proxy on the way to it, if any: the kubeconfig's or the environment's. */
  readonly proxy: ProxyServer | undefined;
  /** The namespace the context names, if any. */
  readonly namespace: string | undefined;
  /** Why the connection is not fully protected; empty when it is. */
  readonly weaknesses: readonly string[];
  /**
   * Makes the identity of the context's user, each time anew: files are read and an exec plugin is run again.
   * Rejects with `CredentialsError`.
   */
  identify(): Promise<Identity>;
}

/** What reading a kubeconfig needs of the world around it. */
export interface KubeconfigRuntime extends PluginRuntime {
  readonly environment: ProxyEnvironment;
  readonly readFile: ReadFile;
  readonly date: () => Date;
}

/** kubectl reads a token file again after a minute, less ten seconds (client-go, transport/token_source.go). */
const TOKEN_FILE_MS = 50_000;

/** Stands for every context of a kubeconfig. */
export const ALL_CONTEXTS = '*';

/**
 * Reads kubeconfig texts, merged in order as kubectl merges the files of KUBECONFIG, picks contexts, and reads and checks all that
 * they name, but for what an exec plugin gives. What is secret in it is masked first. What kubectl 1.34 takes is taken; anything else gives problems of kind `kubeconfig`
 * that name the field. The empty string stands for the current context. Returns an access for each wanted context, in their order.
 */
export async function readContexts(
  texts: readonly KubeconfigText[],
  wanted: readonly string[] | typeof ALL_CONTEXTS,
  runtime: KubeconfigRuntime,
): Promise<Result<readonly ClusterAccess[]>> {
  const config = loadConfigs(texts, runtime.mask);
  if (!config.ok) return config;
  const { origin, contexts, remedy } = config.value;
  if (wanted === ALL_CONTEXTS && contexts.size === 0) {
    return fail({ kind: 'kubeconfig', subject: origin, message: 'has no contexts at all.', remedy });
  }
  const diagnostics = new Diagnostics();
  const accesses: ClusterAccess[] = [];
  for (const name of wanted === ALL_CONTEXTS ? contexts.keys() : wanted) {
    const chosen = diagnostics.unwrap(chooseContext(config.value, name, runtime.mask));
    const access = chosen && diagnostics.unwrap(await makeAccess(chosen, runtime));
    if (access === undefined) continue;
    accesses.push(contexts.size > 1 ? { ...access, kubectlContext: access.context } : access);
  }
  return diagnostics.ok ? ok(accesses) : fail(diagnostics.problems);
}

/** The kubeconfig of a file; its relative paths start from its folder. */
export function kubeconfigFile(path: string, text: string): KubeconfigText {
  return { origin: `kubeconfig file "${path}"`, text, folder: dirname(path) };
}

/** A context with the entries that it names. */
interface Chosen {
  readonly context: string;
  readonly namespace: string | undefined;
  readonly cluster: ClusterSource;
  readonly user: UserSource;
}

function chooseContext(config: MergedConfig, wanted: string, mask: Mask): Result<Chosen> {
  const { origin, contexts, clusters, users } = config;
  const problem = (message: string, remedy = config.remedy): ReturnType<typeof fail> =>
    fail({ kind: 'kubeconfig', subject: origin, message, remedy });
  const names = [...contexts.keys()];
  const name = wanted || config.currentContext;
  if (name === '') {
    const [first] = names;
    return problem(
      'names no current context.',
      first === undefined ? undefined : `Set the input "context" to ${listWords(names.slice(0, 20).map(shownName))}.`,
    );
  }
  const entry = contexts.get(name);
  if (entry === undefined) {
    const [near] = nearestNames(name, names, 1);
    const meant = near === undefined ? '' : `Did you mean ${quoted(near)}? `;
    return problem(
      `has no context ${quoted(name)}.`,
      names.length === 0
        ? config.remedy === REMEDY
          ? 'It has no contexts at all.'
          : config.remedy
        : `${meant}It has ${listWords(names.slice(0, 20).map(shownName), 'and')}.`,
    );
  }
  const fields = readFields(entry.value, CONTEXT_FIELDS, { origin: entry.origin, entry: `context ${quoted(name)}` });
  if (!fields.ok) return fields;
  const { cluster: clusterName, user: userName, namespace } = fields.value;
  if (clusterName === undefined) return problem(`names no cluster in context ${quoted(name)}.`);
  if (userName === undefined) return problem(`names no user in context ${quoted(name)}.`);
  const clusterEntry = clusters.get(clusterName);
  const userEntry = users.get(userName);
  if (clusterEntry === undefined)
    return problem(`has no cluster ${quoted(clusterName)}, which context ${quoted(name)} names.`);
  if (userEntry === undefined) return problem(`has no user ${quoted(userName)}, which context ${quoted(name)} names.`);
  maskUser(userEntry.value, mask);
  const cluster = readEntry(clusterEntry, 'cluster', CLUSTER_FIELDS);
  const user = readEntry(userEntry, 'user', USER_FIELDS);
  if (!cluster.ok || !user.ok) return fail([cluster, user].flatMap((read) => (read.ok ? [] : read.problems)));
  return ok({ context: name, namespace, cluster: cluster.value, user: user.value });
}

function readEntry<S extends Parameters<typeof readFields>[1]>(
  { name, value, origin, folder }: Entry,
  list: string,
  schema: S,
): Result<Source<ReturnType<typeof readFields<S>> extends Result<infer Fields> ? Fields : never>> {
  const place = { origin, entry: `${list} ${quoted(name)}` };
  const read = readFields(value, schema, place);
  return read.ok ? ok({ fields: read.value, place, ...defined({ folder }) }) : read;
}

async function makeAccess(chosen: Chosen, runtime: KubeconfigRuntime): Promise<Result<ClusterAccess>> {
  const { context, namespace, cluster, user } = chosen;
  const { mask } = runtime;
  const diagnostics = new Diagnostics();
  const server = diagnostics.unwrap(readServer(cluster.fields, cluster.place));
  if (server === undefined) return fail(diagnostics.problems);
  const proxy = diagnostics.unwrap(findProxy(server, cluster.fields, cluster.place, runtime.environment));
  const isPlain = server.protocol === 'http:';
  for (const secret of proxy === undefined ? [] : proxySecrets(proxy)) mask(secret);
  const first = diagnostics.unwrap(await readAll(chosen, server, runtime));
  if (first !== undefined) maskCredentials(first, mask);
  const signsIn = first?.keyPair ?? first?.token ?? first?.login;
  const needsPlugin = signsIn === undefined && !isPlain;
  const target = { server, proxy, authority: first?.authority };
  const plugin = diagnostics.unwrap(isPlain ? ok(undefined) : readExecPlugin(user, cluster, target));
  if (diagnostics.ok && needsPlugin && plugin === undefined) diagnostics.add(noCredentials(user));
  if (first === undefined || !diagnostics.ok) return fail(diagnostics.problems);

  let next: ClusterCredentials | undefined = first;
  const identify = async (): Promise<Identity> => {
    const credentials = next ?? orThrow(await readAll(chosen, server, runtime));
    next = credentials.fromFiles ? undefined : credentials;
    maskCredentials(credentials, mask);
    const given = plugin !== undefined && needsPlugin ? orThrow(await runExecPlugin(plugin, runtime)) : {};
    const expiresAt =
      given.expiresAt ?? (user.fields.tokenFile === undefined ? undefined : runtime.date().getTime() + TOKEN_FILE_MS);
    return makeIdentity({
      server: server.href,
      serverName: cluster.fields['tls-server-name'],
      skipVerification: cluster.fields['insecure-skip-tls-verify'] === true,
      ...credentials,
      ...given,
      expiresAt,
    });
  };
  return ok({
    context,
    server: server.href.replace(/\/$/, ''),
    proxy,
    namespace,
    weaknesses: weaknessesOf(cluster, isPlain),
    identify,
  });
}

/** Over plain HTTP no credential is looked at, as in kubectl (client-go, clientcmd/client_config.go). */
async function readAll(
  { cluster, user }: Chosen,
  server: URL,
  runtime: KubeconfigRuntime,
): Promise<Result<ClusterCredentials>> {
  if (server.protocol === 'https:') return readCredentials(cluster, user, runtime);
  const impersonation = impersonationHeaders(user);
  return impersonation.ok ? ok({ impersonation: impersonation.value, fromFiles: false }) : impersonation;
}

function orThrow<T>(checked: Result<T>): T {
  if (checked.ok) return checked.value;
  throw new CredentialsError(checked.problems[0]);
}

function noCredentials({ place }: UserSource): Problem {
  return {
    kind: 'kubeconfig',
    subject: place.origin,
    message: `has no credentials for ${place.entry}: no token, tokenFile, client certificate or exec plugin.`,
    remedy: REMEDY,
  };
}

function weaknessesOf({ fields }: ClusterSource, isPlain: boolean): string[] {
  return [
    ...(fields['insecure-skip-tls-verify'] === true
      ? ['The kubeconfig turns off the check of the server certificate (insecure-skip-tls-verify).']
      : []),
    ...(isPlain ? ['The API server is called over plain HTTP, without credentials.'] : []),
  ];
}
