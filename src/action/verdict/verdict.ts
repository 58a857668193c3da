import type { Report } from '../../deploy/report/report.ts';
import { judgeDeploy } from './deploy.ts';
import { judgePlan } from './plan.ts';
import { judgeRemove } from './remove.ts';
import { judgeRender } from './render.ts';
import { judgeStatus } from './status.ts';
import type { Verdict } from './words.ts';

export type { Verdict } from './words.ts';

/** The verdict over a run, shared by summary, log and annotations. */
export function judge(report: Report): Verdict {
  switch (report.command) {
    case 'deploy':
      return judgeDeploy(report);
    case 'plan':
      return judgePlan(report);
    case 'status':
      return judgeStatus(report);
    case 'remove':
    case 'sweep':
      return judgeRemove(report);
    case 'render':
      return judgeRender(report);
  }
}

/** The verdict as one line of plain text: `✅ add-header deployed to 12 workloads, verified in 31 proxies`. */
export function verdictOf(report: Report): string {
  const { icon, headline } = judge(report);
  return `${icon} ${headline}`;
}
