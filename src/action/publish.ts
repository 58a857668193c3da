import { describeProblem, messageOf } from '../base/problem.ts';
import { allProblems, type Report } from '../deploy/report.ts';
import { annotationsOf } from './annotations.ts';
import { oneLine } from './log.ts';
import { outputsOf } from './outputs.ts';
import { renderSummary } from './summary.ts';
import { verdictOf } from './verdict.ts';

/** The functions of @actions/core that publish a result. */
export type CorePublish = Pick<
  typeof import('@actions/core'),
  'error' | 'group' | 'info' | 'setOutput' | 'summary' | 'warning'
>;

/** Publishes a report: log, annotations, outputs and job summary. Gives the exit code. */
export async function publish(report: Report, core: CorePublish): Promise<number> {
  const problems = allProblems(report);
  if (problems.length > 0) {
    await core.group('What is wrong', async () => {
      for (const problem of problems) core.info(oneLine(`✗ ${describeProblem(problem)}`));
      for (const { ref, evidence } of report.targets) {
        for (const line of evidence) core.info(oneLine(`  ${ref.namespace}/${ref.name}: ${line}`));
      }
    });
  }
  for (const { level, title, message } of annotationsOf(report)) core[level](message, { title });
  for (const [name, value] of Object.entries(outputsOf(report))) core.setOutput(name, value);
  core.info(oneLine(verdictOf(report)));
  try {
    await core.summary.addRaw(renderSummary(report), true).write();
  } catch (error) {
    // The deployment is what it is; a summary that cannot be written must not hide it.
    core.warning(`The job summary could not be written: ${messageOf(error)}`);
  }
  return report.outcome === 'failed' ? 1 : 0;
}
