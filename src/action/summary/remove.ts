import type { RemovalReport } from '../../deploy/report/report.ts';
import { isBackButUnready, isIdleWithout, phasesOf, type TargetsOfPhase } from '../verdict/phase.ts';
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
import { waitingAgainLine, waitingLine, waitsAgain } from './parts/waiting.ts';
import {
  backButUnreadyLines,
  interruptedRollbacks,
  oldPods,
  renderStateLines,
  type StateLine,
  unreadyAsBefore,
} from './parts/what-runs.ts';

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
  const of = phasesOf(report);
  const lines = [...troubled(of), ...withoutFilter(of), ...supersededLines(of('superseded')), ...untouched(of)];
  return renderStateLines(lines, ['The objects of a revision stay as long as a pod template uses it.']);
}

const were = (one: boolean): string => (one ? 'was' : 'were');

/** Workloads that may have the filter still, or are not ready without it. */
function troubled(of: TargetsOfPhase): StateLine[] {
  const notBack = of('rollback-failed').filter((target) => !isBackButUnready(target));
  const back = [...of('rolled-back'), ...of('rolled-back-with-run')];
  return [
    {
      icon: '🚨',
      targets: notBack,
      words: (one) =>
        `**failed, and so did the rollback: ${one ? 'it needs' : 'they need'} attention now**; see above for the cause and remedy. ${oldPods(notBack)}`,
    },
    ...backButUnreadyLines(of('rollback-failed')),
    ...interruptedRollbacks(of),
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
      icon: '⚪',
      targets: of('deleted'),
      words: (one) => `${were(one)} deleted by another client during the run; see above.`,
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
      words: () => 'may or may not have the filter: the API server did not confirm the write. Re-run to find out.',
    },
    {
      icon: '🛑',
      targets: of('interrupted'),
      words: (one) => `${were(one)} still rolling out without the filter. Kubernetes continues the rollout.`,
    },
    waitingAgainLine(back.filter(waitsAgain)),
    {
      icon: '↩️',
      targets: back.filter((target) => !waitsAgain(target)),
      words: (one) => `did not become ready without the filter and ${one ? 'runs' : 'run'} it again, as before.`,
    },
  ];
}

/** Workloads whose pod template has lost the filter. */
function withoutFilter(of: TargetsOfPhase): StateLine[] {
  return [
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
      targets: of('succeeded').filter((target) => !isIdleWithout(target)),
      words: (one) => `${one ? 'is' : 'are'} without the filter; every pod is ready.`,
    },
    {
      icon: '✅',
      targets: of('succeeded').filter(isIdleWithout),
      words: (one) =>
        `${one ? 'is' : 'are'} without the filter in the pod template, and ${one ? 'has' : 'have'} no pods.`,
    },
  ];
}

function untouched(of: TargetsOfPhase): StateLine[] {
  return [
    {
      icon: '⚪',
      targets: of('untouched'),
      words: (one) => `${were(one)} not touched and ${one ? 'runs' : 'run'} what ran there before.`,
    },
  ];
}
