import { bad, type Checked, Findings, good, type Problem } from '../base/problem.ts';
import { listWords } from '../base/text.ts';
import type { Workload } from '../cluster/objects.ts';
import { mountedAt } from '../mesh/mounts.ts';
import { DIGEST_ANNOTATION, PUSHED_ANNOTATION } from '../mesh/names.ts';
import { type Placement, type Revision, revisionName } from '../mesh/revision.ts';
import { revisionOn } from '../mesh/template.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../targets/target.ts';
import type { Observation } from './observe.ts';
import { objectKey } from './plan.ts';

/** A target and the revision it shall run. */
interface WantedRevision {
  readonly ref: WorkloadRef;
  readonly workload: Workload;
  readonly revision: Revision;
}

/**
 * The revisions that pods carry already and whose settings can be replaced in place, by `workloadKey`: those with the wanted
 * module at the wanted path. All workloads of a namespace that carry one share its EnvoyFilter, so they must want the same
 * settings; a problem names those that do not.
 */
export function findCarriers(
  wanted: readonly WantedRevision[],
  observation: Observation,
): Checked<ReadonlyMap<string, Placement>> {
  const findings = new Findings();
  const carriers = new Map<string, Placement>();
  const wantedOf = new Map(wanted.map((one) => [workloadKey(one.ref), one.revision]));
  const judged = new Map<string, Problem | undefined>();
  for (const { ref, workload, revision } of wanted) {
    const carrier = carrierOn(workload, ref, revision, observation);
    if (carrier === undefined) continue;
    const key = objectKey(ref.namespace, carrier);
    // Where its settings are the wanted ones already, nobody else gets others.
    if (!judged.has(key) && settingsIn(ref.namespace, carrier, observation) !== revision.id) {
      judged.set(key, disagreement(ref.namespace, carrier, revision, wantedOf, observation));
      findings.add(...[judged.get(key)].filter((problem) => problem !== undefined));
    }
    carriers.set(workloadKey(ref), carrier);
  }
  return findings.clean ? good(carriers) : bad(...findings.problems);
}

function carrierOn(
  workload: Workload,
  { namespace }: WorkloadRef,
  { filter, module, settings }: Revision,
  observation: Observation,
): Placement | undefined {
  const id = revisionOn(workload, filter);
  if (id === undefined || mountedAt(workload.spec?.template ?? {}, filter) !== settings.mountPath) return undefined;
  const configMap = observation
    .configMaps(namespace)
    .find(({ metadata }) => metadata.name === revisionName({ filter, id }));
  if (configMap?.metadata.annotations?.[DIGEST_ANNOTATION] !== module.digest) return undefined;
  return { filter, id, mountPath: settings.mountPath };
}

/** The id of the revision whose settings the pods of a carrier have: its own, or one that was pushed. */
export function settingsIn(
  namespace: string,
  carrier: Pick<Placement, 'filter' | 'id'>,
  observation: Observation,
): string {
  const name = revisionName(carrier);
  const envoyFilter = observation.envoyFilters(namespace).find(({ metadata }) => metadata.name === name);
  return envoyFilter?.metadata.annotations?.[PUSHED_ANNOTATION] ?? carrier.id;
}

/** Why the settings of a revision cannot be replaced in place: somebody else runs it too, with other wishes. */
function disagreement(
  namespace: string,
  carrier: Placement,
  { id }: Revision,
  wanted: ReadonlyMap<string, Revision>,
  observation: Observation,
): Problem | undefined {
  const others = observation
    .workloads(namespace)
    .filter(({ ref, workload }) => {
      return revisionOn(workload, carrier.filter) === carrier.id && wanted.get(workloadKey(ref))?.id !== id;
    })
    .map(({ ref }) => describeWorkload(ref));
  if (others.length === 0) return undefined;
  return {
    kind: 'workload',
    subject: `EnvoyFilter ${objectKey(namespace, carrier)}`,
    message: `cannot be changed in place: ${listWords(others.slice(0, 5), 'and')}${others.length > 5 ? ` and ${others.length - 5} more` : ''} would get the same settings, which this run does not ask for.`,
    remedy: 'Use "settings: roll", or give all of them as targets with the same settings.',
  };
}
