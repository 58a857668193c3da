import { isAbsolute, resolve } from 'node:path';
import { fileFault, fileRemedy, type ReadFile, shownPath } from '../../base/files.ts';
import { fail, ok, type Result } from '../../base/problem.ts';
import { type FieldPlace, fieldProblem } from './fields.ts';

/** The authorities of a whole operating system have some 250 KiB. */
const MAX_CREDENTIAL_BYTES = 1_048_576;

/** An entry's fields and what its relative paths start from. */
export interface Source<Fields> {
  readonly fields: Fields;
  readonly place: FieldPlace;
  /** Absent for a kubeconfig that is no file: there is nothing that its relative paths could start from. */
  readonly folder?: string;
}

const FLATTEN =
  'Write the files into the kubeconfig: `kubectl config view --raw --flatten`. In a kubeconfig given as text, paths must be absolute.';

/** An absolute path from a field of an entry. */
export function absolutePath(path: string, field: string, { place, folder }: Source<unknown>): Result<string> {
  if (isAbsolute(path)) return ok(path);
  if (folder !== undefined) return ok(resolve(folder, path));
  return fail(
    fieldProblem(
      place,
      field,
      'is a relative path, but the kubeconfig is not a file that it could be relative to',
      FLATTEN,
    ),
  );
}

/** Reads the file that a field names. */
export async function readNamedFile(
  path: string,
  field: string,
  source: Source<unknown>,
  readFile: ReadFile,
): Promise<Result<Buffer>> {
  const absolute = absolutePath(path, field, source);
  if (!absolute.ok) return absolute;
  try {
    return ok(Buffer.from(await readFile(absolute.value, MAX_CREDENTIAL_BYTES)));
  } catch (error) {
    // What stands there may be the key or the token itself.
    const named = isPathLike(path) ? `names "${shownPath(absolute.value)}", which` : 'names a file that';
    const fault = `${named} cannot be read: ${fileFault(error)}`;
    return fail({ ...fieldProblem(source.place, field, fault, fileRemedy(error, FLATTEN)), cause: error });
  }
}

/** Parts of tokens and lines of PEM are longer. */
const MAX_PART = 40;
const PATH_ENDS = ['.crt', '.pem', '.key', '.cert', '.cer', '.token', '.txt'];

/** Whether a text looks like a path, and not like a token or a key that somebody has put in its place. */
function isPathLike(text: string): boolean {
  const hasMark = isAbsolute(text) || text.startsWith('.') || PATH_ENDS.some((end) => text.endsWith(end));
  return hasMark && !/[\s\p{Cc}]/u.test(text) && text.split(/[/.]/).every((part) => part.length <= MAX_PART);
}

/** The fields that a value can stand in: itself, or the name of its file. */
interface DataOrFile {
  readonly name: string;
  readonly path: string | undefined;
  readonly data: Buffer | undefined;
}

/** The bytes of a field: those in the kubeconfig itself, or of the file that it names. kubectl refuses to choose between the two. */
export async function readDataOrFile(
  { name, path, data }: DataOrFile,
  source: Source<unknown>,
  readFile: ReadFile,
): Promise<Result<{ readonly field: string; readonly bytes: Buffer } | undefined>> {
  if (path !== undefined && data !== undefined) {
    const remedy = 'Remove one of the two; kubectl takes no kubeconfig with both.';
    return fail(fieldProblem(source.place, name, `is set together with "${name}-data"`, remedy));
  }
  if (data !== undefined) return ok({ field: `${name}-data`, bytes: data });
  if (path === undefined) return ok(undefined);
  const bytes = await readNamedFile(path, name, source, readFile);
  return bytes.ok ? ok({ field: name, bytes: bytes.value }) : bytes;
}
