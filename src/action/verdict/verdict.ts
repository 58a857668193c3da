import type { Command, Report } from '../../deploy/report/report.ts';
import { judgeDeploy } from './deploy.ts';
import { judgePlan } from './plan.ts';
import { judgeRemove } from './remove.ts';
import { judgeRender } from './render.ts';
import { judgeStatus } from './status.ts';
import type { Verdict } from './words.ts';

export type { Verdict } from './words.ts';

const JUDGES: Readonly<Record<Command, (report: Report) => Verdict>> = {
  deploy: judgeDeploy,
  plan: judgePlan,
  status: judgeStatus,
  remove: judgeRemove,
  sweep: judgeRemove,
  render: judgeRender,
};

/** The verdict over a run, shared by summary, log and annotations. */
export function judge(report: Report): Verdict {
  return JUDGES[report.command](report);
}

/** The verdict as one line of plain text: `✅ add-header deployed to 12 workloads, verified in 31 proxies`. */
export function verdictOf(report: Report): string {
  const { icon, headline } = judge(report);
  return `${icon} ${headline}`;
}
