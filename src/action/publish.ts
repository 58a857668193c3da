import { messageOf } from '../base/problem.ts';
import type { Report } from '../deploy/report.ts';
import { annotationsOf } from './annotations.ts';
import type { Core } from './guarded-core.ts';
import { outputsOf } from './outputs.ts';
import { logSections } from './page-log.ts';
import { renderSummary } from './summary.ts';
import { judge } from './verdict.ts';

/** The functions of @actions/core that publish a result. */
export type CorePublish = Pick<Core, 'error' | 'group' | 'info' | 'setOutput' | 'summary' | 'warning'>;

/** Publishes a report without secrets, through `guardedCore`: log, annotations, outputs and job summary. Gives the exit code. */
export async function publish(report: Report, core: CorePublish): Promise<number> {
  for (const { title, lines } of logSections(report)) {
    await core.group(title, async () => {
      for (const line of lines) core.info(line);
    });
  }
  for (const { level, title, message } of annotationsOf(report)) core[level](message, { title });
  for (const [name, value] of Object.entries(outputsOf(report))) core.setOutput(name, value);
  const { icon, headline, sentence } = judge(report);
  core.info(`${icon} ${headline}`);
  if (sentence !== '') core.info(sentence);
  try {
    await core.summary.addRaw(renderSummary(report), true).write();
  } catch (error) {
    // The deployment is what it is; a summary that cannot be written must not hide it.
    core.warning(`The job summary could not be written: ${messageOf(error)}`);
  }
  return report.outcome === 'failed' ? 1 : 0;
}
