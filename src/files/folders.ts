import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isMissing } from '../base/files.ts';

/** The real path of a folder; of one that is not there, the path itself: nothing lies in it. */
export function realFolder(folder: string): Promise<string> {
  return realpath(folder).catch((error) => {
    if (isMissing(error)) return resolve(folder);
    throw error;
  });
}

/** Whether a path is the folder itself or below it. Both are real paths: links are not looked at. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
