import { describePermission, type Permission } from '../../base/permission.ts';
import { Diagnostics, type Problem } from '../../base/problem.ts';
import { count, listWords } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { namespacesWithout, neededLists } from '../../targets/resolve.ts';
import { type DeployContext, during } from '../context.ts';
import { installedKinds } from '../kinds/kinds.ts';
import { ClusterReader, type ReadResult } from '../observe/cluster-reader.ts';
import { warnLeftBehind } from '../observe/left-behind.ts';
import { maskObserved } from '../observe/mask-observed.ts';
import { resolveNamespaces } from '../observe/resolve-namespaces.ts';
import { RunningProxies } from '../observe/running-proxies.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { possibleReferrers } from '../observe/template-sources.ts';
import { readUnmanaged } from '../observe/unmanaged-view.ts';
import { missingToSee, unseenReferrerWarnings, unseenWarnings } from '../observe/unseen.ts';
import { allLists, type WantedList } from '../observe/wanted-lists.ts';
import { mayHaveGarbage, unclearGarbage } from '../plan/garbage.ts';
import { makePlan } from '../plan/make-plan.ts';
import { type Garbage, type PlannedDeployment, restarts } from '../plan/plan.ts';
import { actionsOf } from '../preflight/changes.ts';
import { tryAhead } from '../preflight/trial-ahead.ts';
import { describeActions } from '../report/plan-report.ts';
import type { DeployRequest, RequestOrProblems, Unknown } from '../request.ts';
import { loadEarlierModules } from './load-earlier.ts';

const NOTHING_UNKNOWN: ReadonlySet<Unknown> = new Set();

/**
 * Observes and plans a deployment, as far as request and cluster go. Where there may be superseded revisions, the other kinds of
 * workloads are listed too, because they might use them.
 */
export async function planDeployment(requested: RequestOrProblems, context: DeployContext): Promise<PlannedDeployment> {
  const { client, log, date } = context;
  const looking = during(context, 'inspecting what runs');
  // For a Role that the report may have to offer; it does not depend on the plan.
  void installedKinds(looking.client);
  const unknown = requested.ok ? NOTHING_UNKNOWN : requested.unknown;
  const diagnostics = new Diagnostics();
  if (!requested.ok) diagnostics.add(requested.problems);
  const { filters } = requested.request;
  const placed = await resolveNamespaces(
    filters.map(({ targets }) => targets),
    client,
    log,
  );
  diagnostics.add(placed.problems);
  const asked: DeployRequest = {
    ...requested.request,
    filters: filters.map((filter, index) => ({ ...filter, targets: placed.lists[index] ?? [] })),
  };
  const lists = neededLists(asked.filters.flatMap(({ targets }) => targets));
  const plugins = asked.filters.some(({ settings }) => settings.image !== undefined);
  const clusterReader = new ClusterReader(client, { plugins, namespaces: placed.namespaces });
  const needsAll = asked.prune || asked.settingsChange === 'push';
  const namespaces = [...new Set(lists.map(({ namespace }) => namespace))];
  const named = await clusterReader.read(needsAll ? [...lists, ...allLists(namespaces)] : lists);
  maskObserved(named.snapshot, namespaces, context.mask);
  const proxies = new RunningProxies(looking);
  if (requested.ok) void tryAhead(asked, named.snapshot, proxies, context);
  const referrers = possibleReferrers(lists, named.snapshot.workloadIndex.list);
  const first = referrers.length === 0 ? named : await readFurther(clusterReader, named, referrers);
  const second = await readUnmanaged(asked, first.snapshot, clusterReader, proxies, context);
  diagnostics.add(first.problems, second.problems);
  const snapshot = await lookElsewhere(asked, second.snapshot, clusterReader);
  const made = makePlan(asked, snapshot, date());
  if (made.ok && diagnostics.ok) {
    const { request, warnings: said } = diagnostics.unwrapPartial(
      await loadEarlierModules(made.value, asked, snapshot, context),
    );
    const now = date();
    const plan = request === asked ? made.value : diagnostics.unwrapPartial(makePlan(request, snapshot, now));
    if (!diagnostics.ok)
      return { plan, request, snapshot, problems: diagnostics.problems, missingForCleanup: [], unknown, proxies };
    const seen = await completePlan({ plan, snapshot, missingForCleanup: [] }, request, clusterReader, now);
    // What nobody named is looked at for what has to be changed there, too; else only for what may be deleted, of which is warned.
    const unseen = needsAll && seen.missingForCleanup.length === 0 ? unseenWarnings(first.unseen) : [];
    const unread = unseenReferrerWarnings(first.unseen.filter((problem) => !named.unseen.includes(problem)));
    const warnings = [...seen.plan.warnings, ...said, ...unseen, ...unread, ...(await warnLeftBehind(request, client))];
    const complete = { ...seen, plan: { ...seen.plan, warnings } };
    describePlan(complete, request, log);
    return { ...complete, request, problems: [], unknown, proxies };
  }
  if (!made.ok) diagnostics.add(made.problems.filter(isKnown(unknown)));
  const plan = made.ok ? made.value : made.partial;
  return { plan, request: asked, snapshot, problems: diagnostics.problems, missingForCleanup: [], unknown, proxies };
}

