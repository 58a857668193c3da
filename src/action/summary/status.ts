import { nameSome, someOf, thousands } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import type { FilterStanding, FilterStatus, WorkloadStatus } from '../../deploy/report/status-report.ts';
import { TROUBLES } from '../verdict/status.ts';
import { countOf } from '../verdict/text.ts';
import { proofWords, unbroken, whenCell, workloadCells } from './parts/cells.ts';
import { renderNames } from './parts/cleanup.ts';
import type { Limits } from './parts/limits.ts';
import { blocks, code, codes, text } from './parts/markdown.ts';
import type { Page } from './parts/page.ts';
import { type Catalogue, type Row, renderCounts, renderTable, type TableParts } from './parts/table.ts';

const CATALOGUE: Catalogue<FilterStanding> = {
  broken: { icon: '❌', word: 'without effect' },
  unready: { icon: '❌', word: 'not ready' },
  drifted: { icon: '⚠️', word: 'changed by others' },
  missing: { icon: '⚠️', word: 'without the filter' },
  progressing: { icon: '⏳', word: 'rolling out' },
  proven: { icon: '✅', word: 'well' },
  idle: { icon: '💤', word: 'without pods' },
};

interface Line {
  readonly workload: WorkloadStatus;
  readonly filter: FilterStatus;
}

/** The page of `status`: a row for each filter on each workload, what needs a look first; notes; what nothing uses. */
export function statusPage({ status }: Report): Page {
  const { workloads = [], garbage = [], kept = [], inUse = [], unknown = [], namespaces = [] } = status ?? {};
  const lines = sortLines(workloads.flatMap((workload) => workload.filters.map((filter) => ({ workload, filter }))));
  const table = statusTable(lines);
  return {
    counts: renderCounts([...table.urgent, ...table.calm], CATALOGUE),
    problems: 'What is wrong',
    lead: (limits) => renderNotes(lines, limits),
    body: (limits) => [
      renderTable('What runs', table, limits),
      renderNames(`🧹 ${countOf(garbage.length, 'object')} of revisions that nothing runs`, garbage, limits),
      renderNames(`⏳ ${countOf(inUse.length, 'object')} of revisions that only old pods run`, inUse, limits),
      renderNames(
        `↩️ ${countOf(kept.length, 'object')} of superseded revisions that are kept to go back to`,
        kept,
        limits,
      ),
      renderNames(
        `❓ ${countOf(unknown.length, 'object')} of superseded revisions; whether pods run them is not known, as they may not be listed`,
        unknown,
        limits,
      ),
      renderNames(`🔎 Looked in ${countOf(namespaces.length, 'namespace')}`, namespaces, limits),
    ],
  };
}

function sortLines(lines: readonly Line[]): Line[] {
  const order: readonly FilterStanding[] = Object.keys(CATALOGUE) as FilterStanding[];
  return [...lines].sort((a, b) => order.indexOf(a.filter.standing) - order.indexOf(b.filter.standing));
}

/** A column of the status table; one that is the same in every row stands above the table. */
interface Column {
  readonly title: string;
  readonly cell: (line: Line) => string;
  readonly mayBeShared?: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'Filter', cell: ({ filter }) => text(filter.filter, 63), mayBeShared: true },
  { title: 'Revision', cell: ({ filter }) => revisionCell(filter) },
  {
    title: 'Digest',
    cell: ({ filter }) => (filter.digest === undefined ? 'unknown' : code(shortDigest(filter.digest))),
    mayBeShared: true,
  },
  { title: 'Standing', cell: ({ workload, filter }) => unbroken(standingCell(workload, filter)) },
  {
    title: 'Run',
    cell: ({ filter }) => runCell(filter),
    mayBeShared: true,
  },
  { title: 'Expires', cell: ({ filter }) => unbroken(expiryCell(filter)), mayBeShared: true },
];

