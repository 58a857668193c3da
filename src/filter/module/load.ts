import { basename } from 'node:path';
import { fileFault, fileRemedy, type ReadFile, shownPath } from '../../base/files.ts';
import { fail, type Result } from '../../base/problem.ts';
import { checkModule, type FilterModule } from './module.ts';

/** As much as is read of an image's layer. Filters with all of their debug information have some tens of MiB. */
const MAX_FILTER_BYTES = 268_435_456;

/** Loads and checks the filter's file. */
export async function loadFilter(path: string, readFile: ReadFile): Promise<Result<FilterModule>> {
  const origin = `filter "${shownPath(path)}"`;
  try {
    return checkModule(await readFile(path, MAX_FILTER_BYTES), origin);
  } catch (error) {
    return fail({
      kind: 'filter',
      subject: origin,
      message: `cannot be read: ${fileFault(error)}.`,
      remedy: fileRemedy(
        error,
        'The path is relative to the workspace; build or download the filter in an earlier step.',
      ),
      cause: error,
    });
  }
}

/** The name a filter gets from its file: `path/to/My_Filter.wasm` gives `my-filter`. May still be no valid name. */
export function nameFromFile(path: string): string {
  return basename(path)
    .replace(/\.wasm$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
