import { apiOf, GitHub, type GitHubOptions } from '../../github/github.ts';
import type { PullRequestRuntime } from './pull-request.ts';

/** What asking GitHub for the pull request of a run needs of the world. */
export type AskRuntime = Pick<PullRequestRuntime, 'environment'> &
  Pick<GitHubOptions, 'userAgent' | 'signal' | 'debug' | 'network'> & {
    /** The empty string for none. */
    readonly token: string;
  };

/**
 * Returns what `ask` gets of the GitHub of the runner's environment. All its requests together may take `maxMs` milliseconds.
 * @throws Error where the environment has no valid address, and what `ask` throws
 */
export async function askGitHub<T>(
  { environment, token, userAgent, signal, debug, network }: AskRuntime,
  maxMs: number,
  ask: (github: GitHub) => Promise<T>,
): Promise<T> {
  const github = GitHub.at({
    api: apiOf(environment),
    token,
    userAgent,
    environment,
    signal,
    maxMs,
    debug,
    ...(network !== undefined && { network }),
  });
  if (github === undefined) throw new Error('the environment variable GITHUB_API_URL is not a valid address');
  try {
    return await ask(github);
  } finally {
    await github.close();
  }
}
