import { targetKind } from '../../../deploy/kinds/kinds.ts';
import type { ChangeReport, TargetReport } from '../../../deploy/report/report.ts';
import { podLabel } from '../../../mesh/identity/names.ts';
import { ROLLING } from '../../verdict/phase.ts';
import { plain } from '../../verdict/text.ts';
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
  const of = report.clusters.find(({ name }) => name === target.ref.cluster);
  const context = of === undefined ? '' : ` --context ${argument(of.context)}`;
  return `**To look further:** ${code(`${command}${context}`, 1_500)}`;
}

/** Of pods that are there still. */
function podsCommand(target: TargetReport): string {
  const [first] = target.revisions;
  const { namespace } = target.ref;
  if (first?.revision === undefined || targetKind(target.ref).binding.inPlace) return eventsCommand(target);
  const selector = argument(`${podLabel(first.filter)}=${first.revision}`);
  return `kubectl describe pods --namespace ${argument(namespace)} --selector ${selector}`;
}

/** What is left of pods that a rollback has replaced. Their events name the pod or its ReplicaSet, never the workload. */
function eventsCommand({ ref: { namespace } }: TargetReport): string {
  return `kubectl events -n ${argument(namespace)} --types=Warning`;
}

/** A word of a shell command. Names of Kubernetes need no quotes; whatever else comes instead of one gets them. */
function argument(word: string): string {
  return /^[a-z0-9][a-z0-9./=-]*$/.test(word) ? word : `'${plain(word, 260).replaceAll("'", "'\\''")}'`;
}
