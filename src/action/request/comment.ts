import { createHash } from 'node:crypto';
import { isObject, readJson } from '../../base/json.ts';
import { MAX_LISTED, someOf, truncate } from '../../base/text.ts';
import type { CommentWriter } from '../../github/comment-mark.ts';
import type { CommentInputs, Inputs } from '../inputs/inputs.ts';
import type { Environment } from '../inputs/reader.ts';

type Named = Pick<Inputs, 'name' | 'manifests'> & { readonly comment: Pick<CommentInputs, 'key' | 'matrix'> };

/** Of the words for one job of a matrix. */
const MAX_CELL_CHARACTERS = 80;

/**
 * Returns what tells the comment of a run from those of others on the same pull request: what the input says, else its workflow, its
 * job, with its values of a matrix as GitHub shows them, and what it deploys.
 */
export function commentKey(
  { comment, name, manifests }: Named,
  { GITHUB_WORKFLOW = '', GITHUB_JOB = '' }: Environment,
): string {
  if (comment.key !== '') return comment.key;
  const what = manifests.length === 0 ? name : manifests.join(' ');
  const cell = cellWords(comment.matrix);
  const job = cell === '' ? GITHUB_JOB : `${GITHUB_JOB} (${cell})`.trimStart();
  const parts = [GITHUB_WORKFLOW, job, what].filter((part) => part !== '');
  return parts.length === 0 ? 'deploy-wasm-filter' : parts.join(' · ');
}

/** The values of one job of a matrix, from the context "matrix" as JSON; the empty string outside of a matrix. */
function cellWords(json: string): string {
  const values = leavesOf(readJson(Buffer.from(json)));
  const words = someOf(values);
  if (words.length <= MAX_CELL_CHARACTERS && values.length <= MAX_LISTED) return words;
  const digest = createHash('sha256').update(json).digest('hex').slice(0, 8);
  return `${truncate(words, MAX_CELL_CHARACTERS)} ${digest}`;
}

function leavesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (isObject(value)) return Object.values(value).flatMap(leavesOf);
  return value === undefined || value === null || value === '' ? [] : [String(value)];
}

/** Returns who writes the comment of a run that started at `started`. The runner gives each job an id of its own, in `RUNNER_TRACKING_ID`. */
export function commentWriter(
  { command }: Pick<Inputs, 'command'>,
  started: string,
  {
    GITHUB_RUN_ID = '',
    GITHUB_RUN_ATTEMPT = '',
    GITHUB_JOB = '',
    GITHUB_ACTION = '',
    RUNNER_TRACKING_ID = '',
  }: Environment,
): CommentWriter {
  const step = createHash('sha256')
    .update(`${RUNNER_TRACKING_ID} ${GITHUB_JOB} ${GITHUB_ACTION}`)
    .digest('hex')
    .slice(0, 8);
  const run = GITHUB_RUN_ID === '' ? '' : `${GITHUB_RUN_ID}/${GITHUB_RUN_ATTEMPT}`;
  return { run, started, command, step };
}
