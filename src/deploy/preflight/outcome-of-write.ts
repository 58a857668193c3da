import type { Workload } from '../../cluster/objects.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { knownFilters } from '../observe/snapshot.ts';
import type { PlannedWorkload } from '../plan/plan.ts';

const WITHOUT = 'without ';
const AND = ' + ';

/**
 * Returns what a workload has once a part of a plan is done: `add-header-0123456789`, `without add-header`; with the workload, where
 * the part, by its name, is about another object.
 */
export function shownOutcome(
  { ref, revisions, removals }: Pick<PlannedWorkload, 'ref' | 'revisions' | 'removals'>,
  what: string,
): string {
  const removed = removals.map((filter) => `${WITHOUT}${filter}`);
  return `${[...namesOf(revisions), ...removed].join(AND)}${placeOf(ref, what)}`;
}

/** Whether a workload, whose `revisions` are those that it has, has what `shownOutcome` said of a part. */
export function hasOutcome(
  { ref, revisions, observed }: Pick<PlannedWorkload, 'ref' | 'revisions'> & { readonly observed: Workload },
  { what, shown = '' }: { readonly what: string; readonly shown?: string },
): boolean {
  const place = placeOf(ref, what);
  if (shown === '' || !shown.endsWith(place)) return false;
  const outcomes = shown.slice(0, shown.length - place.length).split(AND);
  const known = knownFilters({ ref, workload: observed });
  const [removed, kept] = [true, false].map((isRemoval) =>
    outcomes.filter((outcome) => outcome.startsWith(WITHOUT) === isRemoval),
  );
  return (
    kept?.join() === namesOf(revisions).join() &&
    (removed ?? []).every((outcome) => !known.includes(outcome.slice(WITHOUT.length)))
  );
}

function namesOf(revisions: PlannedWorkload['revisions']): string[] {
  return revisions.map(({ revision }) => revisionName(revision)).sort();
}

function placeOf(ref: WorkloadRef, what: string): string {
  const workload = describeWorkload(ref);
  return what.endsWith(` ${workload}`) ? '' : ` on ${workload}`;
}
