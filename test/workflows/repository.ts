import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { actProgram } from '../cluster/build.ts';
import { cacheFolder, obtain } from '../cluster/cache.ts';
import { type ActRunner, type Event, startActRunner } from '../harness/act.ts';
import type { JobRun } from '../harness/act-log.ts';
import { type CommentLab, PULL_REQUEST, REPOSITORY, startCommentLab } from '../harness/github-comments.ts';
import { listenForCli } from '../harness/github-desk.ts';

/** A repository of a user on the stand-in for GitHub, whose workflows act runs. */
export interface Repository {
  readonly github: CommentLab;
  readonly runner: ActRunner;
  /** Makes what the build of the workflows, a call of cargo, gives from now on. */
  builds(module: Uint8Array): Promise<void>;
  /** The text of the one comment on the pull request. */
  comment(): string;
  stop(): Promise<void>;
}

const EXAMPLES = resolve(import.meta.dirname, '../../examples/workflows');
const BUILT = 'target/wasm32-wasip1/release/add_header.wasm';

export async function startRepository(): Promise<Repository> {
  const program = join(await obtain(cacheFolder(), actProgram()), 'act');
  const github = await startCommentLab();
  // Where gh looks for GitHub: the path of a Unix socket has 107 characters at most.
  const socket = join(tmpdir(), `gh-${randomUUID()}`);
  const stopListening = await listenForCli(socket, github.api);
  const runner = await startActRunner({ program, repository: REPOSITORY, api: github.api, socket });
  await runner.install('rustup', '');
  return {
    github,
    runner,
    builds: async (module) => {
      await runner.commit('module.wasm', module);
      await runner.install('cargo', `mkdir -p ${resolve('/', BUILT, '..').slice(1)}\ncp module.wasm ${BUILT}`);
    },
    comment: () => {
      const [one, ...others] = github.comments;
      if (one === undefined || others.length > 0) throw new Error(`There are ${github.comments.length} comments.`);
      return one.body;
    },
    stop: async () => {
      await runner.stop();
      await stopListening();
      await github.close();
    },
  };
}

/** What the step of a job with this action gave. */
export function outputsOf(
  job: JobRun,
  name = 'deploy-wasm-filter/deploy-wasm-filter@v0',
): Readonly<Record<string, string>> {
  const step = job.steps.find((one) => one.name === name);
  if (step === undefined)
    throw new Error(`There is no step "${name}" among ${job.steps.map((one) => one.name).join()}`);
  return step.outputs;
}

/** A workflow as a user has it: that of the examples, with names of their own. */
export async function workflowOf(file: string, names: Readonly<Record<string, string>> = {}): Promise<string> {
  const example = await readFile(join(EXAMPLES, file), 'utf8');
  return Object.entries(names).reduce((text, [name, own]) => {
    if (!text.includes(name)) throw new Error(`${file} has no "${name}"`);
    return text.replaceAll(name, own);
  }, example);
}

/** What GitHub tells a workflow of a pull request, as far as the workflows and the action read it. */
export function pullRequest(action: string, from: { readonly fork?: string; readonly actor?: string } = {}): Event {
  const branchOf = (full_name: string, ref: string): object => ({ ref, repo: { full_name } });
  const pull = {
    number: PULL_REQUEST,
    head: branchOf(from.fork ?? REPOSITORY, 'feature'),
    base: branchOf(REPOSITORY, 'main'),
  };
  const actor = from.actor ?? 'ada';
  const repository = { full_name: REPOSITORY };
  const payload = { action, number: PULL_REQUEST, pull_request: pull, repository, sender: { login: actor } };
  return { name: 'pull_request', actor, payload };
}

/** A push to the main branch. */
export const PUSH: Event = { name: 'push', payload: { ref: 'refs/heads/main', repository: { full_name: REPOSITORY } } };
export const SCHEDULE: Event = { name: 'schedule', payload: { schedule: '17 4 * * *' } };
