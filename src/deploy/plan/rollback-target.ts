import type { Workload } from '../../cluster/objects.ts';
import { readinessOf } from '../../cluster/readiness.ts';
import { attachedSpec } from '../../mesh/gateway/attachment.ts';
import { attachedOn, isGatewayView } from '../../mesh/gateway/view.ts';
import type { Placement } from '../../mesh/identity/revision.ts';
import { parseProven, provenKey } from '../../mesh/identity/verified.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { carriedBy, isPlugin } from '../../mesh/objects/filter-resource.ts';
import { mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { configMapOf, inserterOf, type Observation } from '../observe/snapshot.ts';
import { settingsIn } from './in-place.ts';

/**
 * What a workload goes back to when a new revision of a filter fails: what it runs, if that was proven or its pods are ready;
 * else, after a run that was killed, the revision before, if that is still there. `wanted` is the new revision's id, undefined
 * for a removal. Undefined: it goes back to no filter.
 */
export function findWayBack(
  workload: Workload,
  ref: WorkloadRef,
  filter: string,
  wanted: string | undefined,
  observation: Observation,
): Placement | undefined {
  const id = revisionOn(workload, filter);
  const here = id === undefined ? undefined : placementOn(workload, ref, filter, id, observation);
  const recorded = stateOn(workload)[filter];
  if (here !== undefined && recorded?.revision === id && !isGood(workload, ref, here, observation)) {
    // It was never good, so what was there before it is the better place to be.
    const earlier = recorded?.fallback ?? recorded?.previous;
    if (earlier === undefined) return id === wanted ? undefined : here;
    return placementIn(ref, filter, earlier, observation) ?? here;
  }
  return here;
}

function isGood(workload: Workload, ref: WorkloadRef, placement: Placement, observation: Observation): boolean {
  return provenLevel(ref, placement, observation) !== undefined || readinessOf(ref.kind, workload).state === 'ready';
}

/** By which evidence a revision was proven on a workload, with the settings that its proxies have; undefined when it never was. */
export function provenLevel(
  ref: WorkloadRef,
  placement: Pick<Placement, 'filter' | 'id'>,
  observation: Observation,
): string | undefined {
  const { namespace } = ref;
  const configMap = configMapOf(observation, namespace, placement);
  if (configMap === undefined) return undefined;
  return parseProven(configMap).get(provenKey(ref, placement.id, settingsIn(namespace, placement, observation)));
}

/** What a pod template carries; a label without a mount is nothing to go back to, unless the objects say where the module is. */
function placementOn(
  workload: Workload,
  ref: WorkloadRef,
  filter: string,
  id: string,
  observation: Observation,
): Placement | undefined {
  if (isGatewayView(workload)) return attachedOn(workload, filter, id);
  const configMap = configMapOf(observation, ref.namespace, { filter, id });
  const image = configMap && imageOf(configMap);
  if (image !== undefined) return { filter, id, kind: observation.pluginKind, image };
  const mountPath = mountedAt(workload.spec?.template ?? {}, filter);
  return mountPath === undefined ? placementIn(ref, filter, id, observation) : { filter, id, mountPath };
}

/** A revision whose objects are all there. */
function placementIn(
  { kind, namespace, name }: WorkloadRef,
  filter: string,
  id: string,
  observation: Observation,
): Placement | undefined {
  const inserter = inserterOf(observation, namespace, { filter, id });
  const held = configMapOf(observation, namespace, { filter, id }) !== undefined;
  if (inserter === undefined || !held) return undefined;
  const carried = carriedBy(inserter, filter, id);
  if (kind !== 'Gateway' || !isPlugin(inserter) || carried?.image === undefined) return carried;
  return { ...carried, plugin: attachedSpec(inserter.spec, name) };
}
