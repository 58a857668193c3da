import type { RemovalReport, TargetReport } from '../../deploy/report/report.ts';
import { byPhase, isBackButUnready } from '../verdict/phase.ts';
import { hasActed, needsCurrentState } from '../verdict/words.ts';
import { rolloutCell, writeCell } from './parts/cells.ts';
import { renderCollected } from './parts/cleanup.ts';
import { blocks } from './parts/markdown.ts';
import { renderNextCommand } from './parts/next-command.ts';
import type { CommandPage } from './parts/page.ts';
import { renderPresent } from './parts/present.ts';
import { removePolicy, renderDetails } from './parts/settings.ts';
import { supersededLines } from './parts/superseded.ts';
import { renderTable } from './parts/table.ts';
import { targetTable } from './parts/targets.ts';
import { renderTimeline } from './parts/timeline.ts';
import { waitingLine } from './parts/waiting.ts';
import { backButUnreadyLine, oldPods, renderStateLines, type StateLine, unreadyAsBefore } from './parts/what-runs.ts';

/** The page of `remove` and `sweep`: what still has the filter if all is not well, the workloads, what is left of it. */
export function removePage(report: RemovalReport): CommandPage {
  const table = targetTable(report, {
    rollout: (target) => rolloutCell(target, report),
    writes: [{ title: 'Pod template', cell: (target) => writeCell('template', target, report) }],
  });
  return {
    problems: hasActed(report) ? 'Failures' : 'Problems',
    lead: () => (needsCurrentState(report) ? blocks(renderNextCommand(report), renderRemoveState(report)) : ''),
    body: (limits) => [
      renderTable('Workloads', table, limits),
      renderTimeline(report.targets, limits),
      report.removal.state === 'nothing' ? renderPresent(report.removal, limits) : '',
      renderCollected(report.collected, limits),
      renderDetails(report, removePolicy(report.policy), limits),
    ],
  };
}

function renderRemoveState(report: RemovalReport): string {
  const phases = byPhase(report);
  const of = (phase: Parameters<typeof phases.get>[0]): readonly TargetReport[] => phases.get(phase) ?? [];
  const were = (one: boolean): string => (one ? 'was' : 'were');
  const notBack = of('rollback-failed').filter((target) => !isBackButUnready(target));
  const lines: StateLine[] = [
    {
      icon: '🚨',
      targets: notBack,
      words: (one) =>
        `**failed, and so did the rollback: ${one ? 'it needs' : 'they need'} attention now**; see above for the cause and remedy. ${oldPods(notBack)}`,
    },
    backButUnreadyLine(of('rollback-failed')),
    {
      icon: '🛑',
      targets: of('rollback-interrupted'),
      words: (one) =>
        `${were(one)} being rolled back when the run was cancelled; inspect ${one ? 'it' : 'them'}, or re-run.`,
    },
    {
      icon: '❌',
      targets: [...of('not-ready'), ...of('no-effect'), ...of('settings-rejected')],
      words: (one) =>
        `${one ? 'has' : 'have'} a pod template without the filter, but new pods do not become ready. ${oldPods(of('not-ready'))}`,
    },
    {
      icon: '⚠️',
      targets: of('overwritten'),
      words: (one) => `${were(one)} modified by another client during the run; see above.`,
    },
    {
      icon: '❓',
      targets: of('unobserved'),
      words: (one) =>
        `${one ? 'has' : 'have'} a pod template without the filter, but ${one ? 'its' : 'their'} state could not be read; see above for the cause.`,
    },
    {
      icon: '❓',
      targets: of('write-unconfirmed'),
      words: () => 'may have the filter or not: the API server did not confirm the write. Re-run to find out.',
    },
    {
      icon: '🛑',
      targets: of('interrupted'),
      words: (one) => `${were(one)} still rolling out without the filter; Kubernetes continues the rollout.`,
    },
    {
      icon: '↩️',
      targets: [...of('rolled-back'), ...of('rolled-back-with-run')],
      words: (one) => `did not become ready without the filter and ${one ? 'runs' : 'run'} it again, as before.`,
    },
    waitingLine(of('waiting-for-promotion')),
    {
      icon: '⏳',
      targets: of('unverified'),
      words: (one) => `${one ? 'has' : 'have'} a pod template without the filter; pods were not watched.`,
    },
    {
      icon: '⚠️',
      targets: of('not-ready-as-before'),
      words: (one) => unreadyAsBefore(one, 'a pod template without the filter'),
    },
    {
      icon: '✅',
      targets: of('succeeded'),
      words: (one) => `${one ? 'is' : 'are'} without the filter; every pod is ready.`,
    },
    ...supersededLines(of('superseded')),
    {
      icon: '⚪',
      targets: of('untouched'),
      words: (one) => `${were(one)} not touched and ${one ? 'runs' : 'run'} what ran there before.`,
    },
  ];
  return renderStateLines(lines, ['Objects of a revision stay while a pod template uses it.']);
}
