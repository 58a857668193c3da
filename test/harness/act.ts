import { execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { type JobRun, readRun, type WorkflowRun } from './act-log.ts';

// Workflows as `act` (https://github.com/nektos/act) runs them on this machine, without containers. What it does otherwise than GitHub:
// - "actions/checkout" does nothing: each job begins with a copy of the folder that stands for the repository. Of another repository
//   it clones what `remote` has made, whatever the reference.
// - It knows no environments: nobody is asked, no deployment is recorded. `approve` stands for the reviewers; the first action of a
//   job that would wait for them, "actions/download-artifact", waits until it is done.
// - It gives secrets to every run: a test about runs without secrets gives none.
// - It heeds neither "permissions" nor "concurrency".
// - It would get actions from GitHub; here each is a folder of this project.

const ROOT = resolve(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures/actions');
const FOLDERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['checkout', 'create-github-app-token', 'download-artifact', 'setup-go', 'upload-artifact'].map((name) => [
      `actions/${name}`,
      join(FIXTURES, name),
    ]),
  ),
  'google-github-actions/get-gke-credentials': join(FIXTURES, 'get-gke-credentials'),
  // What they would say to a cloud, programs do that a test installs.
  ...Object.fromEntries(
    ['google-github-actions/auth', 'aws-actions/configure-aws-credentials', 'azure/login'].map((name) => [
      name,
      join(FIXTURES, 'cloud-login'),
    ]),
  ),
};
/** What the examples run on. */
const RUNNERS = ['ubuntu-latest', 'in-cluster'];
const OURS = 'deploy-wasm-filter/deploy-wasm-filter';
const IDENTITY = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
const WAITS_FOR_APPROVAL = 'actions/download-artifact';

/** Why a workflow runs. */
export interface Event {
  readonly name: 'pull_request' | 'push' | 'schedule';
  readonly payload?: object;
  /** Who has caused it; somebody when absent. */
  readonly actor?: string;
}

export interface RunOptions {
  readonly secrets?: Readonly<Record<string, string>>;
  /** Called where reviewers would be asked; the job goes on when it is done. */
  readonly approve?: () => Promise<void>;
}

export interface RunnerOptions {
  /** The path of act. */
  readonly program: string;
  /** `owner/name` */
  readonly repository: string;
  /** Where GitHub's API is. */
  readonly api: string;
  /** The Unix socket where GitHub's command `gh` finds it. */
  readonly socket: string;
}

export interface ActRunner {
  /** Writes a file of the repository, as somebody who pushes does. */
  commit(file: string, content: string | Uint8Array): Promise<void>;
  /** The commit that act says the events are about. */
  readonly head: string;
  /** Makes another repository, `owner/name`, with these files on its main branch. Returns the folder, which is bare. */
  remote(name: string, files: Readonly<Record<string, string>>): Promise<string>;
  /** Puts a program before those of the machine, a script for bash. */
  install(name: string, script: string): Promise<void>;
  /** Runs the text of a workflow. */
  run(workflow: string, event: Event, options?: RunOptions): Promise<WorkflowRun>;
  stop(): Promise<void>;
}

