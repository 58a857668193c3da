import { defined } from '../../base/defined.ts';
import { anchorOf, BEFORE_ROUTER, isBeforeRouter } from '../../filter/insertion.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import { ownedLabels, podLabel, SCOUT_LABEL } from '../../mesh/identity/names.ts';
import { type PodRevision, revisionName, runHash, scoutIdOf } from '../../mesh/identity/revision.ts';
import { type FilterResource, renderFilterResource } from '../../mesh/objects/filter-resource.ts';
import type { PlannedRevision } from '../plan/plan.ts';
import type { VerifiableRevision } from '../plan/wanted-place.ts';

/** A setting that says where a filter stands, and whose place a pod without Services and neighbours may not have. */
export type PlaceSetting = 'port' | 'direction' | 'insert';

/** One filter as a scout carries it. */
export interface ScoutRevision {
  readonly filter: string;
  /** As its targets are to have it. */
  readonly planned: PlannedRevision;
  /** The value of the filter's label on the scout. */
  readonly label: string;
  /** What its pod template would carry. */
  readonly podRevision: PodRevision;
  readonly verifiable: VerifiableRevision;
  /** What brings the filter to scouts alone; omitted where the one of the workloads does. */
  readonly resource?: FilterResource;
  /** What of its place is left to the rollout. */
  readonly unshown: readonly PlaceSetting[];
}

/** How a target gets a filter. */
export interface TargetOfRevision {
  readonly namespace: string;
  readonly isGateway: boolean;
  /** Whether running proxies take the filter as they are, so that what brings it must not be there yet. */
  readonly inPlace: boolean;
  /** What the workload calls the run. */
  readonly run: string;
}

/**
 * Returns how a scout gets the filter that a target is to have. It shares the object that brings the filter to the target's new pods, but
 * where that reaches pods that run already, or stands at a place that a scout does not have: there is a filter of its own for it then,
 * with the same module and settings, where every sidecar takes requests.
 */
export function scoutRevisionOf(
  planned: PlannedRevision,
  { namespace, isGateway, inPlace, run }: TargetOfRevision,
): ScoutRevision {
  const { revision, podRevision } = planned;
  const { filter } = revision;
  const unshown = isGateway ? [] : unshownOf(revision.settings, podRevision);
  if (!isGateway && !inPlace && unshown.length === 0) {
    return { filter, planned, label: podRevision.id, podRevision, verifiable: { revision, podRevision }, unshown };
  }
  const { port: _, ...settings } = revision.settings;
  const tried: FilterSettings = {
    ...settings,
    direction: settings.direction === 'any' ? 'any' : 'inbound',
    insert: anchorOf(settings.insert) === undefined ? settings.insert : BEFORE_ROUTER,
  };
  const id = scoutIdOf({ id: `${revision.id} ${podRevision.id}` }, run, tried.direction);
  const own = ownPodRevision(podRevision, id);
  const places = defined({ places: revision.places });
  return {
    filter,
    planned,
    label: id,
    podRevision: own,
    verifiable: { revision: { settings: tried, ...places }, podRevision: own },
    resource: ownResource({ ...revision, settings: tried }, { namespace, podRevision: own, id, run }),
    unshown,
  };
}

/** The settings of a place that no Service, no neighbour and no client gives a scout. A WasmPlugin has no neighbours. */
function unshownOf({ port, direction, insert }: FilterSettings, { image }: PodRevision): PlaceSetting[] {
  const anchored = image === undefined && anchorOf(insert) !== undefined && !isBeforeRouter(insert);
  return [
    ...(port === undefined ? [] : ['port' as const]),
    ...(direction === 'outbound' ? ['direction' as const] : []),
    ...(anchored ? ['insert' as const] : []),
  ];
}

/** A file stays where the ConfigMap of the pods' revision has it; what is pulled is known by the name of what names it. */
function ownPodRevision(podRevision: PodRevision, id: string): PodRevision {
  if (podRevision.image === undefined) return podRevision;
  const { filter, kind, image } = podRevision;
  return { filter, id, kind, image };
}

function ownResource(
  revision: PlannedRevision['revision'],
  { namespace, podRevision, id, run }: { namespace: string; podRevision: PodRevision; id: string; run: string },
): FilterResource {
  const { filter } = revision;
  const rendered = renderFilterResource(
    podRevision.image === undefined ? revision : { ...revision, id },
    namespace,
    podRevision,
  );
  const selected = { [podLabel(filter)]: id };
  return {
    ...rendered,
    metadata: {
      name: revisionName({ filter, id }),
      namespace,
      labels: { ...ownedLabels(filter, id), [SCOUT_LABEL]: runHash(run) },
    },
    spec: {
      ...rendered.spec,
      ...(podRevision.image === undefined
        ? { workloadSelector: { labels: selected } }
        : { selector: { matchLabels: selected } }),
    },
  };
}
