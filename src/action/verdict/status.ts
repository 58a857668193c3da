import { listWords, someOf, thousands } from '../../base/text.ts';
import { EVIDENCE_LEVELS, type Verification } from '../../deploy/report/evidence-level.ts';
import type { StatusReport } from '../../deploy/report/report.ts';
import type { Compared, FilterHealth, FilterStatus, FoundStatus } from '../../deploy/report/status-report.ts';
import { evidenceTail, gatherVerifications } from './evidence.ts';
import { countOf, plain } from './text.ts';
import { filterWords, refusal, sentences, unwritten, type Verdict, verb, withExpiry, workloads } from './words.ts';

/** What somebody has to look at, the most urgent first. */
export const TROUBLES = [
  'no-effect',
  'not-ready',
  'drifted',
  'outdated',
  'missing',
  'waiting-for-promotion',
  'progressing',
] as const satisfies readonly FilterHealth[];

const WORDS: Readonly<Record<(typeof TROUBLES)[number], readonly [one: string, many: string]>> = {
  'no-effect': ['does not run the filter', 'do not run the filter'],
  'not-ready': ['is not ready', 'are not ready'],
  drifted: ['has drifted', 'have drifted'],
  outdated: ['runs something else than the manifest says', 'run something else than the manifest says'],
  missing: ['does not have the filter', 'do not have the filter'],
  'waiting-for-promotion': ['waits for promotion', 'wait for promotion'],
  progressing: ['is rolling out', 'are rolling out'],
};

/** What is under way. */
const UNFINISHED: ReadonlySet<FilterHealth> = new Set(['waiting-for-promotion', 'progressing']);

/** The verdict over `status`. */
export function judgeStatus(report: StatusReport): Verdict {
  const { status } = report;
  if (report.cancelled) return { icon: '🛑', headline: 'Status: cancelled', sentence: unwritten(report) };
  if (status.state === 'stopped' || report.outcome === 'failed') {
    return refusal(report, 'Status not read', unwritten(report));
  }
  if (status.workloads.length === 0) return nothingFound(status);
  const count = (trouble: FilterHealth): number =>
    status.workloads.filter(({ filters }) => worstOf(filters) === trouble).length;
  const troubled = TROUBLES.flatMap((trouble) => {
    const n = count(trouble);
    return n === 0 ? [] : [{ n, words: WORDS[trouble][n === 1 ? 0 : 1] }];
  });
  const urgent = TROUBLES.some((trouble) => !UNFINISHED.has(trouble) && count(trouble) > 0);
  const total = workloads(status.workloads.length);
  const names = filterWords(report);
  const rest = sentences(expirySentence(status), garbageSentence(status));
  if (troubled.length > 0) {
    return {
      icon: urgent ? '⚠️' : '⏳',
      headline: `${names}: ${troubledWords(troubled, status.workloads.length)}`,
      sentence: sentences(...advice(status), uncomparedSentence(status), rest),
    };
  }
  const uncompared = uncomparedSentence(status);
  const evidence = gatherVerifications(status.workloads.flatMap(({ filters }) => weakestVerification(filters) ?? []));
  const why = evidence.weaknesses.filter((weakness) => weakness !== '').map((weakness) => plain(weakness, 300));
  const [expires] = status.workloads.flatMap(({ filters }) => filters.flatMap((filter) => filter.expires ?? [])).sort();
  const first = status.workloads.some(isOver) ? undefined : expires;
  return withExpiry(first, {
    icon: '✅',
    headline: `${names} on ${total}${evidenceTail(evidence)}`,
    sentence: sentences(
      uncompared || (status.workloads.some(isOver) ? '' : 'No action is needed.'),
      why.length === 0 ? '' : `Verification was limited: ${someOf(why, 1)}.`,
      rest,
    ),
  });
}

function isOver({ filters }: FoundStatus['workloads'][number]): boolean {
  return filters.some(({ expired }) => expired === true);
}

/** `of 12 workloads, 1 is not ready, 2 are rolling out`; where all are alike, `12 workloads are rolling out`. */
function troubledWords(troubled: readonly { readonly n: number; readonly words: string }[], total: number): string {
  const [first] = troubled;
  if (first?.n === total) return `${workloads(total)} ${first.words}`;
  return `of ${workloads(total)}, ${someOf(troubled.map(({ n, words }) => `${thousands(n)} ${words}`))}`;
}

