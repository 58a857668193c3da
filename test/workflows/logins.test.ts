import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { dump, load } from 'js-yaml';
import { jobOf } from '../harness/act.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { image, layerOf, store } from '../harness/registry/images.ts';
import { outputsOf, PUSH, type Repository, SCHEDULE, startRepository, workflowOf } from './repository.ts';
import { onEmbeddedCluster, type Shop } from './shop.ts';

// The logins, on an embedded cluster: the administrator of the suite's need not have a token. Where a cloud would be asked, programs
// answer that take the calls of the workflow alone.

let shop: Shop;
let registry: EmbeddedRegistry;
let repository: Repository;
beforeAll(async () => {
  [shop, registry] = await Promise.all([onEmbeddedCluster(), startEmbeddedRegistry()]);
  const layer = await layerOf({ 'plugin.wasm': await readFile(shop.filters.abi021) });
  await store(registry.host, 'shop/add-header', 'v1', image([layer]));
}, 180_000);
afterAll(() => Promise.all([shop?.stop(), registry?.stop()]));
beforeEach(async () => {
  repository = await startRepository();
}, 600_000); // act may have to be built
afterEach(() => repository.stop());

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}
const kubeconfig = (): string => Buffer.from(shop.kubeconfig, 'base64').toString('utf8');
const names = (namespace: string): Record<string, string> => ({
  'ghcr.io/': `${registry.host}/`,
  'bookshop/deployment': `${namespace}/deployment`,
  'bookshop/statefulset': `${namespace}/deployment`,
});

