import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { Problem } from '../../base/problem.ts';
import type { Readiness } from '../../cluster/readiness.ts';
import { editorsOf, isWrittenByUs } from '../../mesh/identity/editors.ts';
import { DIGEST_ANNOTATION, podLabel } from '../../mesh/identity/names.ts';
import { findOwner } from '../../mesh/identity/owner.ts';
import { isExpired } from '../../mesh/identity/state.ts';
import { imageOf } from '../../mesh/objects/config-map.ts';
import { describeReason } from '../../mesh/proxy/envoy-log.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readinessOf, targetKind } from '../kinds/kinds.ts';
import {
  type ClusterSnapshot,
  knownFilters,
  type ObservedFilter,
  type ObservedWorkload,
  observedFilter,
  settingsIn,
} from '../observe/snapshot.ts';
import { findChanges } from '../plan/find-changes.ts';
import { movedTags } from '../plan/moved-tags.ts';
import type { VerifiableRevision } from '../plan/wanted-place.ts';
import { statusPermissions } from '../preflight/all-permissions.ts';
import type { OutcomeOf } from '../report/conclude.ts';
import { STOPPED } from '../report/report.ts';
import type { FilterHealth, FilterStatus, FoundStatus, WorkloadStatus } from '../report/status-report.ts';
import { requestProblems, type StatusRequest } from '../request.ts';
import { type VerificationResult, Verifier } from '../verify/verifier.ts';
import { diagnoseInTime } from '../wait/diagnose.ts';
import { type ClusterTask, inCluster, type RunContext } from './cluster-task.ts';
import { manifestComparison, withComparison } from './compare.ts';
import { namedWithout } from './present.ts';
import { type ResolvedScopes, resolveScopes } from './scope.ts';
import { type PodRevisions, readPodRevisions, sortSuperseded, supersededPlaces } from './status-objects.ts';

const PARALLEL_WORKLOADS = 4;

/**
 * What runs where in each cluster: looks at workloads, their objects and, as far as permissions allow, into their proxies. Writes
 * nothing, never throws.
 */
export async function status(
  tasks: readonly ClusterTask<StatusRequest>[],
  { log }: Pick<RunContext, 'log'>,
): Promise<readonly OutcomeOf<'status'>[]> {
  const observed = await log.group('Observe', () =>
    Promise.all(
      tasks.map(async (task) => ({
        task,
        result: await inCluster(task, () => resolveScopes(task.requested, task.context.client, task.context.log)),
      })),
    ),
  );
  return log.group('Inspect the proxies', () =>
    Promise.all(
      observed.map(async ({ task, result }) => {
        const { requested } = task;
        const { request } = requested;
        if (!result.ok) return unread(request, [...requestProblems(requested), ...result.problems]);
        const resolved = result.value;
        if (!resolved.ok) return unread(resolved.partial.request, resolved.problems);
        const looked = await inCluster(task, () => look(resolved.value, task.context));
        return looked.ok ? read(resolved.value, looked.value) : unread(resolved.value.request, looked.problems);
      }),
    ),
  );
}

function unread(request: StatusRequest, problems: readonly Problem[]): OutcomeOf<'status'> {
  return { command: 'status', problems, permissions: statusPermissions(request), warnings: [], status: STOPPED };
}

function read(resolved: ResolvedScopes<StatusRequest>, found: FoundStatus): OutcomeOf<'status'> {
  const { request, snapshot, parts } = resolved;
  const tagged = parts.flatMap(({ scope: { filter, module }, workloads }) =>
    module === undefined || filter === undefined
      ? []
      : [{ module, workloads: workloads.map((one) => observedFilter(filter, one, snapshot)) }],
  );
  // With a name, each of them is in the table.
  const unnamed = parts.filter(({ scope }) => scope.filter === undefined);
  return {
    command: 'status',
    problems: [],
    permissions: statusPermissions(request),
    warnings: [...resolved.warnings, ...movedTags(tagged), ...unnamed.flatMap(namedWithout)],
    ...(resolved.missingToSee.length > 0 && { missingForCleanup: resolved.missingToSee }),
    status: found,
  };
}

