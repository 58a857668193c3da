/**
 * In what condition a run leaves a workload, the most urgent first.
 *
 * Failed: `rollback-failed`: it could not be rolled back; `rollback-interrupted`: the run was cancelled before its pod template was
 * rolled back; `rollback-unconfirmed`: its pod template is rolled back, and the run was cancelled before its pods were ready;
 * `not-ready`: its new pods do not become ready; `no-effect`: they are ready, but the filter does not run there as it should;
 * `settings-rejected`: its proxies do not take the settings that were pushed; `overwritten`: others changed it meanwhile;
 * `deleted`: others deleted it meanwhile;
 * `unobserved`: it was changed, and what happened to it could not be seen; `write-unconfirmed`: nobody knows whether its write
 * arrived; `interrupted`: the run was cancelled while it waited. As before: `rolled-back`: it failed and was rolled back;
 * `rolled-back-with-run`: it was well and was rolled back because others failed; `untouched`: the run did not touch it.
 * `waiting-for-promotion`: it has the change, and somebody has to promote it before all of its pods do.
 * `superseded`: another run has brought something newer, and this one has left it alone. As wanted: `unverified`: nobody saw its
 * pods; `not-ready-as-before`: its pods are not ready, and were not before; `succeeded`: seen, by the evidence of its
 * verification.
 */
export const ROLLOUT_PHASES = [
  'rollback-failed',
  'rollback-interrupted',
  'rollback-unconfirmed',
  'not-ready',
  'no-effect',
  'settings-rejected',
  'overwritten',
  'deleted',
  'unobserved',
  'write-unconfirmed',
  'interrupted',
  'rolled-back',
  'rolled-back-with-run',
  'waiting-for-promotion',
  'unverified',
  'not-ready-as-before',
  'succeeded',
  'superseded',
  'untouched',
] as const;
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];

/**
 * What a run has come to on a workload. `waiting`: it has the change, and somebody has to promote it before all of its pods do;
 * `rolled-back`: nothing was wrong with it, but the run rolled it back to what it was, because others failed; `untouched`: the run
 * ended before it came to this workload; `superseded`: another run has brought something newer meanwhile.
 */
export const TARGET_OUTCOMES = [
  'deployed',
  'removed',
  'unchanged',
  'waiting',
  'failed',
  'rolled-back',
  'untouched',
  'superseded',
] as const;
export type TargetOutcome = (typeof TARGET_OUTCOMES)[number];
