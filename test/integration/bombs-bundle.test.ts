import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dump } from 'js-yaml';
import { type ActionInputs, type BundleRun, makeModule, runBundle } from '../harness/action.ts';

const TOO_MANY = 'has more than 500000 values when its aliases (*) are written out';
const TOO_LONG = 'has more than 64.00 MiB when its aliases (*) are written out';

let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'bombs-'));
  await writeFile(join(workspace, 'f.wasm'), makeModule());
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

/** Lists of ten aliases of the list before: 30 lines for 10^30 values. */
function bomb(): string {
  const levels = Array.from({ length: 30 }, (_, n) => `  - &b${n + 1} [${Array(10).fill(`*b${n}`).join(', ')}]`);
  return ['bomb:', '  - &b0 x', ...levels].join('\n');
}

const plan = async (inputs: ActionInputs, environment: Record<string, string> = {}): Promise<BundleRun> => {
  // A run that hangs is ended with its test.
  const run = await runBundle({
    workspace,
    inputs: { command: 'plan', filter: 'f.wasm', targets: '- deployment/reviews', check: 'off', ...inputs },
    environment,
  });
  expect(run).toMatchObject({ code: 1, outputs: { result: 'failed' } });
  expect(run.stdout).not.toMatch(/Unexpected error|stack size|heap/);
  return run;
};
/** What a run says of a subject. */
const said = ({ stdout }: BundleRun, subject: string): string =>
  stdout.split('\n').find((line) => line.startsWith(`✗ ${subject}`)) ?? '';

test('a short text that stands for billions of values is refused wherever YAML is read', async () => {
  await writeFile(
    join(workspace, 'targets.yaml'),
    `- deployment/b\n- configuration:\n${bomb().replace(/^/gm, '    ')}`,
  );
  await writeFile(join(workspace, 'config'), `${bomb()}\nclusters: []`);
  const run = await plan(
    {
      targets: `- {kind: deployment, name: a}\n- ${bomb().replace(/\n/g, '\n  ')}`,
      'targets-file': 'targets.yaml',
      probe: bomb(),
      environment: bomb(),
      capabilities: bomb(),
      attestation: bomb(),
    },
    { KUBECONFIG: 'config' },
  );
  for (const subject of ['targets has', 'targets-file "targets.yaml"', 'kubeconfig file "']) {
    expect(said(run, subject)).toContain(TOO_MANY);
  }
  for (const input of ['probe', 'environment', 'capabilities', 'attestation']) {
    expect(said(run, `input "${input}"`)).toContain(TOO_MANY);
  }
});

test('one long text with many aliases is refused', async () => {
  const text = `a: &a "${'x'.repeat(100_000)}"\nclusters: [${Array(1000).fill('*a').join(', ')}]\n`;
  const run = await plan({ targets: `- &a "${'x'.repeat(100_000)}"\n${'- *a\n'.repeat(1000)}`, kubeconfig: text });
  expect(said(run, 'targets')).toContain(TOO_LONG);
  expect(said(run, 'input "kubeconfig"')).toContain(TOO_LONG);
  expect(run.stdout).not.toMatch(/x{100}/);
});

test('JSON that is nested deep is text as any other, and no kubeconfig', async () => {
  const deep = '['.repeat(40_000);
  const closed = `{"a":${deep}${']'.repeat(40_000)}}`;
  const run = await plan({ configuration: closed, delivery: 'image', targets: deep, kubeconfig: deep });
  expect(said(run, 'targets')).toContain('nesting exceeded');
  expect(said(run, 'input "kubeconfig"')).toContain('YAML error in line 1, nesting exceeded');
  const shared = { targets: '- deployment/reviews', configuration: closed, probe: deep };
  expect(said(await plan(shared), 'input "probe"')).toContain('nesting exceeded');
});

test('what an exec plugin writes has the same limits', async () => {
  const kubeconfig = (script: string): string =>
    dump({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [
        {
          name: 'c',
          user: {
            exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command: 'sh', args: ['-c', script] },
          },
        },
      ],
    });
  await writeFile(join(workspace, 'bomb.yaml'), `kind: ExecCredential\n${bomb()}`);
  for (const script of [`cat ${workspace}/bomb.yaml`, "head -c 1000000 /dev/zero | tr '\\0' '['"]) {
    const run = await plan({ kubeconfig: kubeconfig(script) });
    expect(run.stdout).toContain('has not written an ExecCredential');
  }
});
