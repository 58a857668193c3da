import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { editorsOf, isWrittenByUs } from '../../mesh/identity/editors.ts';
import { DIGEST_ANNOTATION, podLabel } from '../../mesh/identity/names.ts';
import { findOwner } from '../../mesh/identity/owner.ts';
import { isExpired } from '../../mesh/identity/state.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { describeReason } from '../../mesh/proxy/envoy-log.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import {
  knownFilters,
  type Observation,
  type ObservedFilter,
  type ObservedWorkload,
  observedFilter,
  settingsIn,
} from '../observe/snapshot.ts';
import { findChanges } from '../plan/find-changes.ts';
import { movedTags } from '../plan/moved-tags.ts';
import type { ProvenRevision } from '../plan/wanted-place.ts';
import type { FilterStanding, FilterStatus, StatusReport, WorkloadStatus } from '../report/status-report.ts';
import type { DraftRequest, StatusRequest } from '../request.ts';
import { type ProofResult, Prover } from '../verify/verifier.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { NOTHING_COLLECTED, type Outcome } from './outcome.ts';
import { namedWithout } from './present.ts';
import { observeScope, type Scoped } from './scope.ts';
import { type PodRevisions, readPodRevisions, sortSuperseded, supersededPlaces } from './status-objects.ts';

const PARALLEL_WORKLOADS = 4;

/** What runs where: looks at workloads, their objects and, as far as rights allow, into their proxies. Writes nothing. */
export async function status(draft: DraftRequest<StatusRequest>, context: DeployContext): Promise<Outcome> {
  const { client, log } = context;
  const scoped = await log.group('Observe', () => observeScope(draft, client));
  const nothing = { targets: [], warnings: [], collected: NOTHING_COLLECTED };
  if (!scoped.ok) return { ...nothing, problems: scoped.problems };
  const { request, observation, workloads } = scoped.value;
  const name = request.scope.filter;
  const tagged =
    request.module === undefined || name === undefined
      ? []
      : [{ module: request.module, workloads: workloads.map((one) => observedFilter(name, one, observation)) }];
  return {
    ...nothing,
    problems: [],
    // With a name, each of them is in the table.
    warnings: [...movedTags(tagged), ...(name === undefined ? namedWithout(scoped.value) : [])],
    status: await log.group('Inspect the proxies', () => look(scoped.value, context)),
  };
}

async function look(scoped: Scoped<StatusRequest>, context: DeployContext): Promise<StatusReport> {
  const { request, observation, namespaces } = scoped;
  const prover = new Prover(context, { verify: request.verify });
  const { filter: wanted, entries } = request.scope;
  // Only a target list says that a workload should have the filter.
  const expected = wanted !== undefined && entries.length > 0 ? [wanted] : [];
  const carrying = scoped.workloads
    .map((observed) => ({ observed, filters: [...new Set([...knownFilters(observed, wanted), ...expected])] }))
    .filter(({ filters }) => filters.length > 0);
  const carried = carrying.flatMap(({ observed: { ref }, filters }) =>
    filters.map((filter) => ({ namespace: ref.namespace, filter })),
  );
  const pods = await readPodRevisions([...supersededPlaces(scoped), ...carried], context);
  const workloads = await mapLimited(carrying, PARALLEL_WORKLOADS, async ({ observed, filters }) => {
    const { ready, wanted } = readinessOf(observed.ref, observed.workload);
    const statuses: FilterStatus[] = [];
    for (const filter of filters) {
      const status = await lookAtFilter(observedFilter(filter, observed, observation), observation, prover, context);
      statuses.push({ ...status, ...alsoRunning(filter, observed, pods) });
    }
    return { ref: observed.ref, pods: podsOf(observed, { ready, wanted }, statuses), filters: statuses };
  });
  return { workloads, namespaces, ...sortSuperseded(scoped, pods) };
}

/** Where a workload does not say how many pods it has, its proof does. */
function podsOf(
  { ref, workload }: ObservedWorkload,
  counted: WorkloadStatus['pods'],
  filters: readonly FilterStatus[],
): WorkloadStatus['pods'] {
  const counts = targetKind(ref).wantedPods(workload) === undefined;
  const proof = counts ? filters.find(({ proof }) => proof !== undefined)?.proof : undefined;
  return proof === undefined ? counted : { ready: proof.pods, wanted: proof.wanted };
}

const MISSING = 'is a target, but does not have the filter; the next "deploy" puts it there';

