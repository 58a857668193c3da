import type { EvidenceLevel } from '../../deploy/report/evidence-level.ts';
import { isAsBefore } from '../../deploy/report/final-revisions.ts';
import type { DeployReport, TargetReport } from '../../deploy/report/report.ts';
import { isBackButUnready, isIdle, phasesOf, ROLLING, type TargetsOfPhase } from '../verdict/phase.ts';
import { countOf } from '../verdict/text.ts';
import { supersededLines } from './parts/superseded.ts';
import { waitingAgainLine, waitingLine, waitsAgain } from './parts/waiting.ts';
import {
  backButUnreadyLines,
  interruptedRollbacks,
  oldPods,
  renderStateLines,
  type StateLine,
  unreadyAsBefore,
} from './parts/what-runs.ts';

const NOT_WATCHED = 'pods were not watched.';

/**
 * The current state after a `deploy` that did not go well, the urgent first, and how to roll back. Only what the report shows or what
 * Kubernetes promises is said.
 */
export function renderDeployState(report: DeployReport): string {
  const of = phasesOf(report);
  const keep = report.policy.onFailure === 'keep' ? ' Not rolled back, because of "on-failure: keep".' : '';
  const lines = [
    ...rollbackFailures(of),
    ...failures(of, keep),
    ...unknownStates(of, keep),
    ...rolledBack(of),
    ...newRevisions(of),
    ...supersededLines(of('superseded')),
    ...untouched(of),
  ];
  return renderStateLines(lines, rollbackAdvice(ROLLING.flatMap(of)));
}

const have = (one: boolean): string => (one ? 'has' : 'have');
const were = (one: boolean): string => (one ? 'was' : 'were');
const run = (one: boolean): string => (one ? 'runs' : 'run');

/** Workloads whose rollback did not come to its end. */
function rollbackFailures(of: TargetsOfPhase): StateLine[] {
  const notBack = of('rollback-failed').filter((target) => !isBackButUnready(target));
  return [
    {
      icon: '🚨',
      targets: notBack,
      words: (one) =>
        `**could not be rolled back and ${one ? 'needs' : 'need'} attention now**; see above for the cause and remedy. ${
          notBack.some(({ rollback }) => rollback?.template !== 'new')
            ? 'The pod template may have the new revision or the one before.'
            : 'The pod template has the new revision.'
        } ${oldPods(notBack)}`,
    },
    ...backButUnreadyLines(of('rollback-failed')),
    ...interruptedRollbacks(of),
  ];
}

/** Workloads that failed and were not rolled back; `keep` says why not, where that was asked for. */
function failures(of: TargetsOfPhase, keep: string): StateLine[] {
  const unready = of('not-ready').filter(isChanged);
  const unreadyThere = of('not-ready').filter((target) => !isChanged(target));
  return [
    {
      icon: '❌',
      targets: unready,
      words: (one) =>
        `${have(one)} the new pod template, but new pods do not become ready. ${oldPods(unready)}${keep || notRolledBack(unready)}`,
    },
    {
      icon: '❌',
      targets: unreadyThere,
      words: (one) =>
        `had the filter before this run, and ${one ? 'its' : 'their'} pods do not become ready.${notRolledBack(unreadyThere)}`,
    },
    {
      icon: '❌',
      targets: of('no-effect'),
      words: (one) =>
        `${have(one)} the ${of('no-effect').every(isChanged) ? 'new pod template' : 'pod template with the filter'} and ready pods, but the filter does not run there as it should.${keep || notRolledBack(of('no-effect'))}`,
    },
    {
      icon: '❌',
      targets: of('settings-rejected'),
      words: (one) =>
        `${one ? 'was' : 'were'} given the new settings, and proxies reject them. A proxy that rejects settings keeps its current ones.${keep}`,
    },
  ];
}

/** Workloads of which this run does not know how they ended. */
function unknownStates(of: TargetsOfPhase, keep: string): StateLine[] {
  return [
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
        `${were(one)} changed, but ${one ? 'its' : 'their'} state could not be read; see above for the cause.${keep || notRolledBack(of('unobserved'))}`,
    },
    {
      icon: '❓',
      targets: of('write-unconfirmed'),
      words: () =>
        'may or may not have the new pod template: the API server did not confirm the write. Re-run to find out.',
    },
    {
      icon: '🛑',
      targets: of('interrupted'),
      words: (one) => {
        return `${were(one)} still rolling out. Kubernetes continues the rollout. ${oldPods(of('interrupted'))}`;
      },
    },
  ];
}

