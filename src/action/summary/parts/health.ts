import type { FilterHealth } from '../../../deploy/report/status-report.ts';
import type { Catalogue } from './table.ts';

/** What filters of `status` are counted as, those that need a look first. */
export const HEALTH_COUNTS: Catalogue<FilterHealth> = {
  'no-effect': { icon: '❌', word: 'no effect' },
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
