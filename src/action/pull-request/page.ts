import { createHash } from 'node:crypto';
import type { Redact } from '../../base/redaction/redactor.ts';
import { visible } from '../../base/visible.ts';
import type { Report } from '../../deploy/report/report.ts';
import type { CommentText } from '../../github/comment-mark.ts';
import type { Links } from '../runner/links.ts';
import { blocks, text } from '../summary/parts/markdown.ts';
import { renderSummary } from '../summary/summary.ts';
import { withoutTimes } from './steady.ts';
import { withConfiguration, withoutConfiguration } from './values.ts';

/** What a comment's text is made of beside the report. */
export interface CommentPageOptions {
  /** What the comment is about, as its heading says it. */
  readonly key: string;
  readonly links: Links;
  /** Whether it shows the values of the filters' configuration and environment, or digests of them. */
  readonly showConfiguration: boolean;
  /** Takes out what no page may show. */
  readonly redact: Redact;
}

/** GitHub takes comments of 65,536 characters; what marks ours, and what stands for a secret, has room beside it. */
const MAX_CHARACTERS = 64_000;
const MAX_KEY_CHARACTERS = 200;

/** Returns the job summary of a run as a comment: shorter, and without what only members of the repository may see. */
export function commentText(report: Report, options: CommentPageOptions): Omit<CommentText, 'writer'> {
  const shown = options.showConfiguration ? withConfiguration(report) : withoutConfiguration(report);
  const { server } = options.links;
  const steady = page(withoutTimes(shown), { ...options, links: server === undefined ? {} : { server } });
  return {
    body: page(shown, options),
    digest: createHash('sha256').update(steady).digest('hex').slice(0, 16),
  };
}

/** Returns what is said of a run that broke off as a comment. `words` is its page in Markdown. */
export function crashText(
  words: string,
  { key, links: { run }, redact }: Omit<CommentPageOptions, 'showConfiguration'>,
): Omit<CommentText, 'writer'> {
  const digest = createHash('sha256').update(words).digest('hex').slice(0, 16);
  const where = run === undefined ? undefined : `The [run](${run}) has what it did until then.`;
  return { body: visible(redact(blocks(headingOf(key), words.trimEnd(), where))), digest };
}

function headingOf(key: string): string {
  return `### ${text(key, MAX_KEY_CHARACTERS)}`;
}

function page(report: Report, { key, links, redact }: CommentPageOptions): string {
  const heading = headingOf(key);
  const summary = renderSummary(report, { links, maxCharacters: MAX_CHARACTERS - heading.length });
  return visible(redact(blocks(heading, summary)));
}
