import { thousands } from '../../base/text.ts';
import { countOutcome, type Report } from '../../deploy/report/report.ts';
import { BACK, byStanding, countStanding, isAsBefore, ROLLING, type Standing, URGENT } from './phase.ts';
import { AS_BEFORE, clause, hasActed, problemsOf, refusal, sentences, type Verdict, verb, workloads } from './words.ts';

/** How a command speaks of its workloads. */
export interface FailureWords {
  /** What the headline begins with: `add-header`, `Removing add-header`. */
  readonly subject: string;
  /** Of so many workloads that they are as wanted: `run revision 4f2a91c07b`. */
  readonly settled: (n: number) => string;
}

/** The verdict over a run that wants to change workloads and did not get all the way. */
export function judgeFailure(report: Report, words: FailureWords): Verdict {
  if (!hasActed(report)) {
    return report.cancelled
      ? { icon: '🛑', headline: 'Cancelled before anything was written', sentence: AS_BEFORE }
      : refusal(report, 'Nothing was written', AS_BEFORE);
  }
  if (report.targets.length === 0) return lost(report, words);
  return report.cancelled ? cancelled(report, words) : failed(report, words);
}

/** Something was written, and then the run lost sight of its workloads. */
function lost(report: Report, { subject }: FailureWords): Verdict {
  return {
    icon: report.cancelled ? '🛑' : '❌',
    headline: report.cancelled
      ? `${subject}: cancelled while it wrote`
      : `${subject}: stopped by ${problemsOf(report)}`,
    sentence: 'How far it got is not known. Nothing is half written on a workload; run again to finish.',
  };
}

function cancelled(report: Report, words: FailureWords): Verdict {
  const standings = byStanding(report);
  const good = countStanding(standings, 'settled');
  const urgent = countStanding(standings, 'stranded', 'halfway');
  return {
    icon: '🛑',
    headline: `${words.subject}: cancelled after ${thousands(good)} of ${workloads(report.targets.length)}${urgent === 0 ? '' : `, ${thousands(urgent)} ${verb(urgent, 'needs', 'need')} attention`}`,
    sentence: sentences(
      tally(report, words),
      countStanding(standings, 'interrupted', 'halfway') === 0
        ? 'Run again to finish.'
        : 'Kubernetes goes on by itself with what was started; run again to finish.',
    ),
  };
}

function failed(report: Report, words: FailureWords): Verdict {
  const standings = byStanding(report);
  const stranded = countStanding(standings, 'stranded');
  const count = countOutcome(report, 'failed');
  const icon = stranded > 0 ? '🚨' : '❌';
  const head =
    count === 0
      ? `${words.subject}: stopped by ${problemsOf(report)}`
      : `${words.subject}: ${thousands(count)} of ${workloads(report.targets.length)} failed`;
  return {
    icon,
    headline: `${head}${wayBackTail(report, words)}`,
    sentence: sentences(tally(report, words), advice(report)),
  };
}

/** How the way back went, the most urgent of it, and what runs now. */
function wayBackTail(report: Report, words: FailureWords): string {
  const standings = byStanding(report);
  const count = countOutcome(report, 'failed');
  const stranded = countStanding(standings, 'stranded');
  if (stranded > 0) {
    const [only] = standings.get('stranded') ?? [];
    return stranded === 1 && count === 1 && only?.outcome === 'failed'
      ? ' and could not be taken back: it needs attention'
      : `, ${thousands(stranded)} could not be taken back and ${verb(stranded, 'needs', 'need')} attention`;
  }
  const back = countStanding(standings, 'restored');
  const ending = endingOf(report, words);
  if (back > 0) {
    return back === count
      ? ` and ${verb(back, 'was', 'were')} taken back${ending}`
      : `, ${thousands(back)} ${verb(back, 'was', 'were')} taken back${ending}`;
  }
  const urgent = count > 0 && countStanding(standings, ...URGENT) > 0;
  return `${urgent ? ` and ${verb(count, 'was', 'were')} not taken back` : ''}${ending}`;
}

