import { listWords } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import { plain } from './text.ts';

const MAX_KINDS = 3;

/**
 * Returns the kinds of workloads that the kubeconfig user may not list somewhere, as in `rollouts.argoproj.io`: what they have is not
 * known. `undefined` where all were listed.
 */
export function unseenKinds({ missingForCleanup = [] }: Pick<Report, 'missingForCleanup'>): string | undefined {
  const kinds = new Set(
    missingForCleanup.flatMap(({ verb, group, resource }) =>
      verb === 'list' && resource !== 'pods' ? [`${resource}${group === '' ? '' : `.${group}`}`] : [],
    ),
  );
  if (kinds.size === 0) return undefined;
  return listWords(
    [...kinds].map((kind) => plain(kind, 100)),
    'and',
    MAX_KINDS,
  );
}
