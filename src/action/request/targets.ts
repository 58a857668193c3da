import { fileFault, fileRemedy, type ReadFile, shownPath } from '../../base/files.ts';
import type { Findings } from '../../base/problem.ts';
import { MAX_YAML_BYTES } from '../../base/yaml.ts';
import { parseTargets, type TargetText } from '../../targets/parse.ts';
import type { TargetEntry } from '../../targets/target.ts';
import type { Inputs } from '../inputs/inputs.ts';

/** The entries of the input `targets`, then those of its file. What cannot be read is left out and told to `findings`. */
export async function loadTargets(
  inputs: Pick<Inputs, 'targets' | 'targetsFile'>,
  defaultNamespace: string,
  readFile: ReadFile,
  findings: Findings,
): Promise<TargetEntry[]> {
  const texts = await loadTexts(inputs, readFile, findings);
  return texts.flatMap((text) => findings.takeAny(parseTargets(text, defaultNamespace)));
}

/** The text of a target list's file. Rejects where it cannot be read. */
export async function readTargetsFile(path: string, readFile: ReadFile): Promise<string> {
  return Buffer.from(await readFile(path, MAX_YAML_BYTES)).toString('utf8');
}

async function loadTexts(
  { targets, targetsFile }: Pick<Inputs, 'targets' | 'targetsFile'>,
  readFile: ReadFile,
  findings: Findings,
): Promise<TargetText[]> {
  const texts: TargetText[] = targets.trim() === '' ? [] : [{ origin: 'targets', text: targets }];
  if (targetsFile === '') return texts;
  const origin = `targets-file "${shownPath(targetsFile)}"`;
  try {
    return [...texts, { origin, text: await readTargetsFile(targetsFile, readFile), isFile: true }];
  } catch (error) {
    findings.add({
      kind: 'targets',
      subject: origin,
      message: `cannot be read: ${fileFault(error)}.`,
      remedy: fileRemedy(error, 'It is the path of a file, from the workspace.'),
      cause: error,
    });
    return texts;
  }
}
