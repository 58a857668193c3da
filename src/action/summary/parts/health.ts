import type { FilterHealth } from '../../../deploy/report/status-report.ts';
import type { Catalogue } from './table.ts';

/** What a filter of `status` is counted as: one whose proxies run it is no good if it crashes there. */
export type CountedHealth = FilterHealth | 'crashed';

/** What filters of `status` are counted as, those that need a look first. */
export const HEALTH_COUNTS: Catalogue<CountedHealth> = {
  'no-effect': { icon: '❌', word: 'no effect' },
  crashed: { icon: '❌', word: 'crashed' },
  'not-ready': { icon: '❌', word: 'not ready' },
  aborted: { icon: '⚠️', word: 'aborted' },
  drifted: { icon: '⚠️', word: 'drifted' },
  outdated: { icon: '⚠️', word: 'outdated' },
  missing: { icon: '⚠️', word: 'without the filter' },
  'waiting-for-promotion': { icon: '⏸️', word: 'waiting for promotion' },
  progressing: { icon: '⏳', word: 'rolling out' },
  verified: { icon: '✅', word: 'healthy' },
  'scaled-to-zero': { icon: '💤', word: 'scaled to zero' },
};

/** Returns what a filter is counted as; `crashes`: how often a filter has crashed in the pods of its workload. */
export function countedHealth(health: FilterHealth, crashes: number): CountedHealth {
  return health === 'verified' && crashes > 0 ? 'crashed' : health;
}
