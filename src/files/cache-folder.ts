import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../base/files.ts';
import { readRegularFile } from './regular-file.ts';

export interface CacheLimits {
  /** Of more files than these, the oldest go. */
  readonly maxFiles: number;
  /** The most bytes of a file that is read. */
  readonly maxBytes: number;
}

/** A folder whose files outlive the run. Both functions reject where the disk does not do as it is told. */
export interface CacheFolder {
  /** Returns the content of a file; `undefined` if there is no such file. */
  readonly read: (name: string) => Promise<Uint8Array | undefined>;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
}

/** Returns a cache in a folder, which is made when the first file is written. */
export function cacheFolder(folder: string, { maxFiles, maxBytes }: CacheLimits): CacheFolder {
  return {
    read: (name) =>
      readRegularFile(join(folder, name), maxBytes, true).catch((error) => {
        if (isMissing(error)) return undefined;
        throw error;
      }),
    write: async (name, bytes) => {
      await mkdir(folder, { recursive: true });
      // Whoever reads it meanwhile finds the whole file or none.
      const draft = join(folder, `${name}.${randomUUID()}`);
      await writeFile(draft, bytes);
      await rename(draft, join(folder, name));
      await forgetOldest(folder, maxFiles);
    },
  };
}

async function forgetOldest(folder: string, maxFiles: number): Promise<void> {
  const files = (await readdir(folder)).map((name) => join(folder, name));
  if (files.length <= maxFiles) return;
  const dated = await Promise.all(files.map(async (file) => ({ file, written: (await stat(file)).mtimeMs })));
  const oldest = dated.sort((a, b) => b.written - a.written).slice(maxFiles);
  await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
}
