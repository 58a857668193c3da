import { listWords } from '../../base/text.ts';
import type { Left } from '../../deploy/report/report.ts';
import { permissionItems } from './missing-permissions.ts';
import { plain } from './text.ts';

/** What deletes what a run has not tried to delete, as it did not wait. A sweep leaves it alone until it is old. */
export const DELETED_BY_A_RUN_THAT_WAITS = 'the next run for the same filter with "wait: true" deletes';

/** Whether a run has not tried to delete what it leaves behind, but for what newer runs delete. */
export function isUntried(left: readonly Left[]): boolean {
  return (
    left.some(({ untried }) => untried === true) &&
    left.every(({ untried, replaced }) => untried === true || replaced === true)
  );
}

/** What happens to objects that are left behind, and what it takes: a sentence or two. */
export function leftSentence(left: readonly Left[]): string {
  if (isUntried(left)) return `What is left behind does no harm; ${DELETED_BY_A_RUN_THAT_WAITS} it.`;
  const permissions = permissionsFor(left);
  return permissions === undefined
    ? 'What is left behind does no harm; re-run to delete it.'
    : `What is left behind does no harm, and no run can delete it without the permission to ${permissions}: grant it, then re-run.`;
}

const MAX_PERMISSION_CHARACTERS = 200;

/** All permissions that are missing for what is left behind: whoever grants some of them would be told of the next; `undefined` if none is. */
export function permissionsFor(left: readonly Left[]): string | undefined {
  const items = permissionItems(left.flatMap(({ missing }) => missing ?? []));
  if (items.length === 0) return undefined;
  return listWords(
    items.map((item) => plain(item, MAX_PERMISSION_CHARACTERS)),
    'and',
  );
}
