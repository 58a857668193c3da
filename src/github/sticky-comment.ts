import { isObject, pick } from '../base/json.ts';
import { type CommentText, isRival, type Mark, marked, markIn, newerRun, remarked } from './comment-mark.ts';
import type { GitHub, GitHubAnswer } from './github.ts';
import { type Refusal, refusalOf } from './refusal.ts';

/** Where a comment belongs. */
export interface CommentPlace {
  /** `owner/name`. */
  readonly repository: string;
  /** Of the pull request. */
  readonly number: number;
  /** Tells the comment of one deployment from those of others on the same pull request. */
  readonly key: string;
}

/** What became of a comment. */
export type CommentOutcome =
  | WrittenOutcome
  /** It has the result of another run, that started later: its id and attempt, `4812/1`; the empty string where nobody knows. */
  | { readonly state: 'superseded'; readonly url: string; readonly by: string }
  | RefusedOutcome;

/** It has the result of this run, or had the same one. */
export interface WrittenOutcome {
  readonly state: 'created' | 'updated' | 'unchanged';
  readonly url: string;
  /** Whose result is no longer to be seen: that of another job of this run, or this one's. */
  readonly lost?: 'other' | 'own';
}

interface RefusedOutcome {
  readonly state: 'refused';
  readonly refusal: Refusal;
}

/** A comment that this action has written. */
interface OwnComment {
  readonly id: number;
  readonly url: string;
  readonly body: string;
  readonly mark: Mark;
}

/** GitHub takes no more than 2,500 comments on one issue. */
const MAX_PAGES = 25;
const PER_PAGE = 100;

/** Nobody has written a comment of the key, or somebody has deleted it. */
const ABSENT = { state: 'absent' } as const;

/**
 * Writes the one comment of a key: anew, or in place of what it said before. Of several, as two jobs at once may make them, the newest
 * stays, but one of a run that started later before it. Throws what `GitHub` throws.
 */
export async function writeComment(github: GitHub, place: CommentPlace, text: CommentText): Promise<CommentOutcome> {
  const outcome = await updateComment(github, place, text);
  return outcome.state === 'absent' ? create(github, place, text) : outcome;
}

/** Writes in place of what the comment of a key said before, and none where there is none. Throws what `GitHub` throws. */
export async function updateComment(
  github: GitHub,
  place: CommentPlace,
  text: CommentText,
): Promise<CommentOutcome | typeof ABSENT> {
  const found = await findOwn(github, place);
  if ('refusal' in found) return { state: 'refused', refusal: found.refusal };
  const [newest, ...older] = found.comments;
  await deleteAll(github, place, older);
  if (newest === undefined) return ABSENT;
  const { mark, url, id } = newest;
  const by = newerRun(mark, text.writer);
  if (by !== undefined) return { state: 'superseded', url, by };
  const isSame = mark.digest === text.digest;
  if (isSame && mark.writer?.run === text.writer.run) return { state: 'unchanged', url };
  // What has not changed stays, but behind the mark of this run: one that started before it may still be going on.
  const body = isSame ? remarked(newest.body, place.key, text) : marked(place.key, text);
  const answer = await github.patch(commentPath(place, id), { body });
  if (answer.status === 404 || answer.status === 410) return ABSENT;
  if (isSame) return { state: 'unchanged', url };
  const outcome = outcomeOf('updated', answer);
  return outcome.state === 'updated' && isRival(mark, text.writer) ? { ...outcome, lost: 'other' } : outcome;
}

async function create(github: GitHub, place: CommentPlace, text: CommentText): Promise<CommentOutcome> {
  const made = async (): Promise<GitHubAnswer | undefined> => {
    const found = await findOwn(github, place);
    const [comment] = 'refusal' in found ? [] : found.comments;
    return comment && { status: 201, body: { html_url: comment.url }, said: '' };
  };
  const answer = await github.post(commentsPath(place), { body: marked(place.key, text) }, made);
  const outcome = outcomeOf('created', answer);
  return outcome.state === 'refused' ? outcome : keepNewest(github, place, text, outcome);
}

