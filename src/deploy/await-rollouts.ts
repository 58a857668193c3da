import type { Problem } from '../base/problem.ts';
import { count, formatDuration } from '../base/text.ts';
import { callProblem } from '../cluster/errors.ts';
import { type Readiness, readinessOf } from '../cluster/readiness.ts';
import { workloadKey } from '../targets/target.ts';
import type { Applied } from './apply.ts';
import { type DeployContext, evidenceSource } from './context.ts';
import { FailFast } from './fail-fast.ts';
import type { Plan, PlannedWorkload } from './plan.ts';
import { progressLine } from './progress.ts';
import type { DeployRequest } from './request.ts';
import { waitForRollouts } from './rollout.ts';
import type { RolloutResult } from './rollout-board.ts';

/** What became of the rollouts of a plan. */
export interface Awaited {
  /** By `workloadKey`; without those that were not waited for. */
  readonly rollouts: ReadonlyMap<string, RolloutResult>;
  readonly problems: readonly Problem[];
}

/**
 * Waits for the workloads that were changed, and for those that were to stay as they are but are not ready; tells the log how
 * it goes. Workloads that were ready from the start count as ready at once.
 */
export async function awaitRollouts(
  plan: Plan,
  applied: Applied,
  request: DeployRequest,
  context: DeployContext,
): Promise<Awaited> {
  if (!request.wait) return { rollouts: new Map(), problems: [] };
  const written = plan.workloads.filter(({ ref }) => {
    const state = applied.workloads.get(workloadKey(ref))?.state;
    return state === 'done' || state === 'unchanged';
  });
  const rolls = (planned: PlannedWorkload): boolean =>
    applied.workloads.get(workloadKey(planned.ref))?.state === 'done' && planned.patch?.spec !== undefined;
  const settled = written.filter((planned) => !rolls(planned) && observedReadiness(planned).state === 'ready');
  const pending = written.filter((planned) => !settled.includes(planned));
  const { rollouts, problems } = await follow(pending, request, context);
  const ready = settled.map((planned): [string, RolloutResult] => {
    const { ready, wanted } = observedReadiness(planned);
    return [workloadKey(planned.ref), { state: 'ready', message: '', ready, wanted, durationMs: 0 }];
  });
  return { rollouts: new Map([...rollouts, ...ready]), problems };
}

function observedReadiness({ ref, observed }: PlannedWorkload): Readiness {
  return readinessOf(ref.kind, observed);
}

async function follow(
  workloads: readonly PlannedWorkload[],
  { timeoutMs }: DeployRequest,
  context: DeployContext,
): Promise<Awaited> {
  if (workloads.length === 0) return { rollouts: new Map(), problems: [] };
  const { client, log, signal, now } = context;
  return log.group(`Wait for ${count(workloads.length, 'workload')}`, async () => {
    const failFast = new FailFast(evidenceSource(context), now);
    let last = '';
    const { results, lost } = await waitForRollouts(workloads, {
      client,
      timeoutMs,
      signal,
      now,
      debug: (line) => log.debug(line),
      onProgress: async (pending, decided) => {
        const { unready, stuck } = await failFast.look(pending);
        const line = progressLine(pending, decided, unready);
        if (line !== last) log.info(line);
        last = line;
        return stuck;
      },
    });
    const ready = [...results.values()].filter(({ state }) => state === 'ready');
    const slowest = formatDuration(Math.max(0, ...ready.map(({ durationMs }) => durationMs)));
    log.info(`${ready.length}/${workloads.length} ready${ready.length > 0 ? `, the slowest after ${slowest}` : ''}.`);
    return { rollouts: results, problems: lost === undefined ? [] : [callProblem(lost, 'waiting for the rollouts')] };
  });
}
