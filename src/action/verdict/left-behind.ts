import { listWords, thousands } from '../../base/text.ts';
import type { Left } from '../../deploy/report/report.ts';
import { plain } from './text.ts';

/** What happens to objects that are left behind, and what it takes: a sentence or two. */
export function leftSentence(left: readonly Left[]): string {
  const permissions = permissionsFor(left);
  return permissions === undefined
    ? 'What is left behind does no harm; re-run to delete it.'
    : `What is left behind does no harm, and no run can delete it without the permission to ${permissions}: grant it, then re-run.`;
}

const MAX_PERMISSIONS = 3;
const MAX_PERMISSION_CHARACTERS = 200;

/** The permissions that are missing for what is left behind; `undefined` if none is. */
export function permissionsFor(left: readonly Left[]): string | undefined {
  const permissions = [...new Set(left.flatMap(({ missing }) => missing ?? []))];
  if (permissions.length === 0) return undefined;
  const shown = permissions.slice(0, MAX_PERMISSIONS).map((permission) => plain(permission, MAX_PERMISSION_CHARACTERS));
  return listWords(
    [
      ...shown,
      ...(permissions.length > MAX_PERMISSIONS ? [`${thousands(permissions.length - MAX_PERMISSIONS)} more`] : []),
    ],
    'and',
  );
}
