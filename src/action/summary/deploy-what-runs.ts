import type { ProofLevel } from '../../deploy/report/evidence-level.ts';
import type { Report, TargetReport } from '../../deploy/report/report.ts';
import { byStanding, isAsBefore, ROLLING } from '../verdict/phase.ts';
import { countOf } from '../verdict/text.ts';
import { supersededLine } from './parts/superseded.ts';
import { oldPods, renderStandingLines, type StandingLine, unreadyAsBefore } from './parts/what-runs.ts';

const NOT_WATCHED = 'pods were not watched.';

/**
 * The current state after a `deploy` that did not go well, the urgent first, and how to roll back. Only what the report shows or what
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
  const keep = report.policy.onFailure === 'keep' ? ' Not rolled back, because of "on-failure: keep".' : '';
  const lines: StandingLine[] = [
    {
      icon: '🚨',
      targets: of('stranded').filter(({ rollback }) => rollback?.template !== 'before'),
      words: (one) =>
        `**could not be rolled back and ${one ? 'needs' : 'need'} attention now**; see above for the cause and remedy. ${
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
        `${were(one)} being rolled back when the run was cancelled; inspect ${one ? 'it' : 'them'}, or re-run.`,
    },
    {
      icon: '❌',
      targets: unready,
      words: (one) =>
        `${have(one)} the new pod template, but new pods do not become ready. ${oldPods(unready)}${keep || notRolledBack(unready)}`,
    },
    {
      icon: '❌',
      targets: of('ineffective'),
      words: (one) =>
        `${have(one)} the new pod template and ready pods, but the filter does not run there as it should.${keep || notRolledBack(of('ineffective'))}`,
    },
    {
      icon: '❌',
      targets: of('refusing'),
      words: (one) =>
        `${one ? 'was' : 'were'} given the new settings, and proxies reject them. A proxy that rejects settings keeps its current ones.${keep}`,
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
        `${were(one)} changed, but ${one ? 'its' : 'their'} state could not be read; see above for the cause.${keep || notRolledBack(of('unseen'))}`,
    },
    {
      icon: '❓',
      targets: of('unanswered'),
      words: () =>
        'may have the new pod template or not: the API server did not confirm the write. Re-run to find out.',
    },
    {
      icon: '🛑',
      targets: of('interrupted'),
      words: (one) => {
        const pods = oldPods(of('interrupted'));
        return `${were(one)} still rolling out. Kubernetes continues the rollout; until then, ${pods.charAt(0).toLowerCase()}${pods.slice(1)}`;
      },
    },
    {
      icon: '↩️',
      targets: restored.filter((target) => isAsBefore(target) && target.rollback?.unready !== undefined),
      words: (one) =>
        `failed and ${were(one)} rolled back to what ran there before; ${one ? 'it was' : 'they were'} not ready before either, so the run did not wait for the pods.`,
    },
    {
      icon: '↩️',
      targets: restored.filter((target) => isAsBefore(target) && target.rollback?.unready === undefined),
      words: (one) => `failed and ${were(one)} rolled back to what ran there before; every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: restored.filter((target) => !isAsBefore(target)),
      words: (one) =>
        `failed and ${were(one)} rolled back to the last verified revision: what was there before this run had never been verified. Every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: withdrawn,
      words: (one) => `${were(one)} rolled back to what ran there before, because others failed.`,
    },
    {
      icon: '⏳',
      targets: of('unproven'),
      words: (one) => `${have(one)} the wanted revision in the pod template; ${NOT_WATCHED}`,
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
      words: (one) => `no longer ${have(one)} the filter; every pod is ready without it.`,
    },
    supersededLine(of('superseded')),
    {
      icon: '⚪',
      targets: of('kept'),
      words: (one) => `${were(one)} not touched and ${run(one)} what ran there before.`,
    },
  ];
  return renderStandingLines(lines, rollbackAdvice(ROLLING.flatMap(of)));
}

const SEEN: readonly (readonly [ProofLevel, string])[] = [
  ['listener', 'every proxy has it in its listeners.'],
  ['stats', 'every pod is ready, and no proxy has rejected a listener.'],
  ['ready', 'every pod is ready.'],
];

/** A run rolls back only what it has changed itself, or what was never verified. */
function notRolledBack(targets: readonly TargetReport[]): string {
  const one = targets.length === 1;
  return targets.every(({ steps }) => steps.template !== 'done')
    ? ` This run did not change ${one ? 'it' : 'them'}, so there was nothing to roll back.`
    : ` ${one ? 'It was' : 'They were'} not rolled back.`;
}

function rollbackAdvice(rolling: readonly TargetReport[]): string[] {
  const patched = rolling.filter(({ steps }) => steps.template === 'done');
  const replaced = patched.filter(({ revisions }) => revisions.some(({ before }) => before !== undefined));
  const first = patched.length - replaced.length;
  return [
    ...(replaced.length > 0 ? ['↩️ To roll back, re-run with the previous filter file and settings.'] : []),
    ...(first > 0
      ? [
          `↩️ ${replaced.length > 0 ? `${countOf(first, 'workload')} had no filter before` : 'There was no filter before'}: run with \`command: remove\` to remove it.`,
        ]
      : []),
  ];
}
