import type { TargetReport, TargetRevision } from './report.ts';

/** Whether the run has left, or put back, what a workload ran before it: a killed run's leftovers are not put back. */
export function isAsBefore({ revisions, rollback }: Pick<TargetReport, 'revisions' | 'rollback'>): boolean {
  return (
    rollback === undefined ||
    revisions.every(({ filter, before }) => (rollback.to[filter] ?? null) === (before ?? null))
  );
}

/** Whether a workload has the pod template that it goes back to, even if its pods do not become ready with it. */
export function isBack({ rollback }: Pick<TargetReport, 'rollback'>): boolean {
  return rollback?.state === 'rolled-back' || rollback?.template === 'before';
}

/** What a target runs of a filter at the end; `undefined` for nothing. */
export function finalRevision(
  target: TargetReport,
  { filter, revision, before, pushed }: TargetRevision,
): string | undefined {
  const { outcome, phase, steps, rollback, newer } = target;
  if (phase === 'deleted') return undefined;
  if (newer?.filter === filter) return newer.revision;
  if (rollback !== undefined && isBack(target)) return rollback.to[filter] ?? undefined;
  // Settings that were pushed and not put back are there, whatever has become of the pod template.
  if (pushed && steps.filterResource === 'done') return revision;
  const written = steps.template === 'done' || steps.template === 'unchanged';
  return outcome === 'untouched' || outcome === 'superseded' || !written ? before : revision;
}