async function readFurther(
  clusterReader: ClusterReader,
  first: ReadResult,
  lists: readonly WantedList[],
): Promise<ReadResult> {
  const further = await clusterReader.read(lists);
  return { ...further, problems: [...first.problems, ...further.problems] };
}

/**
 * Where a named workload is not there, workloads of the other kinds are listed, for one of that name; no permission is needed for
 * that.
 */
async function lookElsewhere(
  { filters }: DeployRequest,
  snapshot: ClusterSnapshot,
  clusterReader: ClusterReader,
): Promise<ClusterSnapshot> {
  const without = namespacesWithout(
    filters.flatMap(({ targets }) => targets),
    snapshot.workloadIndex,
  );
  if (without.length === 0) return snapshot;
  return { ...(await clusterReader.read(allLists(without))).snapshot, unmanaged: snapshot.unmanaged };
}

/** What a stand-in brings about is nobody's fault: another name or folder may be free, and another direction may be right. */
function isKnown(unknown: ReadonlySet<Unknown>): (problem: Problem) => boolean {
  return ({ kind }) => {
    if (kind === 'mount') return !unknown.has('name') && !unknown.has('mount-path');
    if (kind === 'conflict') return !unknown.has('name') && !unknown.has('settings');
    return kind !== 'no-effect' || !unknown.has('settings');
  };
}

type SeenPlan = Pick<PlannedDeployment, 'plan' | 'snapshot' | 'missingForCleanup'>;

/** Not being allowed to list a kind of workload leaves garbage where it is; the deployment itself does not need that. */
async function completePlan(
  deployment: SeenPlan,
  request: DeployRequest,
  clusterReader: ClusterReader,
  now: Date,
): Promise<SeenPlan> {
  const { plan, snapshot } = deployment;
  const unclear = mayHaveGarbage(plan, snapshot, request).filter((namespace) => !snapshot.isComplete(namespace));
  if (unclear.length === 0) return deployment;
  const second = await clusterReader.read(allLists(unclear));
  const complete = { ...second.snapshot, unmanaged: snapshot.unmanaged };
  const again = makePlan(request, complete, now);
  if (!again.ok) return deployment;
  const kept = unclearGarbage(again.value, complete, request);
  if (kept.length === 0) return { plan: again.value, snapshot: complete, missingForCleanup: [] };
  const missing = missingToSee([...second.problems, ...second.unseen]);
  const warnings = [...again.value.warnings, keptWarning(kept, missing)];
  return { plan: { ...again.value, warnings }, snapshot: complete, missingForCleanup: missing };
}

function keptWarning(kept: readonly Garbage[], missing: readonly Permission[]): Warning {
  const namespaces = listWords([...new Set(kept.map(({ namespace }) => namespace))], 'and', 3);
  const why =
    missing.length === 0
      ? 'not every kind of workload could be listed'
      : `the kubeconfig user cannot ${listWords(missing.map(describePermission), 'and', 3)}`;
  const text = `${count(kept.length, 'superseded object')} kept in namespace ${namespaces}: ${why}, so no run can tell whether something uses ${kept.length === 1 ? 'it' : 'them'}, and they pile up.${missing.length === 0 ? '' : ' Grant that permission.'}`;
  return { topic: 'Superseded objects kept', text };
}

function describePlan(
  { plan, snapshot }: Pick<PlannedDeployment, 'plan' | 'snapshot'>,
  { wait }: DeployRequest,
  log: DeployContext['log'],
): void {
  const actions = actionsOf(plan, snapshot, wait);
  const targets = count(plan.workloads.length, 'target');
  const restarting = plan.workloads.filter(restarts).length;
  log.info(
    actions.length === 0
      ? `${targets}, nothing to change.`
      : `${targets}, ${describeActions(actions)}; ${count(restarting, 'workload')} to restart.`,
  );
}
