import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { PlannedWorkload } from '../plan/plan.ts';
import type { StopCondition } from './stop-condition.ts';
import type { VerificationContext } from './verification.ts';

/** What rolling the workloads of one cluster needs. */
export interface RolloutsContext extends VerificationContext {
  /** Whether a revision was ever verified on a workload. */
  readonly isVerified: (planned: PlannedWorkload, filter: string, id: string) => boolean;
  readonly listedAt: ClusterSnapshot['listedAt'];
  /** Called after a workload was patched, once its template is there for all to see. */
  readonly onPatched: (planned: PlannedWorkload) => Promise<void>;
  /** Whether the run goes on, which workloads of other clusters decide, too. */
  readonly stop: StopCondition;
}
