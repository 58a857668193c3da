import { listWords, someOf, thousands } from '../../base/text.ts';
import { EVIDENCE_LEVELS, type Verification } from '../../deploy/report/evidence-level.ts';
import type { StatusReport } from '../../deploy/report/report.ts';
import type { Compared, FilterHealth, FilterStatus, FoundStatus } from '../../deploy/report/status-report.ts';
import { evidenceTail, gatherVerifications } from './evidence.ts';
import { othersSentence } from './nothing.ts';
import { countOf, plain } from './text.ts';
import { unseenKinds } from './unseen.ts';
import { promotionCommands } from './waiting.ts';
import {
  filterWords,
  inClusters,
  refusal,
  sentences,
  unwritten,
  type Verdict,
  verb,
  withExpiry,
  workloads,
} from './words.ts';

/** What somebody has to look at, the most urgent first. */
export const TROUBLES = [
  'no-effect',
  'not-ready',
  'aborted',
  'drifted',
  'outdated',
  'missing',
  'waiting-for-promotion',
  'progressing',
] as const satisfies readonly FilterHealth[];

type Trouble = (typeof TROUBLES)[number];
type Words = readonly [one: string, many: string];

const WORDS: Readonly<Record<Trouble, Words>> = {
  'no-effect': ['does not run the filter', 'do not run the filter'],
  'not-ready': ['is not ready', 'are not ready'],
  aborted: ['has an aborted rollout', 'have an aborted rollout'],
  drifted: ['has drifted', 'have drifted'],
  outdated: ['does not run what the manifest says', 'do not run what the manifest says'],
  missing: ['does not have the filter', 'do not have the filter'],
  'waiting-for-promotion': ['waits for promotion', 'wait for promotion'],
  progressing: ['is rolling out', 'are rolling out'],
};

/** What a trouble is called in a run with several filters, where a workload may have it with one and not with another. */
function wordsOf(trouble: Trouble, { workloads: all }: FoundStatus): Words {
  const names = new Set(all.flatMap(({ filters }) => filters.map(({ filter }) => filter)));
  if (names.size < 2 || (trouble !== 'missing' && trouble !== 'no-effect')) return WORDS[trouble];
  const verbs = trouble === 'missing' ? ['have', 'has'] : ['run', 'runs'];
  const troubled = all.filter((workload) => has(workload, trouble)).flatMap(({ filters }) => filters);
  const [only, ...others] = new Set(troubled.flatMap(({ filter, health }) => (health === trouble ? [filter] : [])));
  if (only !== undefined && others.length === 0) {
    const name = plain(only, 63);
    return [`does not ${verbs[0]} ${name}`, `do not ${verbs[0]} ${name}`];
  }
  return troubled.some(({ health }) => health !== trouble)
    ? [`does not ${verbs[0]} all of its filters`, `do not ${verbs[0]} all of their filters`]
    : [`${verbs[1]} none of its filters`, `${verbs[0]} none of their filters`];
}

function has({ filters }: FoundStatus['workloads'][number], trouble: FilterHealth): boolean {
  return filters.some(({ health }) => health === trouble);
}

/** What is under way. */
const UNFINISHED: ReadonlySet<FilterHealth> = new Set(['waiting-for-promotion', 'progressing']);

