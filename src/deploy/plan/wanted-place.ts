import { defined } from '../../base/defined.ts';
import { aboutOneOf, type Problem } from '../../base/problem.ts';
import { sentence } from '../../base/text.ts';
import type { Pod, Workload } from '../../cluster/objects.ts';
import { filterPlace, type WrittenFilter } from '../../filter/written.ts';
import { assumePlaces, type WantedPlace } from '../../mesh/proxy/places.ts';
import { judgeReach, portRemedy, type Reach } from '../../mesh/proxy/reach.ts';
import type { Redirection } from '../../mesh/template/redirection.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { BoundRevision } from '../kinds/binding.ts';
import { targetKind } from '../kinds/kinds.ts';

/** A filter whose running is to be verified: where it is, and the settings that show in a proxy. */
export type VerifiableRevision = BoundRevision;

/** A workload whose filters are to be verified. */
export interface VerifiableWorkload {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly revisions: readonly VerifiableRevision[];
}

/** Returns where the settings of a filter are written that is to be seen in a proxy. */
export function asWritten({ podRevision: { filter }, revision: { places } }: VerifiableRevision): WrittenFilter {
  return { filter, ...defined({ places }) };
}

/**
 * Returns a problem about one filter of a workload: by its name where there are several, and with the place that a manifest has it at.
 * `undefined` for the name: nobody knows which.
 */
export function aboutFilterOf(
  problem: Problem,
  filter: string | undefined,
  revisions: readonly VerifiableRevision[],
): Problem {
  const one = revisions.length < 2 ? revisions[0] : revisions.find(({ podRevision }) => podRevision.filter === filter);
  return { ...(one && filterPlace(one.revision)), ...aboutOneOf(problem, filter, revisions) };
}

type Target = Pick<VerifiableWorkload, 'ref' | 'observed'>;

/** Where a proxy of a target should have a filter. */
export function placeOf({ revision }: Pick<VerifiableRevision, 'revision'>, { ref, observed }: Target): WantedPlace {
  const { port, insert, direction } = revision.settings;
  return { direction: targetKind(ref).listenerDirection(observed, direction), insert, ...defined({ port }) };
}

/** What a pod's redirection was told; `undefined` for gateways, which take connections themselves. */
export function redirectionOf(pod: Pod, { ref, observed }: Target): Redirection | undefined {
  return targetKind(ref).redirectionOf(pod, observed);
}

/** A filter in whose place no request comes. */
export function unreached(
  ref: WorkloadRef,
  planned: VerifiableRevision,
  { why, remedy = portRemedy(asWritten(planned)) }: Extract<Reach, { readonly state: 'unreached' }>,
): Problem {
  return noEffect(ref, `no request reaches ${planned.podRevision.filter}: ${why}`, remedy);
}

/** The first filter that no request can reach in a pod whose proxy nobody can look into, as the pod itself shows. */
export function unreachableIn(pod: Pod, { ref, observed, revisions }: VerifiableWorkload): Problem | undefined {
  const redirection = redirectionOf(pod, { ref, observed });
  // Where nothing is redirected, listeners of the sidecar's own may take connections.
  if (redirection === undefined || redirection.mode.value === 'NONE') return undefined;
  for (const planned of revisions) {
    const place = placeOf(planned, { ref, observed });
    const reach = judgeReach({ places: assumePlaces(place), missing: [] }, place, redirection);
    if (reach.state === 'unreached') {
      return aboutFilterOf(unreached(ref, planned, reach), planned.podRevision.filter, revisions);
    }
  }
  return undefined;
}

/** All is well, but the filter is not where it should have an effect. `clause` has a subject of its own: `its pods …`. */
export function noEffect(ref: WorkloadRef, clause: string, remedy: string): Problem {
  return { kind: 'no-effect', subject: describeWorkload(ref), form: 'clause', message: sentence(clause), remedy };
}
