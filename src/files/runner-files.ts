import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FileError, type ReadFile, shownPath } from '../base/files.ts';
import { isWithin, realFolder } from './folders.ts';
import { readRegularFile } from './regular-file.ts';

/** The folders of a job; https://docs.github.com/en/actions/reference/workflows-and-actions/variables. */
export interface JobFolders {
  /** Where relative paths start from. */
  readonly workspace: string;
  /** RUNNER_TEMP; absent outside of a runner. */
  readonly temporary?: string;
}

/**
 * Makes a reader for files that the workflow names: what a link or a path leads to outside of the job's folders, to the runner's own
 * files or another job's, is refused.
 */
export function inputFileReader({ workspace, temporary }: JobFolders): ReadFile {
  return async (path, maxBytes) => {
    const real = await realpath(resolve(workspace, path));
    const folders = temporary === undefined ? [workspace] : [workspace, temporary];
    const roots = await Promise.all(folders.map(realFolder));
    if (!roots.some((root) => isWithin(root, real))) {
      throw new FileError(
        `it lies outside of the workspace and of the runner's temporary folder, at "${shownPath(real)}"`,
        'Copy it into the workspace in a step before this one.',
      );
    }
    return readRegularFile(real, maxBytes, false);
  };
}

/**
 * Makes a reader for files of the user's own environment, which may lie anywhere: kubeconfig files, the certificates, keys and tokens
 * that they name, Docker's configuration. Their links are followed: a service account's token is one.
 */
export function userFileReader({ workspace }: Pick<JobFolders, 'workspace'>): ReadFile {
  return (path, maxBytes) => readRegularFile(resolve(workspace, path), maxBytes, true);
}
