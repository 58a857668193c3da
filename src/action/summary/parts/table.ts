import { thousands } from '../../../base/text.ts';
import { countOf } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, details, table, tableRow } from './markdown.ts';

/** Up to this many rows stand in one open table; above it, those that are well fold, and so do urgent ones beyond this many. */
export const MAX_OPEN_ROWS = 25;

/** Returns how numbers in a column of waves relate to those that targets and, in a run with several, clusters are given. */
export function waveNumbers(rows: readonly { readonly ref: { readonly cluster?: string } }[]): string {
  const clusters = rows.some(({ ref }) => ref.cluster !== undefined);
  return `Lower waves roll out first. A number is the \`wave\` of the target${clusters ? ', with that of its cluster added' : ''}.`;
}

/** What rows are counted as, in the order in which they are told: `❌ 2 failed · ✅ 9 deployed`. */
export type Catalogue<C extends string> = Readonly<Record<C, { readonly icon: string; readonly word: string }>>;

export interface Row<C extends string> {
  /** Markdown, one for each column. */
  readonly cells: readonly string[];
  readonly count: C;
}

export interface TableParts<C extends string> {
  /** What a row is: `workload`. */
  readonly noun: string;
  readonly header: readonly string[];
  readonly catalogue: Catalogue<C>;
  /** Rows that somebody has to look at; they come first, and the first of them stay open. */
  readonly urgent: readonly Row<C>[];
  readonly calm: readonly Row<C>[];
  /** What all rows share and no column says. */
  readonly above?: string;
  /** Whether the table folds, however short it is. */
  readonly folded?: boolean;
}

/** A column of a table, and what its cells say. */
export interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => string;
}

/** A column whose cells all say the same. */
export interface SharedColumn {
  readonly title: string;
  readonly value: string;
}

/**
 * Takes the columns apart whose cells are the same in every row: they are said once, above the table. `counts` tells of which rows
 * that has to hold; a single row shares all of its cells.
 */
export function shareColumns<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  counts: (row: R) => boolean = () => true,
): { readonly own: readonly Column<R>[]; readonly shared: readonly SharedColumn[] } {
  const counted = rows.filter(counts);
  const own: Column<R>[] = [];
  const shared: SharedColumn[] = [];
  for (const column of columns) {
    const [value, ...others] = new Set(counted.map(column.cell));
    if (value === undefined || others.length > 0) own.push(column);
    else shared.push({ title: column.title, value });
  }
  return { own, shared };
}

/** The table of a page under a heading, urgent rows first; long lists fold, with their totals as the title. */
export function renderTable<C extends string>(heading: string, parts: TableParts<C>, limits: Limits): string {
  const { noun, urgent, calm, catalogue, above = '', folded = false } = parts;
  const total = urgent.length + calm.length;
  if (total === 0) return '';
  if (urgent.length > 0 && total > MAX_OPEN_ROWS) {
    const open = urgent.slice(0, Math.min(MAX_OPEN_ROWS, limits.failedRows));
    const folded = (rows: readonly Row<C>[], max: number): string =>
      rows.length === 0
        ? ''
        : details(
            `${countOf(rows.length, `more ${noun}`)}: ${renderCounts(rows, catalogue)}`,
            blocks(rowsOf(parts, rows.slice(0, max)), leftOut(rows.slice(max), catalogue)),
          );
    return blocks(
      `### ${heading}`,
      above,
      rowsOf(parts, open),
      folded(urgent.slice(open.length), limits.failedRows - open.length),
      folded(calm, limits.goodRows),
    );
  }
  const body = blocks(
    above,
    rowsOf(parts, [...urgent.slice(0, limits.failedRows), ...calm.slice(0, limits.goodRows)]),
    leftOut(urgent.slice(limits.failedRows), catalogue),
    leftOut(calm.slice(limits.goodRows), catalogue),
  );
  return total <= MAX_OPEN_ROWS && !folded
    ? blocks(`### ${heading}`, body)
    : details(`The ${countOf(total, noun)} of this run: ${renderCounts([...urgent, ...calm], catalogue)}`, body);
}

/** How many rows there are of each count: `❌ 2 failed · ✅ 9 deployed`. */
export function renderCounts<C extends string>(
  rows: readonly Pick<Row<C>, 'count'>[],
  catalogue: Catalogue<C>,
): string {
  const counts = new Map<C, number>();
  for (const { count } of rows) counts.set(count, (counts.get(count) ?? 0) + 1);
  return (Object.keys(catalogue) as C[])
    .flatMap((count) => {
      const n = counts.get(count);
      return n === undefined ? [] : [`${catalogue[count].icon} ${thousands(n)} ${catalogue[count].word}`];
    })
    .join(' · ');
}

function rowsOf<C extends string>({ header }: TableParts<C>, rows: readonly Row<C>[]): string {
  if (rows.length === 0) return '';
  return table(
    header,
    rows.map(({ cells }) => tableRow(cells)),
  );
}

function leftOut<C extends string>(rows: readonly Row<C>[], catalogue: Catalogue<C>): string {
  return rows.length === 0 ? '' : `… and ${thousands(rows.length)} more: ${renderCounts(rows, catalogue)}.`;
}
