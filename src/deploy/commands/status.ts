import { mapLimited } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import type { Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { installedKinds, readinessOf, targetKind } from '../kinds/kinds.ts';
import {
  type ClusterSnapshot,
  knownFilters,
  type ObservedWorkload,
  observedFilter,
  settingsIn,
} from '../observe/snapshot.ts';
import { movedTags, warnMovedTags } from '../plan/moved-tags.ts';
import { statusPermissions } from '../preflight/all-permissions.ts';
import { userLacking } from '../preflight/permissions.ts';
import type { OutcomeOf } from '../report/conclude.ts';
import { STOPPED } from '../report/report.ts';
import type { AskedFilters, FilterStatus, FoundStatus, WorkloadStatus } from '../report/status-report.ts';
import { requestProblems, type StatusRequest } from '../request.ts';
import { lookAtTraffic } from '../soak/look-once.ts';
import { Verifier } from '../verify/verifier.ts';
import { type ClusterTask, inCluster, type RunContext } from './cluster-task.ts';
import { manifestComparison, withComparison } from './compare.ts';
import { changesOf, isThere, lookAtFilter } from './filter-status.ts';
import { namedWithout } from './present.ts';
import { type ResolvedScopes, resolveScopes } from './scope.ts';
import {
  missingToSort,
  type PodRevisions,
  readPodRevisions,
  sortSuperseded,
  supersededPlaces,
} from './status-objects.ts';

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
        result: await inCluster(task, () => resolveScopes(task.requested, task.context)),
      })),
    ),
  );
  return log.group('Inspect the proxies', () =>
    Promise.all(
      observed.map(async ({ task, result }) => {
        const { requested } = task;
        if (!result.ok) return unread([...requestProblems(requested), ...result.problems]);
        const resolved = result.value;
        const looked = await inCluster(task, async () => {
          const { request } = resolved.ok ? resolved.value : resolved.partial;
          const permissions = statusPermissions(request, await installedKinds(task.context.client));
          if (!resolved.ok) return unread(resolved.problems, permissions);
          const found = await look(resolved.value, task.context);
          const user = await userLacking(found.missing, task.context);
          return { ...read(resolved.value, permissions, found), ...(user !== undefined && { users: [user] }) };
        });
        return looked.ok ? looked.value : unread(looked.problems);
      }),
    ),
  );
}

function unread(problems: readonly Problem[], permissions?: readonly Permission[]): OutcomeOf<'status'> {
  return { command: 'status', problems, ...defined({ permissions }), warnings: [], status: STOPPED };
}

/** What was found, and the permissions without which it is not known what is superseded. */
interface Looked {
  readonly found: FoundStatus;
  readonly missing: readonly Permission[];
}

function read(
  resolved: ResolvedScopes<StatusRequest>,
  permissions: readonly Permission[],
  { found, missing }: Looked,
): OutcomeOf<'status'> {
  const { snapshot, parts } = resolved;
  const filters = parts.flatMap(({ scope: { filter, tagged }, workloads }) =>
    tagged === undefined || filter === undefined
      ? []
      : [{ ...tagged, workloads: workloads.map((one) => observedFilter(filter, one, snapshot)) }],
  );
  const moves = movedTags(filters, snapshot);
  // With a name, each of them is in the table.
  const unnamed = parts.filter(({ scope }) => scope.filter === undefined);
  return {
    command: 'status',
    problems: [],
    permissions,
    warnings: [...resolved.warnings, ...warnMovedTags(moves), ...unnamed.flatMap(namedWithout)],
    movedTags: moves,
    ...(missing.length > 0 && { missingForCleanup: missing }),
    status: found,
  };
}

async function look(resolved: ResolvedScopes<StatusRequest>, context: DeployContext): Promise<Looked> {
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
    const currents = filters.map((filter) => observedFilter(filter, observed, snapshot));
    const changedWorkload = currents.some((current) => isThere(current) && changesOf(current, snapshot).length > 0);
    for (const current of currents) {
      const look = { snapshot, verifier, context, changedWorkload };
      const status = withComparison(await lookAtFilter(current, look), compare(current));
      statuses.push({ ...status, ...alsoRunning(current.filter, observed, pods, snapshot) });
    }
    return { ref: observed.ref, pods: podsOf(observed, { ready, wanted }, statuses), filters: statuses };
  });
  const traffic =
    request.verify === 'off'
      ? []
      : await lookAtTraffic(
          carrying.map(({ observed }) => observed),
          context,
        );
  const superseded = sortSuperseded(resolved, pods);
  const missing = [...resolved.missingToSee, ...(await missingToSort(superseded, namespaces, context))];
  const asked = askedFilters(resolved);
  const seen = workloads.map((one, index) => ({ ...one, ...defined({ soak: traffic[index] }) }));
  return { found: { state: 'read', workloads: seen, namespaces, ...defined({ asked }), ...superseded }, missing };
}

function askedFilters({ request, namespaces, snapshot }: ResolvedScopes<StatusRequest>): AskedFilters | undefined {
  const names = new Set(request.scopes.flatMap(({ filter }) => filter ?? []));
  if (names.size === 0) return undefined;
  const carried = namespaces.flatMap((one) => snapshot.workloads(one)).flatMap((workload) => knownFilters(workload));
  return { names: [...names], present: [...new Set(carried)].sort() };
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
