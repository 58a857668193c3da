import type { ProofLevel } from '../../deploy/report/evidence-level.ts';
import type { Report, TargetReport } from '../../deploy/report/report.ts';
import { byStanding, isAsBefore, ROLLING } from '../verdict/phase.ts';
import { countOf } from '../verdict/text.ts';
import { supersededLine } from './parts/superseded.ts';
import { oldPods, renderStandingLines, type StandingLine, unreadyAsBefore } from './parts/what-runs.ts';

const NOBODY_LOOKED = 'nobody saw the pods get ready.';

/**
 * What runs after a `deploy` that did not go well, the urgent first, and how to go back. Only what the report proves or what
 * Kubernetes promises is said.
 */
export function renderDeployStanding(report: Report): string {
  const standings = byStanding(report);
  const of = (standing: Parameters<typeof standings.get>[0]): readonly TargetReport[] => standings.get(standing) ?? [];
  const unready = of('unready');
  const settled = of('settled');
  const restored = of('restored');
  const withdrawn = of('withdrawn');
  const have = (one: boolean): string => (one ? 'has' : 'have');
  const were = (one: boolean): string => (one ? 'was' : 'were');
  const run = (one: boolean): string => (one ? 'runs' : 'run');
  const keep = report.policy.onFailure === 'keep' ? ' Nothing was taken back, as "on-failure: keep" says.' : '';
  const lines: StandingLine[] = [
    {
      icon: '🚨',
      targets: of('stranded').filter(({ rollback }) => rollback?.template !== 'before'),
      words: (one) =>
        `**could not be taken back and ${one ? 'needs' : 'need'} attention now**; see above for the cause and remedy. ${
          of('stranded').some(({ rollback }) => rollback?.template !== 'new')
            ? 'The pod template may have the new revision or the one before.'
            : 'The pod template has the new revision.'
        } ${oldPods(of('stranded'))}`,
    },
    {
      icon: '🚨',
      targets: of('stranded').filter(({ rollback }) => rollback?.template === 'before'),
      words: (one) =>
        `**${were(one)} rolled back, but ${one ? 'is' : 'are'} not ready and ${one ? 'needs' : 'need'} attention now**; see above for the cause and remedy. The pod template is as it was before.`,
    },
    {
      icon: '🛑',
      targets: of('halfway'),
      words: (one) =>
        `${were(one)} being taken back when the run was cancelled; look at ${one ? 'it' : 'them'}, or run again.`,
    },
    {
      icon: '❌',
      targets: unready,
      words: (one) =>
        `${have(one)} the new pod template, but new pods do not get ready. ${oldPods(unready)}${keep || notTakenBack(unready)}`,
    },
    {
      icon: '❌',
      targets: of('ineffective'),
      words: (one) =>
        `${have(one)} the new pod template and ready pods, but the filter does not run there as it should.${keep || notTakenBack(of('ineffective'))}`,
    },
    {
      icon: '❌',
      targets: of('refusing'),
      words: (one) =>
        `${one ? 'was' : 'were'} given the new settings, and proxies do not take them. A proxy that refuses settings goes on with those that it has.${keep}`,
    },
    {
      icon: '⚠️',
      targets: of('lost'),
      words: (one) => `${were(one)} modified by another client during the run; see above.`,
    },
    {
      icon: '❓',
      targets: of('unseen'),
      words: (one) =>
        `${were(one)} changed, and what became of ${one ? 'it' : 'them'} could not be seen; see above for the cause.${keep || notTakenBack(of('unseen'))}`,
    },
    {
      icon: '❓',
      targets: of('unanswered'),
      words: () => 'may have the new pod template or not: the write was never answered. Run again to find out.',
    },
    {
      icon: '🛑',
      targets: of('interrupted'),
      words: (one) => {
        const pods = oldPods(of('interrupted'));
        return `${were(one)} still rolling out. Kubernetes goes on with it; until then, ${pods.charAt(0).toLowerCase()}${pods.slice(1)}`;
      },
    },
    {
      icon: '↩️',
      targets: restored.filter((target) => isAsBefore(target) && target.rollback?.unready !== undefined),
      words: (one) =>
        `failed and ${one ? 'runs' : 'run'} again what ran there before; ${one ? 'it was' : 'they were'} not ready before either, so nobody waited for the pods.`,
    },
    {
      icon: '↩️',
      targets: restored.filter((target) => isAsBefore(target) && target.rollback?.unready === undefined),
      words: (one) => `failed and ${one ? 'runs' : 'run'} again what ran there before; every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: restored.filter((target) => !isAsBefore(target)),
      words: (one) =>
        `failed and ${were(one)} taken back to the last good state: what was there before this run had never been proven. Every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: withdrawn,
      words: (one) =>
        `${were(one)} taken back because others failed; ${one ? 'it runs' : 'they run'} again what ran there before.`,
    },
    {
      icon: '⏳',
      targets: of('unproven'),
      words: (one) => `${have(one)} the wanted revision in the pod template; ${NOBODY_LOOKED}`,
    },
    {
      icon: '⚠️',
      targets: of('unready-as-before'),
      words: (one) => unreadyAsBefore(one, 'the wanted revision in the pod template'),
    },
    ...SEEN.map(
      ([level, words]): StandingLine => ({
        icon: '✅',
        targets: settled.filter(({ outcome, proof }) => outcome !== 'removed' && (proof?.level ?? 'ready') === level),
        words: (one) => `${run(one)} the wanted revision; ${words}`,
      }),
    ),
    {
      icon: '✅',
      targets: settled.filter(({ outcome }) => outcome === 'removed'),
      words: (one) => `${have(one)} the filter no more; every pod is ready without it.`,
    },
    supersededLine(of('superseded')),
    {
      icon: '⚪',
      targets: of('kept'),
      words: (one) => `${were(one)} not touched and ${run(one)} what ran there before.`,
    },
  ];
  return renderStandingLines(lines, wayBack(ROLLING.flatMap(of)));
}

const SEEN: readonly (readonly [ProofLevel, string])[] = [
  ['listener', 'every proxy has it in its listeners.'],
  ['stats', 'every pod is ready, and no proxy has refused a listener.'],
  ['ready', 'every pod is ready.'],
];

/** A run takes back only what it has changed itself, or what nobody has ever proven. */
function notTakenBack(targets: readonly TargetReport[]): string {
  const one = targets.length === 1;
  return targets.every(({ steps }) => steps.template !== 'done')
    ? ` This run did not change ${one ? 'it' : 'them'}, so there was nothing to take back.`
    : ` ${one ? 'It was' : 'They were'} not taken back.`;
}

function wayBack(rolling: readonly TargetReport[]): string[] {
  const patched = rolling.filter(({ steps }) => steps.template === 'done');
  const replaced = patched.filter(({ revisions }) => revisions.some(({ before }) => before !== undefined));
  const first = patched.length - replaced.length;
  return [
    ...(replaced.length > 0 ? ['↩️ To go back, run again with the previous filter file and settings.'] : []),
    ...(first > 0
      ? [
          `↩️ ${replaced.length > 0 ? `${countOf(first, 'workload')} had no filter before` : 'There was no filter before'}: run with \`command: remove\` to take it away.`,
        ]
      : []),
  ];
}
