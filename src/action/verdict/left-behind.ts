import { listWords, thousands } from '../../base/text.ts';
import type { Left } from '../../deploy/report/report.ts';
import { plain } from './text.ts';

/** What becomes of objects that are left behind, and what it takes: a sentence or two. */
export function leftSentence(left: readonly Left[]): string {
  const rights = rightsFor(left);
  return rights === undefined
    ? 'What is left behind does no harm; re-run to delete it.'
    : `What is left behind does no harm, and no run can delete it without the permission to ${rights}: grant it, then re-run.`;
}

const MOST_RIGHTS = 3;
const MOST_OF_RIGHT = 200;

/** The permissions that are missing for what is left behind; undefined where none is. */
export function rightsFor(left: readonly Left[]): string | undefined {
  const rights = [...new Set(left.flatMap(({ missing }) => missing ?? []))];
  if (rights.length === 0) return undefined;
  const shown = rights.slice(0, MOST_RIGHTS).map((right) => plain(right, MOST_OF_RIGHT));
  return listWords(
    [...shown, ...(rights.length > MOST_RIGHTS ? [`${thousands(rights.length - MOST_RIGHTS)} more`] : [])],
    'and',
  );
}
