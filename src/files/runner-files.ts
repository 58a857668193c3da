import { glob, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { FileError, isMissing, MisnamedFile, MissingFile, type ReadFile, shownPath } from '../base/files.ts';
import { nearestNames } from '../base/text.ts';
import { isWithin, realFolder } from './folders.ts';
import { readRegularFile } from './regular-file.ts';

/** The folders of a job; https://docs.github.com/en/actions/reference/workflows-and-actions/variables. */
export interface JobFolders {
  /** Where relative paths start from. */
  readonly workspace: string;
  /** RUNNER_TEMP; absent outside of a runner. */
  readonly temporary?: string;
}

/** Returns the folders that the runner names. Run by hand, the folder that it is run in is the workspace. */
export function jobFolders(
  { GITHUB_WORKSPACE, RUNNER_TEMP }: Readonly<Record<string, string | undefined>>,
  currentFolder: string,
): JobFolders {
  return { workspace: GITHUB_WORKSPACE || currentFolder, ...(RUNNER_TEMP ? { temporary: RUNNER_TEMP } : {}) };
}

/**
 * Makes a reader for files that the workflow names: what a link or a path leads to outside of the job's folders, to the runner's own
 * files or another job's, is refused.
 */
export function inputFileReader({ workspace, temporary }: JobFolders): ReadFile {
  return async (path, maxBytes) => {
    const real = await realpath(resolve(workspace, path)).catch(async (error: unknown) => {
      throw isMissing(error) ? ((await explainMissing(workspace, path)) ?? error) : error;
    });
    const folders = temporary === undefined ? [workspace] : [workspace, temporary];
    const roots = await Promise.all(folders.map(realFolder));
    if (!roots.some((root) => isWithin(root, real))) {
      throw new FileError(
        `it is outside the workspace and the runner's temporary folder, at "${shownPath(real)}"`,
        'Copy it into the workspace in an earlier step.',
      );
    }
    return readRegularFile(real, maxBytes, false);
  };
}

/** Where a path leads that has no file; `undefined` if there is no more to say than that. */
async function explainMissing(workspace: string, path: string): Promise<MissingFile | undefined> {
  const whole = resolve(workspace, path);
  const target = await readlink(whole).catch(() => undefined);
  if (target !== undefined) {
    const message = `it is a symbolic link to "${shownPath(target)}", which does not exist`;
    return new MissingFile(message, 'Create that file in an earlier step, or give the path of a file that exists.');
  }
  const folder = `"${shownPath(workspace)}"`;
  if (!(await isFolder(workspace))) {
    return new MissingFile(
      `there is no workspace at ${folder}`,
      'Check out the repository in an earlier step; GITHUB_WORKSPACE must name a folder of this machine or container.',
    );
  }
  if (!isAbsolute(path)) {
    const near = await nearFiles(workspace, path);
    return near.length === 0 ? undefined : new MisnamedFile(near);
  }
  return new MissingFile(
    'there is no such file',
    `Give a relative path to a file of the workspace, which is ${folder} here; inside a container, absolute paths differ from those of the host.`,
  );
}

/** The paths of files beside where one was expected that have nearly its name; none where that is outside of the workspace. */
async function nearFiles(workspace: string, path: string): Promise<string[]> {
  try {
    const folder = await realpath(resolve(workspace, dirname(path)));
    if (!isWithin(await realFolder(workspace), folder)) return [];
    return nearestNames(basename(path), await readdir(folder)).map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Makes a reader for files of the user's own environment, which may lie anywhere: kubeconfig files, the certificates, keys and tokens
 * that they name, Docker's configuration. Their links are followed: a service account's token is one.
 */
export function userFileReader({ workspace }: Pick<JobFolders, 'workspace'>): ReadFile {
  return (path, maxBytes) => readRegularFile(resolve(workspace, path), maxBytes, true);
}

/**
 * Makes a finder of the workspace's files by a pattern (`*`, `**`, `?`, `[ab]`, `{a,b}`), whose paths start at the workspace and have
 * `/`. Links to folders are not followed, and folders are not found.
 */
export function workspaceFinder({ workspace }: Pick<JobFolders, 'workspace'>): (pattern: string) => Promise<string[]> {
  return async (pattern) => {
    const found: string[] = [];
    for await (const entry of glob(pattern, { cwd: workspace, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      found.push(relative(workspace, resolve(entry.parentPath, entry.name)).split(sep).join('/'));
    }
    return found;
  };
}