/** What the workloads that did not fail run now, where it can be said in a few words. */
function endingOf(report: Report, { settled }: FailureWords): string {
  if (isAllAsBefore(report)) return '; every workload runs what it ran before';
  const others = report.targets.length - countOutcome(report, 'failed');
  const done = countStanding(byStanding(report), 'settled');
  if (done === 0 || done !== others || done === report.targets.length) return '';
  return `; the other ${done === 1 ? '' : `${thousands(done)} `}${settled(done)}`;
}

/** Whether nothing in the cluster runs anything else than before the run. */
function isAllAsBefore(report: Report): boolean {
  const standings = byStanding(report);
  const same = [...BACK.flatMap((standing) => standings.get(standing) ?? [])].every(isAsBefore);
  const unchangedCount = report.targets.filter(({ outcome }) => outcome === 'unchanged').length;
  return (
    same && report.targets.length > 0 && countStanding(standings, ...BACK) + unchangedCount === report.targets.length
  );
}

const CLAUSES: readonly (readonly [standings: readonly Standing[], one: string, many: string])[] = [
  [['stranded'], 'could not be taken back', 'could not be taken back'],
  [['halfway'], 'was being taken back', 'were being taken back'],
  [['unready'], 'has new pods that do not get ready', 'have new pods that do not get ready'],
  [['ineffective'], 'has the filter, but not as it should', 'have the filter, but not as they should'],
  [['refusing'], 'refuses the new settings', 'refuse the new settings'],
  [['lost'], 'was changed by others', 'were changed by others'],
  [['unseen'], 'was changed and could not be followed', 'were changed and could not be followed'],
  [['unanswered'], 'was written to without an answer', 'were written to without an answer'],
  [['unproven'], 'is patched but nobody watched its pods', 'are patched but nobody watched their pods'],
  [['unready-as-before'], 'is not ready, as before the run', 'are not ready, as before the run'],
  [['interrupted'], 'is not finished', 'are not finished'],
  [['restored', 'withdrawn'], 'was taken back', 'were taken back'],
  [['superseded'], 'has what another run brought', 'have what another run brought'],
  [['kept'], 'was not touched', 'were not touched'],
];

/** `1 workload was taken back; 9 workloads run revision 4f2a91c07b; 2 workloads were not touched.` */
function tally(report: Report, words: FailureWords): string {
  const standings = byStanding(report);
  const clauses = CLAUSES.flatMap(([wanted, one, many]) => clause(countStanding(standings, ...wanted), one, many));
  const done = countStanding(standings, 'settled');
  const running = clause(done, words.settled(done), words.settled(done));
  const at = countStanding(standings, 'kept') > 0 ? clauses.length - 1 : clauses.length;
  const all = [...clauses.slice(0, at), ...running, ...clauses.slice(at)];
  return all.length === 0 ? 'No workload was changed.' : `${all.join('; ')}.`;
}

/** Whether the page says how to go back: a deployment's does, of workloads that have their new pod template and roll. */
function saysHowToGoBack(report: Report): boolean {
  const standings = byStanding(report);
  const rolling = ROLLING.flatMap((standing) => standings.get(standing) ?? []);
  return report.command === 'deploy' && rolling.some(({ steps }) => steps.template === 'done');
}

/** Whether anything must be done in the cluster, tonight. */
function advice(report: Report): string {
  const standings = byStanding(report);
  if (countStanding(standings, 'stranded') > 0) return 'Look now at what could not be taken back.';
  if (countStanding(standings, ...URGENT) > 0) {
    return `Mend the cause and run again${saysHowToGoBack(report) ? ', or go back as said below' : ''}.`;
  }
  if (countStanding(standings, 'unproven') > 0) return 'Look whether their pods get ready.';
  if (report.targets.some(({ problem }) => problem?.kind === 'proxy')) {
    return 'Something has to be done in the cluster: as long as proxies reject a filter of others, no pod that starts becomes ready, with or without this run.';
  }
  return 'Nothing has to be done in the cluster; mend the cause and run again.';
}
