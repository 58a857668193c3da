import { listWords, someOf } from '../../../base/text.ts';
import type { PodReplacement } from '../../../deploy/kinds/kind.ts';
import { targetKind } from '../../../deploy/kinds/kinds.ts';
import type { TargetReport } from '../../../deploy/report/report.ts';
import { shortWorkload } from '../../../targets/target.ts';
import { isBackButUnready, type TargetsOfPhase } from '../../verdict/phase.ts';
import { countOf } from '../../verdict/text.ts';
import { blocks, code } from './markdown.ts';

/** One line of "Current state". */
export interface StateLine {
  readonly icon: string;
  readonly targets: readonly TargetReport[];
  /** What is said of them, as Markdown; `one` when it is a single workload. */
  readonly words: (one: boolean) => string;
}

/** How many workloads a line names before it counts them only. */
const MAX_NAMED = 4;

/** What runs in the cluster now: a line for each group of workloads, those of nobody left out, and what to know besides. */
export function renderStateLines(lines: readonly StateLine[], notes: readonly string[] = []): string {
  const rendered = lines
    .filter(({ targets }) => targets.length > 0)
    .map(({ icon, targets, words }) => {
      const named = targets.length > MAX_NAMED ? '' : ` (${names(targets)})`;
      return `${icon} **${countOf(targets.length, 'workload')}**${named} ${words(targets.length === 1)}`;
    });
  if (rendered.length === 0) return '';
  return blocks('### Current state', [...rendered, ...notes].map((line) => `- ${line}`).join('\n'));
}

function names(targets: readonly TargetReport[]): string {
  return someOf(
    targets.map(({ ref }) => code(shortWorkload(ref), 130)),
    MAX_NAMED,
  );
}

/** Of workloads whose pods are not ready, as before the run; `what` is what they have now. */
export function unreadyAsBefore(one: boolean, what: string): string {
  return `${one ? 'has' : 'have'} ${what}; ${one ? 'its' : 'their'} pods are not ready, as before the run, so nothing was verified there.`;
}

type Differs = NonNullable<TargetReport['rollback']>['differs'];

/** What a pod template is like that was rolled back, by why it differs from what the run found. */
const TEMPLATE_WORDS: ReadonlyMap<Differs, string> = new Map([
  [undefined, 'The pod template is as it was before.'],
  ['earlier-revision', 'What this run wrote to the pod template is taken back.'],
  [
    'changed-by-others',
    'What this run wrote to the pod template is taken back; what others changed in it meanwhile is still there.',
  ],
  [
    'other-filters-put-back',
    'The pod template has what it had of the filters of this run; what this run put back in it of other filters stays, and so does all that others changed meanwhile.',
  ],
]);

/** The lines about workloads whose pod template is back and whose pods are not ready, among `targets`. */
export function backButUnreadyLines(targets: readonly TargetReport[]): StateLine[] {
  return [...TEMPLATE_WORDS].map(([differs, template]) => ({
    icon: '🚨',
    targets: targets.filter((target) => isBackButUnready(target) && target.rollback?.differs === differs),
    words: (one) =>
      `**${one ? 'was' : 'were'} rolled back, but ${one ? 'is' : 'are'} not ready and ${one ? 'needs' : 'need'} attention now**; see above for the cause and remedy. ${template}`,
  }));
}

/** The lines about workloads that were to be rolled back when the run was cancelled: what their pod templates have. */
export function interruptedRollbacks(of: TargetsOfPhase): StateLine[] {
  return [
    {
      icon: '🛑',
      targets: of('rollback-interrupted'),
      words: (one) =>
        `${one ? 'was' : 'were'} to be rolled back when the run was cancelled: the pod template still has what this run wrote. Re-run, or roll ${one ? 'it' : 'them'} back manually.`,
    },
    {
      icon: '↩️',
      targets: of('rollback-unconfirmed'),
      words: (one) =>
        `${one ? 'was' : 'were'} rolled back, and then the run was cancelled: the pod template is back, but nobody waited until ${one ? 'its' : 'their'} pods are ready.`,
    },
  ];
}

/**
 * What happens to old pods while new ones are not ready: a Deployment's RollingUpdate takes them away only for ready new ones (up
 * to maxUnavailable), StatefulSets and DaemonSets take one away first and go on once its successor is ready
 * (https://kubernetes.io/docs/concepts/workloads/controllers/).
 */
export function oldPods(targets: readonly TargetReport[]): string {
  const kindsWith = (order: PodReplacement): string => {
    const kinds = targets.flatMap(({ ref }) => (targetKind(ref).podReplacement === order ? [ref.kind] : []));
    return listWords([...new Set(kinds)]);
  };
  const newFirst = targets.filter(({ ref }) => targetKind(ref).podReplacement === 'new-first');
  if (newFirst.length === targets.length) {
    return 'With a rolling update, the old pods keep serving until new ones are ready. With the strategy Recreate, they are gone.';
  }
  const replaced = `ods of a ${kindsWith('old-first')} are replaced one at a time: one is down, the others keep serving.`;
  if (newFirst.length === 0) return `P${replaced}`;
  return `Old pods of a ${kindsWith('new-first')} keep serving until new ones are ready; p${replaced}`;
}
