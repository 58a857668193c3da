import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type PluginEnd, pluginEnvironment, pluginRunner } from '../../../../src/cluster/kubeconfig/plugin-runner.ts';
import { eventually } from '../../../harness/api.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plugin-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Given {
  readonly environment?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly args?: readonly string[];
  readonly onLine?: (line: string) => void;
}

const running = new Set<number>();
const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Runs a shell script as a plugin. */
async function plugin(script: string, given: Given = {}): Promise<{ end: PluginEnd; lines: string[] }> {
  const command = join(folder, 'plugin');
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  const { environment = {}, signal = new AbortController().signal, timeoutMs = 20_000, args = [], onLine } = given;
  const run = pluginRunner({
    environment: { PATH: process.env.PATH, ...environment },
    signal,
    killGroup,
    running,
    timeoutMs,
  });
  const lines: string[] = [];
  const end = await run({ command, args, environment: { GIVEN: 'by the kubeconfig' } }, (line) => {
    lines.push(line);
    onLine?.(line);
  });
  expect(running.size).toBe(0);
  return { end, lines };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
/** Waits until the processes whose numbers a plugin wrote to `pids` are gone. A process that nobody waits for is a zombie: dead. */
const gone = async (): Promise<number[]> => {
  const pids = (await readFile(join(folder, 'pids'), 'utf8')).split('\n').filter(Boolean).map(Number);
  const isDead = async (pid: number): Promise<boolean> =>
    !isAlive(pid) || (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')).includes(') Z');
  await eventually('the end of every process', async () =>
    (await Promise.all(pids.map(isDead))).every(Boolean) ? true : undefined,
  );
  return pids;
};

test('gives the output and the code of a plugin, and each line of its stderr', async () => {
  const { end, lines } = await plugin('printf "out %s" "$*"; printf "one\\n\\ntwo\\nthree" >&2; exit 3', {
    args: ['get token', '--x'],
  });
  expect(end).toEqual({ how: 'exited', code: 3, output: 'out get token --x' });
  expect(lines).toEqual(['one', 'two', 'three']);
});

test('has nothing on its stdin', async () => {
  expect((await plugin('cat; echo end')).end).toEqual({ how: 'exited', code: 0, output: 'end\n' });
});

test('sees its own variables and those of the clouds, and none of the workflow', async () => {
  const environment = {
    HOME: '/home/me',
    AWS_PROFILE: 'prod',
    AZURE_CLIENT_ID: 'id',
    CLOUDSDK_CONFIG: '/c',
    https_proxy: 'p:1',
    INPUT_KUBECONFIG: 'the-value-of-another',
    'INPUT_GITHUB-TOKEN': 'the-value-of-another',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'the-value-of-another',
    ACTIONS_RUNTIME_TOKEN: 'the-value-of-another',
    GITHUB_TOKEN: 'the-value-of-another',
    GH_TOKEN: 'the-value-of-another',
    NPM_TOKEN: 'the-value-of-another',
    GITHUB_WORKSPACE: '/w',
  };
  const { end } = await plugin('env', { environment });
  const output = end.how === 'exited' ? end.output : '';
  const names = output.split('\n').map((line) => line.split('=')[0]);
  expect(names).toEqual(
    expect.arrayContaining(['HOME', 'AWS_PROFILE', 'AZURE_CLIENT_ID', 'CLOUDSDK_CONFIG', 'https_proxy', 'GIVEN']),
  );
  expect(output).not.toContain('the-value-of-another');
  expect(names.filter((name) => /^(INPUT|ACTIONS|GITHUB|GH|NPM)_/.test(name ?? ''))).toEqual([]);
});

test.each(['PATH', 'LD_LIBRARY_PATH'])('a folder that is relative is none of %s', (name) => {
  expect(pluginEnvironment({ [name]: '/bin:.::node_modules/.bin:/usr/bin' })).toEqual({ [name]: '/bin:/usr/bin' });
});

test.each([
  ...['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'MSI_ENDPOINT', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'SSL_CERT_OTHER', 'ssl_cert_file'],
])('%s is passed on', (name) => {
  expect(pluginEnvironment({ [name]: '/x' })).toEqual({ [name]: '/x' });
});

test.each<[string, boolean]>([
  ['/home/me/.kube/config:/etc/current/config', true],
  ['{"apiVersion":"v1"}', false],
  ['apiVersion: v1\nusers: []', false],
  [Buffer.from('apiVersion: v1\nusers: []').toString('base64'), false],
  ['eyJ'.repeat(100), false],
])('KUBECONFIG is passed on where it holds paths: %j', (value, passed) => {
  expect('KUBECONFIG' in pluginEnvironment({ KUBECONFIG: value })).toBe(passed);
});

test('one that is not there', async () => {
  const run = pluginRunner({ environment: {}, signal: new AbortController().signal, killGroup, running });
  for (const command of ['there-is-no-such-plugin', join(folder, 'none')]) {
    expect(await run({ command, args: [], environment: {} }, () => undefined)).toEqual({ how: 'missing' });
  }
});

test('one that is handed a zero byte', async () => {
  expect((await plugin('true', { args: ['secret\0'] })).end).toEqual({
    how: 'stopped',
    fault: 'cannot be started: its command, an argument or a variable contains a zero byte',
  });
});

test('one that must not be run', async () => {
  await writeFile(join(folder, 'text'), 'text');
  const run = pluginRunner({ environment: {}, signal: new AbortController().signal, killGroup, running });
  expect(await run({ command: join(folder, 'text'), args: [], environment: {} }, () => undefined)).toEqual({
    how: 'stopped',
    fault: expect.stringContaining('cannot be started'),
  });
});

describe('one that does not end is killed with its children', () => {
  // A child, a child of a child that outlives it, and one that ignores what can be ignored.
  const family = (then: string): string =>
    [
      `echo $$ > ${folder}/pids`,
      `(trap '' TERM INT HUP; echo $BASHPID >&3; sleep 1000) 3>/dev/null & echo $! >> ${folder}/pids`,
      `(sleep 1000 & echo $! >> ${folder}/pids) `,
      'echo "To sign in, open https://device.example/ and enter the code ABCD1234" >&2',
      then,
    ].join('\n');

  test('after its time', async () => {
    const { end, lines } = await plugin(family('sleep 1000'), { timeoutMs: 1_500 });
    expect(end).toEqual({ how: 'timed out', fault: 'has not ended within 1.5 s' });
    expect(lines).toEqual(['To sign in, open https://device.example/ and enter the code ABCD1234']);
    expect(await gone()).toHaveLength(3);
  });

  test('when the run is cancelled, and its stderr was there before', async () => {
    const cancel = new AbortController();
    const { end } = await plugin(family('sleep 1000'), { signal: cancel.signal, onLine: () => cancel.abort() });
    expect(end).toEqual({ how: 'cancelled' });
    expect(await gone()).toHaveLength(3);
  });

  test('when it writes without end', async () => {
    const { end } = await plugin(family('exec yes'));
    expect(end).toEqual({ how: 'stopped', fault: 'wrote more than 1.00 MiB' });
    expect(await gone()).toHaveLength(3);
  });
});

test('is not even started once the run is cancelled', async () => {
  expect((await plugin(`touch ${folder}/started`, { signal: AbortSignal.abort() })).end).toEqual({ how: 'cancelled' });
  await expect(readFile(join(folder, 'started'))).rejects.toThrow('ENOENT');
});

test('a daemon that it leaves behind with its output open does not hold up the run', async () => {
  // It would hold up the test for longer than that may take.
  const { end } = await plugin(`echo token; sleep 1000 & echo $! > ${folder}/pids`);
  expect(end).toEqual({ how: 'exited', code: 0, output: 'token\n' });
  for (const pid of (await readFile(join(folder, 'pids'), 'utf8')).split('\n').filter(Boolean))
    process.kill(Number(pid));
});

test('long and many lines are cut', async () => {
  const { lines } = await plugin('head -c 100000 /dev/zero | tr "\\0" x >&2; echo >&2; yes short | head -n 100000 >&2');
  expect(lines).toHaveLength(101);
  expect(lines[0]).toBe(`${'x'.repeat(399)}…`);
  expect(lines.at(-1)).toBe('(further lines are left out)');
});
