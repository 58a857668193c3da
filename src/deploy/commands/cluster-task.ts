import { fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { callProblem } from '../../cluster/errors.ts';
import type { DeployContext } from '../context.ts';
import type { RequestOrProblems } from '../request.ts';
import { requestProblems } from '../request.ts';

/** What is asked of one cluster of a run, and what speaks to it. */
export interface ClusterTask<T> {
  readonly requested: RequestOrProblems<T>;
  readonly context: DeployContext;
  /** What the run calls it; omitted where it has no other. */
  readonly cluster?: string | undefined;
  /** Added to the waves of its workloads. */
  readonly addedWave: number;
}

/** What a run has that is not of one of its clusters. */
export interface RunContext extends Pick<DeployContext, 'log' | 'signal' | 'pushImage'> {
  /** Told as soon as a plan has something to write, while it still has to be examined. */
  readonly expectWrites?: () => void;
  /** Asked once everything checks out, just before the first write: its problems keep the run from it. */
  readonly beforeWrites?: () => Promise<readonly Problem[]>;
}

/** Returns what work in one cluster comes to; an error is that cluster's problem alone. Never throws. */
export async function inCluster<R>(
  { context }: Pick<ClusterTask<unknown>, 'context'>,
  work: () => Promise<R>,
): Promise<Result<R>> {
  try {
    return ok(await work());
  } catch (error) {
    const unwritten = context.signal.aborted && context.client.requests.writes === 0;
    return fail(unwritten ? CANCELLED : callProblem(error, 'talking to the cluster'));
  }
}

const CANCELLED: Problem = {
  kind: 'cancelled',
  message: 'The run was cancelled before anything was written.',
  remedy: 'Re-run the job.',
};

/** A cluster whose API server has stopped to answer, or before whose answer the run was cancelled. */
export interface UnansweredCluster {
  readonly state: 'unanswered';
  /** Those of the request among them. */
  readonly problems: readonly Problem[];
}

/** Returns what work in one cluster comes to, or that the cluster gave no answer. Never throws. */
export async function answerOf<R>(task: ClusterTask<unknown>, work: () => Promise<R>): Promise<R | UnansweredCluster> {
  const result = await inCluster(task, work);
  if (result.ok) return result.value;
  return { state: 'unanswered', problems: [...requestProblems(task.requested), ...result.problems] };
}
