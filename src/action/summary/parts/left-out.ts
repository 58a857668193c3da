import { filtersFound, type Report, reportedTargets } from '../../../deploy/report/report.ts';
import { FULL, type Limits } from './limits.ts';
import { code } from './markdown.ts';

/** Says that the page leaves something out, and where all of it is; empty where it has all of its rows. */
export function renderLeftOut(report: Report, limits: Limits): string {
  const isShortened = limits !== FULL;
  if (!isShortened && rowsOf(report) <= limits.goodRows) return '';
  const why = isShortened ? 'Shortened to the size that GitHub shows' : 'Long lists are shortened';
  const { reportFile } = report;
  const whole =
    reportFile === undefined
      ? 'The input <code>report-file</code> gets'
      : `The file ${code(reportFile, limits.name)} has`;
  return `${why}: "… and N more" marks what is left out. ${whole} all of it.`;
}

/** How many rows the longest table of a page would have. */
function rowsOf(report: Report): number {
  const restarts = report.command === 'plan' && report.plan.state === 'made' ? report.plan.restarts.length : 0;
  return Math.max(reportedTargets(report).length, filtersFound(report).length, restarts);
}
