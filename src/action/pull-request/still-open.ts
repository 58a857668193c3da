import { messageOf, type Problem } from '../../base/problem.ts';
import { sentence } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { GitHubOptions } from '../../github/github.ts';
import { type PullRequestState, pullRequestState } from '../../github/pull-request-state.ts';
import { askGitHub } from './ask-github.ts';
import { isForPullRequest, type PullRequestRuntime, readPullRequest } from './pull-request.ts';

/** What the question for the pull request of a run needs. */
export interface StillOpenRuntime extends PullRequestRuntime, Pick<GitHubOptions, 'userAgent' | 'signal' | 'debug'> {
  /** The empty string for none. */
  readonly token: string;
}

/** What keeps a run from writing, or what is to be said before it does. */
export interface BeforeWrites {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

const NOTHING: BeforeWrites = { problems: [], warnings: [] };
/** A run that is about to write does not wait longer for it. */
const MAX_MS = 30_000;

/**
 * Looks whether the pull request that a run was started for has been closed meanwhile: what was deployed for it would stay. Where that
 * cannot be asked, a warning says so. A run that was started because it was closed is not asked about. Never rejects.
 */
export async function pullRequestStillOpen(runtime: StillOpenRuntime): Promise<BeforeWrites> {
  const { environment, token } = runtime;
  if (!isForPullRequest(environment)) return NOTHING;
  try {
    const pull = await readPullRequest(environment, runtime.readFile);
    if (pull === undefined) return notAsked('The event of the run does not say which one it is.');
    if (pull.isClosing === true) return NOTHING;
    if (token === '') return notAsked('"github-token" is empty.');
    const { repository, number } = pull;
    const state = await askGitHub(runtime, MAX_MS, (github) => pullRequestState(github, repository, number));
    if (!state.ok) return notAsked(state.fault);
    return state.value === 'open' ? NOTHING : { problems: [closedMeanwhile(pull.number, state.value)], warnings: [] };
  } catch (error) {
    return notAsked(sentence(messageOf(error)));
  }
}

const TO_DEPLOY: Readonly<Record<Exclude<PullRequestState, 'open'>, string>> = {
  closed: 'To deploy, reopen the pull request.',
  merged: 'To deploy, run on the branch that it was merged into.',
};

function closedMeanwhile(number: number, state: Exclude<PullRequestState, 'open'>): Problem {
  return {
    kind: 'conflict',
    subject: `pull request #${number}`,
    clause: `the pull request was ${state}`,
    message: `was ${state} before anything was written, so nothing was deployed for it.`,
    remedy: `No action is needed in the cluster. ${TO_DEPLOY[state]}`,
  };
}

function notAsked(why: string): BeforeWrites {
  const text = `Whether the pull request is still open could not be checked, and the run continued: ${why}`;
  return { problems: [], warnings: [{ topic: 'Pull request', text }] };
}
