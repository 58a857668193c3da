import type { Report } from '../../deploy/report/report.ts';
import type { Crash } from '../crash/last-words.ts';
import { reportFile } from '../report-file/report-file.ts';
import type { Verdict } from '../verdict/words.ts';

/** Returns the report of a run as the text of a file; of one that broke off, why is one of its problems. */
export function reportText(report: Report, { icon, headline }: Verdict, crash: Crash | undefined): string {
  const problems = crash === undefined ? report.problems : [...report.problems, crashProblem(crash)];
  return `${JSON.stringify(reportFile({ ...report, problems }, `${icon} ${headline}`), null, 2)}\n`;
}

function crashProblem({ how, cause, advice }: Crash): Report['problems'][number] {
  return {
    kind: 'internal',
    message: `The run broke off: ${how}. ${cause}`,
    ...(advice !== undefined && { remedy: advice }),
  };
}
