import { basename } from 'node:path';
import { fileFault, fileRemedy, pathStart, type ReadFile, shownPath } from '../../base/files.ts';
import { fail, type Problem, type Result } from '../../base/problem.ts';
import { checkModule, type FilterModule } from './module.ts';

/** As much as is read of an image's layer. Filters with all of their debug information have some tens of MiB. */
const MAX_FILTER_BYTES = 268_435_456;

/** Loads and checks the filter's file. */
export async function loadFilter(path: string, readFile: ReadFile): Promise<Result<FilterModule>> {
  const origin = `filter "${shownPath(path)}"`;
  try {
    return checkModule(await readFile(path, MAX_FILTER_BYTES), origin);
  } catch (error) {
    const message = `cannot be read: ${fileFault(error)}.`;
    return fail({ kind: 'filter', subject: origin, message, remedy: unreadRemedy(error), cause: error });
  }
}

/** Returns a problem of `loadFilter` with what to do about it for a path that a manifest says. */
export function toldInManifest(problem: Problem, manifest: string): Problem {
  return problem.cause === undefined ? problem : { ...problem, remedy: unreadRemedy(problem.cause, manifest) };
}

function unreadRemedy(error: unknown, manifest?: string): string {
  const general = `${pathStart(manifest)} Build or download the filter in an earlier step.`;
  return fileRemedy(error, general, manifest);
}

/** The name a filter gets from its file: `path/to/My_Filter.wasm` gives `my-filter`. May still be no valid name. */
export function nameFromFile(path: string): string {
  return basename(path)
    .replace(/\.wasm$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
