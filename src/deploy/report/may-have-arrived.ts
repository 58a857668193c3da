import type { Problem } from '../../base/problem.ts';

/** Whether a write that failed like this may have taken effect all the same: its answer never came, or says nothing of it. */
export function mayHaveArrived({ kind }: Pick<Problem, 'kind'>): boolean {
  return MAY_HAVE_ARRIVED[kind];
}

const MAY_HAVE_ARRIVED: Readonly<Record<Problem['kind'], boolean>> = {
  connection: true,
  cancelled: true,
  internal: true,
  // The API server has answered, or was never asked.
  input: false,
  filter: false,
  test: false,
  provenance: false,
  unreviewed: false,
  registry: false,
  targets: false,
  kubeconfig: false,
  credentials: false,
  permission: false,
  cluster: false,
  mount: false,
  workload: false,
  deleted: false,
  conflict: false,
  rollout: false,
  promotion: false,
  'no-effect': false,
  verification: false,
  proxy: false,
  rollback: false,
  'rolled-back-not-ready': false,
};
