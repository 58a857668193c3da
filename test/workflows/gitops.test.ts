import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { buildFilter, EXAMPLE_FILTER } from '../../scripts/build-filter.ts';
import { jobOf } from '../harness/act.ts';
import { outputsOf, PUSH, type Repository, startRepository, workflowOf } from './repository.ts';

// The workflow that writes to the repository of Argo CD or Flux, here a bare one beside that of the filter.

let folder: string;
let repository: Repository;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gitops-'));
  repository = await startRepository();
}, 600_000); // act may have to be built
afterEach(async () => {
  const { wrong } = repository.github;
  await rm(folder, { recursive: true, force: true });
  await repository.stop();
  expect(wrong).toEqual([]);
});

test('gitops.yml: what a push renders is one pull request, until it changes nothing', async () => {
  const { github, runner } = repository;
  const kustomization = 'components: [ ../filters/add-header/component ]\n';
  const config = await runner.remote('shop/config', { 'bookshop/kustomization.yaml': kustomization });
  const git = async (...command: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', command, { cwd: config })).stdout;
  await buildFilter(EXAMPLE_FILTER, join(folder, 'filter.wasm'));
  const module = await readFile(join(folder, 'filter.wasm'));
  const workflow = await workflowOf('gitops.yml');
  const push = async (build: number): Promise<Readonly<Record<string, string>>> => {
    // Another build of the same source: a custom section more.
    await repository.builds(Buffer.concat([module, Uint8Array.of(0, 3, 1, 0x62, build)]));
    const run = await runner.run(workflow, PUSH, { secrets: { CONFIG_APP_KEY: 'key' } });
    expect(jobOf(run, 'render').result).toBe('success');
    return outputsOf(jobOf(run, 'render'));
  };
  const BRANCH = 'filter-add-header';
  const FOLDER = 'filters/add-header/component';
  const show = (file: string): Promise<string> => git('show', `${BRANCH}:${file}`);

  const first = await push(1);
  expect([first.result, first.changed]).toEqual(['rendered', 'false']);
  const [pull] = github.desk.pulls;
  expect(pull).toMatchObject({ title: 'Update the filter add-header', head: BRANCH, base: 'main' });
  expect(pull?.body).toMatch(
    /^📦 add-header, revision .* rendered to 6 files in .* \(https:\/\/github\.com\/shop\/filters\/actions\/runs\/1\)$/,
  );
  const { resources, patches } = load(await show(`${FOLDER}/kustomization.yaml`)) as Record<string, object[]>;
  expect([resources?.length, patches?.length]).toEqual([2, 2]);
  expect(await show('bookshop/kustomization.yaml')).toBe(kustomization);
  expect(await git('log', '--format=%an: %s', 'main..filter-add-header')).toBe(
    'github-actions[bot]: Update the filter add-header\n',
  );

  // The next build, before the first is merged: the same pull request has that.
  const second = await push(2);
  expect(second.revision).not.toBe(first.revision);
  expect(github.desk.pulls).toHaveLength(1);
  expect(await git('ls-tree', '--name-only', `${BRANCH}:${FOLDER}`)).toContain(`-${second.revision}.yaml`);
  expect(await git('ls-tree', '--name-only', `${BRANCH}:${FOLDER}`)).not.toContain(`-${first.revision}.yaml`);

  // Merged: the same build again has nothing to say, and the branch goes, whose pull request would undo what is there.
  await git('update-ref', 'refs/heads/main', `refs/heads/${BRANCH}`);
  await push(2);
  expect([await git('branch', '--list', BRANCH), github.desk.pulls.length]).toEqual(['', 1]);
});
