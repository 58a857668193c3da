import { fileFault, fileRemedy, pathStart, type ReadFile, readText, shownPath } from '../../base/files.ts';
import type { Diagnostics, PartialResult, Problem } from '../../base/problem.ts';
import { MAX_YAML_BYTES } from '../../base/yaml.ts';
import { kindNames } from '../../deploy/kinds/kinds.ts';
import type { WrittenTest } from '../../filter/tests/written-test.ts';
import { parseTargets, readTargetList, type TargetList } from '../../targets/parse.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { FilterRead } from '../inputs/inputs.ts';
import { problemsAt } from '../inputs/reader.ts';
import { elsewhereThan, MANIFEST_TARGET_KEYS } from '../manifest/keys.ts';

/** The target lists of a filter as they were given, and what is wrong with their file. */
export interface TargetLists {
  readonly lists: readonly TargetList[];
  readonly problems: readonly Problem[];
}

/** A filter of the run, and where it is to go. */
export interface AskedFilter extends FilterRead {
  readonly targets: TargetLists;
  /** What is tried with it; or everything that is wrong with that. */
  readonly tests: PartialResult<readonly WrittenTest[]>;
}

/** Returns the list of `targets`, then that of its file. What cannot be read is left out and is a problem. */
export async function readTargetLists(
  { inputs: { targets, targetsFile }, targetList, place }: Pick<FilterRead, 'inputs' | 'targetList' | 'place'>,
  readFile: ReadFile,
): Promise<TargetLists> {
  const lists = targets.trim() === '' ? [] : [targetList ?? readTargetList('targets', targets)];
  if (targetsFile === '') return { lists, problems: [] };
  const origin = `targets-file "${shownPath(targetsFile)}"`;
  try {
    const text = await readText(readFile, targetsFile, MAX_YAML_BYTES);
    return { lists: [...lists, readTargetList(origin, text, 'file')], problems: [] };
  } catch (error) {
    const written = place('targets-file');
    const manifest = written.at?.file;
    const problem: Problem = {
      kind: 'targets',
      subject: origin,
      message: `cannot be read: ${fileFault(error)}.`,
      remedy: fileRemedy(error, `Give the path of a file. ${pathStart(manifest)}`, manifest),
      cause: error,
    };
    return { lists, problems: problemsAt(written, [problem]) };
  }
}

/** Returns the entries of target lists; what is wrong with them is told to `diagnostics`. */
export function targetEntries(
  { lists, problems }: TargetLists,
  defaultNamespace: string,
  diagnostics: Diagnostics,
): TargetEntry[] {
  diagnostics.add(problems);
  return lists.flatMap((list) =>
    diagnostics.unwrapPartial(
      parseTargets(list, {
        defaultNamespace,
        kinds: kindNames(),
        otherKeys: list.placeOf === undefined ? [] : MANIFEST_TARGET_KEYS,
        elsewhere: elsewhereThan('target'),
      }),
    ),
  );
}
