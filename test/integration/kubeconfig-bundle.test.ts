import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { dump, load } from 'js-yaml';
import { type BundleOptions, type BundleRun, runBundle } from '../harness/action.ts';
import { eventually } from '../harness/api.ts';
import { ADMIN_TOKEN } from '../harness/caller.ts';
import { cancel } from '../harness/cancel.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.HIDDENHIDDENHIDDEN.sig';

describe('the built action and kubeconfigs from the field', () => {
  let cluster: TestCluster;
  let namespace: string;
  let folder: string;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    cluster.recorder.reset();
    folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  interface Kubeconfig {
    readonly clusters: [{ cluster: Record<string, string> }];
    readonly users: [{ user: Record<string, unknown> }];
  }
  /** The kubeconfig of the cluster with another user, or more of a cluster. */
  const kubeconfig = (
    user: Record<string, unknown> = { token: ADMIN_TOKEN },
    more: Record<string, string> = {},
  ): string => {
    const config = load(cluster.recorder.kubeconfig()) as Kubeconfig;
    config.users[0].user = user;
    Object.assign(config.clusters[0].cluster, more);
    return dump(config);
  };
  const status = (text: string, more: Partial<BundleOptions> = {}): Promise<BundleRun> =>
    runBundle({ inputs: { command: 'status', namespace, kubeconfig: text }, ...more });
  const file = async (name: string, content: string, mode = 0o600): Promise<string> => {
    await writeFile(join(folder, name), content);
    await chmod(join(folder, name), mode);
    return join(folder, name);
  };
  /** What a reader gets to see, on one line. */
  const shown = ({ stdout, summary }: BundleRun): string => `${stdout}\n${summary}`.replace(/\s+/g, ' ');

  test('a token file (K44)', async () => {
    const tokenFile = await file('token', `${ADMIN_TOKEN}\n`);
    expect(await status(kubeconfig({ tokenFile }))).toMatchObject({ code: 0 });
  });

  test('missing and empty files in a list (K17)', async () => {
    const list = ['/absent/config', await file('empty', ''), await file('good', kubeconfig())].join(delimiter);
    expect(await status('', { environment: { KUBECONFIG: list } })).toMatchObject({ code: 0 });
  });

  test('a proxy of the environment without a scheme (K31d)', async () => {
    const text = kubeconfig(undefined, { server: 'https://192.0.2.2:7444' });
    const run = await status(text, { environment: { HTTPS_PROXY: '127.0.0.1:1' } });
    expect(run.code).toBe(1);
    expect(shown(run)).toContain('The proxy http://127.0.0.1:1 (variable HTTPS_PROXY) does not answer');
  });

  test('a proxy of the kubeconfig without a scheme (K40)', async () => {
    const run = await status(kubeconfig(undefined, { 'proxy-url': 'proxy.example:3128' }));
    expect(run.code).toBe(1);
    expect(shown(run)).toMatch(/"proxy-url" of cluster "\w+" has no scheme/);
    expect(cluster.recorder.requests).toEqual([]);
  });

  test('the content of a kubeconfig in KUBECONFIG (K70)', async () => {
    const run = await status('', { environment: { KUBECONFIG: kubeconfig({ token: TOKEN }) } });
    expect(run.code).toBe(1);
    expect(shown(run)).toContain('holds the content of a kubeconfig');
    expect(shown(run)).not.toContain('HIDDEN');
  });

  test('no check of certificates in the environment', async () => {
    const run = await status(kubeconfig(), { environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
    expect(run.code).toBe(1);
    expect(shown(run)).toMatch(/NODE\S*TLS\S*REJECT\S*UNAUTHORIZED/);
  });

  describe('an exec plugin', () => {
    const plugin = (script: string): Promise<string> => file('plugin', `#!/bin/sh\n${script}\n`, 0o755);
    const using = async (script: string): Promise<string> =>
      kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command: await plugin(script) } });
    const giving = (token: string): string =>
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"${token}"}}'`;

    test('gives a token, which is masked, and sees nothing of the workflow', async () => {
      const run = await status(await using(`env > ${folder}/env; echo hello >&2; ${giving(ADMIN_TOKEN)}`), {
        environment: { ACTIONS_RUNTIME_TOKEN: 'x', GITHUB_TOKEN: 'x', AWS_PROFILE: 'prod' },
      });
      expect(run.code).toBe(0);
      expect(run.stdout).toContain(`::add-mask::${ADMIN_TOKEN}`);
      expect(run.stdout).toContain('plugin: hello');
      const seen = (await readFile(join(folder, 'env'), 'utf8')).split('\n').map((line) => line.split('=')[0] ?? '');
      expect(seen).toContain('AWS_PROFILE');
      expect(seen.filter((name) => /^(INPUT_|ACTIONS_|GITHUB_)/.test(name))).toEqual([]);
    });

    test.each(['SIGINT', 'SIGTERM'] as const)(
      'that waits for a person ends with %s, and so do its children (K06)',
      async (signal) => {
        const script = [
          `echo $$ > ${folder}/pids`,
          `(trap '' INT TERM; sleep 1000) & echo $! >> ${folder}/pids`,
          'echo "To sign in, open https://device.example/ and enter the code ABCD1234" >&2',
          'sleep 1000',
        ];
        let sent = false;
        const run = await status(await using(script.join('\n')), {
          onOutput: (text, kill) => {
            if (sent || !text.includes('ABCD1234')) return;
            sent = true;
            cancel(kill, signal);
          },
        });
        expect(run.code).toBe(1);
        expect(shown(run)).toContain('was stopped because the run was cancelled');
        const pids = (await readFile(join(folder, 'pids'), 'utf8')).split('\n').filter(Boolean);
        expect(pids).toHaveLength(2);
        await eventually('the end of the plugin and its child', async () => {
          const states = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
          return states.every((state) => state === '' || state.includes(') Z')) ? true : undefined;
        });
      },
    );

    test('that writes without end', async () => {
      const run = await status(await using('exec yes'));
      expect(run.code).toBe(1);
      expect(shown(run)).toContain('wrote more than 1.00 MiB');
    });

    test('of a kubeconfig that is given as text is no relative command', async () => {
      await plugin(giving(ADMIN_TOKEN));
      const exec = { apiVersion: 'client.authentication.k8s.io/v1beta1', command: './plugin' };
      const run = await status(kubeconfig({ exec }), { workspace: folder });
      expect(run.code).toBe(1);
      expect(shown(run)).toContain('is a relative path');
    });
  });
});
