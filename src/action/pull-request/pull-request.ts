import type { ReadFile } from '../../base/files.ts';
import { isObject, pick, readJson } from '../../base/json.ts';

/** The pull request that a run is about. */
export interface PullRequest {
  /** Of the repository that it is in: `owner/name`. */
  readonly repository: string;
  readonly number: number;
  /** Why GitHub may have given the job a token that only reads; omitted where it has no reason to. */
  readonly readOnly?: 'fork' | 'dependabot';
  /** Set where the run was started because it was closed. */
  readonly isClosing?: true;
}

/** What reading it needs of the world. */
export interface PullRequestRuntime {
  readonly environment: Environment;
  /** Reads files of the runner itself. */
  readonly readFile: ReadFile;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The events that are about a pull request, in a job that has a secret or two. */
const EVENTS = ['pull_request', 'pull_request_target'];
/** GitHub delivers no larger ones (https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap). */
const MAX_EVENT_BYTES = 25 * 1024 * 1024;
const DEPENDABOT = 'dependabot[bot]';

/** Whether a run was started for a pull request. */
export function isForPullRequest({ GITHUB_EVENT_NAME = '' }: Environment): boolean {
  return EVENTS.includes(GITHUB_EVENT_NAME);
}

/** The commit that a run was started for by a push; `undefined` for other events, and where a tag or branch was deleted. */
export function pushedCommit({
  GITHUB_EVENT_NAME,
  GITHUB_REPOSITORY = '',
  GITHUB_SHA = '',
}: Environment): { readonly repository: string; readonly commit: string } | undefined {
  if (GITHUB_EVENT_NAME !== 'push' || !isRepository(GITHUB_REPOSITORY) || !/^[0-9a-f]{40,64}$/.test(GITHUB_SHA))
    return undefined;
  return { repository: GITHUB_REPOSITORY, commit: GITHUB_SHA };
}

function isRepository(name: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(name);
}

/**
 * Reads which pull request a run was started for, from the event that the runner has written to a file; `undefined` if the file does
 * not say it. Rejects as `ReadFile`.
 */
export async function readPullRequest(environment: Environment, readFile: ReadFile): Promise<PullRequest | undefined> {
  const { GITHUB_EVENT_NAME, GITHUB_EVENT_PATH = '', GITHUB_REPOSITORY = '', GITHUB_ACTOR } = environment;
  if (GITHUB_EVENT_PATH === '' || !isRepository(GITHUB_REPOSITORY)) return undefined;
  const event = readJson(await readFile(GITHUB_EVENT_PATH, MAX_EVENT_BYTES));
  const pull = pick(event, 'pull_request');
  const number = pick(pull, 'number');
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) return undefined;
  const isClosing = pick(event, 'action') === 'closed';
  const found = { repository: GITHUB_REPOSITORY, number, ...(isClosing && { isClosing }) };
  const byDependabot = GITHUB_ACTOR === DEPENDABOT || pick(event, 'sender', 'login') === DEPENDABOT;
  if (byDependabot) return { ...found, readOnly: 'dependabot' };
  // Of "pull_request_target" the token is that of the repository itself.
  return GITHUB_EVENT_NAME === 'pull_request' && isFork(pull) ? { ...found, readOnly: 'fork' } : found;
}

/** Whether its branch is in another repository. That may have been deleted; and one that is a fork itself has branches of its own. */
function isFork(pull: unknown): boolean {
  const head = pick(pull, 'head', 'repo');
  return !isObject(head) || head.full_name !== pick(pull, 'base', 'repo', 'full_name');
}
