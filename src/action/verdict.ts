import { listWords } from '../base/text.ts';
import { allRevisions, countOutcome, type Report } from '../deploy/report.ts';
import { countOf, plain, thousands } from './markdown.ts';
import { countProblems, groupProblems } from './summary-groups.ts';
import { byStanding } from './summary-standing.ts';

/**
 * How a run ended, finer than the report's outcome. `applied`: written but not waited for; `refused`: failed before
 * anything was written.
 */
export type VerdictState = 'deployed' | 'applied' | 'unchanged' | 'failed' | 'refused' | 'cancelled';

/** What a run came to, for a reader who reads one line. Plain text, each one line; a reporter escapes it for its format. */
export interface Verdict {
  readonly state: VerdictState;
  readonly icon: string;
  /** Without the icon: `add-header deployed to 12 workloads`. */
  readonly headline: string;
  /** One or two sentences that say what this means for the cluster. */
  readonly sentence: string;
}

const ICONS: Readonly<Record<VerdictState, string>> = {
  deployed: '✅',
  applied: '⏳',
  unchanged: '✅',
  failed: '❌',
  refused: '❌',
  cancelled: '🛑',
};

/** The verdict over a run, shared by summary, log and annotations. */
export function judge(report: Report): Verdict {
  const state = stateOf(report);
  return { state, icon: ICONS[state], ...WORDS[state](report) };
}

/** The verdict as one line of plain text: `✅ add-header deployed to 12 workloads`. */
export function verdictOf(report: Report): string {
  const { icon, headline } = judge(report);
  return `${icon} ${headline}`;
}

function stateOf({ outcome, cancelled, changed, waited, targets }: Report): VerdictState {
  if (outcome === 'failed') {
    if (cancelled) return 'cancelled';
    return changed || targets.some(({ steps }) => steps.rollout === 'failed') ? 'failed' : 'refused';
  }
  return outcome === 'deployed' && !waited ? 'applied' : outcome;
}

type Words = Pick<Verdict, 'headline' | 'sentence'>;

const WORDS: Readonly<Record<VerdictState, (report: Report) => Words>> = {
  deployed: (report) => {
    const unchanged = countOutcome(report, 'unchanged');
    const rest = unchanged === 0 ? '' : `, ${countOf(unchanged, 'other')} had ${them(report)} already`;
    return {
      headline: `${filtersOf(report)} deployed to ${workloads(countOutcome(report, 'deployed'))}${rest}`,
      sentence: `Every wanted pod is ready with ${revisionsOf(report)}.`,
    };
  },
  applied: (report) => ({
    headline: `${filtersOf(report)} applied to ${workloads(countOutcome(report, 'deployed'))}, not proven`,
    sentence: `The pod templates have ${revisionsOf(report)}, but with "wait: false" this run did not watch the pods: whether they get ready is not known.`,
  }),
  unchanged: (report) => {
    const where = workloads(report.targets.length);
    return report.waited
      ? {
          headline: `Nothing to do: ${filtersOf(report)} ${several(report) ? 'run' : 'runs'} on ${where} already`,
          sentence: 'Nothing was written. Every wanted pod is ready.',
        }
      : {
          headline: `Nothing to do: ${where} ${report.targets.length === 1 ? 'has' : 'have'} ${filtersOf(report)} already`,
          sentence: 'Nothing was written. With "wait: false" this run did not look whether the pods are ready.',
        };
  },
  refused: (report) => ({
    headline: `Nothing was written: ${countOf(Math.max(1, countProblems(groupProblems(report))), 'problem')}`,
    sentence: 'The cluster is as it was before this run.',
  }),
  failed: (report) => {
    const failed = countOutcome(report, 'failed');
    const problems = countOf(Math.max(1, countProblems(groupProblems(report))), 'problem');
    return {
      headline:
        failed === 0
          ? `${filtersOf(report)}: stopped by ${problems}`
          : `${filtersOf(report)}: ${thousands(failed)} of ${workloads(report.targets.length)} failed`,
      sentence: tally(report),
    };
  },
  cancelled: (report) => {
    const good = byStanding(report.targets).proven.length;
    return report.changed
      ? {
          headline: `Cancelled: ${filtersOf(report)} ${several(report) ? 'run' : 'runs'} on ${thousands(good)} of ${workloads(report.targets.length)}`,
          sentence: `${tally(report)} Kubernetes goes on by itself with what was started; run again to finish.`,
        }
      : { headline: 'Cancelled before anything was written', sentence: 'The cluster is as it was before this run.' };
  },
};

/** `9 workloads run revision 4f2a91c07b; 2 workloads failed; 1 workload was not touched.` */
function tally(report: Report): string {
  const { proven, unproven, unready, interrupted, lost, kept } = byStanding(report.targets);
  const untouched = countOutcome(report, 'untouched');
  const clause = (n: number, one: string, many: string): string[] =>
    n === 0 ? [] : [`${workloads(n)} ${n === 1 ? one : many}`];
  const clauses = [
    ...clause(unready.length, 'has new pods that do not get ready', 'have new pods that do not get ready'),
    ...clause(lost.length + kept.length - untouched, 'failed', 'failed'),
    ...clause(proven.length, `runs ${revisionsOf(report)}`, `run ${revisionsOf(report)}`),
    ...clause(unproven.length, 'is patched but not proven', 'are patched but not proven'),
    ...clause(interrupted.length, 'is not finished', 'are not finished'),
    ...clause(untouched, 'was not touched', 'were not touched'),
  ];
  return clauses.length === 0 ? 'No workload was changed.' : `${clauses.join('; ')}.`;
}

/** `add-header`, `add-header and auth`, `5 filters`. */
function filtersOf({ filters }: Report): string {
  if (filters.length === 0) return 'deploy-wasm-filter';
  if (filters.length > 3) return countOf(filters.length, 'filter');
  return listWords(
    filters.map(({ name }) => plain(name, 63)),
    'and',
  );
}

function several({ filters }: Report): boolean {
  return filters.length > 1;
}

function them(report: Report): string {
  return several(report) ? 'them' : 'it';
}

function revisionsOf(report: Report): string {
  const revisions = allRevisions(report);
  return revisions.length === 1 ? `revision ${plain(revisions[0] ?? '', 63)}` : 'the new revisions';
}

function workloads(n: number): string {
  return countOf(n, 'workload');
}
