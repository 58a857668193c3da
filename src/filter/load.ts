import { basename } from 'node:path';
import { bad, type Checked, messageOf } from '../base/problem.ts';
import { checkModule, type FilterModule } from './module.ts';

/** Reads a file; rejects with a system error (`code` ENOENT and so on). */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** Loads and checks the filter's file. */
export async function loadFilter(path: string, readFile: ReadFile): Promise<Checked<FilterModule>> {
  const origin = `filter "${path}"`;
  try {
    return checkModule(await readFile(path), origin);
  } catch (error) {
    return bad({
      kind: 'filter',
      subject: origin,
      message: `cannot be read: ${fileTrouble(error)}.`,
      remedy: 'The path starts at the workspace; build or download the filter in a step before this one.',
      cause: error,
    });
  }
}

/** Why a file cannot be read, in words. */
export function fileTrouble(error: unknown): string {
  const code = Error.isError(error) && 'code' in error ? String(error.code) : '';
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
  };
  return words[code] ?? messageOf(error);
}

/** The name a filter gets from its file: `path/to/My_Filter.wasm` gives `my-filter`. May still be no valid name. */
export function nameFromFile(path: string): string {
  return basename(path)
    .replace(/\.wasm$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