/** Workloads that were rolled back to their end. */
function rolledBack(of: TargetsOfPhase): StateLine[] {
  const again = [...of('rolled-back'), ...of('rolled-back-with-run')].filter(waitsAgain);
  const failed = of('rolled-back').filter((target) => !waitsAgain(target));
  return [
    waitingAgainLine(again),
    {
      icon: '↩️',
      targets: failed.filter((target) => isAsBefore(target) && target.rollback?.unready !== undefined),
      words: (one) =>
        `failed and ${were(one)} rolled back; ${one ? 'its' : 'their'} pods are still not ready, as before the run.`,
    },
    {
      icon: '↩️',
      targets: failed.filter((target) => isAsBefore(target) && target.rollback?.unready === undefined),
      words: (one) => `failed and ${were(one)} rolled back to what ran there before; every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: failed.filter((target) => !isAsBefore(target) && !hasNothing(target)),
      words: (one) =>
        `failed and ${were(one)} rolled back to the last verified revision: what was there before this run had never been verified. Every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: failed.filter((target) => !isAsBefore(target) && hasNothing(target)),
      words: (one) =>
        `failed and ${were(one)} rolled back to no filter at all: what was there before this run had never been verified, nor anything earlier. Every pod is ready.`,
    },
    {
      icon: '↩️',
      targets: of('rolled-back-with-run').filter((target) => !waitsAgain(target)),
      words: (one) => `${were(one)} rolled back to what ran there before, because others failed.`,
    },
  ];
}

/** Workloads that have what the run was to bring. */
function newRevisions(of: TargetsOfPhase): StateLine[] {
  const settled = of('succeeded').filter((target) => !isIdle(target));
  return [
    waitingLine(of('waiting-for-promotion')),
    {
      icon: '⏳',
      targets: of('unverified'),
      words: (one) => `${have(one)} the new revision in the pod template; ${NOT_WATCHED}`,
    },
    {
      icon: '⚠️',
      targets: of('not-ready-as-before'),
      words: (one) => unreadyAsBefore(one, 'the new revision in the pod template'),
    },
    {
      icon: '⚠️',
      targets: of('succeeded').filter(isIdle),
      words: (one) =>
        `${have(one)} the new revision in the pod template, but no pods: nothing runs there, and nothing was verified.`,
    },
    ...SEEN.map(
      ([level, words]): StateLine => ({
        icon: '✅',
        targets: settled.filter(
          ({ outcome, verification }) => outcome !== 'removed' && (verification?.level ?? 'ready') === level,
        ),
        words: (one) => `${run(one)} the new revision; ${words}`,
      }),
    ),
    {
      icon: '✅',
      targets: settled.filter(({ outcome }) => outcome === 'removed'),
      words: (one) => `no longer ${have(one)} the filter; every pod is ready without it.`,
    },
  ];
}

function untouched(of: TargetsOfPhase): StateLine[] {
  return [
    {
      icon: '⚪',
      targets: of('untouched'),
      words: (one) => `${were(one)} not touched and ${run(one)} what ran there before.`,
    },
  ];
}

/** Whether a workload was rolled back to none of the filters. */
function hasNothing({ rollback }: TargetReport): boolean {
  return Object.values(rollback?.to ?? {}).every((revision) => revision === null);
}

const SEEN: readonly (readonly [EvidenceLevel, string])[] = [
  ['listener', 'every proxy has it in its listeners.'],
  ['stats', 'every pod is ready, and no proxy has rejected a listener.'],
  ['ready', 'every pod is ready.'],
];

/** A run rolls back only what it has changed itself, or what was never verified. */
/** Whether the run has written its pod template. */
function isChanged({ steps }: TargetReport): boolean {
  return steps.template === 'done';
}

function notRolledBack(targets: readonly TargetReport[]): string {
  const one = targets.length === 1;
  return !targets.some(isChanged)
    ? ` This run did not change ${one ? 'it' : 'them'}, so there was nothing to roll back.`
    : ` The ${one ? 'workload was' : 'workloads were'} not rolled back.`;
}

function rollbackAdvice(rolling: readonly TargetReport[]): string[] {
  const patched = rolling.filter(isChanged);
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
