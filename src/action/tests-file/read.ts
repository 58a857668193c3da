import { pathStart } from '../../base/files.ts';
import { Diagnostics, type PartialResult, type Problem, partialResult } from '../../base/problem.ts';
import type { WrittenTest } from '../../filter/tests/written-test.ts';
import { type SettingPlace, subjectAt } from '../../filter/written.ts';
import type { FilterRead } from '../inputs/inputs.ts';
import { type FileNaming, type ManifestFiles, readManifestTexts } from '../manifest/find-files.ts';
import { MAX_TESTS } from './limits.ts';
import { parseTests, readTests } from './parse.ts';

/** What says the tests of a filter. */
type WithTests = Pick<FilterRead, 'inputs' | 'testList' | 'place'>;

/**
 * Returns a reader of filters' tests: those of `tests`, then those of its files. A file that several filters name is read as one. Gives
 * everything that is wrong with them, or nothing but good tests: one that is half read would say something that nobody has written, and is
 * there for its secrets alone.
 */
export function testsReader(
  files: ManifestFiles,
): (filter: WithTests) => Promise<PartialResult<readonly WrittenTest[]>> {
  const parsed = new Map<string, PartialResult<readonly WrittenTest[]>>();
  return async ({ inputs: { tests }, testList, place }) => {
    const diagnostics = new Diagnostics();
    const listed = tests.list.trim() === '' ? [] : diagnostics.unwrapPartial(listedTests(tests.list, testList));
    const texts = await readManifestTexts(tests.files, files, diagnostics, namingOf(place('tests-file')));
    const filed = texts.flatMap(({ file, text }) => {
      const found = parsed.get(file) ?? parseTests(text, { kind: 'file', file });
      parsed.set(file, found);
      return diagnostics.unwrapPartial(found);
    });
    const all = [...listed, ...filed];
    diagnostics.add(sameNames(all), tooMany(all, place(tests.files.length > 0 ? 'tests-file' : 'tests')));
    return partialResult(all, diagnostics.problems);
  };
}

function listedTests(text: string, written: FilterRead['testList']): PartialResult<readonly WrittenTest[]> {
  if (written === undefined) return parseTests(text, { kind: 'input' });
  const { node, file, path } = written;
  return readTests(node, path, { kind: 'file', file });
}

function namingOf(place: SettingPlace): FileNaming {
  const start = `${pathStart(place.at?.file)} Patterns may have *, ** and {a,b}: tests/*.yaml.`;
  return { place, example: 'tests/*.yaml', start };
}

/** Results are told by the names of tests. */
function sameNames(tests: readonly WrittenTest[]): Problem[] {
  const first = new Map<string, WrittenTest>();
  return tests.flatMap((one): Problem[] => {
    const { name } = one.test;
    const before = first.get(name);
    if (name === '') return [];
    if (before === undefined) {
      first.set(name, one);
      return [];
    }
    const message = `has the name "${name}", which another test has already: ${before.place.subject}.`;
    return [{ kind: 'input', ...subjectAt(one.place), message, remedy: 'Give each test a name of its own.' }];
  });
}

function tooMany({ length }: readonly WrittenTest[], place: SettingPlace): Problem[] {
  if (length <= MAX_TESTS) return [];
  const message = `means ${length} tests; at most ${MAX_TESTS} are run for a filter.`;
  return [{ kind: 'input', ...subjectAt(place), message, remedy: 'Name fewer of them.' }];
}
