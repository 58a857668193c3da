import { someOf } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import { judgeCheck } from './check.ts';
import { judgeDeploy } from './deploy.ts';
import { judgePlan } from './plan.ts';
import { judgeRemove } from './remove.ts';
import { judgeRender } from './render.ts';
import { judgeStatus } from './status.ts';
import { countOf, plain } from './text.ts';
import { sentences, type Verdict } from './words.ts';

export type { Verdict } from './words.ts';

/** The verdict over a run, shared by summary, log and annotations. */
export function judge(report: Report): Verdict {
  return overClusters(report, judgeCommand(report));
}

/** A verdict that says how many clusters it is over, and which of them were left out; as it is where the run has one only. */
function overClusters({ clusters }: Report, verdict: Verdict): Verdict {
  if (clusters.length < 2) return verdict;
  const skipped = clusters.flatMap(({ state, name }) => (state === 'skipped' ? [plain(name, 63)] : []));
  const where = `${verdict.headline}; in ${countOf(clusters.length - skipped.length, 'cluster')}`;
  if (skipped.length === 0) return { ...verdict, headline: where };
  return {
    ...verdict,
    icon: verdict.icon === '✅' ? '⚠️' : verdict.icon,
    headline: `${where}, ${someOf(skipped)} skipped`,
    sentence: sentences(verdict.sentence, 'What was skipped did not answer and is as it was; re-run once it does.'),
  };
}

function judgeCommand(report: Report): Verdict {
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
    case 'check':
      return judgeCheck(report);
  }
}

/** The verdict as one line of plain text: `✅ add-header deployed to 12 workloads, verified in 31 proxies`. */
export function verdictOf(report: Report): string {
  const { icon, headline } = judge(report);
  return `${icon} ${headline}`;
}
