import { formatDuration } from '../base/text.ts';
import type { Report, Step, StepState, TargetOutcome, TargetReport, TargetRevision } from '../deploy/report.ts';
import { blocks, code, countOf, details, table, tableRow, text, thousands } from './markdown.ts';
import type { Limits } from './summary-limits.ts';
import { standingOf } from './summary-standing.ts';

/** Up to this many workloads stand in one open table; above it, those that are well fold. */
const MOST_OPEN_ROWS = 25;
/** A name is at most 253 characters in Kubernetes; only a broken one is longer. */
const MOST_NAME_CHARACTERS = 260;

/** `❌ 2 failed · ✅ 9 deployed`: the workloads by what became of them. */
export function renderCounts({ targets }: Pick<Report, 'targets'>): string {
  const counts = new Map<Count, number>();
  for (const target of targets) counts.set(countedAs(target), (counts.get(countedAs(target)) ?? 0) + 1);
  return ORDER.flatMap((count) => {
    const n = counts.get(count);
    return n === undefined ? [] : [`${COUNTS[count].icon} ${thousands(n)} ${COUNTS[count].word}`];
  }).join(' · ');
}

/** Outcomes, and apart from them what was cut off and what nobody waited for. */
type Count = TargetOutcome | 'cancelled' | 'applied';

const COUNTS: Readonly<Record<Count, { icon: string; word: string }>> = {
  failed: { icon: '❌', word: 'failed' },
  cancelled: { icon: '🛑', word: 'cancelled' },
  untouched: { icon: '⚪', word: 'not touched' },
  applied: { icon: '⏳', word: 'applied' },
  deployed: { icon: '✅', word: 'deployed' },
  unchanged: { icon: '➖', word: 'unchanged' },
};
/** What a reader has to look at comes first. */
const ORDER = [
  'failed',
  'cancelled',
  'untouched',
  'applied',
  'deployed',
  'unchanged',
] as const satisfies readonly Count[];

function countedAs(target: TargetReport): Count {
  const standing = standingOf(target);
  if (standing === 'interrupted') return 'cancelled';
  return standing === 'unproven' && target.outcome === 'deployed' ? 'applied' : target.outcome;
}

interface Row {
  readonly cells: readonly string[];
  /** One for each filter. */
  readonly revisions: readonly string[];
}

/** The table of a report's workloads; what a row needs is made once, however often the page is rendered. */
export class TargetTable {
  readonly #failed: readonly TargetReport[];
  readonly #good: readonly TargetReport[];
  readonly #rows: ReadonlyMap<TargetReport, Row>;

  constructor({ targets, waited }: Pick<Report, 'targets' | 'waited'>) {
    const of = (wanted: TargetOutcome): TargetReport[] => targets.filter(({ outcome }) => outcome === wanted);
    this.#failed = of('failed');
    this.#good = [...of('untouched'), ...of('deployed'), ...of('unchanged')];
    this.#rows = new Map(
      targets.map((target) => [target, { cells: renderCells(target, waited), revisions: renderRevisions(target) }]),
    );
  }

  /** Markdown for the table, failed workloads first; long lists of workloads that are well fold. */
  render(limits: Limits): string {
    const failed = this.#failed;
    const good = this.#good;
    const total = failed.length + good.length;
    const all = `The ${countOf(total, 'workload')} of this run`;
    if (total === 0) return '';
    if (failed.length > 0 && total > MOST_OPEN_ROWS) {
      return blocks(
        '### Workloads',
        this.#table(failed, limits.failedRows),
        good.length === 0
          ? ''
          : details(
              `${countOf(good.length, 'more workload')}: ${renderCounts({ targets: good })}`,
              this.#table(good, limits.goodRows),
            ),
      );
    }
    const shown = [...failed.slice(0, limits.failedRows), ...good.slice(0, limits.goodRows)];
    const body = blocks(
      this.#table(shown, total),
      leftOut(failed.slice(limits.failedRows)),
      leftOut(good.slice(limits.goodRows)),
    );
    const touched = good.some(({ outcome }) => outcome !== 'untouched') || failed.length > 0;
    return touched && total <= MOST_OPEN_ROWS ? blocks('### Workloads', body) : details(all, body);
  }

  #table(targets: readonly TargetReport[], most: number): string {
    const rows = targets.slice(0, most).flatMap((target) => this.#rows.get(target) ?? []);
    const shared = sharedRevisions(rows);
    return blocks(
      shared === undefined ? '' : `${shared.length === 1 ? 'Revision' : 'Revisions'}: ${shared.join(', ')}`,
      rows.length === 0 ? '' : tableOf(rows, shared === undefined),
      leftOut(targets.slice(most)),
    );
  }
}

