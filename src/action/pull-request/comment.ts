import { messageOf } from '../../base/problem.ts';
import type { Redact } from '../../base/redaction/redactor.ts';
import { sentence } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import type { CommentText, CommentWriter } from '../../github/comment-mark.ts';
import type { GitHub, GitHubOptions } from '../../github/github.ts';
import { pullRequestMergedAs } from '../../github/merged-pull-request.ts';
import type { Refusal } from '../../github/refusal.ts';
import { type CommentOutcome, updateComment, type WrittenOutcome, writeComment } from '../../github/sticky-comment.ts';
import { describeRun } from '../../mesh/identity/run-order.ts';
import type { Core } from '../runner/guarded-core.ts';
import type { Links } from '../runner/links.ts';
import { askGitHub } from './ask-github.ts';
import { commentText, crashText } from './page.ts';
import {
  isForPullRequest,
  type PullRequest,
  type PullRequestRuntime,
  pushedCommit,
  readPullRequest,
} from './pull-request.ts';

/** The comment that a run is to write if it is for a pull request. */
export interface WantedComment {
  /** Tells it from the comments of other runs on the same pull request. */
  readonly key: string;
  readonly writer: CommentWriter;
  /** The empty string for none. */
  readonly token: string;
  /** Whether it shows values of configuration and environment. */
  readonly showConfiguration: boolean;
}

/** What commenting needs of the world. */
export interface CommentRuntime extends PullRequestRuntime, Pick<GitHubOptions, 'userAgent' | 'signal' | 'network'> {
  readonly redact: Redact;
  readonly links: Links;
  /** Whether the run was cancelled or broke off: little time is left. */
  readonly isEnding: boolean;
  readonly core: Pick<Core, 'debug' | 'info' | 'isDebug' | 'notice' | 'warning'>;
}

/** What is told of a run: what it came to, or the page that says why it broke off. */
export type Told =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'crash'; readonly page: string };

/** For all requests together. */
const MAX_MS = 120_000;
/** A run after a push waits less for GitHub: most have no such comment. */
const MAX_MERGED_MS = 30_000;
/** The runner kills a cancelled step ten seconds after it told it to end, and a run may take five of them for its report. */
const MAX_ENDING_MS = 2_500;
const SUMMARY = 'The job summary has the result.';
const OFF = 'or set "comment: off" to write no comments and see no notice.';
/** What to do where GitHub does not let the token write comments. */
export const GRANT: Readonly<Record<Extract<Refusal, { kind: 'permission' }>['token'], string>> = {
  'of the job': `Add "pull-requests: write" to the "permissions" of the job, ${OFF}`,
  personal: `Give the token of the input "github-token" the permission "Pull requests: Read and write" for this repository, ${OFF}`,
};
const TOKENS: Readonly<Record<NonNullable<PullRequest['readOnly']>, string>> = {
  fork: 'the token of a run for a fork only reads',
  dependabot: 'the token of a run for Dependabot only reads',
};

/**
 * Writes the result of a run as a comment on its pull request. After a push, the comment of its key on the pull request that was merged
 * by it gets the result, if there is one. That it cannot be written fails nothing: the log or a notice says why. Does nothing where the
 * run is for no pull request. Never rejects.
 */
export async function commentOn(told: Told, wanted: WantedComment, runtime: CommentRuntime): Promise<void> {
  const { environment, core } = runtime;
  if (!isForPullRequest(environment)) return commentOnMerged(told, wanted, runtime);
  try {
    const pull = await readPullRequest(environment, runtime.readFile);
    if (pull === undefined) core.info('No comment: the event of the run does not say which pull request it is for.');
    else if (wanted.token === '') core.info(`No comment on pull request #${pull.number}: "github-token" is empty.`);
    else {
      const text = textOf(told, wanted, runtime);
      await ask(wanted, runtime, MAX_MS, async (github) => {
        const place = { ...pull, key: text.key };
        const outcome = await (isNoNews(told) ? updateComment : writeComment)(github, place, text);
        if (outcome.state === 'absent') core.info(`No comment on pull request #${pull.number}: nothing was there.`);
        else tell(outcome, pull, core);
      });
    }
  } catch (error) {
    core.warning(`${sentence(`The comment could not be written: ${messageOf(error)}`)} ${SUMMARY}`, TITLE);
  }
}

