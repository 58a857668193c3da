import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FileError, isMissing, shownPath } from '../base/files.ts';
import { isWithin, realFolder } from './folders.ts';

/** Writes and removes files of the workspace, and nothing outside of it, whatever links there are. */
export interface WorkspaceWriter {
  /** Writes a file, with its folders. A file that is there is replaced as a whole; a link in its place as well, not what it leads to. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** Removes a file, or a link in its place. Gives whether there was one. */
  readonly removeFile: (path: string) => Promise<boolean>;
}

const REMEDY = 'Name a path inside the workspace.';
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** Makes a writer for a workspace; relative paths start from it. */
export function workspaceWriter(workspace: string): WorkspaceWriter {
  return {
    writeFile: async (path, text) => {
      const file = await locate(workspace, path, true);
      const draft = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
      try {
        const handle = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
        await handle.writeFile(text).finally(() => handle.close());
        await rename(draft, file);
      } catch (error) {
        await unlink(draft).catch(() => undefined);
        throw error;
      }
    },
    removeFile: async (path) => {
      try {
        await unlink(await locate(workspace, path, false));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
  };
}

/**
 * Where a file of the workspace is, with the links of its folders followed; its own name may still be a link. Links between folders
 * of the workspace are fine. `make` says whether missing folders are made.
 */
async function locate(workspace: string, path: string, make: boolean): Promise<string> {
  const root = await realFolder(workspace);
  const wanted = resolve(workspace, path);
  // Either spelling of a workspace that is itself behind a link.
  const start = [resolve(workspace), root].find((folder) => isWithin(folder, wanted) && folder !== wanted);
  if (start === undefined) throw new FileError('it is outside the workspace', REMEDY);
  const folders = relative(start, wanted).split(sep);
  const name = folders.pop() ?? '';
  let folder = root;
  for (const part of folders) folder = await enter(root, join(folder, part), make);
  return join(folder, name);
}

/** The real path of a folder inside the root. */
async function enter(root: string, folder: string, make: boolean): Promise<string> {
  const found = await lstat(folder).catch((error) => {
    if (make && isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) {
    await mkdir(folder);
    return folder;
  }
  const shown = `"${shownPath(relative(root, folder))}"`;
  if (found.isSymbolicLink()) {
    const real = await realpath(folder).catch((error) => {
      if (isMissing(error)) throw new FileError(`${shown} is a symbolic link to something that does not exist`, REMEDY);
      throw error;
    });
    if (!isWithin(root, real)) {
      throw new FileError(`${shown} is a symbolic link that leads out of the workspace`, REMEDY);
    }
    if ((await lstat(real)).isDirectory()) return real;
  } else if (found.isDirectory()) return folder;
  throw new FileError(`${shown} already exists and is not a folder`, 'Name another folder, or move that file away.');
}
