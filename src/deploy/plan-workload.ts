import { bad, type Checked, Findings, good, type Problem } from '../base/problem.ts';
import type { Workload } from '../cluster/objects.ts';
import { isGateway, mergeGatewayMounts } from '../mesh/gateway-mounts.ts';
import type { HandMade } from '../mesh/hand-made.ts';
import { explicitlyUninjected } from '../mesh/injection.ts';
import { mergeMounts, mountedAt } from '../mesh/mounts.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../mesh/names.ts';
import type { Placement } from '../mesh/revision.ts';
import { type FilterState, renewExpiry, type WorkloadState, withoutFilters } from '../mesh/state.ts';
import { patchWorkload, revisionOn, stateOn } from '../mesh/template.ts';
import { describeWorkload, type WorkloadRef } from '../targets/target.ts';
import type { PlannedRevision, PlannedWorkload } from './plan.ts';

/** What is wanted of a workload. */
export interface WantedWorkload {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly PlannedRevision[];
  readonly removals: readonly string[];
  readonly wave: number;
  readonly adopted: readonly HandMade[];
  /** What it goes back to when a wanted revision fails, by filter. */
  readonly wayBack: ReadonlyMap<string, Placement>;
}

/** What planning a workload needs to know of the run. */
export interface PlanningOptions {
  readonly run: string;
  readonly wait: boolean;
  readonly expiresMs?: number;
  readonly now: Date;
}

/** Plans one workload; also used to plan it anew after somebody else has changed it. */
export function planWorkload(wanted: WantedWorkload, options: PlanningOptions): Checked<PlannedWorkload> {
  const { ref, observed, revisions, removals, adopted } = wanted;
  const name = describeWorkload(ref);
  const findings = new Findings();
  const place = revisions.map(({ carrier }) => carrier);
  const patch = findings.take(
    patchWorkload(
      observed,
      {
        place,
        remove: removals,
        drop: [...new Set(adopted.flatMap(({ volume }) => volume ?? []))],
        state: (recorded) => nextState(recorded, wanted, options),
      },
      name,
    ),
  );
  if (patch?.spec !== undefined) findings.add(...rolloutObstacles(wanted, options.wait));
  if (!findings.clean) return bad(...findings.problems);
  const filters = [...place.map(({ filter }) => filter), ...removals];
  const before = filters.flatMap((filter) => {
    const revision = revisionOn(observed, filter);
    return revision === undefined ? [] : [[filter, revision] as const];
  });
  return good({ ...wanted, patch, before: new Map(before), drift: findDrift(observed, place) });
}

/** The state with the wanted revisions in it; one that is recorded already keeps its record. */
function nextState(
  recorded: WorkloadState,
  { revisions, removals, wayBack }: WantedWorkload,
  { run, expiresMs, now }: PlanningOptions,
): WorkloadState {
  const state: Record<string, FilterState> = { ...withoutFilters(recorded, removals) };
  for (const { carrier } of revisions) {
    const known = state[carrier.filter];
    const expires = renewExpiry(known?.expires, expiresMs, now);
    const { expires: _, ...kept } =
      known?.revision === carrier.id ? known : freshState(carrier, wayBack.get(carrier.filter)?.id, run);
    state[carrier.filter] = { ...kept, ...(expires === undefined ? {} : { expires }) };
  }
  return state;
}

function freshState({ id }: Placement, previous: string | undefined, run: string): FilterState {
  return { revision: id, run, ...(previous === undefined || previous === id ? {} : { previous }) };
}

/** What of the revisions that a run has recorded is not as it left it, or that the record itself is not. */
function findDrift(observed: Workload, place: readonly Placement[]): string[] {
  const state = stateOn(observed);
  const template = observed.spec?.template ?? {};
  const records = place.flatMap(({ filter, id }) => {
    const named = state[filter]?.revision;
    if (revisionOn(observed, filter) !== id || named === id) return [];
    return [`the record of ${filter} ${named === undefined ? 'was missing' : `named the revision ${named}`}`];
  });
  const recorded = place.filter(({ filter, id }) => state[filter]?.revision === id);
  const labels = recorded.flatMap(({ filter, id }) => {
    const label = revisionOn(observed, filter);
    if (label === id) return [];
    return [`the label of ${filter} was ${label === undefined ? 'removed' : `changed to ${label}`}`];
  });
  const moved = recorded.flatMap(({ filter, mountPath }) => {
    const now = mountedAt(template, filter);
    return mountPath === undefined || now === undefined || now === mountPath ? [] : [`${filter} was mounted at ${now}`];
  });
  // What is new in the same patch, such as another filter, is no drift.
  if (isGateway(template)) {
    const lists = mergeGatewayMounts(template, { place: recorded, remove: [] }, '');
    const edited = moved.length === 0 && lists.ok && Object.keys(lists.value).length > 0;
    return [...records, ...labels, ...(edited ? ['the mounts in its pod template were edited'] : []), ...moved];
  }
  const mended = mergeMounts(template, { place: recorded, remove: [] }, '');
  const keys = moved.length === 0 ? MOUNT_ANNOTATIONS : ([USER_VOLUME_ANNOTATION] as const);
  const edited = keys.filter((key) => mended.ok && mended.value[key] !== template.metadata?.annotations?.[key]);
  return [...records, ...labels, ...edited.map((key) => `the annotation ${key} was edited`), ...moved];
}

const MOUNT_ANNOTATIONS = [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION] as const;

/** Why a changed template would never reach the pods, or do nothing there. */
function rolloutObstacles({ ref, observed: { metadata, spec }, revisions }: WantedWorkload, wait: boolean): Problem[] {
  const problem = (message: string, remedy: string, kind: Problem['kind'] = 'workload'): Problem => ({
    kind,
    subject: describeWorkload(ref),
    message,
    remedy,
  });
  if (metadata.deletionTimestamp !== undefined) {
    return [problem('is being deleted.', 'Take it out of the target list.')];
  }
  const directions = revisions.map(({ revision }) => revision.settings.direction);
  const uninjected = revisions.length === 0 ? undefined : explicitlyUninjected(spec?.template ?? {}, directions);
  if (uninjected !== undefined) {
    return [
      problem(
        `would not run the filter: ${uninjected}.`,
        isGateway(spec?.template ?? {})
          ? 'Give it an entry of the target list with "direction: gateway".'
          : 'Take it out of the target list, or let Istio inject its usual sidecar there.',
        'no-effect',
      ),
    ];
  }
  if (spec?.paused === true) {
    return [
      problem(
        'is paused, so no pod would get the change.',
        `Resume it (kubectl rollout resume -n ${ref.namespace} deployment/${ref.name}).`,
      ),
    ];
  }
  if (spec?.updateStrategy?.type === 'OnDelete' && wait) {
    return [
      problem(
        'has the update strategy OnDelete: its pods are replaced only when somebody deletes them, so the filter cannot be proven.',
        'Use RollingUpdate, or set "wait: false" and replace the pods yourself.',
      ),
    ];
  }
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0 && wait) {
    return [
      problem(
        `has the partition ${partition}: its pods below that ordinal keep the old template, so not every pod would get the filter.`,
        'Set the partition to 0, or set "wait: false" and lower it yourself.',
      ),
    ];
  }
  return [];
}