async function look(resolved: ResolvedScopes<StatusRequest>, context: DeployContext): Promise<FoundStatus> {
  const { request, snapshot, namespaces } = resolved;
  const verifier = new Verifier(context, { verify: request.verify });
  const filtersOf = filtersToLookAt(resolved);
  const compare = manifestComparison(resolved);
  const carrying = resolved.workloads
    .map((observed) => ({ observed, filters: filtersOf(observed) }))
    .filter(({ filters }) => filters.length > 0);
  const carried = carrying.flatMap(({ observed: { ref }, filters }) =>
    filters.map((filter) => ({ namespace: ref.namespace, filter })),
  );
  const pods = await readPodRevisions([...supersededPlaces(resolved), ...carried], context);
  const workloads = await mapLimited(carrying, PARALLEL_WORKLOADS, async ({ observed, filters }) => {
    const { ready, wanted } = readinessOf(observed.ref, observed.workload);
    const statuses: FilterStatus[] = [];
    for (const filter of filters) {
      const current = observedFilter(filter, observed, snapshot);
      const status = withComparison(await lookAtFilter(current, snapshot, verifier, context), compare(current));
      statuses.push({ ...status, ...alsoRunning(filter, observed, pods, snapshot) });
    }
    return { ref: observed.ref, pods: podsOf(observed, { ready, wanted }, statuses), filters: statuses };
  });
  return { state: 'read', workloads, namespaces, ...sortSuperseded(resolved, pods) };
}

/** Tells which filters of a workload a request is about: those that it has, and those that its target lists say it should have. */
function filtersToLookAt({ parts }: ResolvedScopes<StatusRequest>): (observed: ObservedWorkload) => readonly string[] {
  const wanted = new Map<string, Set<string>>();
  for (const { scope, workloads } of parts) {
    for (const observed of workloads) {
      const key = workloadKey(observed.ref);
      const names = wanted.get(key) ?? new Set();
      for (const name of knownFilters(observed, scope.filter)) names.add(name);
      if (scope.filter !== undefined && scope.entries.length > 0) names.add(scope.filter);
      wanted.set(key, names);
    }
  }
  return ({ ref }) => [...(wanted.get(workloadKey(ref)) ?? [])];
}

/** Where a workload does not say how many pods it has, its verification does. */
function podsOf(
  { ref, workload }: ObservedWorkload,
  counted: WorkloadStatus['pods'],
  filters: readonly FilterStatus[],
): WorkloadStatus['pods'] {
  const counts = targetKind(ref).wantedPods(workload) === undefined;
  const verification = counts
    ? filters.find(({ verification }) => verification !== undefined)?.verification
    : undefined;
  return verification === undefined ? counted : { ready: verification.pods, wanted: verification.wanted };
}

const MISSING = 'is a target, but does not have the filter; the next "deploy" puts it there';

