import { ok, type PartialResult, type Problem, partialResult } from '../../base/problem.ts';
import type { SettingsOverride } from '../../filter/settings.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { ClusterSnapshot, ObservedFilter } from '../observe/snapshot.ts';
import type { FilterRequest } from '../request.ts';
import { chooseBytes } from './earlier-bytes.ts';
import type { PlannedRevision } from './plan.ts';
import { revisionMaker } from './target-settings.ts';

/** The revision that a workload is to run, and whether its bytes are those of before. */
export type ChosenRevision = Pick<PlannedRevision, 'revision' | 'earlier' | 'otherSource'>;

/** What decides on the revisions of a filter. */
export type RevisionRequest = Parameters<typeof revisionMaker>[0] &
  Pick<FilterRequest, 'onNewDigest' | 'delivery' | 'earlier'>;

/**
 * Makes the revisions that workloads get of a filter, with the bytes that `chooseBytes` chooses. A problem, with the revision of
 * what was asked for, where nothing tells what a workload runs.
 */
export function earlierRevisionMaker(
  filter: RevisionRequest,
  workloads: readonly ObservedFilter[],
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): (current: ObservedFilter, override: SettingsOverride, order?: number) => PartialResult<ChosenRevision> {
  const bytesFor = chooseBytes(filter, workloads, snapshot);
  const makers = new Map<RevisionRequest, ReturnType<typeof revisionMaker>>();
  const makerOf = (one: RevisionRequest): ReturnType<typeof revisionMaker> => {
    const maker = makers.get(one) ?? revisionMaker(one);
    makers.set(one, maker);
    return maker;
  };
  return (current, override, order) => {
    const revisionOf = (one: RevisionRequest): Revision => makerOf(one)(current.ref, override, order);
    const chosen = bytesFor(current);
    if (chosen.state !== 'unknown') {
      const { state, filter: one, ...rest } = chosen;
      return ok({ revision: revisionOf(one), ...rest, ...(state === 'earlier' && { earlier: true }) });
    }
    const same = chosen.filters.find((one) => revisionOf(one).id === chosen.revision);
    const revision = revisionOf(same ?? filter);
    if (same !== undefined) return ok({ revision, ...(same !== filter && { earlier: true }) });
    return partialResult({ revision }, [unknownBytes(current, chosen.revision, filter)]);
  };
}

function unknownBytes(
  { ref, filter }: ObservedFilter,
  revision: string,
  { onNewDigest }: Pick<FilterRequest, 'onNewDigest'>,
): Problem {
  return {
    kind: 'workload',
    subject: describeWorkload(ref),
    message: `runs revision ${revision} of ${filter}, whose ConfigMap was deleted, so nothing tells which bytes it has, and with "on-new-digest: ${onNewDigest}" they must not change.`,
    remedy: 'Put the ConfigMap back, or run once with "on-new-digest: deploy", which deploys what the tag names now.',
  };
}