/** Whether a removal has found nothing: a pull request that never had the filter needs no comment that says so. */
function isNoNews(told: Told): boolean {
  if (told.kind !== 'report') return false;
  const { command, outcome } = told.report;
  return (command === 'remove' || command === 'sweep') && outcome === 'unchanged';
}

/** Nobody has asked for it in so many words, so where GitHub does not answer, only the log says so. */
async function commentOnMerged(told: Told, wanted: WantedComment, runtime: CommentRuntime): Promise<void> {
  const { environment, core } = runtime;
  const push = pushedCommit(environment);
  if (push === undefined || wanted.token === '') return;
  const { repository, commit } = push;
  const unknown = (why: string): void =>
    core.info(
      `${sentence(`Which pull request was merged by this push could not be asked: ${why}`)} It gets no comment.`,
    );
  try {
    await ask(wanted, runtime, MAX_MERGED_MS, async (github) => {
      const number = await pullRequestMergedAs(github, repository, commit);
      if (!number.ok) unknown(number.fault);
      else if (number.value !== undefined) {
        const pull = { repository, number: number.value };
        const text = textOf(told, wanted, runtime);
        const outcome = await updateComment(github, { ...pull, key: text.key }, text);
        if (outcome.state !== 'absent') tell(outcome, pull, core);
      }
    });
  } catch (error) {
    unknown(messageOf(error));
  }
}

const TITLE = { title: 'Comment on the pull request' };

function ask(
  { token }: WantedComment,
  runtime: CommentRuntime,
  maxMs: number,
  work: (github: GitHub) => Promise<void>,
): Promise<void> {
  const { core, isEnding } = runtime;
  const debug = (line: string): void => {
    if (core.isDebug()) core.debug(line);
  };
  return askGitHub({ ...runtime, token, debug }, isEnding ? MAX_ENDING_MS : maxMs, work);
}

/** What the comment is to say, with the key that it is found by. */
function textOf(
  told: Told,
  wanted: WantedComment,
  { redact, links }: CommentRuntime,
): CommentText & { readonly key: string } {
  // A key is public; what is secret in it was taken out before it tells comments apart.
  const key = redact(wanted.key);
  const { showConfiguration, writer } = wanted;
  const text =
    told.kind === 'crash'
      ? crashText(told.page, { key, links, redact })
      : commentText(told.report, { key, links, showConfiguration, redact });
  return { ...text, writer, key };
}

const DONE: Readonly<Record<WrittenOutcome['state'], string>> = {
  created: 'written',
  updated: 'updated',
  unchanged: 'left as it is: nothing has changed',
};

const LOST: Readonly<Record<NonNullable<WrittenOutcome['lost']>, string>> = {
  other: 'it had the result of another job or step of this run, which is no longer there.',
  own: 'another job or step of this run has written it at the same time, so it does not have the result of this one.',
};
const OWN_KEY = 'Both have the same "comment-key": give each one of its own.';

function tell(outcome: CommentOutcome, pull: PullRequest, core: CommentRuntime['core']): void {
  const where = `omment on pull request #${pull.number}`;
  if (outcome.state === 'superseded') {
    const by = describeRun(`${pull.repository}/${outcome.by}`);
    core.info(`C${where} left as it is: it has the result of ${by}, which started later${addressOf(outcome)}.`);
    return;
  }
  if (outcome.state !== 'refused') {
    core.info(`C${where} ${DONE[outcome.state]}${addressOf(outcome)}.`);
    if (outcome.lost !== undefined) core.warning(`C${where}: ${LOST[outcome.lost]} ${OWN_KEY}`, TITLE);
    return;
  }
  tellRefusal(outcome.refusal, where, pull, core);
}

function addressOf({ url }: { readonly url: string }): string {
  return url === '' ? '' : ` (${url})`;
}

function tellRefusal(refusal: Refusal, where: string, { readOnly }: PullRequest, core: CommentRuntime['core']): void {
  const { message } = refusal;
  if (refusal.kind === 'permission') {
    if (readOnly !== undefined) core.info(`No c${where}: ${TOKENS[readOnly]}. ${SUMMARY}`);
    else
      core.notice(
        `No c${where}: the token is not allowed to write it. ${message} ${SUMMARY} ${GRANT[refusal.token]}`,
        TITLE,
      );
  } else {
    const text = `No c${where}. ${message} ${SUMMARY} ${refusal.remedy}`;
    if (refusal.kind === 'blocked') core.notice(text, TITLE);
    else core.warning(text, TITLE);
  }
}