async function lookAtFilter(
  current: ObservedFilter,
  observation: Observation,
  prover: Prover,
  context: DeployContext,
): Promise<FilterStatus> {
  const { filter, ref, workload, id: revision, recorded: state, configMap } = current;
  if (state === undefined && revision === undefined) return { filter, standing: 'missing', notes: [MISSING] };
  const rendered = state === undefined ? renderedBy(current) : undefined;
  const changes = findChanges(current, observation, rendered !== undefined);
  const kind = targetKind(ref);
  const { state: readiness, message, wanted, podsRefused } = kind.readiness(workload);
  const rolls = readiness === 'progressing' && kind.isRolling(workload);
  // A rollout that cannot end by itself is none to wait for.
  const trouble = rolls && changes.length === 0 ? await lastingTrouble(ref, filter, revision, context) : undefined;
  const rolling = rolls && changes.length === 0 && trouble === undefined && podsRefused === undefined;
  const hasPods = kind.wantedPods(workload) !== 0;
  const proven = readiness === 'ready' && hasPods ? provenRevision(current) : undefined;
  const result: ProofResult =
    proven === undefined ? {} : await prover.prove({ ref, observed: workload, revisions: [proven] }, wanted);
  const { previous, run, expires } = state ?? {};
  const owner = findOwner(workload);
  const digest = configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
  const image = configMap && imageOf(configMap);
  return {
    filter,
    standing: rolling
      ? 'progressing'
      : rolls && changes.length > 0
        ? 'drifted'
        : standingOf(readiness, hasPods, changes, result),
    ...(changes.length > 0 && { changed: true as const }),
    ...(changes.length > 0 && owner !== undefined && { owner: owner.object }),
    ...(revision !== undefined && { revision: settingsIn(current, revision) }),
    ...defined({ rendered, digest, image, previous, run, expires }),
    ...(state !== undefined && isExpired(state, context.date()) && { expired: true as const }),
    ...(result.proof !== undefined && result.problem === undefined && { proof: result.proof }),
    notes: [
      ...changes,
      ...(readiness === 'ready' ? [] : [`${rolling ? 'rolling out' : 'not ready'}: ${trouble ?? message}`]),
      ...(result.problem === undefined ? [] : [result.problem.message]),
    ],
  };
}

/** Revisions that pods of a workload still run besides the one of its template. */
function alsoRunning(
  filter: string,
  { ref, workload }: ObservedWorkload,
  pods: PodRevisions,
): Pick<FilterStatus, 'alsoRuns'> {
  const wanted = revisionOn(workload, filter);
  const others = [...(pods.get(`${ref.namespace} ${filter}`) ?? [])].flatMap(([id, owners]) =>
    id !== wanted && owners.some(({ kind, name }) => kind === ref.kind && name === ref.name) ? [id] : [],
  );
  return others.length === 0 ? {} : { alsoRuns: others };
}

/**
 * Who has applied the files of `render` that a workload carries, by the names of field managers; undefined where a run of this
 * action wrote its objects, or they are not there.
 */
function renderedBy({ ref, inserter }: ObservedFilter): readonly string[] | undefined {
  if (targetKind(ref).binding.inPlace) return undefined;
  return inserter === undefined || isWrittenByUs(inserter) ? undefined : editorsOf(inserter);
}

/** What keeps new pods from getting ready and does not pass by itself, as far as may be read. */
async function lastingTrouble(
  ref: WorkloadRef,
  filter: string,
  revision: string | undefined,
  context: DeployContext,
): Promise<string | undefined> {
  const followed = { ref, placements: [], removals: [], selector: `${podLabel(filter)}=${revision}` };
  const { cause, envoy } = await diagnoseInTime(followed, context);
  return cause ?? (envoy && describeReason(envoy));
}

function standingOf(
  readiness: string,
  hasPods: boolean,
  changes: readonly string[],
  { problem }: ProofResult,
): FilterStanding {
  if (readiness !== 'ready') return 'unready';
  if (problem !== undefined) return 'broken';
  if (changes.length > 0) return 'drifted';
  return hasPods ? 'proven' : 'idle';
}

/** What a proxy should have, as the inserter says; undefined when there is none. */
function provenRevision({ filter, ref, workload, id, inserter }: ObservedFilter): ProvenRevision | undefined {
  if (id === undefined) return undefined;
  return targetKind(ref).binding.running(workload, filter, id, inserter);
}
