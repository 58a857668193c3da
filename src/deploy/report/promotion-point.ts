import type { TargetReport } from './report.ts';

/** Returns where the rollout of a target waits until somebody promotes it, brought there or rolled back; `undefined` if it does not. */
export function promotionPoint({ waiting, rollback }: Pick<TargetReport, 'waiting' | 'rollback'>): string | undefined {
  return waiting ?? rollback?.waiting;
}
