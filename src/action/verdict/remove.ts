import { thousands } from '../../base/text.ts';
import { countOutcome, type RemovalReport, type TargetReport } from '../../deploy/report/report.ts';
import { judgeFailure } from './failure.ts';
import { isUntried, leftSentence } from './left-behind.ts';
import { nothingSentence } from './nothing.ts';
import { isIdleWithout } from './phase.ts';
import { judgeSuperseded } from './superseded.ts';
import { countOf, plain } from './text.ts';
import { unseenKinds } from './unseen.ts';
import { judgeWaiting } from './waiting.ts';
import {
  filterNames,
  filterWords,
  idleSentence,
  inClusters,
  sentences,
  them,
  unreadySentence,
  unwritten,
  type Verdict,
  verb,
  workloads,
} from './words.ts';

/** The verdict over `remove` and `sweep`. */
export function judgeRemove(report: RemovalReport): Verdict {
  if (report.outcome === 'failed' && !isDoneButForPods(report)) {
    return judgeFailure(report, {
      subject: `Removing ${filterWords(report, 'the filter')}`,
      undone: `${filterWords(report, report.command === 'sweep' ? 'Expired filters' : 'Filter')} not removed`,
      settled: (n) => `${verb(n, 'is', 'are')} without ${them(report)}`,
    });
  }
  if (report.outcome === 'superseded') return judgeSuperseded(report);
  if (report.outcome === 'waiting') return judgeWaiting(report, `Removing ${filterWords(report, 'the filter')} waits`);
  const removed = countOutcome(report, 'removed');
  if (removed === 0) return nothingOnWorkloads(report);
  return report.policy.wait ? takenAway(report, removed) : templatesOnly(report, removed);
}

/** Whether all that went wrong is that old pods still run what is gone from every pod template. */
function isDoneButForPods({ problems, targets, collected, cancelled }: RemovalReport): boolean {
  return (
    !cancelled &&
    collected.left.some(({ runOn }) => runOn !== undefined) &&
    problems.every(({ kind }) => kind === 'rollout') &&
    targets.every(({ problem, rollback }) => problem === undefined && rollback === undefined)
  );
}

function takenAway(report: RemovalReport, removed: number): Verdict {
  const { left, deleted } = report.collected;
  const it = them(report);
  const unseen = unseenKinds(report);
  const unready = report.targets.filter((target) => target.unready !== undefined);
  const running = [...new Set(left.flatMap(({ runBy }) => runBy ?? []))];
  const gone =
    unready.length === 0 && running.length === 0
      ? `removed from ${workloads(removed)}${inClusters(report)}`
      : `removed from the pod ${removed === 1 ? 'template' : 'templates'} of ${workloads(removed)}${inClusters(report)}`;
  return {
    icon:
      report.outcome === 'failed'
        ? '❌'
        : left.length === 0 && unready.length === 0 && unseen === undefined
          ? '✅'
          : '⚠️',
    headline: [
      `${subjectOf(report)} ${gone}`,
      ...unreadyTail(unready, removed),
      ...runningTail(left),
      ...(left.length === 0 ? [] : [`${countOf(left.length, 'object')} ${verb(left.length, 'is', 'are')} left behind`]),
    ].join('; '),
    sentence: sentences(
      unready.length > 0
        ? unreadySentence(unready)
        : running.length > 0 || report.targets.every(isIdleWithout)
          ? ''
          : `All pods are ready without ${it}.`,
      idleSentence(report),
      unseen === undefined
        ? ''
        : `It is not known whether workloads that the kubeconfig user may not list (${unseen}) have ${it}.`,
      deleted.length === 0
        ? left.length === 0
          ? 'There was no object to delete.'
          : ''
        : `${countOf(deleted.length, 'unused object')} ${verb(deleted.length, 'was', 'were')} deleted.`,
      left.length === 0
        ? ''
        : running.length === 0
          ? leftSentence(left)
          : 'Re-run once the old pods are replaced, to delete what is left behind.',
    ),
  };
}