test('self-hosted.yml: a runner in the cluster acts as the service account of its pod', async () => {
  const namespace = await shop.namespace();
  const apps = [await shop.start(namespace, 'frontpage'), await shop.start(namespace, 'ratings')];
  const { clusters, users } = load(kubeconfig()) as Kubeconfig;
  const account = await mkdtemp(join(tmpdir(), 'account-'));
  try {
    await writeFile(join(account, 'ca.crt'), Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64'));
    await writeFile(join(account, 'token'), users[0].user.token);
    const workflow = await workflowOf('self-hosted.yml', {
      ...names(namespace),
      'https://kubernetes.default.svc': clusters[0].cluster.server,
      '/var/run/secrets/kubernetes.io/serviceaccount': account,
    });
    const { result, deployed } = outputsOf(jobOf(await repository.runner.run(workflow, PUSH), 'deploy'));
    expect([result, deployed]).toEqual(['deployed', '2']);
    for (const app of apps) expect(await shop.headers(app, 'x-shop')).toEqual(['open']);
  } finally {
    await rm(account, { recursive: true, force: true });
  }
});

test('login-token.yml: deploys with a token, and tells in time that it ends', async () => {
  const namespace = await shop.namespace();
  const app = await shop.start(namespace, 'frontpage');
  await shop.start(namespace, 'ratings');
  const own = { ...names(namespace), 'namespace: bookshop': `namespace: ${namespace}` };
  const workflow = await workflowOf('login-token.yml', own);
  const { runner } = repository;
  const run = await runner.run(workflow, PUSH, { secrets: { KUBECONFIG: shop.kubeconfig } });
  expect([...run.jobs.keys()]).toEqual(['deploy']);
  expect(outputsOf(jobOf(run, 'deploy')).result).toBe('deployed');
  expect(await shop.headers(app, 'x-shop')).toEqual(['open']);

  // A token that ends in this many days, of which the cluster of the test knows nothing: only the step that reads it gets it.
  const monday = async (
    days: number,
  ): Promise<{ readonly annotations: readonly string[]; readonly result?: string }> => {
    const exp = Math.floor(Date.now() / 1000) + days * 86_400 + 3_600;
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'RS256' })}.${part({ exp, sub: 'system:serviceaccount:bookshop:ä?>~' })}.c2lnbmF0dXJl`;
    const { users } = load(kubeconfig()) as Kubeconfig;
    const renewed = kubeconfig().replace(users[0].user.token, token);
    // A secret of several lines is none that act takes.
    const given = `KUBECONFIG_CONTENT: \${{ secrets.KUBECONFIG }}`;
    const text = workflow.replace(given, `KUBECONFIG_CONTENT: ${JSON.stringify(renewed)}`);
    const { annotations, result = '' } = jobOf(
      await runner.run(text, SCHEDULE, { secrets: { KUBECONFIG: shop.kubeconfig } }),
      'expiry',
    );
    return { annotations, result };
  };
  expect(await monday(90)).toEqual({ result: 'success', annotations: [] });
  expect(await monday(20)).toEqual({
    result: 'failure',
    annotations: ['error Renew the kubeconfig: Its token ends in 20 days.'],
  });
});

/** The kubeconfig with a plugin in place of the token. */
function withPlugin(command: string, ...args: readonly string[]): string {
  const config = load(kubeconfig()) as { readonly users: readonly [{ user: object }] };
  config.users[0].user = { exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command, args } };
  return dump(config);
}

/** What answers in place of a cloud: programs by their names. */
function cloudOf(file: string): Readonly<Record<string, string>> {
  const [{ user }] = (load(kubeconfig()) as Kubeconfig).users;
  const apiVersion = 'client.authentication.k8s.io/v1beta1';
  const credential = JSON.stringify({ kind: 'ExecCredential', apiVersion, status: { token: user.token } });
  const write = (text: string, to: string): string => `base64 -d <<< ${Buffer.from(text).toString('base64')} > "${to}"`;
  const only = (...calls: readonly (readonly [call: string, answer: string])[]): string =>
    ['case "$*" in', ...calls.map(([call, answer]) => `${call}) ${answer} ;;`), '*) exit 1 ;;', 'esac'].join('\n');
  const clouds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'login-gke.yml': { 'print-gke-kubeconfig': write(kubeconfig(), '/dev/stdout') },
    'login-eks.yml': {
      aws: only(
        [`'eks update-kubeconfig --name bookshop --kubeconfig '*`, write(withPlugin('aws', 'eks', 'get-token'), '$6')],
        [`'eks get-token'`, `[ "$AWS_SESSION_TOKEN" = session ] && echo '${credential}'`],
      ),
    },
    'login-aks.yml': {
      go: only([`'install github.com/Azure/kubelogin@v0.2.10'`, ':'], [`'env GOPATH'`, 'dirname "$0"']),
      az: only([
        `'aks get-credentials --resource-group shop --name bookshop --file '*`,
        write(withPlugin('kubelogin', 'get-token', '--login', 'devicecode'), '$8'),
      ]),
      // Where "go install" leaves it, which is not yet in PATH.
      'bin/kubelogin': only(
        [`'convert-kubeconfig --login azurecli'`, 'sed -i s/devicecode/azurecli/ "$KUBECONFIG"'],
        [`'get-token --login azurecli'`, `echo '${credential}'`],
      ),
    },
    'login-tke.yml': {
      pipx: only([
        `'run --spec tccli==3.1.189.1 tccli tke DescribeClusterKubeconfig --ClusterId cls-12345678 --IsExtranet True'`,
        `[ "$TENCENTCLOUD_SECRET_ID" = id ] && ${write(JSON.stringify({ Kubeconfig: kubeconfig() }), '/dev/stdout')}`,
      ]),
    },
  };
  return clouds[file] ?? {};
}

test.each(['login-gke.yml', 'login-eks.yml', 'login-aks.yml', 'login-tke.yml'])(
  '%s: what the login leaves reaches the action',
  async (file) => {
    const namespace = await shop.namespace();
    for (const name of ['frontpage', 'ratings']) await shop.start(namespace, name);
    const { runner } = repository;
    for (const [name, script] of Object.entries(cloudOf(file))) await runner.install(name, script);
    const secrets = { TENCENTCLOUD_SECRET_ID: 'id', TENCENTCLOUD_SECRET_KEY: 'key' };
    const run = jobOf(await runner.run(await workflowOf(file, names(namespace)), PUSH, { secrets }), 'deploy');
    expect([run.annotations, outputsOf(run).result]).toEqual([[], 'deployed']);
  },
);