/** The verdict over `status`. */
export function judgeStatus(report: StatusReport): Verdict {
  const { status } = report;
  if (report.cancelled) return { icon: '🛑', headline: 'Status: cancelled', sentence: unwritten(report) };
  if (status.state === 'stopped' || report.outcome === 'failed') {
    return refusal(report, 'Status not read', unwritten(report));
  }
  const unseen = unseenKinds(report);
  if (status.workloads.length === 0) return nothingFound(status, unseen);
  // As the page lists them: a workload counts for each trouble of its filters.
  const count = (trouble: FilterHealth): number => status.workloads.filter((workload) => has(workload, trouble)).length;
  const troubled = TROUBLES.flatMap((trouble) => {
    const n = count(trouble);
    return n === 0 ? [] : [{ n, words: wordsOf(trouble, status)[n === 1 ? 0 : 1] }];
  });
  const urgent = TROUBLES.some((trouble) => !UNFINISHED.has(trouble) && count(trouble) > 0);
  const total = workloads(status.workloads.length);
  const names = filterWords(report);
  const rest = sentences(unseenSentence(unseen), expirySentence(status), garbageSentence(status));
  const tail = unseen === undefined ? '' : `; ${unseen} not looked at`;
  if (troubled.length > 0) {
    return {
      icon: urgent || unseen !== undefined ? '⚠️' : '⏳',
      headline: `${names}: ${troubledWords(troubled, status.workloads.length, inClusters(report))}${tail}`,
      sentence: sentences(...advice(status, report), uncomparedSentence(status), rest),
    };
  }
  const uncompared = uncomparedSentence(status);
  const evidence = gatherVerifications(status.workloads.flatMap(({ filters }) => weakestVerification(filters) ?? []));
  const why = evidence.weaknesses.filter((weakness) => weakness !== '').map((weakness) => plain(weakness, 300));
  const [expires] = status.workloads.flatMap(({ filters }) => filters.flatMap((filter) => filter.expires ?? [])).sort();
  const first = status.workloads.some(isOver) ? undefined : expires;
  return withExpiry(first, {
    icon: unseen === undefined ? '✅' : '⚠️',
    headline: `${names} on ${total}${inClusters(report)}${evidenceTail(evidence)}${tail}`,
    sentence: sentences(
      uncompared ||
        mixedSentence(status) ||
        movedSentence(report) ||
        (status.workloads.some(isOver) || unseen !== undefined ? '' : 'No action is needed.'),
      why.length === 0 ? '' : `Verification was limited: ${someOf(why, 1)}.`,
      rest,
    ),
  });
}

/** What to do about tags that have moved; the empty string if none has. */
function movedSentence({ movedTags = [] }: StatusReport): string {
  if (movedTags.length === 0) return '';
  return `${movedTags.length === 1 ? 'A tag has' : 'Tags have'} moved: "deploy" brings what ${movedTags.length === 1 ? 'it names' : 'they name'} now, unless "on-new-digest" says otherwise.`;
}

/** That workloads run different revisions of a filter, as a run leaves them that was killed; empty where a manifest says so, or none do. */
function mixedSentence({ workloads: all }: FoundStatus): string {
  const filters = all.flatMap((workload) => workload.filters).filter(({ compared }) => compared !== 'everything');
  const mixed = [...Map.groupBy(filters, ({ filter }) => filter)].flatMap(([name, ones]) => {
    const revisions = new Set(ones.flatMap(({ revision }) => revision ?? []));
    return revisions.size < 2 ? [] : [`${plain(name, 63)} runs in ${revisions.size} revisions`];
  });
  return mixed.length === 0
    ? ''
    : `${someOf(mixed)}: if these workloads are to have the same settings, a run has not reached all of them; re-run "deploy" or "remove".`;
}

function isOver({ filters }: FoundStatus['workloads'][number]): boolean {
  return filters.some(({ expired }) => expired === true);
}

/** `1 of 12 workloads is not ready, 2 are rolling out`; where all are alike, `12 workloads are rolling out`. */
function troubledWords(
  troubled: readonly { readonly n: number; readonly words: string }[],
  total: number,
  where: string,
): string {
  const clauses = troubled.map(({ n, words }, index) => {
    const all = `${workloads(total)}${where}`;
    const subject = n === total ? all : index === 0 ? `${thousands(n)} of ${all}` : thousands(n);
    return `${subject} ${words}`;
  });
  return someOf(clauses);
}

/** What to do; files that somebody applies from elsewhere are repaired where they come from. */
function advice({ workloads: all }: FoundStatus, { clusters }: Pick<StatusReport, 'clusters'>): string[] {
  const filters = all.flatMap((workload) => workload.filters);
  const changed = filters.filter(({ health, changed: one }) => one || health === 'drifted');
  const missing = filters.some(({ health }) => health === 'missing');
  const rendered = changed.filter((filter) => filter.rendered !== undefined);
  const aborted = all.filter((workload) => workload.filters.some(({ health }) => health === 'aborted'));
  return [
    ...(aborted.length > 0 ? [retrySentence(aborted, clusters)] : []),
    ...(filters.some(({ health }) => health === 'not-ready' || health === 'no-effect')
      ? [
          'Fix what keeps the pods from running as they should; if a run was killed there, re-run it: it finishes its change, or rolls it back.',
        ]
      : []),
    ...deploySentence(changed.length > rendered.length, missing),
    ...(changed.length > rendered.length ? ownersSentences(changed) : []),
    ...(filters.some(({ health }) => health === 'outdated')
      ? ['"plan" with the manifest shows what differs; "deploy" applies it.']
      : []),
    ...(rendered.length > 0 ? ['Apply the rendered files again to repair what others have changed.'] : []),
    ...(filters.some(({ health }) => health === 'waiting-for-promotion')
      ? ['Updated pods run the filter; the others get it once somebody promotes the rollout.']
      : []),
    ...(filters.some(({ health }) => health === 'progressing')
      ? ['Kubernetes continues the rollout; run "status" again once it is done.']
      : []),
  ];
}

