import { fileFault, fileRemedy, shownPath } from '../../base/files.ts';
import type { Problem } from '../../base/problem.ts';
import type { WorkspaceWriter } from '../../files/workspace-writer.ts';
import type { InputsRead } from '../inputs/inputs.ts';

/** The files that a run writes its result to, by the inputs that name them. */
const FILES = [
  { input: 'report-file', key: 'reportFile' },
  { input: 'junit-file', key: 'junitFile' },
] as const;

/**
 * Removes what an earlier run has left in the place of the report and of the results of tests, so that nobody takes it for that of a run
 * that broke off. Returns the inputs; where no file can be in that place, they name none, and that is a problem before anything is done.
 */
export async function clearResultFiles(
  given: InputsRead,
  { removeFile }: Pick<WorkspaceWriter, 'removeFile'>,
): Promise<InputsRead> {
  let read = given;
  for (const { input, key } of FILES) {
    const path = read.inputs[key];
    if (path === '') continue;
    try {
      await removeFile(path);
    } catch (error) {
      const problem: Problem = {
        kind: 'input',
        subject: `input "${input}"`,
        message: `is "${shownPath(path)}", which cannot be written: ${fileFault(error)}.`,
        remedy: fileRemedy(error, 'Give the path of a file in the workspace.'),
        cause: error,
      };
      read = {
        ...read,
        inputs: { ...read.inputs, [key]: '' },
        problems: [...read.problems, problem],
        faulty: new Set([...read.faulty, input]),
      };
    }
  }
  return read;
}
