import { isObject } from '../../base/json.ts';
import { visible } from '../../base/visible.ts';
import { failsForCrash } from '../../deploy/report/crash.ts';
import { failsForDrift } from '../../deploy/report/drift.ts';
import type { Report } from '../../deploy/report/report.ts';
import type { Crash } from '../crash/last-words.ts';
import { reportFile } from '../report-file/report-file.ts';
import type { Verdict } from '../verdict/words.ts';

/**
 * Returns the report of a run as the text of a file; of one that broke off, why is one of its problems. What others said may be printed
 * to a terminal (`jq -r`), so hidden characters are shown as on the page, whatever JSON makes of them.
 */
export function reportText(report: Report, { icon, headline }: Verdict, crash: Crash | undefined): string {
  const problems = crash === undefined ? report.problems : [...report.problems, crashProblem(crash)];
  const fails = failsForDrift(report) || failsForCrash(report);
  const said: Report = fails ? { ...report, problems, outcome: 'failed' } : { ...report, problems };
  return `${JSON.stringify(reportFile(said, `${icon} ${headline}`), shown, 2)}\n`;
}

function shown(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return shownText(value);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [shownText(key), one])) : value;
}

function shownText(text: string): string {
  return visible(text.replace(/\r\n?/g, '\n'));
}

function crashProblem({ how, cause, advice }: Crash): Report['problems'][number] {
  return {
    kind: 'internal',
    message: `The run broke off: ${how}. ${cause}`,
    ...(advice !== undefined && { remedy: advice }),
  };
}
