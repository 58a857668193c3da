import { kubectl, shellWord } from '../../../base/kubectl.ts';
import { targetKind } from '../../../deploy/kinds/kinds.ts';
import { kubectlContextOf } from '../../../deploy/report/kubectl-context.ts';
import type { ChangeReport, TargetReport } from '../../../deploy/report/report.ts';
import { podLabel } from '../../../mesh/identity/names.ts';
import { ROLLING } from '../../verdict/phase.ts';
import { code } from './markdown.ts';

/** Returns one command that shows more of what failed; empty where nothing did. */
export function renderNextCommand(report: Pick<ChangeReport, 'targets' | 'clusters'>): string {
  // Of a probe that was not answered as expected Kubernetes knows nothing, and little of what is gone.
  const failed = report.targets.filter(
    ({ outcome, problem, phase }) => outcome === 'failed' && problem?.kind !== 'verification' && phase !== 'deleted',
  );
  const rolling = failed.find(({ phase }) => ROLLING.includes(phase));
  const [first] = failed;
  const target = rolling ?? first;
  if (target === undefined) return '';
  const pods = rolling === undefined ? undefined : podsCommand(rolling);
  // A remedy may offer it already.
  if (pods === undefined && target.problem?.offersEvents === true) return '';
  const command = kubectl(pods ?? eventsCommand(target), kubectlContextOf(report.clusters, target.ref));
  return `**To look further:** ${code(command, 1_500)}`;
}

/** Of pods that are there still; `undefined` where no label tells those of the revision. */
function podsCommand(target: TargetReport): string | undefined {
  const [first] = target.revisions;
  const { namespace } = target.ref;
  if (first?.revision === undefined || targetKind(target.ref).binding.inPlace) return undefined;
  const selector = shellWord(`${podLabel(first.filter)}=${first.revision}`);
  return `kubectl describe pods --namespace ${shellWord(namespace)} --selector ${selector}`;
}

/** What is left of pods that a rollback has replaced. Their events name the pod or its ReplicaSet, never the workload. */
function eventsCommand({ ref: { namespace } }: TargetReport): string {
  return `kubectl events -n ${shellWord(namespace)} --types=Warning`;
}
