import { createHash } from 'node:crypto';
import { isObject, readJson } from '../base/json.ts';

/** What a comment says. */
export interface CommentText {
  /** Markdown. */
  readonly body: string;
  /** Of what the body says, without what is different each time: of equal ones, the comment that is there stays as it is. */
  readonly digest: string;
  readonly writer: CommentWriter;
}

/** Who writes a comment. Jobs of one run that do the same and have the same key would take each other's place. */
export interface CommentWriter {
  /** The run and its attempt, `4812/1`; the empty string where nobody knows. */
  readonly run: string;
  /** When this job of it started, as `toISOString` writes it. */
  readonly started: string;
  /** What it does: a plan and what came of it share a comment. */
  readonly command: string;
  /** Tells apart the jobs of a run, also those of a matrix, and the steps of a job. */
  readonly step: string;
}

/** What the mark of a comment says, as far as it can be read. */
export interface Mark {
  readonly digest: string;
  readonly writer: CommentWriter | undefined;
}

const MARK = 'deploy-wasm-filter';
/** What `marked` puts first; the JSON has no `>`. */
const MARKED = /^<!-- deploy-wasm-filter (\{[^>]*\}) -->/;
const VERSION = 1;
/** A letter may take six characters in a mark. */
const MAX_KEY = 120;

/** Returns a comment's text behind its mark, which a page does not show. `key` is what the comment is found by. */
export function marked(key: string, { body, digest, writer }: CommentText): string {
  return `<!-- ${MARK} ${inComment(JSON.stringify({ v: VERSION, key: markedKey(key), digest, ...writer }))} -->\n${body}`;
}

/** Returns a comment as it is, but behind the mark of who writes it now. */
export function remarked(comment: string, key: string, { digest, writer }: CommentText): string {
  return marked(key, { body: comment.replace(MARKED, '').trimStart(), digest, writer });
}

/** The mark has its room beside a text of the full length. */
function markedKey(key: string): string {
  return key.length <= MAX_KEY ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** JSON in which nothing ends an HTML comment, or means something to GitHub: `@user`, `#12`. */
function inComment(json: string): string {
  return json.replace(/[^ \w.,:/{}"\\]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Returns the mark of a comment; `undefined` if it has none, or that of another key. */
export function markIn(body: string, key: string): Mark | undefined {
  const [, json] = MARKED.exec(body) ?? [];
  const mark = json === undefined ? undefined : readJson(Buffer.from(json));
  if (!isObject(mark) || mark.key !== markedKey(key)) return undefined;
  const { v, digest, run, started, command, step } = mark;
  // A mark of another version is this key's all the same; what it says is written anew.
  if (v !== VERSION || typeof digest !== 'string') return { digest: '', writer: undefined };
  const isKnown = [run, started, command, step].every((one) => typeof one === 'string');
  return { digest, writer: isKnown ? ({ run, started, command, step } as CommentWriter) : undefined };
}

/**
 * Returns the run that has written a mark if it started later: as of deployments, the later start wins, also that of the second attempt
 * of an old run. `undefined` for the same run: its jobs follow each other, or are rivals.
 */
export function newerRun({ writer: other }: Mark, { run, started }: CommentWriter): string | undefined {
  if (other === undefined || (run !== '' && other.run === run)) return undefined;
  return other.started > started ? other.run : undefined;
}

/** Whether another job or step of the same run, which does the same, has written a mark. */
export function isRival({ writer: other }: Mark, { run, command, step }: CommentWriter): boolean {
  return run !== '' && other?.run === run && other.command === command && other.step !== step;
}
