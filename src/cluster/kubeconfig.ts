import { dirname } from 'node:path';
import { KubeConfig, type User } from '@kubernetes/client-node';
import { load, YAMLException } from 'js-yaml';
import { isObject } from '../base/json.ts';
import { bad, type Checked, good, messageOf, type Problem } from '../base/problem.ts';
import { listWords, nearestNames } from '../base/text.ts';

/** One kubeconfig text and where it came from. */
export interface KubeconfigText {
  /** How messages call it: an input's or a file's name. Never its content. */
  readonly origin: string;
  readonly text: string;
  /** The folder that relative paths inside it start from; absent for text that is no file. */
  readonly folder?: string;
}

/** A cluster that can be called: the context's address and who we are there. */
export interface ClusterAccess {
  readonly context: string;
  readonly server: string;
  /** The proxy that the kubeconfig names for this cluster, if any. */
  readonly proxyUrl: string | undefined;
  /** The namespace the context names, if any. */
  readonly namespace: string | undefined;
  /** Values that must never be printed. */
  readonly secrets: readonly string[];
  /** Why the connection is not fully protected; empty when it is. */
  readonly weaknesses: readonly string[];
  /** A configuration made anew from the text, without any cached credential. */
  newConfig(): KubeConfig;
}

/** Shorter text is a word, not the base64 of a kubeconfig. */
const LEAST_BASE64 = 64;
const REMEDY = 'Pass the content of a kubeconfig file (YAML, or the same in base64) in the input "kubeconfig".';

/**
 * Reads kubeconfig texts, merged in order as kubectl merges the files of KUBECONFIG, and picks a context.
 * Gives problems of kind `kubeconfig` for text that is no kubeconfig, an unknown context, or one that lacks a cluster or user.
 */
export function readKubeconfig(texts: readonly KubeconfigText[], wantedContext = ''): Checked<ClusterAccess> {
  const decoded: KubeconfigText[] = [];
  const problems: Problem[] = [];
  for (const text of texts) {
    const yaml = decodeKubeconfig(text);
    if (yaml.ok) decoded.push({ ...text, text: yaml.value });
    else problems.push(...yaml.problems);
  }
  if (problems.length > 0) return bad(...problems);
  return pickContext(() => mergeConfigs(decoded), decoded.map(({ origin }) => origin).join(', '), wantedContext);
}

function decodeKubeconfig({ origin, text }: KubeconfigText): Checked<string> {
  const plain = text.trim();
  const direct = checkKubeconfigYaml(plain);
  if (direct === undefined) return good(plain);
  if (plain.length >= LEAST_BASE64 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(plain.replace(/\s+/g, ''))) {
    const decoded = Buffer.from(plain, 'base64').toString('utf8');
    if (checkKubeconfigYaml(decoded) === undefined) return good(decoded);
    return bad({ kind: 'kubeconfig', subject: origin, message: 'is base64, but not of a kubeconfig.', remedy: REMEDY });
  }
  return bad({ kind: 'kubeconfig', subject: origin, message: `is not a kubeconfig: ${direct}.`, remedy: REMEDY });
}

/** What keeps a text from being a kubeconfig, without quoting it: it holds credentials. */
function checkKubeconfigYaml(text: string): string | undefined {
  try {
    const value = load(text);
    if (!isObject(value)) return 'it is not a YAML mapping';
    // One of several files may lack a list; what is missing altogether shows when the context is looked up.
    const lists = ['clusters', 'contexts', 'users'];
    return lists.some((list) => Array.isArray(value[list])) ? undefined : `it has no list ${quoted(lists)}`;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // js-yaml quotes names of aliases and tags, which a token that starts with "*" or "!" is taken for.
    return `YAML error in line ${(error.mark?.line ?? 0) + 1}, ${error.reason.replace(/\s*["!:<].*$/s, '')}`;
  }
}

function quoted(words: readonly string[]): string {
  return listWords(words.map((word) => `"${word}"`));
}

