import { createHash, type Hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { formatIdentity, identityOf, isRunning, parseIdentity } from './identity.ts';

/** Something that is built once and kept. */
export interface Artefact {
  /** Readable first part of the folder's name, version included. */
  readonly name: string;
  /** Everything that shapes the content: versions, options, and the digests of our own source files. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Fills the folder. It is on the same file system as the cache and is renamed when this returns. */
  readonly build: (folder: string) => Promise<void>;
}

/** The variable that moves the cache, for CI systems that keep one folder between runs. */
export const CACHE_VARIABLE = 'DEPLOY_WASM_FILTER_CLUSTER_CACHE';

/** The cache's folder: the variable above, else `deploy-wasm-filter/cluster` in the XDG cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env[CACHE_VARIABLE] ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'deploy-wasm-filter', 'cluster');
}

/** `NAME-KEY`, where the key is the first 12 hex digits of the digest over the inputs. */
export function artefactId(artefact: Pick<Artefact, 'name' | 'inputs'>): string {
  const text = JSON.stringify(artefact.inputs, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return `${artefact.name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

/** Where an artefact is or will be, and whether it is there. */
export function locate(cache: string, artefact: Artefact): { readonly folder: string; readonly present: boolean } {
  const folder = join(cache, artefactId(artefact));
  return { folder, present: existsSync(folder) };
}

/**
 * Gives the artefact's folder, building it first when it is missing. What is in the cache is always whole: a build
 * happens in a folder beside it, named after the building process, and takes its place in one rename.
 */
export async function obtain(cache: string, artefact: Artefact): Promise<string> {
  const { folder, present } = locate(cache, artefact);
  if (present) return folder;
  await mkdir(cache, { recursive: true });
  await sweep(cache);
  const unfinished = join(cache, `${UNFINISHED}${artefactId(artefact)}@${formatIdentity(identityOf(process.pid))}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  try {
    await artefact.build(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another process may have built the same at the same time; its result is as good as ours.
    if (!isTaken(error) || !existsSync(folder)) throw error;
  }
  return folder;
}

/** The digest of files of this project, by content, for an artefact's inputs. */
export function digestOf(paths: readonly string[], hash: Hash = createHash('sha256')): string {
  for (const path of paths) hash.update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

const UNFINISHED = 'unfinished-';

/** Removes what builds left that were killed. */
async function sweep(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(UNFINISHED)) continue;
    const owner = parseIdentity(name.slice(name.lastIndexOf('@') + 1));
    if (owner === undefined || !isRunning(owner)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}
