import { sentence } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';

/** Warns of requests to a workload that do not reach the filter. It is said before and after the rollout in the same words, so that it is told once. */
export function bypassWarning(ref: WorkloadRef, clause: string): Warning {
  const subject = describeWorkload(ref);
  return { topic: 'Requests bypass the filter', subject, text: sentence(`${subject}: ${clause}`) };
}
