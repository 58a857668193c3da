import { joint } from '../../base/problem.ts';
import { nameSome, sentence, someOf, thousands } from '../../base/text.ts';
import type { StatusReport } from '../../deploy/report/report.ts';
import type { FilterStatus, StatusNote, WorkloadStatus } from '../../deploy/report/status-report.ts';
import { describeWorkload } from '../../targets/target.ts';
import { type Links, runLink } from '../runner/links.ts';
import { TROUBLES } from '../verdict/status.ts';
import { countOf } from '../verdict/text.ts';
import { unbroken, verificationWords, whenCell, workloadCell } from './parts/cells.ts';
import { renderNames } from './parts/cleanup.ts';
import { type CountedHealth, countedHealth, HEALTH_COUNTS } from './parts/health.ts';
import type { Limits } from './parts/limits.ts';
import { blocks, code, codes, details, table, tableRow, text } from './parts/markdown.ts';
import { type CommandPage, stoppedPage } from './parts/page.ts';
import { renderDetails } from './parts/settings.ts';
import { renderTraffic } from './parts/soak.ts';
import { type Column, type Row, renderTable, shareColumns, type TableParts } from './parts/table.ts';

interface Line {
  readonly workload: WorkloadStatus;
  readonly filter: FilterStatus;
}

/** The page of `status`: a row for each filter on each workload, what needs a look first; notes; what nothing uses. */
export function statusPage(report: StatusReport, links: Links): CommandPage {
  const { status } = report;
  if (status.state === 'stopped') return stoppedPage((limits) => renderDetails(report, [], limits));
  const { workloads, garbage, kept = [], inUse = [], inUseUnseen = [], unknown = [], namespaces } = status;
  const lines = sortLines(workloads.flatMap((workload) => workload.filters.map((filter) => ({ workload, filter }))));
  return {
    problems: 'Problems',
    lead: (limits) => renderNotes(lines, limits),
    body: (limits) => [
      renderTable('Current state', statusTable(lines, links), limits),
      renderTraffic(workloads, limits),
      renderOrigins(lines, links, limits),
      renderNames(`🧹 ${countOf(garbage.length, 'object')} of revisions that nothing runs`, garbage, limits),
      renderNames(`⏳ ${countOf(inUse.length, 'object')} of revisions that only old pods run`, inUse, limits),
      renderNames(
        `👁️ ${countOf(inUseUnseen.length, 'object')} in use by pods whose workload is not visible`,
        inUseUnseen,
        limits,
      ),
      renderNames(
        `↩️ ${countOf(kept.length, 'object')} of superseded revisions that are kept to roll back to`,
        kept,
        limits,
      ),
      renderNames(
        `❓ ${countOf(unknown.length, 'object')} of superseded revisions; whether something uses them is not known: the kubeconfig user cannot list all pods and workloads`,
        unknown,
        limits,
      ),
      renderNames(`🔎 Looked in ${countOf(namespaces.length, 'namespace')}`, namespaces, limits),
      renderDetails(report, [], limits),
    ],
  };
}

function sortLines(lines: readonly Line[]): Line[] {
  const order: readonly CountedHealth[] = Object.keys(HEALTH_COUNTS) as CountedHealth[];
  return [...lines].sort((a, b) => order.indexOf(countOfLine(a)) - order.indexOf(countOfLine(b)));
}

function countOfLine({ workload, filter }: Line): CountedHealth {
  return countedHealth(filter.health, workload.soak?.crashes ?? 0);
}

/** Where the run has several. */
const CLUSTER: Column<Line> = { title: 'Cluster', cell: ({ workload }) => text(workload.ref.cluster ?? '', 63) };

// What is the same in every row stands above the table. What is not must leave workload and health in sight on a phone, so that the rest
// shares their cells, or folds.

/** What a row runs. */
const WHAT: readonly Column<Line>[] = [
  { title: 'Filter', cell: ({ filter }) => text(filter.filter, 63) },
  { title: 'Revision', cell: ({ filter }) => revisionCell(filter) },
];
const EXPIRES: Column<Line> = { title: 'Expires', cell: ({ filter }) => expiryCell(filter) };
/** Where it came from. */
const originColumns = (links: Links): readonly Column<Line>[] => [
  {
    title: 'Digest',
    cell: ({ filter }) => (filter.digest === undefined ? 'unknown' : code(shortDigest(filter.digest))),
  },
  { title: 'Run', cell: ({ filter }) => runCell(filter, links) },
];
const WORKLOAD: Column<Line> = { title: 'Workload', cell: ({ workload }) => workloadCell(workload.ref) };

/** The columns that differ from row to row, and what stands above the table. Where the filter is not, there is nothing to share. */
function shareStatus(columns: readonly Column<Line>[], lines: readonly Line[]): ReturnType<typeof shareColumns<Line>> {
  return shareColumns(columns, lines, ({ filter }) => filter.health !== 'missing');
}

