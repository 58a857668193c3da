import { fileFault, fileRemedy, type ReadFile, readText, shownPath } from '../../base/files.ts';
import type { Diagnostics, Problem } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { MAX_YAML_BYTES } from '../../base/yaml.ts';
import { type SettingPlace, subjectAt } from '../../filter/written.ts';

/** Finds the files of the workspace that a pattern means: their paths from there, with `/`, in any order. */
export type FindFiles = (pattern: string) => Promise<readonly string[]>;

/** What reading manifests, and the files that they name by patterns, needs of the world. */
export interface ManifestFiles {
  readonly readFile: ReadFile;
  readonly findFiles: FindFiles;
}

/** A manifest as it was found. */
export interface ManifestText {
  readonly file: string;
  readonly text: string;
}

/** Who names files: the input or key that does, an example of a pattern of it, and where its paths start. */
export interface FileNaming {
  readonly place: SettingPlace;
  readonly example: string;
  readonly start: string;
}

const MANIFESTS: FileNaming = {
  place: { subject: 'input "manifest"' },
  example: 'filters/*.yaml',
  start: 'Patterns start at the workspace: filters/*.yaml, or teams/**/filters.yaml.',
};

const MAX_FILES = 1_000;

/**
 * Reads the files that paths and patterns (`*`, `**`, `?`, `[ab]`, `{a,b}`) mean: in the order of these, those of one pattern by their
 * names, each once. What cannot be read or found is told to `diagnostics`.
 */
export async function readManifestTexts(
  patterns: readonly string[],
  { readFile, findFiles }: ManifestFiles,
  diagnostics: Diagnostics,
  naming: FileNaming = MANIFESTS,
): Promise<ManifestText[]> {
  const files = new Set<string>();
  for (const pattern of patterns) {
    const found = isPattern(pattern) ? [...(await findFiles(pattern))].sort() : [pattern];
    if (found.length === 0) diagnostics.add(nothingFound(pattern, naming));
    for (const file of found) files.add(file.replace(/^(?:\.\/)+/, ''));
  }
  if (files.size > MAX_FILES) {
    diagnostics.add(
      problem(naming, `means ${count(files.size, 'file')}; at most ${MAX_FILES} are read.`, 'Name fewer of them.'),
    );
    return [];
  }
  const texts: ManifestText[] = [];
  for (const file of files) {
    try {
      texts.push({ file, text: await readText(readFile, file, MAX_YAML_BYTES) });
    } catch (error) {
      const remedy = fileRemedy(
        error,
        `Give the path of a YAML file, or a pattern such as ${naming.example}, from the ${naming.place.at === undefined ? 'workspace' : 'folder of the manifest'}.`,
      );
      diagnostics.add({
        ...problem(naming, `"${shownPath(file)}" cannot be read: ${fileFault(error)}.`, remedy),
        form: 'clause',
        cause: error,
      });
    }
  }
  return texts;
}

function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

function nothingFound(pattern: string, naming: FileNaming): Problem {
  return problem(
    naming,
    `has the pattern "${shownPath(pattern)}", which no file of the workspace matches.`,
    `${naming.start} Check out the repository in an earlier step.`,
  );
}

function problem({ place }: FileNaming, message: string, remedy: string): Problem {
  return { kind: 'input', ...subjectAt(place), message, remedy };
}
