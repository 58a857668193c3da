import { someOf, thousands } from '../../base/text.ts';
import { crashesIn, failsForCrash } from '../../deploy/report/crash.ts';
import { driftIn, failsForDrift } from '../../deploy/report/drift.ts';
import type { Report } from '../../deploy/report/report.ts';
import { workloadKey } from '../../targets/target.ts';
import { judgeCheck } from './check.ts';
import { judgeDeploy } from './deploy.ts';
import { judgePlan } from './plan.ts';
import { judgeRemove } from './remove.ts';
import { judgeRender } from './render.ts';
import { judgeStatus } from './status.ts';
import { plain } from './text.ts';
import { sentences, type Verdict, verb, workloads } from './words.ts';

export type { Verdict } from './words.ts';

/** The verdict over a run, shared by summary, log and annotations. */
export function judge(report: Report): Verdict {
  return withCrashes(report, withDrift(report, withSkipped(report, withMovedTags(report, judgeCommand(report)))));
}

/** A verdict that says that the run fails because of drift; as it is where it does not. */
function withDrift(report: Report, verdict: Verdict): Verdict {
  if (!failsForDrift(report)) return verdict;
  const drifted = driftIn(report);
  const repaired = drifted.filter((one) => one.repaired).length;
  const done =
    repaired === drifted.length
      ? 'What somebody else changed is repaired.'
      : repaired === 0
        ? ''
        : `${workloads(repaired)} repaired.`;
  return {
    ...verdict,
    icon: '❌',
    headline: `${verdict.headline}; the run fails by "fail-on-drift", as somebody else changed ${workloads(drifted.length)}`,
    sentence: sentences(verdict.sentence, done, 'Find out who changed it, or it will come back.'),
  };
}

/** A verdict that says in how many workloads a filter has crashed, and whether the run fails for it; as it is where none has. */
function withCrashes(report: Report, verdict: Verdict): Verdict {
  const crashed = crashesIn(report);
  if (crashed.length === 0 || report.outcome === 'failed') return verdict;
  const fails = failsForCrash(report);
  const by = fails ? '; the run fails by "fail-on-crash", as a filter' : '; a filter';
  const said = sentences(verdict.sentence.replace('No action is needed.', ''));
  return {
    ...verdict,
    icon: fails ? '❌' : verdict.icon === '✅' ? '⚠️' : verdict.icon,
    headline: `${verdict.headline}${by} has crashed on ${workloads(crashed.length)}`,
    sentence: sentences(said, 'Deploy a revision that does not crash, or remove the filter.'),
  };
}

/** A verdict that says which workloads keep what a tag named before; as it is where none does, or nobody wants to hear of it. */
function withMovedTags(report: Report, verdict: Verdict): Verdict {
  const kept = (report.movedTags ?? []).filter(({ onNewDigest }) => onNewDigest === 'report');
  if (kept.length === 0 || report.outcome === 'failed') return verdict;
  const tags = new Set(kept.map(({ tag }) => plain(tag, 63)));
  const n = new Set(
    kept.flatMap(({ workloads: those }) => those.map((ref) => `${ref.cluster ?? ''} ${workloadKey(ref)}`)),
  ).size;
  const which = tags.size === 1 ? `the tag "${[...tags].join('')}" has` : `${thousands(tags.size)} tags have`;
  const keep = `${workloads(n)} ${verb(n, 'keeps', 'keep')} what ${verb(n, 'it runs', 'they run')}`;
  return {
    ...verdict,
    icon: verdict.icon === '✅' ? '⚠️' : verdict.icon,
    headline: `${verdict.headline}; ${which} moved, ${keep}`,
  };
}

/** A verdict that says which clusters were skipped; as it is where none was. */
function withSkipped({ clusters }: Report, verdict: Verdict): Verdict {
  const skipped = clusters.flatMap(({ state, name }) => (state === 'skipped' ? [plain(name, 63)] : []));
  if (skipped.length === 0) return verdict;
  const [those, they] =
    skipped.length === 1 ? ['The skipped cluster', 'it answers'] : ['Skipped clusters', 'they answer'];
  return {
    ...verdict,
    icon: verdict.icon === '✅' ? '⚠️' : verdict.icon,
    headline: `${verdict.headline}; ${someOf(skipped)} skipped`,
    sentence: sentences(verdict.sentence, `${those} did not answer; re-run once ${they}.`),
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
