import { bad, type Checked, Findings, good, type Problem } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import type { Workload } from '../../cluster/objects.ts';
import { DIGEST_ANNOTATION, PUSHED_ANNOTATION } from '../../mesh/identity/names.ts';
import type { MountedPlacement, Placement, Revision } from '../../mesh/identity/revision.ts';
import { renderEnvoyFilter, typedConfigIn } from '../../mesh/objects/envoy-filter.ts';
import { isPlugin } from '../../mesh/objects/filter-resource.ts';
import { unheeded } from '../../mesh/objects/wasm-config.ts';
import { mountedAt } from '../../mesh/template/sidecar-mounts.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { describeWorkload, type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { configMapOf, inserterOf, type Observation } from '../observe/snapshot.ts';
import { objectKey } from './plan.ts';

/** A target and the revision it shall run. */
interface WantedRevision {
  readonly ref: WorkloadRef;
  readonly workload: Workload;
  readonly revision: Revision;
}

/**
 * The revisions that pods carry already and whose settings can be replaced in place, by `workloadKey`: those with the wanted
 * module at the wanted path, unless a running proxy would not heed what is new. All workloads of a namespace that carry one
 * share its EnvoyFilter, so they must want the same settings; a problem names those that do not.
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
    if (carrier === undefined || unheededOn(carrier, ref, revision, observation).length > 0) continue;
    const key = objectKey(ref.namespace, carrier);
    // Where its settings are the wanted ones already, nobody else gets others.
    if (!judged.has(key) && settingsIn(ref.namespace, carrier, observation) !== revision.id) {
      judged.set(key, disagreement(ref.namespace, carrier, revision, wantedOf, observation));
      findings.add([judged.get(key)].filter((problem) => problem !== undefined));
    }
    carriers.set(workloadKey(ref), carrier);
  }
  return findings.clean ? good(carriers) : bad(findings.problems);
}

/** Why pods are replaced although their settings alone change and are to be pushed; one sentence for each combination. */
export function explainRolls(wanted: readonly WantedRevision[], observation: Observation): string[] {
  const rolls = wanted.flatMap(({ ref, workload, revision }): [string, string][] => {
    const carrier = carrierOn(workload, ref, revision, observation);
    const inputs = carrier === undefined ? [] : unheededOn(carrier, ref, revision, observation);
    return inputs.length === 0 ? [] : [[inputs.map((input) => `"${input}"`).join(' '), describeWorkload(ref)]];
  });
  const groups = Map.groupBy(rolls, ([inputs]) => inputs);
  return [...groups].map(([inputs, those]) => {
    const names = those.map(([, name]) => name);
    return `"settings: push" cannot change ${listWords(inputs.split(' '), 'and')}, which Envoy reads only when it starts a filter: the pods of ${nameSome(names)} are replaced.`;
  });
}

/** The inputs that have changed since the revision was put there and that a push could not change. */
function unheededOn(
  carrier: MountedPlacement,
  { namespace }: WorkloadRef,
  revision: Revision,
  observation: Observation,
): string[] {
  const envoyFilter = inserterOf(observation, namespace, carrier);
  // Without one, no proxy runs the filter now. One of the same settings that was edited is put right in place.
  if (envoyFilter === undefined || isPlugin(envoyFilter) || settingsIn(namespace, carrier, observation) === revision.id)
    return [];
  return unheeded(typedConfigIn(envoyFilter), typedConfigIn(renderEnvoyFilter(revision, namespace, { carrier })));
}

function carrierOn(
  workload: Workload,
  { namespace }: WorkloadRef,
  { filter, module, settings }: Revision,
  observation: Observation,
): MountedPlacement | undefined {
  const id = revisionOn(workload, filter);
  if (
    settings.image !== undefined ||
    id === undefined ||
    mountedAt(workload.spec?.template ?? {}, filter) !== settings.mountPath
  )
    return undefined;
  const configMap = configMapOf(observation, namespace, { filter, id });
  if (configMap?.metadata.annotations?.[DIGEST_ANNOTATION] !== module.digest) return undefined;
  return { filter, id, mountPath: settings.mountPath };
}

/** The id of the revision whose settings the pods of a carrier have: its own, or one that was pushed. */
export function settingsIn(
  namespace: string,
  carrier: Pick<Placement, 'filter' | 'id'>,
  observation: Observation,
): string {
  return inserterOf(observation, namespace, carrier)?.metadata.annotations?.[PUSHED_ANNOTATION] ?? carrier.id;
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
    message: `cannot be changed in place: ${nameSome(others)} would get the same settings, which this run does not ask for.`,
    remedy: 'Use "settings: roll", or give all of them as targets with the same settings.',
  };
}

/** How many workloads a reader is told of. */
const MOST_NAMES = 5;

function nameSome(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${listWords(names.slice(0, MOST_NAMES), 'and')}${more > 0 ? ` and ${more} more` : ''}`;
}
