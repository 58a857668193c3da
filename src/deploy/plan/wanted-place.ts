import type { Problem } from '../../base/problem.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import type { Direction } from '../../filter/settings.ts';
import { isGatewayView } from '../../mesh/gateway/view.ts';
import { assumePlaces, type WantedPlace } from '../../mesh/proxy/places.ts';
import { judgeReach, type Reach } from '../../mesh/proxy/reach.ts';
import { type Redirection, readRedirection } from '../../mesh/template/redirection.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { noEffect } from '../verify/pod-verdict.ts';
import type { Provable, ProvenRevision } from '../verify/provable.ts';

/** Where a proxy of a target should have a filter. The listeners of a gateway are outbound ones for Envoy, those of a waypoint inbound ones. */
export function placeOf({ revision }: Pick<ProvenRevision, 'revision'>, observed: Workload): WantedPlace {
  const { port, insert } = revision.settings;
  const direction = isGatewayView(observed) ? SIDES.get(observed.waypoint) : revision.settings.direction;
  return { direction: direction ?? 'any', insert, ...(port === undefined ? {} : { port }) };
}

const SIDES: ReadonlyMap<boolean | undefined, Direction> = new Map([
  [true, 'inbound'],
  [false, 'gateway'],
]);

/** What a pod's redirection was told; undefined for gateways, which take connections themselves. */
export function redirectionOf(pod: Pod, observed: Workload): Redirection | undefined {
  return isGatewayView(observed) ? undefined : readRedirection(pod, observed.spec?.template ?? {});
}

/** A filter in whose place no request comes. */
export function unreached(
  ref: WorkloadRef,
  { carrier }: Pick<ProvenRevision, 'carrier'>,
  { why, remedy }: Extract<Reach, { readonly state: 'unreached' }>,
): Problem {
  return noEffect(ref, `no request reaches ${carrier.filter}: ${why}`, remedy);
}

/** The first filter that no request can reach in a pod whose proxy nobody can look into, as the pod itself shows. */
export function unreachableIn(pod: Pod, { ref, observed, revisions }: Provable): Problem | undefined {
  const redirection = redirectionOf(pod, observed);
  // Where nothing is redirected, listeners of the sidecar's own may take connections.
  if (redirection === undefined || redirection.mode.value === 'NONE') return undefined;
  for (const planned of revisions) {
    const place = placeOf(planned, observed);
    const reach = judgeReach({ places: assumePlaces(place), missing: [] }, place, redirection);
    if (reach.state === 'unreached') return unreached(ref, planned, reach);
  }
  return undefined;
}