/** What another `deploy` would do; empty for nothing. */
function deploySentence(repairs: boolean, adds: boolean): string[] {
  const does = [...(repairs ? ['repairs what others have changed'] : []), ...(adds ? ['deploys what is missing'] : [])];
  return does.length === 0 ? [] : [`"deploy" with the same inputs ${listWords(does, 'and')}.`];
}

/** How rollouts that were aborted are tried again. */
function retrySentence(aborted: FoundStatus['workloads'], clusters: StatusReport['clusters']): string {
  const refs = aborted.map(({ ref }) => ref);
  const commands = promotionCommands(refs, clusters, 'retry');
  const them = refs.length === 1 ? 'it' : 'them';
  const isChange = aborted.some(({ filters }) => filters.some(({ previous }) => previous !== undefined));
  const giveUp = isChange ? '"deploy" the previous settings, or "remove" the filter' : '"remove" the filter';
  return `Fix the cause of the abort, then retry ${them}${commands === '' ? '' : ` (${commands})`}. To give up the change, ${giveUp}.`;
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
function ownersSentences(changed: readonly FilterStatus[]): string[] {
  const owners = [...new Set(changed.flatMap(({ owner }) => owner ?? []))];
  if (owners.length === 0) return [];
  const names = someOf(
    owners.map((owner) => plain(owner, 120)),
    MAX_OWNERS,
  );
  return [
    `The controller of ${names} may have reverted the pod template, and may do it again. Put the two annotations and the label into its template ("command: render" writes them).`,
  ];
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

function nothingFound(status: FoundStatus, unseen: string | undefined): Verdict {
  const n = status.namespaces.length;
  const where = n === 1 ? `namespace ${plain(status.namespaces[0] ?? '', 63)}` : `the ${countOf(n, 'namespace')}`;
  const { names, present } = status.asked ?? { names: [], present: [] };
  const filters = listWords(
    names.map((name) => plain(name, 63)),
    'or',
    MAX_NAMED,
  );
  const what = names.length === 0 ? 'a filter of this action' : `the filter ${filters}`;
  return {
    icon: unseen === undefined ? '⚪' : '⚠️',
    headline: `Nothing found: no workload of ${where}${unseen === undefined ? '' : ' that the kubeconfig user may list'} has ${what}`,
    sentence: sentences(
      unseenSentence(unseen),
      names.length === 0 ? '' : othersSentence(present),
      garbageSentence(status),
    ),
  };
}

function unseenSentence(unseen: string | undefined): string {
  return unseen === undefined
    ? ''
    : `The kubeconfig user may not list ${unseen}: apply the Role that the job summary shows, or make sure that they have no filter.`;
}

function expirySentence({ workloads: all }: FoundStatus): string {
  const expired = all.filter(({ filters }) => filters.some((filter) => filter.expired)).length;
  return expired === 0 ? '' : `On ${workloads(expired)} a filter has expired; "sweep" removes it.`;
}

function garbageSentence({ garbage, unknown = [] }: FoundStatus): string {
  const uncertain =
    unknown.length === 0
      ? ''
      : `Whether something uses ${countOf(unknown.length, 'object')} of superseded revisions is not known: the kubeconfig user cannot list all pods and workloads.`;
  const unused =
    garbage.length === 0
      ? ''
      : `${countOf(garbage.length, 'object')} ${verb(garbage.length, 'is', 'are')} of revisions that nothing runs.`;
  return sentences(unused, uncertain);
}