/** A text that js-yaml could read but client-node cannot use (an entry without a name, say) makes this throw. */
function mergeConfigs(texts: readonly KubeconfigText[]): KubeConfig {
  const merged = new KubeConfig();
  texts.forEach(({ text, folder }, index) => {
    const config = new KubeConfig();
    config.loadFromString(text);
    if (folder !== undefined) config.makePathsAbsolute(folder);
    if (index === 0) {
      merged.loadFromOptions({ ...config, currentContext: config.currentContext });
      return;
    }
    // The first file that has a name wins, as kubectl merges; client-node's own merging refuses a name that is there.
    merged.clusters = withNew(merged.clusters, config.clusters);
    merged.users = withNew(merged.users, config.users);
    merged.contexts = withNew(merged.contexts, config.contexts);
    merged.currentContext ||= config.currentContext;
  });
  return merged;
}

function withNew<T extends { readonly name: string }>(known: readonly T[], more: readonly T[]): T[] {
  return [...known, ...more.filter(({ name }) => known.every((one) => one.name !== name))];
}

/** Everything in a user that must not be printed; what is shorter than 8 characters would mask half of a log. */
function secretsOf({ token, password, keyData, exec }: User, proxyUrl: string | undefined): string[] {
  const environment: unknown = isObject(exec) ? exec.env : undefined;
  const values = Array.isArray(environment)
    ? environment.map((entry: unknown) => (isObject(entry) ? entry.value : undefined))
    : [];
  const proxyPassword = proxyUrl === undefined ? undefined : URL.parse(proxyUrl)?.password;
  const key = keyData === undefined ? undefined : Buffer.from(keyData, 'base64').toString('utf8');
  return [token, password, keyData, key, proxyPassword, ...values].filter(
    (secret): secret is string => typeof secret === 'string' && secret.length >= 8,
  );
}

function pickContext(make: () => KubeConfig, origin: string, wanted: string): Checked<ClusterAccess> {
  const problem = (message: string, remedy = REMEDY, cause?: unknown): { ok: false; problems: readonly Problem[] } =>
    bad({ kind: 'kubeconfig', subject: origin, message, remedy, ...(cause === undefined ? {} : { cause }) });
  let config: KubeConfig;
  try {
    config = make();
  } catch (error) {
    return problem(`is not a usable kubeconfig: ${messageOf(error)}.`, REMEDY, error);
  }
  const names = config.contexts.map(({ name }) => name);
  const current = wanted || config.currentContext;
  if (!current) {
    return problem(
      'names no current context.',
      `Set the input "context" to ${listWords(names) || 'one of its contexts'}.`,
    );
  }
  const context = config.getContextObject(current);
  if (context === null) {
    const near = nearestNames(current, names);
    return problem(
      `has no context "${current}".`,
      names.length === 0 ? 'It has no contexts at all.' : `It has ${listWords(near.length > 0 ? near : names, 'and')}.`,
    );
  }
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) return problem(`has no cluster "${context.cluster}", which context "${current}" names.`);
  if (context.user === undefined) return problem(`names no user in context "${current}".`);
  const user = config.getUser(context.user);
  if (user === null) return problem(`has no user "${context.user}", which context "${current}" names.`);
  if (!/^https?:$/.test(URL.parse(cluster.server)?.protocol ?? '')) {
    return problem(
      `has no valid server address for cluster "${cluster.name}".`,
      'An address starts with "https://", such as "https://cluster.example.com:6443".',
    );
  }
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    return problem(
      `has the server address "${cluster.server}" for cluster "${cluster.name}": over plain HTTP anybody could read the credentials.`,
      'Use an address that starts with "https://". If plain HTTP is meant, set "insecure-skip-tls-verify: true" for the cluster.',
    );
  }
  if (user.authProvider) {
    return problem(
      `signs in with an "auth-provider", which Kubernetes removed in 1.26.`,
      'Use a token, a client certificate or an exec plugin.',
    );
  }
  const weaknesses = [
    ...(cluster.skipTLSVerify
      ? ['The kubeconfig switches off the check of the server certificate (insecure-skip-tls-verify).']
      : []),
    ...(cluster.server.startsWith('http:') ? ['The API server is called over plain HTTP.'] : []),
  ];
  return good({
    context: current,
    server: cluster.server,
    proxyUrl: cluster.proxyUrl,
    namespace: context.namespace,
    secrets: secretsOf(user, cluster.proxyUrl),
    weaknesses,
    newConfig: () => {
      const fresh = make();
      fresh.setCurrentContext(current);
      return fresh;
    },
  });
}

/** The folder of a kubeconfig file, for its relative paths. */
export function kubeconfigFile(path: string, text: string): KubeconfigText {
  return { origin: `kubeconfig file "${path}"`, text, folder: dirname(path) };
}
