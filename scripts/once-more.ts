import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runJest } from './jest.ts';

// node scripts/once-more.ts RESULTS
// After a run of jest with --json --outputFile=RESULTS that failed: runs what failed in few files once more. What .ci/run does with
// `npm test`.

const ROOT = resolve(import.meta.dirname, '..');
/** More files than this do not fail because a machine is busy. */
const MAX_AGAIN = 3;
/** What `.ci/run` knows a second run by, whose tests it has counted already. */
const ONCE_MORE = '── once more: ';

/** How a run of jest ended, and the files of it that failed, from the root of the package. */
export interface Found {
  readonly code: number;
  readonly files: readonly string[];
}

/** Returns the files that failed, by the text of what jest writes with `--json`; none where it broke before it could say it. */
export function failedFiles(text: string): readonly string[] {
  if (text === '') return [];
  const { testResults } = JSON.parse(text) as { readonly testResults: readonly { name: string; status: string }[] };
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(ROOT, name));
}

/**
 * Runs files that failed once more by `run`, which gives an exit code, with nothing beside them; returns the exit code that counts. A
 * busy machine has seconds in which it answers nobody; what fails only then is named, for whoever makes it better, and does not decide.
 * What fails twice does, and so does what failed in many files, or in none.
 */
export async function runOnceMore(
  { code, files }: Found,
  run: (files: readonly string[]) => Promise<number>,
  say: (line: string) => void = console.log,
): Promise<number> {
  if (code === 0 || files.length === 0 || files.length > MAX_AGAIN) return code;
  say(`\n${ONCE_MORE}${files.join(', ')}`);
  const second = await run(files);
  if (second === 0) say(`Passed only when run once more: ${files.join(', ')}`);
  return second;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const text = await readFile(process.argv[2] ?? '', 'utf8').catch(() => '');
  process.exitCode = await runOnceMore({ code: 1, files: failedFiles(text) }, (files) =>
    runJest(['--runInBand', '--runTestsByPath', ...files]),
  );
}
