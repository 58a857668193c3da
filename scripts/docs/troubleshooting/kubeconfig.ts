import { type KubeconfigAccess, loadAccesses } from '../../../src/action/request/kubeconfig.ts';
import type { Problem } from '../../../src/base/problem.ts';
import { CredentialsError } from '../../../src/cluster/errors.ts';
import type { PluginEnd } from '../../../src/cluster/kubeconfig/plugin-runner.ts';
import { type Entry, ofFailure, ofProblem, type Section } from './entry.ts';

/** A kubeconfig as most are; what is wrong with one is put in its place. */
interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly current?: string;
}

/** Of an expression, written so that nobody takes it for a template. */
const OPENING = '{{';

const PLUGIN = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' };

function kubeconfig({ cluster = {}, user = { token: 'secret' }, current = 'staging' }: Parts = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'staging', cluster: { server: 'https://cluster.example:6443', ...cluster } }],
    users: [{ name: 'deployer', user }],
    contexts: [{ name: 'staging', context: { cluster: 'staging', user: 'deployer' } }],
    ...(current !== '' && { 'current-context': current }),
  });
}

function inBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A runner with no file and with a plugin that ends like this. */
function runtime(
  end: PluginEnd = { how: 'missing' },
  said: readonly string[] = [],
  environment = {},
): KubeconfigAccess {
  return {
    environment,
    readFile: () => Promise.reject(Object.assign(new Error('no such file or directory'), { code: 'ENOENT' })),
    date: () => new Date(0),
    runPlugin: async (_, onLine) => {
      for (const line of said) onLine(line);
      return end;
    },
    mask: () => undefined,
    redact: (text) => text,
    log: { info: () => undefined },
  } as KubeconfigAccess;
}

async function read(says: string, text: string, context = '', environment = {}): Promise<Entry> {
  return ofFailure(
    says,
    await loadAccesses({ kubeconfig: text, contexts: [context] }, runtime(undefined, [], environment)),
  );
}

async function plugin(says: string, command: string, end: PluginEnd, said: readonly string[] = []): Promise<Entry> {
  const text = kubeconfig({ user: { exec: { ...PLUGIN, command } } });
  const accesses = await loadAccesses({ kubeconfig: text, contexts: [''] }, runtime(end, said));
  if (!accesses.ok) throw new Error('The kubeconfig with a plugin cannot be read');
  return ofProblem(says, await problemOf(accesses.value[0]?.identify()));
}

async function problemOf(identity: Promise<unknown> | undefined): Promise<Problem | undefined> {
  try {
    await identity;
    return undefined;
  } catch (error) {
    if (error instanceof CredentialsError) return error.problem;
    throw error;
  }
}

/** The kubeconfig is not what it should be. */
export async function kubeconfigs(): Promise<Section> {
  return {
    title: 'Job summary: the kubeconfig',
    intro: 'Where a kubeconfig comes from, for each cloud and without one: [Cluster logins](cluster-logins.md).',
    entries: await Promise.all([
      read('is empty, and the environment variable KUBECONFIG is not set', ''),
      read('it is "***", which logs show in place of a secret', '***'),
      read('it is an expression that was not evaluated', `$${OPENING} secrets.KUBECONFIG }}`),
      read('it is the name of a secret or variable, not its content', 'KUBECONFIG'),
      read('it is the path of a file, not its content', '~/.kube/config'),
      read('it is the address of a server alone', 'https://cluster.example:6443'),
      read('it is a token alone', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'),
      read('it is a certificate or a key alone', '-----BEGIN CERTIFICATE-----'),
      read('it is in base64 twice', inBase64(inBase64(kubeconfig()))),
      read('it has no list "clusters", "users" or "contexts"', 'apiVersion: v1\nkind: Config'),
      read('YAML error in line', 'apiVersion: v1\nclusters: [\n'),
      read('has no context "production"', 'contexts: []', 'production'),
      read('names no current context', kubeconfig({ current: '' })),
      read('has no context "stagin"', kubeconfig(), 'stagin'),
      read('has no credentials for user', kubeconfig({ user: {} })),
      read('has no scheme', kubeconfig({ cluster: { server: 'cluster.example:6443' } })),
      read('is an address over plain HTTP', kubeconfig({ cluster: { server: 'http://cluster.example:8080' } })),
      read('cannot be read', '', '', { KUBECONFIG: '/home/runner/.kube/config' }),
      read('auth-provider', kubeconfig({ user: { 'auth-provider': { name: 'gcp' } } })),
      read(
        'client-certificate',
        kubeconfig({ user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }),
      ),
      plugin('is not on the runner', 'gke-gcloud-auth-plugin', { how: 'missing' }),
      plugin('ended with exit code 255', 'aws', { how: 'exited', code: 255, output: '' }, [
        'Unable to locate credentials. You can configure credentials by running "aws configure".',
      ]),
      plugin(
        'it waits for a person to sign in',
        'kubelogin',
        { how: 'timed out', fault: 'did not answer within 60 s' },
        ['To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code'],
      ),
      plugin('ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'kubelogin', { how: 'exited', code: 1, output: '' }, [
        'error: ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set',
      ]),
    ]),
  };
}
