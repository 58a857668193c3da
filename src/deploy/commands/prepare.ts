import { Findings, type Problem } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { namespacesWithout, neededLists } from '../../targets/resolve.ts';
import { type DeployContext, during } from '../context.ts';
import { allLists, Observer } from '../observe/observer.ts';
import { RunningProxies } from '../observe/running-proxies.ts';
import type { Observation } from '../observe/snapshot.ts';
import { observeUnmanaged } from '../observe/unmanaged-view.ts';
import { mayHaveGarbage } from '../plan/garbage.ts';
import { makePlan } from '../plan/make-plan.ts';
import { countWrites, type Plan, type Prepared, restarts } from '../plan/plan.ts';
import type { DeployRequest, DraftRequest, Unknown } from '../request.ts';

const NOTHING_UNKNOWN: ReadonlySet<Unknown> = new Set();

/**
 * Observes and plans a deployment, as far as draft and cluster go. Where there may be superseded revisions, the other kinds of
 * workloads are listed too, because they might use them.
 */
export async function prepare(draft: DraftRequest, context: DeployContext): Promise<Prepared> {
  const { client, log, date } = context;
  const { request } = draft;
  const unknown = draft.ok ? NOTHING_UNKNOWN : draft.unknown;
  const findings = new Findings();
  if (!draft.ok) findings.add(draft.problems);
  const lists = neededLists(request.filters.flatMap(({ targets }) => targets));
  const plugins = request.filters.some(({ settings }) => settings.image !== undefined);
  const observer = new Observer(client, { plugins });
  const needsAll = request.prune || request.settingsChange === 'push';
  const namespaces = [...new Set(lists.map(({ namespace }) => namespace))];
  const first = await observer.observe(needsAll ? [...lists, ...allLists(namespaces)] : lists);
  const proxies = new RunningProxies(during(context, 'inspecting what runs'));
  const second = await observeUnmanaged(request, first.observation, observer, proxies, context);
  findings.add(first.problems, second.problems);
  const observation = await lookElsewhere(request, second.observation, observer);
  const made = makePlan(request, observation, date());
  if (made.ok && findings.clean) {
    const complete = await completePlan({ plan: made.value, observation }, request, observer, date());
    describePlan(complete.plan, log);
    return { ...complete, request, problems: [], unknown, proxies };
  }
  if (!made.ok) findings.add(made.problems.filter(isKnown(unknown)));
  const plan = made.ok ? made.value : made.partial;
  return { plan, request, observation, problems: findings.problems, unknown, proxies };
}

/** Where a named workload is not there, workloads of the other kinds are listed, for one of that name; no right is needed for that. */
async function lookElsewhere(
  { filters }: DeployRequest,
  observation: Observation,
  observer: Observer,
): Promise<Observation> {
  const lacking = namespacesWithout(
    filters.flatMap(({ targets }) => targets),
    observation.catalogue,
  );
  if (lacking.length === 0) return observation;
  return { ...(await observer.observe(allLists(lacking))).observation, unmanaged: observation.unmanaged };
}

/** What a stand-in brings about is nobody's fault: another name or folder may be free, and another direction may be right. */
function isKnown(unknown: ReadonlySet<Unknown>): (problem: Problem) => boolean {
  return ({ kind }) => {
    if (kind === 'mount') return !unknown.has('name') && !unknown.has('mount-path');
    if (kind === 'conflict') return !unknown.has('name') && !unknown.has('settings');
    return kind !== 'no-effect' || !unknown.has('settings');
  };
}

/** Not being allowed to list a kind of workload leaves garbage where it is; the deployment itself does not need that. */
async function completePlan(
  prepared: Pick<Prepared, 'plan' | 'observation'>,
  request: DeployRequest,
  observer: Observer,
  now: Date,
): Promise<Pick<Prepared, 'plan' | 'observation'>> {
  const { plan, observation } = prepared;
  const unclear = mayHaveGarbage(plan, observation, request).filter((namespace) => !observation.isComplete(namespace));
  if (unclear.length === 0) return prepared;
  const second = await observer.observe(allLists(unclear));
  const complete = { ...second.observation, unmanaged: observation.unmanaged };
  const again = makePlan(request, complete, now);
  return again.ok ? { plan: again.value, observation: complete } : prepared;
}

function describePlan(plan: Plan, log: DeployContext['log']): void {
  const writes = countWrites(plan);
  const rolling = plan.workloads.filter(restarts).length;
  log.info(
    writes === 0
      ? `${count(plan.workloads.length, 'target')}, nothing to write.`
      : `${count(plan.workloads.length, 'target')}, ${count(writes, 'object')} to write, ${count(rolling, 'workload')} to roll.`,
  );
}
