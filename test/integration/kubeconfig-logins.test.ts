import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { dump } from 'js-yaml';
import { NO_RUNTIME, readKubeconfig } from '../harness/access.ts';
import { must } from '../unit/builders.ts';
import { askAs } from './kubeconfig-ask.ts';
import { encode } from './kubeconfig-cases.ts';
import { type KubeconfigLab, startKubeconfigLab } from './kubeconfig-lab.ts';

// What the logins of examples/workflows leave for the action, in the form that their tools write.

const SCRIPT = resolve(import.meta.dirname, '../../docs/permissions/kubeconfig.sh');
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

let lab: KubeconfigLab;
let folder: string;
beforeAll(async () => {
  lab = await startKubeconfigLab();
});
afterAll(() => lab.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logins-'));
  await mkdir(join(folder, 'bin'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Puts a program into PATH, a script for bash. */
async function install(name: string, script: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/usr/bin/env bash\n${script}\n`);
  await chmod(join(folder, 'bin', name), 0o755);
}

/** A plugin that gives the token of the cluster if a condition of bash holds. */
function plugin(condition: string): string {
  const credential = { kind: 'ExecCredential', apiVersion: V1BETA1, status: { token: lab.materials.token } };
  return `[[ ${condition} ]] && echo '${JSON.stringify(credential)}'`;
}

/** Writes a kubeconfig with one context and asks as a step with these variables. */
async function ask(name: string, user: object, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { server, authority } = lab.materials;
  const file = join(folder, 'kubeconfig');
  const cluster = { server, 'certificate-authority-data': encode(authority) };
  await writeFile(
    file,
    dump({
      apiVersion: 'v1',
      clusters: [{ cluster, name }],
      contexts: [{ context: { cluster: name, user: name }, name }],
      'current-context': name,
      kind: 'Config',
      preferences: {},
      users: [{ name, user }],
    }),
  );
  const PATH = [join(folder, 'bin'), '/usr/bin', '/bin'].join(':');
  return askAs({ PATH, HOME: folder, KUBECONFIG: file, ...environment }, lab.isReal);
}
/** The server knows the caller. */
const known = { user: expect.objectContaining({ username: expect.any(String) }) };

describe('the kubeconfig of a login', () => {
  test('get-gke-credentials: the token of the run', async () => {
    expect(await ask('bookshop', { token: lab.materials.token })).toEqual(known);
  });

  test('aws eks update-kubeconfig: a plugin that reads the variables of configure-aws-credentials', async () => {
    const args = ['--region', 'eu-central-1', 'eks', 'get-token', '--cluster-name', 'bookshop', '--output', 'json'];
    await install('aws', plugin(`"$*" == "${args.join(' ')}" && $AWS_SESSION_TOKEN == session`));
    const user = { exec: { apiVersion: V1BETA1, args, command: 'aws' } };
    const name = 'arn:aws:eks:eu-central-1:123456789012:cluster/bookshop';
    const variables = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', AWS_SESSION_TOKEN: 'session' };
    expect(await ask(name, user, variables)).toEqual(known);
  });

  test('kubelogin convert-kubeconfig --login azurecli: a plugin that asks az, which has its login below HOME', async () => {
    const args = ['get-token', '--login', 'azurecli', '--server-id', '6dae42f8-4368-4678-94ff-3960e28e3630'];
    await install('kubelogin', plugin(`"$*" == "${args.join(' ')}" && -d $HOME/.azure && -z $ACTIONS_RUNTIME_TOKEN`));
    await mkdir(join(folder, '.azure'));
    const installHint = '\nkubelogin is not installed which is required to connect to AAD enabled cluster.\n';
    const exec = { apiVersion: V1BETA1, args, command: 'kubelogin', env: null, installHint, provideClusterInfo: false };
    expect(await ask('bookshop', { exec }, { ACTIONS_RUNTIME_TOKEN: 'of-the-job' })).toEqual(known);
  });

  test('DescribeClusterKubeconfig of Tencent Cloud: a client certificate', async () => {
    const { server, otherCertificate, otherKey } = lab.materials;
    const user = { 'client-certificate-data': encode(otherCertificate), 'client-key-data': encode(otherKey) };
    const text = dump({
      apiVersion: 'v1',
      clusters: [{ cluster: { server }, name: 'cls-12345678' }],
      contexts: [{ context: { cluster: 'cls-12345678', user: '100000000001' }, name: 'cls-12345678-100000000001' }],
      'current-context': 'cls-12345678-100000000001',
      kind: 'Config',
      preferences: {},
      users: [{ name: '100000000001', user }],
    });
    const access = must(await readKubeconfig([{ origin: 'KUBECONFIG', text, folder }], '', NO_RUNTIME));
    const { tls } = await access.identify();
    expect(String(tls.cert)).toBe(otherCertificate);
  });
});

describe('docs/permissions/kubeconfig.sh', () => {
  /** Stands for kubectl, whose own user has a token that must not get out. */
  const KUBECTL = `
    case "$*" in
      'create token deployer --namespace bookshop --duration 1h'*) echo "$TOKEN" ;;
      'config view --minify --raw --flatten') printf '%s\\n' 'apiVersion: v1' 'clusters:' '- cluster:' "    server: $SERVER" \
        '  name: kubernetes' 'contexts:' '- context:' '    cluster: kubernetes' '    user: admin' '  name: admin@kubernetes' \
        'current-context: admin@kubernetes' 'kind: Config' 'users:' '- name: admin' '  user:' '    token: of-the-admin' ;;
      'config set-context --kubeconfig '*' --current --user '*' --namespace bookshop') sed -i "s/^    user: .*/    namespace: bookshop\\n    user: $7/" "$4" ;;
      *) echo "unexpected: $*" >&2; exit 1 ;;
    esac`;
  const print = async (...more: readonly string[]): Promise<string> => {
    await install('kubectl', KUBECTL);
    const env = {
      PATH: [join(folder, 'bin'), '/usr/bin', '/bin'].join(':'),
      SERVER: 'https://a.example',
      TOKEN: 'a.b.c',
    };
    return (await promisify(execFile)('bash', [SCRIPT, 'bookshop', 'deployer', '1h', ...more], { env })).stdout;
  };

  test('prints the cluster with another user, and nothing of its own', async () => {
    const text = await print();
    expect(text).not.toContain('of-the-admin');
    const access = must(await readKubeconfig([{ origin: 'input "kubeconfig"', text }], 'admin@kubernetes', NO_RUNTIME));
    expect((await access.identify()).headers).toMatchObject({ Authorization: 'Bearer a.b.c' });
  });

  test('gives each of several clusters names of its own, so that one input can hold them', async () => {
    const texts = [await print('staging'), await print('prod-eu')];
    for (const context of ['staging', 'prod-eu']) {
      const text = texts.join('---\n');
      const read = await readKubeconfig([{ origin: 'input "kubeconfig"', text }], context, NO_RUNTIME);
      expect(must(read)).toMatchObject({ context });
    }
  });
});