export async function startActRunner({ program, repository, api, socket }: RunnerOptions): Promise<ActRunner> {
  const folder = await mkdtemp(join(tmpdir(), 'act-'));
  const at = (...path: string[]): string => join(folder, ...path);
  // act copies all of an action's folder.
  await cp(join(ROOT, 'action.yml'), at('action', 'action.yml'), { recursive: true });
  await cp(join(ROOT, 'dist'), at('action', 'dist'), { recursive: true });
  for (const name of ['home', 'programs', 'repository', 'artifacts', 'remotes']) await mkdir(at(name));
  await mkdir(at('home', '.config', 'gh'), { recursive: true });
  await writeFile(at('home', '.config', 'gh', 'config.yml'), `http_unix_socket: ${socket}\n`);
  const git = async (where: string, ...command: readonly string[]): Promise<string> =>
    (await promisify(execFile)('git', command, { cwd: where })).stdout;
  // act asks for the commit of every step.
  await git(at('repository'), 'init', '-q');
  await git(at('repository'), ...IDENTITY, 'commit', '-q', '--allow-empty', '-m', 'Begin');
  const write = async (file: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  return {
    head: (await git(at('repository'), 'rev-parse', 'HEAD')).trim(),
    commit: (file, content) => write(at('repository', file), content),
    remote: async (name, files) => {
      const [work, bare] = [at('work', name), at('remotes', name)];
      for (const [file, content] of Object.entries(files)) await write(join(work, file), content);
      await git(work, 'init', '-q', '--initial-branch', 'main');
      await git(work, 'add', '--all');
      await git(work, ...IDENTITY, 'commit', '-q', '-m', 'Begin');
      await git(work, 'clone', '-q', '--bare', '.', bare);
      return bare;
    },
    install: async (name, script) => {
      await write(at('programs', name), `#!/usr/bin/env bash\nset -e\n${script}\n`);
      await chmod(at('programs', name), 0o755);
    },
    run: async (workflow, event, { secrets = {}, approve } = {}) => {
      await write(at('workflow.yml'), workflow);
      await write(at('event.json'), JSON.stringify(event.payload ?? {}));
      // A value of several lines would not do there.
      const given = Object.entries({ GITHUB_TOKEN: 'ghs_token-of-the-job', ...secrets });
      await write(at('secrets'), given.map(([name, value]) => `${name}=${value}\n`).join(''));
      await rm(at('artifacts'), { recursive: true, force: true });
      await mkdir(at('artifacts'));
      const variables = {
        GITHUB_REPOSITORY: repository,
        GITHUB_API_URL: api,
        GITHUB_GRAPHQL_URL: `${api}/graphql`,
        TEST_ARTIFACTS: at('artifacts'),
        TEST_REMOTES: at('remotes'),
      };
      const child = spawn(
        program,
        [
          ...[event.name, '--json', '--no-cache-server', '--actor', event.actor ?? 'ada'],
          ...['--workflows', at('workflow.yml'), '--eventpath', at('event.json'), '--secret-file', at('secrets')],
          ...RUNNERS.flatMap((runner) => ['--platform', `${runner}=-self-hosted`]),
          ...['--action-cache-path', at('cache')],
          ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
          ...actionsOf(workflow).flatMap((action) => [
            '--local-repository',
            `${action}=${FOLDERS[nameOf(action)] ?? at('action')}`,
          ]),
        ],
        {
          cwd: at('repository'),
          // Nothing else of this machine, so none of its credentials.
          env: {
            PATH: [at('programs'), dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
            HOME: at('home'),
            LANG: 'C.UTF-8',
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      const lines: string[] = [];
      child.stderr.on('data', (chunk) => lines.push(String(chunk)));
      let approved = Promise.resolve();
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        if (!line.includes(`Run Main ${WAITS_FOR_APPROVAL}@`)) return;
        approved = (approve?.() ?? Promise.resolve()).then(() => write(at('artifacts', 'approved'), ''));
      });
      await new Promise((done, failed) => child.on('close', done).on('error', failed));
      await approved;
      return readRun(lines);
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

function nameOf(action: string): string {
  return action.split('@')[0] ?? '';
}

/** The actions of a workflow that act would get from GitHub. */
function actionsOf(workflow: string): string[] {
  const { jobs } = load(workflow) as { jobs: Readonly<Record<string, { steps: readonly { uses?: string }[] }>> };
  const used = new Set(Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? [])));
  return [...used].filter((action) => nameOf(action) === OURS || nameOf(action) in FOLDERS);
}

/** The job of a run by its id. Throws, with what the runner showed, if it has not run. */
export function jobOf(run: WorkflowRun, id: string): JobRun {
  const job = run.jobs.get(id);
  if (job === undefined) throw new Error(`The job "${id}" has not run:\n${run.log}`);
  return job;
}
