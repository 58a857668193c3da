/** When the steps of a workload's rollout were, in milliseconds since the run's start; each is omitted where it did not come to it. */
export interface RolloutTimes {
  /** Its patch was written. */
  readonly patchedMs: number;
  /** Its new pods were ready, for the first time. */
  readonly readyMs?: number;
  /** Its proxies were seen to run what they should, for the first time. */
  readonly verifiedMs?: number;
  /** It was known to have failed. */
  readonly failedMs?: number;
  readonly rollbackStartedMs?: number;
  /** Its rollback was over, with or without success. */
  readonly rollbackEndedMs?: number;
}