function statusTable(lines: readonly Line[]): TableParts<FilterStanding> {
  const cells = new Map(COLUMNS.map((column) => [column, lines.map(column.cell)]));
  // Where the filter is not, there is nothing to share.
  const sharing = (column: Column): Set<string> =>
    new Set(
      lines.flatMap(({ filter }, index) => (filter.standing === 'missing' ? [] : (cells.get(column)?.[index] ?? []))),
    );
  const isShared = (column: Column): boolean => column.mayBeShared === true && sharing(column).size === 1;
  const columns = COLUMNS.filter((column) => !isShared(column));
  const above = COLUMNS.filter(isShared).map((column) => `${column.title}: ${[...sharing(column)].join('')}`);
  const rows = lines.map(
    ({ workload, filter }, index): Row<FilterStanding> => ({
      cells: [...workloadCells(workload.ref), ...columns.map((column) => cells.get(column)?.[index] ?? '')],
      count: filter.standing,
    }),
  );
  const isUrgent = ({ count }: Row<FilterStanding>): boolean => TROUBLES.some((trouble) => trouble === count);
  return {
    noun: 'row',
    header: ['Namespace', 'Workload', ...columns.map(({ title }) => title)],
    catalogue: CATALOGUE,
    urgent: rows.filter(isUrgent),
    calm: rows.filter((row) => !isUrgent(row)),
    above: above.join(' · '),
  };
}

/** The template's revision, after those that old pods still run. */
function revisionCell({ revision, alsoRuns = [] }: FilterStatus): string {
  const now = revision === undefined ? 'none' : code(revision);
  return alsoRuns.length === 0 ? now : `${someOf(alsoRuns.map((id) => code(id)))}&nbsp;→ ${now}`;
}

/** Where it came from: a run, or files of `render` that somebody has applied. */
function runCell({ run, rendered }: FilterStatus): string {
  if (rendered === undefined) return run === undefined ? 'unknown' : text(run, 200);
  return rendered.length === 0 ? 'rendered files' : `rendered files, applied by ${text(nameSome(rendered), 200)}`;
}

/** The first 12 hex digits: enough to compare by eye. */
function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

function standingCell({ pods }: WorkloadStatus, { standing, proof }: FilterStatus): string {
  const ready = `${pods.ready}/${pods.wanted} ready`;
  switch (standing) {
    case 'proven':
      if (proof?.level === 'listener') return `✅ proved in ${proof.pods}/${proof.wanted} proxies`;
      return `✅ ${proof === undefined ? ready : proofWords(proof)}`;
    case 'drifted':
      return `⚠️ changed, ${proof === undefined ? ready : proofWords(proof)}`;
    case 'progressing':
      return `⏳ rolling out, ${ready}`;
    case 'unready':
      return `❌ ${ready}`;
    case 'broken':
      return `❌ ${ready}, not running it`;
    case 'missing':
      return '⚠️ not there';
    case 'idle':
      return '💤 no pods wanted';
  }
}

function expiryCell({ standing, expires, expired }: FilterStatus): string {
  if (standing === 'missing') return '';
  if (expires === undefined) return 'never';
  const when = whenCell(expires);
  return expired ? `⌛ ${when}, over` : when;
}

/** What is wrong or was changed, workload by workload; each thing once for all that share it. */
function renderNotes(lines: readonly Line[], limits: Limits): string {
  const notes = new Map<string, string[]>();
  for (const { workload, filter } of lines) {
    for (const note of filter.notes) {
      const who = notes.get(note) ?? [];
      who.push(`${workload.ref.kind} ${workload.ref.namespace}/${workload.ref.name}`);
      notes.set(note, who);
    }
  }
  if (notes.size === 0) return '';
  const shown = [...notes].slice(0, limits.entries).map(([note, who]) => {
    return `- ${codes(who, Math.min(4, limits.subjects), limits.name)}: ${text(note, limits.message)}`;
  });
  const left = notes.size - shown.length;
  return blocks('### What to look at', [...shown, ...(left > 0 ? [`- … and ${thousands(left)} more`] : [])].join('\n'));
}
