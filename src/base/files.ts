import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import { errorCode } from './causes.ts';
import { messageOf } from './problem.ts';
import { listWords, shownName, truncate } from './text.ts';

/**
 * Reads a regular file of at most `maxBytes`. Rejects with a `FileError` for anything else, and with a system error (`code` ENOENT
 * and so on).
 */
export type ReadFile = (path: string, maxBytes: number) => Promise<Uint8Array>;

/** A file that is not read or written. The message completes `FILE cannot be read: …`. */
export class FileError extends Error {
  /** What to do about it. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Returns the text of a file of at most `maxBytes`. Rejects as `ReadFile`, and with a `FileError` for what is not UTF-8: in place of each
 * byte that is none stood a sign that nobody wrote.
 */
export async function readText(readFile: ReadFile, path: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(path, maxBytes);
  if (!isUtf8(bytes)) throw new FileError('it is not UTF-8', 'Save the file as UTF-8.');
  return Buffer.from(bytes).toString('utf8');
}

/** There is no such file, with more to say of it. As to the system's own error, `isMissing` applies. */
export class MissingFile extends FileError {
  readonly code = 'ENOENT';
}

/** There is no such file, and there are others of nearly its name. */
export class MisnamedFile extends MissingFile {
  readonly #near: readonly string[];

  /** `near` are their paths, as the workflow would give them. */
  constructor(near: readonly string[]) {
    super('there is no such file', meant(near));
    this.#near = near;
  }

  /** Returns the remedy for a path that stands in a file of the workspace. */
  remedyIn(file: string): string {
    return meant(this.#near.map((path) => (posix.isAbsolute(path) ? path : posix.relative(posix.dirname(file), path))));
  }
}

function meant(paths: readonly string[]): string {
  return `Did you mean ${listWords(paths.map((path) => `"${shownPath(path)}"`))}?`;
}

/** Returns where a relative path starts, as a sentence: at the workspace, or at the folder of the file of it that says the path. */
export function pathStart(file: string | undefined): string {
  if (file === undefined) return 'The path is relative to the workspace.';
  const folder = posix.dirname(file);
  return `In a manifest, paths are relative to its folder, here ${folder === '.' ? 'the workspace' : `"${shownPath(folder)}"`}.`;
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'it is not a valid path: its name is too long',
  // Node's own message quotes all of it.
  ERR_INVALID_ARG_VALUE: 'it is not a valid path: it contains a zero byte',
};
/** Node's messages end with the path. */
const MAX_MESSAGE = 200;

/** Why a file cannot be read or written, for the end of a sentence. */
export function fileFault(error: unknown): string {
  if (error instanceof FileError) return error.message;
  return WORDS[errorCode(error)] ?? truncate(messageOf(error), MAX_MESSAGE);
}

/**
 * What to do about a file that cannot be read: what the error itself knows of it, else the general advice. `file` is the file of the
 * workspace that says its path, if one does.
 */
export function fileRemedy(error: unknown, general: string, file?: string): string {
  if (error instanceof MisnamedFile) return `${file === undefined ? error.remedy : error.remedyIn(file)} ${general}`;
  return error instanceof FileError ? error.remedy : general;
}

/** Whether the system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/** The longest path of a file on Linux has 4,096 characters; those that people write have fewer. */
const MAX_SHOWN_PATH = 200;

/** A path for a message. Where somebody has put the content of a file in its place, only the beginning. */
export function shownPath(path: string): string {
  const isContent = path.includes('\n') || path.includes('\r');
  const line = path.replace(/\s+/g, ' ');
  return isContent ? shownName(line) : truncate(line, MAX_SHOWN_PATH);
}