/** What to do; files that somebody applies from elsewhere are repaired where they come from. */
function advice({ workloads: all }: FoundStatus): string[] {
  const filters = all.flatMap((workload) => workload.filters);
  const changed = filters.filter(({ health, changed: one }) => one || ['drifted', 'missing'].includes(health));
  const rendered = changed.filter((filter) => filter.rendered !== undefined);
  return [
    ...(changed.length > rendered.length
      ? [`"deploy" with the same inputs repairs what others have changed.${ownersWords(changed)}`]
      : []),
    ...(filters.some(({ health }) => health === 'outdated')
      ? ['"deploy" with the manifest brings what it says; "plan" shows what that changes.']
      : []),
    ...(rendered.length > 0 ? ['Rendered files repair it when they are applied again.'] : []),
    ...(filters.some(({ health }) => health === 'waiting-for-promotion')
      ? ['Pods that have the change run the filter; the others get it once somebody promotes the rollout.']
      : []),
    ...(filters.some(({ health }) => health === 'progressing')
      ? ['Kubernetes continues the rollout; run "status" again once it is done.']
      : []),
  ];
}

/** That a manifest may say something else than what runs, and who can tell; empty where all was compared. */
function uncomparedSentence({ workloads: all }: FoundStatus): string {
  const filters = all.flatMap((workload) => workload.filters);
  const namesOf = (compared: Compared): string[] => [
    ...new Set(filters.flatMap((one) => (one.compared === compared ? [plain(one.filter, 63)] : []))),
  ];
  const [settings, nothing] = [namesOf('settings'), namesOf('nothing')];
  const words = (names: readonly string[]): string => listWords(names, 'and', MAX_NAMED);
  return sentences(
    settings.length === 0
      ? ''
      : `Only the settings of ${words(settings)} were compared with the manifest; "plan" compares the ${settings.length === 1 ? 'module' : 'modules'}.`,
    nothing.length === 0
      ? ''
      : `${words(nothing)} ${verb(nothing.length, 'was', 'were')} not compared with the manifest; "plan" does that.`,
  );
}

const MAX_NAMED = 3;
const MAX_OWNERS = 3;

/** That a controller may undo it again; empty where nothing that was changed belongs to one. */
function ownersWords(changed: readonly FilterStatus[]): string {
  const owners = [...new Set(changed.flatMap(({ owner }) => owner ?? []))];
  if (owners.length === 0) return '';
  const names = someOf(
    owners.map((owner) => plain(owner, 120)),
    MAX_OWNERS,
  );
  return ` The controller of ${names} may have reverted the pod template and may do it again: put the two annotations and the label into its own template ("command: render" writes them).`;
}

/** A workload's filters run in the same proxies, which count once. */
function weakestVerification(filters: readonly FilterStatus[]): Verification | undefined {
  const verifications = filters.flatMap(({ verification }) => verification ?? []);
  return [...EVIDENCE_LEVELS]
    .reverse()
    .flatMap((level) => verifications.filter((verification) => verification.level === level))[0];
}

/** Returns what a workload counts as: the most urgent health of its filters; `undefined` if it has none. */
export function worstOf(filters: readonly { readonly health: FilterHealth }[]): FilterHealth | undefined {
  return [...TROUBLES, ...CALM].find((one) => filters.some(({ health }) => health === one));
}

const CALM = ['verified', 'scaled-to-zero'] as const satisfies readonly FilterHealth[];

function nothingFound(status: FoundStatus): Verdict {
  const n = status.namespaces.length;
  const where = n === 1 ? `namespace ${plain(status.namespaces[0] ?? '', 63)}` : `the ${countOf(n, 'namespace')}`;
  return {
    icon: '⚪',
    headline: `Nothing found: no workload of ${where} has a filter of this action`,
    sentence: garbageSentence(status),
  };
}

function expirySentence({ workloads: all }: FoundStatus): string {
  const expired = all.filter(({ filters }) => filters.some((filter) => filter.expired)).length;
  return expired === 0 ? '' : `On ${workloads(expired)} a filter has expired; "sweep" removes it.`;
}

function garbageSentence({ garbage, unknown = [] }: FoundStatus): string {
  const uncertain =
    unknown.length === 0
      ? ''
      : `Whether pods run ${countOf(unknown.length, 'object')} of superseded revisions is not known: the kubeconfig user cannot list pods.`;
  const unused =
    garbage.length === 0
      ? ''
      : `${countOf(garbage.length, 'object')} ${verb(garbage.length, 'is', 'are')} of revisions that nothing runs.`;
  return sentences(unused, uncertain);
}
