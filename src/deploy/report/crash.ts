import type { WorkloadRef } from '../../targets/target.ts';
import type { Report } from './report.ts';

/** A workload in whose pods a filter has crashed. */
export interface CrashedWorkload {
  readonly ref: WorkloadRef;
  /** What tells of it, a clause. */
  readonly what: string;
}

/** Returns the workloads in whose pods `status` has seen that a filter has crashed since its proxy began. */
export function crashesIn(report: Report): CrashedWorkload[] {
  if (report.command !== 'status' || report.status.state === 'stopped') return [];
  return report.status.workloads.flatMap(({ ref, soak }) => {
    if (soak === undefined || soak.crashes === 0) return [];
    return [{ ref, what: soak.breach ?? `${soak.crashes} crashes` }];
  });
}

/** Whether a run that did what it should fails all the same, as it was told to fail where a filter has crashed. */
export function failsForCrash(report: Report): boolean {
  return report.failOnCrash === true && report.outcome !== 'failed' && crashesIn(report).length > 0;
}