/** The revisions that all rows have; they stand above the table then and not in it. */
function sharedRevisions([first, ...others]: readonly Row[]): readonly string[] | undefined {
  if (first === undefined || first.revisions.length === 0) return undefined;
  return others.every(({ revisions }) => revisions.join() === first.revisions.join()) ? first.revisions : undefined;
}

function tableOf(rows: readonly Row[], withRevisions: boolean): string {
  return table(
    withRevisions ? [...HEADER, 'Revision'] : HEADER,
    rows.map(({ cells, revisions }) => tableRow(withRevisions ? [...cells, revisions.join('<br>')] : cells)),
  );
}

function leftOut(targets: readonly TargetReport[]): string {
  return targets.length === 0 ? '' : `… and ${thousands(targets.length)} more: ${renderCounts({ targets })}.`;
}

const HEADER = ['Namespace', 'Workload', 'ConfigMap', 'EnvoyFilter', 'Template', 'Rollout'] as const;

function renderCells(target: TargetReport, waited: boolean): string[] {
  const { ref, steps } = target;
  return [
    text(ref.namespace, MOST_NAME_CHARACTERS),
    `${ref.kind}/<wbr>${text(ref.name, MOST_NAME_CHARACTERS)}`,
    ...WRITES.map((step) => unbroken(renderWrite(step, steps[step]))),
    unbroken(renderRollout(target, waited)),
  ];
}

const WRITES = ['configMap', 'envoyFilter', 'template'] as const satisfies readonly Step[];
const DONE: Readonly<Record<(typeof WRITES)[number], string>> = {
  configMap: '✅ written',
  envoyFilter: '✅ written',
  template: '✅ patched',
};
const NOT_DONE: Readonly<Record<Exclude<StepState, 'done'>, string>> = {
  unchanged: '➖ same',
  failed: '❌ failed',
  skipped: '⚪ skipped',
};

function renderWrite(step: (typeof WRITES)[number], state: StepState): string {
  return state === 'done' ? DONE[step] : NOT_DONE[state];
}

/** The rollout's result with its pods and time: `❌ 0/3 ready, 5 min`. */
function renderRollout(target: TargetReport, waited: boolean): string {
  const { pods, durationMs = 0, steps } = target;
  const ready = `${pods.ready}/${pods.wanted} ready`;
  const after = durationMs > 0 ? `, ${formatDuration(durationMs)}` : '';
  switch (standingOf(target)) {
    case 'proven':
      return `✅ ${ready}${after}`;
    case 'unready':
      return `❌ ${ready}${after}`;
    case 'interrupted':
      return `🛑 ${pods.ready}/${pods.wanted}, cancelled`;
    case 'unproven':
      return waited ? '⚠️ unknown' : '⏳ not awaited';
    default:
      return steps.rollout === 'failed' ? `❌ failed${after}` : `⚪ ${pods.ready}/${pods.wanted} before`;
  }
}

/** Keeps a cell of ours on one line. */
function unbroken(cell: string): string {
  return cell.replaceAll(' ', '&nbsp;');
}

/** The revisions in the pod template, as the run leaves it. */
function renderRevisions(target: TargetReport): string[] {
  const kept = standingOf(target) === 'kept';
  const several = target.revisions.length > 1;
  return target.revisions.map(
    (revision) => `${several ? `${text(revision.filter, 63)}: ` : ''}${renderRevision(revision, kept)}`,
  );
}

function renderRevision({ revision, before }: TargetRevision, kept: boolean): string {
  if (before === revision) return code(revision);
  if (kept) return before === undefined ? 'none yet' : `${code(before)} kept`;
  // It may wrap after the arrow only.
  return `${before === undefined ? 'none' : code(before)}&nbsp;→ ${code(revision)}`;
}