/** Whoever has found no comment at the same time has made one, too. Each of them looks again, so the last one sees them all. */
async function keepNewest(
  github: GitHub,
  place: CommentPlace,
  { writer }: CommentText,
  outcome: WrittenOutcome,
): Promise<CommentOutcome> {
  const found = await findOwn(github, place);
  const [newest, ...older] = 'refusal' in found ? [] : found.comments;
  if (newest === undefined || older.length === 0) return outcome;
  await deleteAll(github, place, older);
  const url = newest.url;
  const by = newerRun(newest.mark, writer);
  if (by !== undefined) return { state: 'superseded', url, by };
  if (isRival(newest.mark, writer)) return { ...outcome, url, lost: 'own' };
  return { ...outcome, url, ...(older.some(({ mark }) => isRival(mark, writer)) && { lost: 'other' }) };
}

async function deleteAll(github: GitHub, place: CommentPlace, comments: readonly OwnComment[]): Promise<void> {
  for (const { id } of comments) await github.delete(commentPath(place, id));
}

function outcomeOf(state: 'created' | 'updated', answer: GitHubAnswer): WrittenOutcome | RefusedOutcome {
  const refusal = refusalOf(answer);
  if (refusal !== undefined) return { state: 'refused', refusal };
  const url = urlOf(answer.body);
  return url === '' ? { state: 'refused', refusal: SOMETHING_ELSE } : { state, url };
}

/** What stands between, such as a proxy that asks for a login, answers with a page of its own. */
const SOMETHING_ELSE: Refusal = {
  kind: 'failed',
  message: 'GitHub answered with something else than a comment.',
  remedy: 'Check what answers at GITHUB_API_URL from this runner, such as a proxy.',
};

/** The comments of a key, that of the run that started last first. Anybody may write its mark, so only those count that the token's owner has written. */
async function findOwn(
  github: GitHub,
  place: CommentPlace,
): Promise<{ readonly comments: readonly OwnComment[] } | { readonly refusal: Refusal }> {
  const found: { readonly author: unknown; readonly comment: OwnComment }[] = [];
  for await (const page of github.pages(`${commentsPath(place)}?per_page=${PER_PAGE}`, MAX_PAGES)) {
    const refusal = refusalOf(page);
    if (refusal !== undefined) return { refusal };
    for (const one of Array.isArray(page.body) ? page.body : []) {
      const { id, body, user, minimized } = isObject(one) ? one : {};
      // One that somebody has hidden is over for its readers.
      if (typeof id !== 'number' || typeof body !== 'string' || isObject(minimized)) continue;
      const mark = markIn(body, place.key);
      if (mark !== undefined) found.push({ author: user, comment: { id, url: urlOf(one), body, mark } });
    }
  }
  if (found.length === 0) return { comments: [] };
  const login = await loginOf(github);
  const own = found.filter(({ author }) => pick(author, 'login') === login);
  return { comments: own.map(({ comment }) => comment).toSorted(newestFirst) };
}

function newestFirst(one: OwnComment, other: OwnComment): number {
  const [started, otherStarted] = [one, other].map(({ mark }) => mark.writer?.started ?? '') as [string, string];
  return started === otherStarted ? other.id - one.id : started < otherStarted ? 1 : -1;
}

/** The author of what is written with the token of a job. */
const JOB_LOGIN = 'github-actions[bot]';

/**
 * The user name that the token writes as. Only GraphQL tells it to the tokens of apps, too; what cannot be told is taken for the token
 * of the job.
 */
async function loginOf(github: GitHub): Promise<string> {
  const login = pick((await github.graphql('{ viewer { login } }')).body, 'data', 'viewer', 'login');
  return typeof login === 'string' ? login : JOB_LOGIN;
}

function commentsPath({ repository, number }: CommentPlace): string {
  return `/repos/${repository}/issues/${number}/comments`;
}

function commentPath({ repository }: CommentPlace, id: number): string {
  return `/repos/${repository}/issues/comments/${id}`;
}

function urlOf(comment: unknown): string {
  const url = pick(comment, 'html_url');
  return typeof url === 'string' ? url : '';
}