function statusTable(lines: readonly Line[], links: Links): TableParts<CountedHealth> {
  const [what, expires] = [shareStatus(WHAT, lines), shareStatus([EXPIRES], lines)];
  const shared = [...what.shared, ...shareStatus(originColumns(links), lines).shared, ...expires.shared];
  const columns: readonly Column<Line>[] = [
    WORKLOAD,
    ...shareColumns([CLUSTER], lines).own,
    {
      title: 'Health',
      cell: (line) => {
        const { health, expires: expiry } = line.filter;
        const own = expires.own.length > 0 && expiry !== undefined && health !== 'missing';
        const until = own ? `<br>${line.filter.expired ? '' : 'expires '}${EXPIRES.cell(line)}` : '';
        // It may break where a clause ends.
        return `${unbroken(healthCell(line.workload, line.filter)).replaceAll(',&nbsp;', ', ')}${until}`;
      },
    },
    ...stacked(what.own),
  ];
  const rows = lines.map(
    (line): Row<CountedHealth> => ({ cells: columns.map(({ cell }) => cell(line)), count: countOfLine(line) }),
  );
  const isUrgent = ({ count }: Row<CountedHealth>): boolean =>
    count === 'crashed' || TROUBLES.some((trouble) => trouble === count);
  return {
    noun: 'row',
    header: columns.map(({ title }) => title),
    catalogue: HEALTH_COUNTS,
    urgent: rows.filter(isUrgent),
    calm: rows.filter((row) => !isUrgent(row)),
    above: shared.map(({ title, value }) => `${title}: ${value}`).join(' · '),
  };
}

/** Several columns as one, a line of the cell each. */
function stacked(columns: readonly Column<Line>[]): Column<Line>[] {
  const [first, ...others] = columns;
  if (first === undefined) return [];
  return [{ title: first.title, cell: (line) => [first, ...others].map(({ cell }) => cell(line)).join('<br>') }];
}

/** Where each row came from, folded; empty where all came from the same. */
function renderOrigins(lines: readonly Line[], links: Links, limits: Limits): string {
  const { own } = shareStatus(originColumns(links), lines);
  const present = lines.filter(({ filter }) => filter.health !== 'missing');
  if (own.length === 0 || present.length === 0) return '';
  const columns = [
    WORKLOAD,
    ...shareColumns([CLUSTER], lines).own,
    ...shareColumns(WHAT.slice(0, 1), lines).own,
    ...own,
  ];
  const shown = present.slice(0, limits.goodRows);
  const left = present.length - shown.length;
  const rows = shown.map((line) => tableRow(columns.map(({ cell }) => cell(line))));
  return details(
    `${own.length > 1 ? 'Digest and run' : own[0]?.title} of each workload`,
    blocks(
      table(
        columns.map(({ title }) => title),
        rows,
      ),
      left > 0 ? `… and ${countOf(left, 'more row')}.` : '',
    ),
  );
}

/** The template's revision, after those that old pods still run. */
function revisionCell({ revision, alsoRuns = [] }: FilterStatus): string {
  const now = revision === undefined ? 'none' : code(revision);
  return alsoRuns.length === 0 ? now : `${someOf(alsoRuns.map((id) => code(id)))}&nbsp;→ ${now}`;
}

/** Where it came from: a run, or files of `render` that somebody has applied. */
function runCell({ run, rendered }: FilterStatus, { server }: Links): string {
  if (rendered === undefined) {
    if (run === undefined) return 'unknown';
    const link = server === undefined ? undefined : runLink(server, run);
    return link === undefined ? text(run, 200) : `[${text(run, 200)}](${link})`;
  }
  return rendered.length === 0 ? 'rendered files' : `rendered files, applied by ${text(nameSome(rendered), 200)}`;
}

/** The first 12 hex digits: enough to compare by eye. */
function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

function healthCell({ pods, soak, filters }: WorkloadStatus, { health, verification }: FilterStatus): string {
  const ready = `${pods.ready}/${pods.wanted} ready`;
  switch (health) {
    case 'verified': {
      const words = verification === undefined ? ready : verificationWords(verification);
      // Its proxies run it, as they were told to; what it does there is another matter.
      if (soak !== undefined && soak.crashes > 0) {
        const who = filters.length > 1 ? 'one of its filters ' : '';
        return `❌ ${words}, then ${who}crashed ${countOf(soak.crashes, 'time')}`;
      }
      return `✅ ${words}`;
    }
    case 'drifted':
      return `⚠️ drifted, ${verification === undefined ? ready : verificationWords(verification)}`;
    case 'outdated':
      return `⚠️ outdated, ${verification === undefined ? ready : verificationWords(verification)}`;
    case 'progressing':
      return `⏳ rolling out, ${ready}`;
    case 'waiting-for-promotion':
      return `⏸️ waits for promotion, ${pods.ready}/${pods.wanted} ${verification?.level === 'listener' ? 'verified' : 'ready'}`;
    case 'aborted':
      return '⚠️ aborted';
    case 'not-ready':
      return `❌ ${ready}`;
    case 'no-effect':
      return `❌ ${ready}, no effect`;
    case 'missing':
      return '⚠️ missing';
    case 'scaled-to-zero':
      return '💤 scaled to zero';
  }
}

function expiryCell({ health, expires, expired }: FilterStatus): string {
  if (health === 'missing') return '';
  if (expires === undefined) return 'never';
  const when = unbroken(whenCell(expires));
  return expired ? `⌛ expired ${when}` : when;
}

/** What is wrong or was changed, workload by workload; each thing once for all that share it. */
function renderNotes(lines: readonly Line[], limits: Limits): string {
  const notes = new Map<string, StatusNote & { readonly who: Set<string> }>();
  for (const { workload, filter } of lines) {
    for (const note of filter.notes) {
      const same = notes.get(note.text) ?? { ...note, who: new Set() };
      same.who.add(describeWorkload(workload.ref));
      notes.set(note.text, same);
    }
  }
  if (notes.size === 0) return '';
  const shown = [...notes.values()].slice(0, limits.entries).map(({ who, form, text: note }) => {
    return `- ${codes([...who], Math.min(4, limits.subjects), limits.name)}${who.size === 1 ? joint(form) : ': '}${text(sentence(note), limits.message)}`;
  });
  const left = notes.size - shown.length;
  return blocks('### What to look at', [...shown, ...(left > 0 ? [`- … and ${thousands(left)} more`] : [])].join('\n'));
}