/** Of workloads that are as little ready as they were before the run. */
function unreadyTail(unready: readonly TargetReport[], removed: number): string[] {
  if (unready.length === 0) return [];
  const which = unready.length === removed ? '' : `${thousands(unready.length)} of them `;
  return [`${which}not ready, as before`];
}

/** A rolling update keeps old pods until new ones are ready, and those run what they were started with. */
function runningTail(left: RemovalReport['collected']['left']): string[] {
  const running = [...new Set(left.flatMap(({ runBy }) => runBy ?? []))];
  const [first] = running;
  if (first === undefined) return [];
  return [
    running.length === 1
      ? `the old pod ${plain(first, 260)} still runs it`
      : `${thousands(running.length)} old pods still run it`,
  ];
}

function templatesOnly(report: RemovalReport, removed: number): Verdict {
  const it = them(report);
  const { left } = report.collected;
  return {
    icon: '⏳',
    headline: `${subjectOf(report)} removed from ${countOf(removed, 'pod template')}${inClusters(report)}; pods not watched`,
    sentence: sentences(
      `With "wait: false" this run did not watch the pods: old pods run ${it} until they are replaced.`,
      left.length === 0 ? '' : leftSentence(left),
    ),
  };
}

function nothingOnWorkloads(report: RemovalReport): Verdict {
  const { left, deleted } = report.collected;
  const nothing = report.command === 'sweep' ? 'Nothing to sweep' : 'Nothing to remove';
  const nobody =
    report.removal.state === 'nothing'
      ? nothingSentence(report.removal, report.command === 'sweep')
      : report.command === 'sweep'
        ? 'No filter has expired.'
        : report.targets.length === 0
          ? nobodyHasIt(report)
          : `None of ${workloads(report.targets.length)} has the filter.`;
  if (deleted.length > 0) {
    return {
      icon: left.length === 0 ? '✅' : '⚠️',
      headline: `${countOf(deleted.length, 'leftover object')} deleted${left.length === 0 ? '' : `, ${thousands(left.length)} left behind`}; no workload was changed`,
      sentence: nobody,
    };
  }
  const running = runningTail(left);
  if (running.length > 0) {
    return {
      icon: report.outcome === 'failed' ? '❌' : '⚠️',
      headline: [`No pod template has ${filterWords(report, 'the filter')}`, ...running].join('; '),
      sentence: `Re-run once the old pods are replaced, to delete ${countOf(left.length, 'object')} of ${them(report)}.`,
    };
  }
  if (left.length > 0) {
    return {
      icon: '⚠️',
      headline: `${countOf(left.length, 'leftover object')} ${isUntried(left) ? `${verb(left.length, 'was', 'were')} not deleted` : 'could not be deleted'}; no workload was changed`,
      sentence: sentences(nobody, leftSentence(left)),
    };
  }
  const { writes } = report.requests;
  const written =
    writes === 0
      ? unwritten(report)
      : `No workload was changed: ${countOf(writes, 'write')} updated records of this action.`;
  return { icon: '✅', headline: nothing, sentence: sentences(nobody, written) };
}

/** That no workload has the filter, as far as workloads could be listed. */
function nobodyHasIt(report: RemovalReport): string {
  const unseen = unseenKinds(report);
  return unseen === undefined
    ? 'No workload has the filter.'
    : `No workload that the kubeconfig user may list has the filter; it is not known whether others (${unseen}) have it.`;
}

/** Who was removed: `add-header`, or for a sweep `Expired: add-header`. */
function subjectOf(report: RemovalReport): string {
  const names = filterWords(report, 'The filter');
  if (report.command !== 'sweep') return names;
  return `${names} ${verb(filterNames(report).length, 'has', 'have')} expired and ${verb(filterNames(report).length, 'was', 'were')}`;
}
