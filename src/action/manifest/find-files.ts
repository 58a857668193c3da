import { fileFault, fileRemedy, type ReadFile, readText, shownPath } from '../../base/files.ts';
import type { Diagnostics, Problem } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { MAX_YAML_BYTES } from '../../base/yaml.ts';

/** Finds the files of the workspace that a pattern means: their paths from there, with `/`, in any order. */
export type FindFiles = (pattern: string) => Promise<readonly string[]>;

/** What reading manifests needs of the world. */
export interface ManifestFiles {
  readonly readFile: ReadFile;
  readonly findFiles: FindFiles;
}

/** A manifest as it was found. */
export interface ManifestText {
  readonly file: string;
  readonly text: string;
}

const MAX_FILES = 1_000;

/**
 * Reads the files that paths and patterns (`*`, `**`, `?`, `[ab]`, `{a,b}`) mean: in the order of these, those of one pattern by their
 * names, each once. What cannot be read or found is told to `diagnostics`.
 */
export async function readManifestTexts(
  patterns: readonly string[],
  { readFile, findFiles }: ManifestFiles,
  diagnostics: Diagnostics,
): Promise<ManifestText[]> {
  const files = new Set<string>();
  for (const pattern of patterns) {
    const found = isPattern(pattern) ? [...(await findFiles(pattern))].sort() : [pattern];
    if (found.length === 0) diagnostics.add(nothingFound(pattern));
    for (const file of found) files.add(file.replace(/^(?:\.\/)+/, ''));
  }
  if (files.size > MAX_FILES) {
    diagnostics.add(
      problem(`means ${count(files.size, 'file')}; at most ${MAX_FILES} are read.`, 'Name fewer of them.'),
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
        'Give the path of a YAML file, or a pattern such as filters/*.yaml, from the workspace.',
      );
      diagnostics.add({
        ...problem(`"${shownPath(file)}" cannot be read: ${fileFault(error)}.`, remedy),
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

function nothingFound(pattern: string): Problem {
  return problem(
    `has the pattern "${shownPath(pattern)}", which no file of the workspace matches.`,
    'Patterns start at the workspace: filters/*.yaml, or teams/**/filters.yaml. Check out the repository in an earlier step.',
  );
}

function problem(message: string, remedy: string): Problem {
  return { kind: 'input', subject: 'input "manifest"', message, remedy };
}
