import { pick } from '../base/json.ts';
import { type Fault, faulty, ok, type Result } from '../base/problem.ts';
import type { GitHub } from './github.ts';
import { refusalOf } from './refusal.ts';

/** Whether work for a pull request still has a point. */
export type PullRequestState = 'open' | 'closed' | 'merged';

/** Asks for the state of a pull request; a fault says in sentences why GitHub does not tell it. Throws what `GitHub` throws. */
export async function pullRequestState(
  github: GitHub,
  repository: string,
  number: number,
): Promise<Result<PullRequestState, Fault>> {
  const answer = await github.get(`/repos/${repository}/pulls/${number}`);
  const refusal = refusalOf(answer);
  if (refusal !== undefined) {
    const { message, ...more } = refusal;
    return faulty(
      `${message} ${'remedy' in more ? more.remedy : 'The token needs the permission "pull-requests: read".'}`,
    );
  }
  const state = pick(answer.body, 'state');
  if (state === 'open') return ok('open');
  if (state === 'closed') return ok(pick(answer.body, 'merged') === true ? 'merged' : 'closed');
  return faulty('GitHub answered with something else than a pull request.');
}
