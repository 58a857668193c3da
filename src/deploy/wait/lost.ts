import type { Problem } from '../../base/problem.ts';
import { callProblem } from '../../cluster/errors.ts';

/** Returns what to do about rollouts that a run has lost sight of: what brings the cluster back, and then what this run could not do. */
export function thenReRunLost(remedy: string | undefined): string {
  return `${remedy === undefined ? '' : `${remedy} `}Then re-run the job: it continues from what is there, and verifies it or rolls it back.`;
}

const LOST_CONNECTION =
  'It answered earlier in this run: check that it still runs (`kubectl get --raw /readyz`), and the connection from the runner to it.';

/** Why rollouts cannot be followed any more, and that they can be followed again. */
export function lostProblem(error: unknown): Problem {
  const problem = callProblem(error, 'waiting for the rollouts');
  // It has answered before, so the kubeconfig is not to blame.
  const remedy = problem.kind === 'connection' ? LOST_CONNECTION : problem.remedy;
  return { ...problem, remedy: thenReRunLost(remedy) };
}
