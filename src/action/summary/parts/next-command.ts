import { kubectl, shellWord } from '../../../base/kubectl.ts';
import { targetKind } from '../../../deploy/kinds/kinds.ts';
import { kubectlContextOf } from '../../../deploy/report/kubectl-context.ts';
import type { ChangeReport, TargetReport } from '../../../deploy/report/report.ts';
import { podLabel } from '../../../mesh/identity/names.ts';
import { ROLLING } from '../../verdict/phase.ts';
import { code } from './markdown.ts';

/** Returns one command that shows more of what failed; empty where nothing did. */
export function renderNextCommand(report: Pick<ChangeReport, 'targets' | 'clusters'>): string {
  // Of a probe that was not answered as expected Kubernetes knows nothing.
  const failed = report.targets.filter(
    ({ outcome, problem }) => outcome === 'failed' && problem?.kind !== 'verification',
  );
  const rolling = failed.find(({ phase }) => ROLLING.includes(phase));
  const [first] = failed;
  const target = rolling ?? first;
  if (target === undefined) return '';
  const command = rolling === undefined ? eventsCommand(target) : podsCommand(target);
  return `**To look further:** ${code(kubectl(command, kubectlContextOf(report.clusters, target.ref)), 1_500)}`;
}

/** Of pods that are there still. */
function podsCommand(target: TargetReport): string {
  const [first] = target.revisions;
  const { namespace } = target.ref;
  if (first?.revision === undefined || targetKind(target.ref).binding.inPlace) return eventsCommand(target);
  const selector = shellWord(`${podLabel(first.filter)}=${first.revision}`);
  return `kubectl describe pods --namespace ${shellWord(namespace)} --selector ${selector}`;
}

/** What is left of pods that a rollback has replaced. Their events name the pod or its ReplicaSet, never the workload. */
function eventsCommand({ ref: { namespace } }: TargetReport): string {
  return `kubectl events -n ${shellWord(namespace)} --types=Warning`;
}
