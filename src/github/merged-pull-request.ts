import { isObject, pick } from '../base/json.ts';
import { type Fault, faulty, ok, type Result } from '../base/problem.ts';
import type { GitHub } from './github.ts';
import { refusalOf } from './refusal.ts';

/**
 * Returns the number of the pull request whose merge made a commit; `undefined` if none did, as after a push to the branch itself. A
 * fault says in sentences why GitHub does not tell it. Throws what `GitHub` throws.
 *
 * https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
 */
export async function pullRequestMergedAs(
  github: GitHub,
  repository: string,
  commit: string,
): Promise<Result<number | undefined, Fault>> {
  const answer = await github.get(`/repos/${repository}/commits/${commit}/pulls`);
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return faulty(refusal.message);
  const pulls = Array.isArray(answer.body) ? answer.body.filter(isObject) : [];
  // Others have the commit on their branches, too.
  const merged = pulls.find((pull) => pull.merge_commit_sha === commit && typeof pull.merged_at === 'string');
  const number = pick(merged, 'number');
  return ok(typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined);
}
