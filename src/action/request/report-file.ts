import { fileFault, fileRemedy, shownPath } from '../../base/files.ts';
import type { Problem } from '../../base/problem.ts';
import type { WorkspaceWriter } from '../../files/workspace-writer.ts';
import type { InputsRead } from '../inputs/inputs.ts';

/**
 * Removes what an earlier run has left in the place of the report, so that nobody takes it for that of a run that broke off. Returns
 * the inputs; where no file can be in that place, they name none, and that is a problem before anything is done.
 */
export async function clearReportFile(
  read: InputsRead,
  { removeFile }: Pick<WorkspaceWriter, 'removeFile'>,
): Promise<InputsRead> {
  const { reportFile } = read.inputs;
  if (reportFile === '') return read;
  try {
    await removeFile(reportFile);
    return read;
  } catch (error) {
    const problem: Problem = {
      kind: 'input',
      subject: 'input "report-file"',
      message: `is "${shownPath(reportFile)}", which cannot be written: ${fileFault(error)}.`,
      remedy: fileRemedy(error, 'Give the path of a file in the workspace.'),
      cause: error,
    };
    return {
      ...read,
      inputs: { ...read.inputs, reportFile: '' },
      problems: [...read.problems, problem],
      faulty: new Set([...read.faulty, 'report-file']),
    };
  }
}
