import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ActionInputs, type BundleRun, makeModule, runBundle } from '../harness/action.ts';

let root: string;
let workspace: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'job-')));
  workspace = join(root, 'repo');
  for (const folder of ['repo', '_temp', 'etc']) mkdirSync(join(root, folder));
  writeFileSync(join(workspace, 'f.wasm'), makeModule());
  writeFileSync(join(root, 'etc', 'f.wasm'), makeModule());
  writeFileSync(join(root, 'etc', 'secret'), 'password of root: HIDDENHIDDEN');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...path: string[]): string => join(root, ...path);
const render = async (
  inputs: ActionInputs = {},
  environment: Record<string, string> = {},
  from = workspace,
): Promise<BundleRun> => {
  // A run that hangs is ended with its test.
  const run = await runBundle({
    workspace: from,
    inputs: { command: 'render', check: 'off', filter: 'f.wasm', targets: '- deployment/reviews', ...inputs },
    environment,
  });
  return run;
};
/** What a reader gets to see, on one line. */
const shown = ({ stdout, summary }: BundleRun): string => `${stdout}\n${summary}`.replace(/\s+/g, ' ');
const expectRefused = (run: BundleRun, why: string | RegExp): void => {
  expect(shown(run)).toMatch(why);
  expect(run).toMatchObject({ code: 1, outputs: { result: 'failed' } });
  expect(run.summary).not.toContain('internal');
  expect(shown(run)).not.toContain('HIDDEN');
};

describe('a file that the workflow names', () => {
  /** A file that is not read, and what is said of it. */
  type Refused = [make: () => string, why: string];
  const OUTSIDE = 'it is outside the workspace';
  test.each<[string, Refused, Refused]>([
    ['what is no file', [() => pipe('repo/p'), 'it is a named pipe'], [() => workspace, 'it is a folder']],
    ['an endless device', [() => '/dev/zero', OUTSIDE], [() => link('repo/zero', '/dev/zero'), OUTSIDE]],
    [
      'what has no end or another size',
      [() => sparse('repo/big', 1e10), 'it has 9536\\.74 MiB; at most 256\\.00 MiB are read'],
      [() => sparse('repo/bigger', 1e12), 'it has 953674\\.32 MiB; at most 4\\.00 MiB are read'],
    ],
    [
      'the secrets of the runner',
      [() => link('repo/env', '/proc/self/environ'), OUTSIDE],
      [() => link('repo/maps', '/proc/self/maps'), OUTSIDE],
    ],
    ['what is elsewhere', [() => link('repo/s', '../etc/secret'), OUTSIDE], [() => '../etc/secret', OUTSIDE]],
  ])('%s is no filter and no target list', async (_, filter, targets) => {
    const run = await render({ filter: filter[0](), 'targets-file': targets[0]() });
    expectRefused(run, new RegExp(`filter "[^"]*" cannot be read: ${filter[1]}`));
    expectRefused(run, new RegExp(`targets-file "[^"]*" cannot be read: ${targets[1]}`));
  });

  test('may lie in the temporary folder of the runner, and behind links inside', async () => {
    writeFileSync(at('_temp', 'built.wasm'), makeModule());
    link('repo/link.wasm', '../_temp/built.wasm');
    const environment = { RUNNER_TEMP: at('_temp') };
    expect(await render({ filter: at('_temp', 'built.wasm') }, environment)).toMatchObject({ code: 0 });
    expect(await render({ filter: 'link.wasm' }, environment)).toMatchObject({ code: 0 });
  });

  test('may lie in a workspace that is itself behind a link, or in the folder that the action is run in by hand', async () => {
    link('w', 'repo');
    expect(await render({ filter: at('w', 'f.wasm') }, {}, at('w'))).toMatchObject({ code: 0 });
    expect(await render({ filter: at('repo', 'f.wasm') }, {}, at('w'))).toMatchObject({ code: 0 });
    expect(await render({}, { GITHUB_WORKSPACE: '' })).toMatchObject({ code: 0 });
  });

  test('whose content stands in the place of its path is not printed', async () => {
    const run = await render({ 'targets-file': `- deployment/a\n# ${'x'.repeat(60)}${'HIDDEN'.repeat(1000)}\n` });
    expectRefused(run, /targets-file "- deployment\/a # x{42}…" cannot be read/);
  });
});