async function lookAtFilter(
  current: ObservedFilter,
  snapshot: ClusterSnapshot,
  verifier: Verifier,
  context: DeployContext,
): Promise<FilterStatus> {
  const { filter, ref, workload, id: revision, recorded: state, configMap } = current;
  if (state === undefined && revision === undefined) return { filter, health: 'missing', notes: [MISSING] };
  const rendered = state === undefined ? renderedBy(current) : undefined;
  const changes = findChanges(current, snapshot, rendered !== undefined);
  const kind = targetKind(ref);
  const { state: readiness, message, ready, wanted, podsRefused } = kind.readiness(workload);
  const rolls = readiness === 'progressing' && kind.isRolling(workload);
  // A rollout that cannot end by itself is none to wait for.
  const trouble = rolls && changes.length === 0 ? await lastingTrouble(current, context) : undefined;
  const rolling = rolls && changes.length === 0 && trouble === undefined && podsRefused === undefined;
  const hasPods = kind.wantedPods(workload) !== 0;
  const waits = readiness === 'waiting';
  const verified = (readiness === 'ready' && hasPods) || waits ? verifiableRevision(current) : undefined;
  const result: VerificationResult =
    verified === undefined
      ? {}
      : await verifier.verify({ ref, observed: workload, revisions: [verified] }, waits ? ready : wanted);
  const { previous, run, expires } = state ?? {};
  const stage = waits ? 'waits for promotion' : rolling ? 'rolling out' : 'not ready';
  const owner = findOwner(workload);
  const digest = configMap?.metadata.annotations?.[DIGEST_ANNOTATION];
  const image = configMap && imageOf(configMap);
  return {
    filter,
    health: rolling
      ? 'progressing'
      : rolls && changes.length > 0
        ? 'drifted'
        : healthOf(readiness, hasPods, changes, result),
    ...(changes.length > 0 && { changed: true as const }),
    ...(changes.length > 0 && owner !== undefined && { owner: owner.object }),
    ...(revision !== undefined && { revision: settingsIn(current, revision) }),
    ...(previous !== undefined && {
      previous: settingsIn(snapshot.objectsOf(ref.namespace, { filter, id: previous }), previous),
    }),
    ...defined({ rendered, digest, image, run, expires }),
    ...(state !== undefined && isExpired(state, context.date()) && { expired: true as const }),
    ...(result.verification !== undefined && result.problem === undefined && { verification: result.verification }),
    notes: [
      ...changes,
      ...(readiness === 'ready' ? [] : [`${stage}: ${trouble ?? message}`]),
      ...(result.problem === undefined ? [] : [result.problem.message]),
    ],
  };
}

/** Revisions that pods of a workload still run besides the one of its template. */
function alsoRunning(
  filter: string,
  { ref, workload }: ObservedWorkload,
  pods: PodRevisions,
  snapshot: Pick<ClusterSnapshot, 'objectsOf'>,
): Pick<FilterStatus, 'alsoRuns'> {
  const wanted = revisionOn(workload, filter);
  const others = [...(pods.get(`${ref.namespace} ${filter}`) ?? [])].flatMap(([id, owners]) =>
    id !== wanted && owners.some(({ kind, name }) => kind === ref.kind && name === ref.name)
      ? [settingsIn(snapshot.objectsOf(ref.namespace, { filter, id }), id)]
      : [],
  );
  return others.length === 0 ? {} : { alsoRuns: others };
}

/**
 * Who has applied the files of `render` that a workload carries, by the names of field managers; `undefined` if a run of this
 * action wrote its objects, or they are not there.
 */
function renderedBy({ ref, filterResource }: ObservedFilter): readonly string[] | undefined {
  if (targetKind(ref).binding.inPlace) return undefined;
  return filterResource === undefined || isWrittenByUs(filterResource) ? undefined : editorsOf(filterResource);
}

/** What keeps new pods from becoming ready and does not pass by itself, as far as may be read. */
async function lastingTrouble(current: ObservedFilter, context: DeployContext): Promise<string | undefined> {
  const { filter, ref, id } = current;
  const carried = verifiableRevision(current);
  const goal = {
    ref,
    removals: [],
    ...(carried === undefined
      ? { podRevisions: [], selector: `${podLabel(filter)}=${id}` }
      : {
          podRevisions: [carried.podRevision],
          settings: new Map([[filter, carried.revision.settings]]),
        }),
    about: [filter],
  };
  const { cause, envoy } = await diagnoseInTime(goal, context);
  return cause ?? (envoy && describeReason(envoy));
}

function healthOf(
  readiness: Readiness['state'],
  hasPods: boolean,
  changes: readonly string[],
  { problem }: VerificationResult,
): FilterHealth {
  if (readiness !== 'ready' && readiness !== 'waiting') return 'not-ready';
  if (problem !== undefined) return 'no-effect';
  if (changes.length > 0) return 'drifted';
  if (readiness === 'waiting') return 'waiting-for-promotion';
  return hasPods ? 'verified' : 'scaled-to-zero';
}

/** What a proxy should have, as the filter resource says; `undefined` if there is none. */
function verifiableRevision({
  filter,
  ref,
  workload,
  id,
  filterResource,
}: ObservedFilter): VerifiableRevision | undefined {
  if (id === undefined) return undefined;
  return targetKind(ref).binding.running(workload, filter, id, filterResource);
}
