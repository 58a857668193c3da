import { defined } from '../../../src/base/defined.ts';
import type { Workload } from '../../../src/cluster/objects.ts';
import type { PlannedRevision, PlannedWorkload } from '../../../src/deploy/plan/plan.ts';
import { type PlanningOptions, planWorkload, type WantedWorkload } from '../../../src/deploy/plan/workload.ts';
import { type PodRevision, podRevisionOf, type Revision } from '../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../src/mesh/objects/config-map.ts';
import { renderFilterResource } from '../../../src/mesh/objects/filter-resource.ts';
import { revisionOn } from '../../../src/mesh/template/template.ts';
import type { AdoptedVolume } from '../../../src/mesh/unmanaged/adopted-volumes.ts';
import type { AdoptedUnmanaged } from '../../../src/mesh/unmanaged/unmanaged.ts';
import { type ClusterParts, must, patchedWith, refOf, revision, workload } from '../builders.ts';

/** The time of every plan in tests that do not care. */
export const NOW = new Date('2026-01-02T03:04:05.000Z');
export const PLANNING: PlanningOptions = { run: 'r', wait: true, now: NOW };

/** What is wanted of a workload; the usual revision, unless it says otherwise. */
export interface WantedParts {
  readonly observed?: Workload;
  readonly revisions?: readonly Revision[];
  /** How long they are to stay. */
  readonly expiresMs?: number;
  readonly removals?: readonly string[];
  readonly wave?: number;
  readonly adopted?: readonly AdoptedUnmanaged[];
  readonly volumes?: readonly AdoptedVolume[];
  readonly rollbackTargets?: readonly PodRevision[];
}

/** A revision that its own pods carry. */
export function plannedRevision(revision: Revision): PlannedRevision {
  return { revision: revision, podRevision: podRevisionOf(revision) };
}

/** What is wanted of the workload of a path such as `shop/deploy/reviews`. */
export function wantedOf(path: string, parts: WantedParts = {}): WantedWorkload {
  const ref = refOf(path);
  const { observed = workload(ref.name), revisions = [revision()], removals = [], wave = 1 } = parts;
  const { adopted = [], volumes = [] } = parts;
  const rollbackTargets = new Map(
    (parts.rollbackTargets ?? []).map((podRevision) => [podRevision.filter, podRevision]),
  );
  const filters = [...revisions.map(({ filter }) => filter), ...removals];
  const before = filters.flatMap((filter) => {
    const id = revisionOn(observed, filter);
    return id === undefined ? [] : [[filter, id] as const];
  });
  return {
    ref,
    observed,
    before: new Map(before),
    revisions: revisions.map((revision) => ({
      ...plannedRevision(revision),
      ...defined({ expiresMs: parts.expiresMs }),
    })),
    removals,
    wave,
    adopted,
    volumes,
    rollbackTargets,
  };
}

/** A planned workload; throws where it cannot be planned. */
export function plannedFor(path: string, parts: WantedParts = {}, options = PLANNING): PlannedWorkload {
  return must(planWorkload(wantedOf(path, parts), options));
}

/** Merge patches that take from a workload what a run has put there. */
export const NO_MOUNTS = { spec: { template: { metadata: { annotations: null } } } };
export const NO_STATE = { metadata: { annotations: null } };

/** The workload of a path as runs leave it that brought `before`, where that is given, and then `now`; with each further edit. */
export function runningOn(
  path: string,
  { now, before }: { readonly now: Revision; readonly before?: Revision },
  ...edits: readonly object[]
): Workload {
  const rollbackTargets = before === undefined ? [] : [podRevisionOf(before)];
  const { observed, patch } = plannedFor(path, { revisions: [now], rollbackTargets });
  return [patch, ...edits].reduce<Workload>((on, edit) => patchedWith(on, edit), observed);
}

/** The objects of revisions in the namespace `shop`. */
export function objectsOf(...revisions: readonly Revision[]): ClusterParts {
  return {
    configMaps: { shop: revisions.map((revision) => renderConfigMap(revision, 'shop')) },
    filterResources: { shop: revisions.map((revision) => renderFilterResource(revision, 'shop')) },
  };
}