describe('a file of the user', () => {
  const status = (environment: Record<string, string>): Promise<BundleRun> =>
    render({ command: 'status', targets: '', filter: '', check: '' }, environment);
  const kubeconfig = (user: object): string => {
    const path = at('etc', 'config');
    const cluster = { server: 'https://127.0.0.1:1' };
    writeFileSync(
      path,
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'c', user }],
      }),
    );
    return path;
  };

  test.each<[string, () => string, RegExp]>([
    ['a named pipe', () => pipe('etc/p'), /it is a named pipe/],
    ['an endless device', () => '/dev/zero', /it is a device/],
    ['10 GB without content', () => sparse('etc/big', 1e10), /it has 9536\.74 MiB; /],
  ])('%s is no kubeconfig, and nothing that one names', async (_, make, why) => {
    const path = make();
    expectRefused(await status({ KUBECONFIG: path }), new RegExp(`kubeconfig file.*${why.source}`));
    expectRefused(
      await status({ KUBECONFIG: kubeconfig({ tokenFile: path }) }),
      new RegExp(`tokenFile.*${why.source}`),
    );
  });

  test('may lie anywhere, and a token be behind links, as those of service accounts are', async () => {
    writeFileSync(at('etc', 'token.1'), 'a-token');
    link('etc/data', 'token.1');
    const run = await status({ KUBECONFIG: kubeconfig({ tokenFile: link('etc/token', 'data') }) });
    expect(run.code).toBe(1);
    expect(shown(run)).toContain('127.0.0.1:1');
    expect(shown(run)).not.toContain('cannot be read');
  });
});

describe('render-to stays in the workspace', () => {
  test.each<[string, () => string, RegExp]>([
    ['by ".."', () => '../etc/out', /it is outside the workspace/],
    ['by an absolute path', () => at('etc', 'out'), /it is outside the workspace/],
    ['by a folder behind a link', () => link('repo/out', '../etc') && 'out/a/b', /leads out of the workspace/],
    [
      'by a link to nothing',
      () => link('repo/out', '../etc/new') && 'out',
      /is a symbolic link to something that does not exist/,
    ],
    [
      'by a component that is a link',
      () => {
        mkdirSync(at('repo', 'out'));
        link('repo/out/component', '../../etc');
        return 'out';
      },
      /leads out of the workspace/,
    ],
    [
      'by a kustomization that is a link',
      () => {
        mkdirSync(at('repo', 'out', 'component'), { recursive: true });
        link('repo/out/component/kustomization.yaml', '../../../etc/secret');
        return 'out';
      },
      /it is outside the workspace/,
    ],
  ])('%s', async (_, make, why) => {
    const folder = make();
    const run = await render({ 'render-to': folder });
    expectRefused(run, why);
    expect(existsSync(at('etc', 'out'))).toBe(false);
    expect(existsSync(at('etc', 'new'))).toBe(false);
    expect(readFileSync(at('etc', 'secret'), 'utf8')).toContain('HIDDEN');
    expect(existsSync(at('etc', 'kustomization.yaml'))).toBe(false);
  });

  test('links in the place of files are replaced and removed themselves, not what they lead to', async () => {
    expect(await render({ targets: '- deployment/reviews\n- deployment/old' })).toMatchObject({ code: 0 });
    const patches = ['reviews', 'old'].map(
      (name) => `repo/wasm-filter/component/patch_default_deployment_${name}.yaml`,
    );
    for (const patch of patches) {
      rmSync(at(patch));
      link(patch, '../../../etc/secret');
    }
    expect(await render()).toMatchObject({ code: 0 });
    expect(readFileSync(at('etc', 'secret'), 'utf8')).toContain('HIDDEN');
    const [reviews = '', old = ''] = patches;
    expect(lstatSync(at(reviews)).isFile()).toBe(true);
    expect(lstatSync(at(old), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('of a workspace behind a link, and through links inside', async () => {
    link('w', 'repo');
    mkdirSync(at('repo', 'v2'));
    link('repo/current', 'v2');
    expect(await render({ 'render-to': 'current/out' }, {}, at('w'))).toMatchObject({ code: 0 });
    expect(existsSync(at('repo', 'v2', 'out', 'kustomization.yaml'))).toBe(true);
  });
});

function link(path: string, target: string): string {
  symlinkSync(target, at(path));
  return at(path);
}

function pipe(path: string): string {
  execFileSync('mkfifo', [at(path)]);
  return at(path);
}

/** A file that takes no room on the disk. */
function sparse(path: string, bytes: number): string {
  writeFileSync(at(path), '');
  truncateSync(at(path), bytes);
  return at(path);
}
