import { formatDuration, listWords } from '../../../base/text.ts';
import type { DeployReport } from '../../../deploy/report/report.ts';
import { countOf } from '../../verdict/text.ts';
import { code } from './markdown.ts';

/** What scouts have tried before the first workload was changed, in a line; empty where there was none. */
export function renderScouts({ scouts }: DeployReport): string {
  if (scouts === undefined || scouts.pods === 0) return '';
  const { namespaces, pods, durationMs, unshown } = scouts;
  const what = pods === 1 ? 'a scout pod' : countOf(pods, 'scout pod');
  const where = namespaces.length === 1 ? 'one namespace' : countOf(namespaces.length, 'namespace');
  const left =
    unshown.length === 0
      ? ''
      : ` A scout has no Services, so the place that ${listWords(
          unshown.map((name) => code(name)),
          'and',
        )} ${unshown.length === 1 ? 'chooses' : 'choose'} was left to the rollout.`;
  return `🔭 Tried first in ${what} in ${where}, ${formatDuration(durationMs)}.${left}`;
}
