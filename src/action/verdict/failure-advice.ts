import type { Problem, ProblemKind } from '../../base/problem.ts';
import { type ChangeReport, isPushed } from '../../deploy/report/report.ts';
import { byPhase, countPhases, isBackButUnready, isIdle, ROLLING, URGENT, wasUnreadyBefore } from './phase.ts';
import { reportedProblems } from './problem-groups.ts';
import { waitingAgainSentence } from './waiting.ts';
import { theClusters } from './words.ts';

/** Whether the page says how to roll back: a deployment's does, of workloads that have their new pod template and roll. */
function saysHowToRollBack(report: ChangeReport): boolean {
  const phases = byPhase(report);
  const rolling = ROLLING.flatMap((phase) => phases.get(phase) ?? []);
  return report.command === 'deploy' && rolling.some(({ steps }) => steps.template === 'done');
}

/** What to do about workloads that the run has changed and then could not see any more. */
const LOST =
  'It is not known what the pods do that this run could not watch to the end. Restore the access to the API server and re-run: the run continues from what is there, and verifies it or rolls it back.';

/** Problems by which a run loses sight of a cluster. */
const LOST_KINDS: ReadonlySet<ProblemKind> = new Set<ProblemKind>(['connection', 'credentials', 'permission']);

/** Returns what must be done in the cluster, tonight, after a run that did not get all the way. */
export function failureAdvice(report: ChangeReport): string {
  const phases = byPhase(report);
  const stuck = phases.get('rollback-failed') ?? [];
  if (stuck.length > 0) {
    if (stuck.every(({ problem }) => problem?.kind === 'connection')) return LOST;
    return stuck.every(isBackButUnready)
      ? 'Find out now why the pods are not ready.'
      : 'Inspect now what could not be rolled back.';
  }
  if (countPhases(phases, ...URGENT) > 0) {
    const urgent = URGENT.flatMap((phase) => phases.get(phase) ?? []);
    if (urgent.every(({ problem }) => problem?.kind === 'connection')) return LOST;
    return `Fix the cause and re-run${saysHowToRollBack(report) ? ', or roll back' : ''}.`;
  }
  if (countPhases(phases, 'unverified') > 0) {
    return report.problems.some(({ kind }) => LOST_KINDS.has(kind))
      ? LOST
      : 'Check whether the pods of patched workloads become ready.';
  }
  if (countPhases(phases, 'waiting-for-promotion') > 0) return 'Promote or abort the rollouts that wait, then re-run.';
  const again = waitingAgainSentence(report);
  if (again !== '') return again;
  if (report.targets.some(({ problem }) => problem?.kind === 'proxy')) {
    return 'Action is needed in the cluster: proxies reject a filter that is not part of this run. Until that is fixed, no new pod becomes ready, with or without this run.';
  }
  if (report.targets.some((target) => target.rollback?.unready !== undefined || wasUnreadyBefore(target))) {
    return 'Action is needed in the cluster: find out why the pods are not ready, fix it and re-run.';
  }
  const back = report.targets.filter(({ rollback }) => rollback !== undefined);
  if (back.length > 0 && back.every(isPushed)) {
    return 'The proxies have their previous settings again, and no pod restarted; fix the cause and re-run.';
  }
  // What nothing has verified is met by the next pods there.
  if (report.targets.some((target) => isIdle(target) && target.outcome === 'deployed')) {
    return `Nothing is urgent in ${theClusters(report)}, but workloads without pods keep the new revision: fix the cause and re-run before they are scaled up.`;
  }
  const failures = report.targets.filter(({ outcome }) => outcome === 'failed');
  if (failures.length > 0 && failures.every(({ phase }) => phase === 'deleted')) {
    return 'Create what was deleted again or take it out of the target list, and re-run.';
  }
  return reportedProblems(report).some(isCauseInCluster)
    ? `Nothing is urgent in ${theClusters(report)}, but the cause is there: fix it and re-run.`
    : `No action is needed in ${theClusters(report)}; fix the cause and re-run.`;
}

/** Whether somebody has to change something in the cluster, besides the filter and the inputs, before a re-run can succeed. */
function isCauseInCluster({ kind, causeIn }: Problem): boolean {
  return causeIn === 'cluster' || CLUSTER_KINDS.has(kind);
}

const CLUSTER_KINDS: ReadonlySet<ProblemKind> = new Set<ProblemKind>(['permission', 'cluster']);
