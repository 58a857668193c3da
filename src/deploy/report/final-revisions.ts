import { allRevisions, type TargetReport, type TargetRevision, targetsOf, type WithTargets } from './report.ts';

/**
 * The revisions that the targets run at the end, each once, in order of appearance: after a rollback those that were there
 * before, after another run those that it has brought. Of a plan, those that they would run.
 */
export function finalRevisions(report: WithTargets): string[] {
  const targets = targetsOf(report);
  if (report.command === 'plan') return allRevisions({ targets });
  return [...new Set(targets.flatMap((target) => target.revisions.flatMap((one) => finalRevision(target, one) ?? [])))];
}

/** What a target runs of a filter at the end; `undefined` for nothing. */
export function finalRevision(
  { outcome, steps, rollback, newer }: TargetReport,
  { filter, revision, before }: TargetRevision,
): string | undefined {
  if (newer?.filter === filter) return newer.revision;
  if (rollback?.state === 'rolled-back' || rollback?.template === 'before') return rollback.to[filter] ?? undefined;
  const written = steps.template === 'done' || steps.template === 'unchanged';
  return outcome === 'untouched' || outcome === 'superseded' || !written ? before : revision;
}
