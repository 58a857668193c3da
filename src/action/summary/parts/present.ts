import { thousands } from '../../../base/text.ts';
import type { NothingToRemove } from '../../../deploy/report/removal-report.ts';
import { countOf } from '../../verdict/text.ts';
import { whenCell } from './cells.ts';
import type { Limits } from './limits.ts';
import { blocks, table, tableRow, text } from './markdown.ts';

/** The filters that are there, where a removal has found nothing to do. */
export function renderPresent({ present }: NothingToRemove, limits: Limits): string {
  if (present.length === 0) return '';
  const shown = present.slice(0, limits.items);
  const left = present.length - shown.length;
  const rows = shown.map(({ filter, namespace, workloads, expires }) =>
    tableRow([
      text(namespace, 63),
      text(filter, 63),
      workloads.length === 0 ? 'objects alone' : countOf(workloads.length, 'workload'),
      expires === undefined ? 'never' : whenCell(expires),
    ]),
  );
  return blocks(
    '### What is there',
    shown.length === 0 ? '' : table(['Namespace', 'Filter', 'On', 'Expires'], rows),
    left > 0 ? `… and ${thousands(left)} more.` : '',
  );
}
