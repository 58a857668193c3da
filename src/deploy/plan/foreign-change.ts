import type { Workload } from '../../cluster/objects.ts';
import { isLabelledByOthers } from '../../mesh/identity/editors.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import { describeTemplateKeeper, keeperRemedy } from '../../mesh/identity/owner.ts';
import type { PodRevision } from '../../mesh/identity/revision.ts';
import { isMounted } from '../../mesh/template/sidecar-mounts.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import { type Met, otherRevisionOn } from '../observe/superseded.ts';

/** What a pod template shall carry. */
interface Wanted {
  readonly ref: WorkloadRef;
  readonly podRevisions: readonly Pick<PodRevision, 'filter' | 'id'>[];
  readonly removals: readonly string[];
}

/** What others have made of a pod template since this run wrote it. */
export interface ForeignChange {
  /** A clause, without a subject where it is about another run. */
  readonly message: string;
  readonly remedy: string;
  /** Whether it was no run of this action. */
  readonly reverted: boolean;
}

/**
 * Says what a pod template carries instead of what it should, and who did that: a run of this action records what it puts there,
 * so a revision that is not recorded, or one that is gone while its record is there, was put back by somebody else; and so was one
 * whose label somebody else has written, with its record or without.
 */
export function foreignChange({ ref, podRevisions, removals }: Wanted, workload: Workload): ForeignChange | undefined {
  const state = stateOn(workload);
  const { inPlace, templateHolder } = targetKind(ref).binding;
  const holder = templateHolder(workload);
  const wanted = [
    ...podRevisions.map(({ filter, id }): [string, string | undefined] => [filter, id]),
    ...removals.map((filter): [string, undefined] => [filter, undefined]),
  ];
  for (const [filter, id] of wanted) {
    const now = revisionOn(workload, filter);
    if (now === id) continue;
    // Plugins that name a target are written by runs alone.
    const isRecorded = state[filter]?.revision === now && !isLabelledByOthers(holder, podLabel(filter));
    if (now !== undefined && (isRecorded || inPlace)) {
      return {
        message: `another run deployed revision ${now} of the filter "${filter}" there`,
        remedy: 'Use "concurrency" in the workflow to keep runs apart.',
        reverted: false,
      };
    }
    // A removal by another run takes its record with it; so does who goes back to a template from before the first record.
    if (now === undefined && (state[filter] === undefined || inPlace)) {
      return {
        message: `the filter "${filter}" was removed, by another run or by hand`,
        remedy: 'If it was another run, use "concurrency" in the workflow to keep runs apart.',
        reverted: false,
      };
    }
    return {
      message: `its pod template was put back by ${describeTemplateKeeper(holder)}`,
      remedy: keeperRemedy(holder),
      reverted: true,
    };
  }
  return undefined;
}

/** Returns what of another run is on a workload that this one had brought to what it wants; `undefined` if nothing is. */
export function otherRunOn(wanted: Wanted, workload: Workload): Met | undefined {
  const foreign = foreignChange(wanted, workload);
  if (foreign === undefined || foreign.reverted) return undefined;
  const [first] = wanted.podRevisions;
  const lost = wanted.podRevisions.find(({ filter }) => revisionOn(workload, filter) === undefined) ?? first;
  return otherRevisionOn(wanted, workload) ?? (lost && { removed: lost.filter, tookOurs: true });
}

/**
 * Says that others have taken the mount of a filter out of a pod template and left its label, as whoever applies one of the annotations
 * from a source of his own does: pods that start then are told to read a file that is not there. `undefined` if it is there.
 */
export function lostMount(
  { ref, podRevisions }: { readonly ref: WorkloadRef; readonly podRevisions: readonly PodRevision[] },
  workload: Workload,
): Pick<ForeignChange, 'message' | 'remedy'> | undefined {
  const { inPlace, templateHolder } = targetKind(ref).binding;
  if (inPlace) return undefined;
  const lost = podRevisions.find(
    ({ filter, id, image }) =>
      image === undefined && revisionOn(workload, filter) === id && !isMounted(workload.spec?.template ?? {}, filter),
  );
  if (lost === undefined) return undefined;
  const holder = templateHolder(workload);
  return {
    message: `the mount of the filter "${lost.filter}" was taken out of its pod template by ${describeTemplateKeeper(holder)}`,
    remedy: keeperRemedy(holder),
  };
}
