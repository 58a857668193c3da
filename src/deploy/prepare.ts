import { bad, type Checked, Findings, good } from '../base/problem.ts';
import { count } from '../base/text.ts';
import { neededLists, resolveTargets } from '../targets/resolve.ts';
import type { DeployContext } from './context.ts';
import { makePlan } from './make-plan.ts';
import { allLists, type Observation, Observer } from './observe.ts';
import { countWrites, type Plan, restarts } from './plan.ts';
import { mayHaveGarbage } from './plan-garbage.ts';
import type { DeployRequest, DraftRequest } from './request.ts';

/** A plan and what it was made of. */
export interface Prepared {
  readonly plan: Plan;
  readonly request: DeployRequest;
  readonly observation: Observation;
}

/**
 * Observes and plans a deployment. The problems of the draft, the targets, the mounts and the workloads come together. Where
 * there may be superseded revisions, the other kinds of workloads are listed too, because they might use them.
 */
export async function prepare(draft: DraftRequest, context: DeployContext): Promise<Checked<Prepared>> {
  const { client, log, date } = context;
  const findings = new Findings();
  if (!draft.ok) findings.add(...draft.problems);
  const entries = draft.ok ? draft.request.filters.flatMap(({ targets }) => targets) : draft.targets;
  const lists = neededLists(entries);
  const plugins = draft.ok && draft.request.filters.some(({ settings }) => settings.image !== undefined);
  const observer = new Observer(client, { plugins });
  const needsAll = draft.ok && (draft.request.prune || draft.request.settingsChange === 'push');
  const namespaces = [...new Set(lists.map(({ namespace }) => namespace))];
  const first = await observer.observe(needsAll ? [...lists, ...allLists(namespaces)] : lists);
  findings.add(...first.problems);
  if (!draft.ok) {
    findings.add(...resolveTargets(entries, first.observation.catalogue, draft.defaults).problems);
    return bad(...findings.problems);
  }
  const { request } = draft;
  const planned = findings.take(makePlan(request, first.observation, date()));
  if (planned === undefined || !findings.clean) return bad(...findings.problems);
  const complete = await completePlan({ plan: planned, request, observation: first.observation }, observer, date());
  describePlan(complete.plan, log);
  return good(complete);
}

/** Not being allowed to list a kind of workload leaves garbage where it is; the deployment itself does not need that. */
async function completePlan(prepared: Prepared, observer: Observer, now: Date): Promise<Prepared> {
  const { plan, request, observation } = prepared;
  const unclear = mayHaveGarbage(plan, observation, request).filter((namespace) => !observation.isComplete(namespace));
  if (unclear.length === 0) return prepared;
  const second = await observer.observe(allLists(unclear));
  const again = makePlan(request, second.observation, now);
  return again.ok ? { plan: again.value, request, observation: second.observation } : prepared;
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
