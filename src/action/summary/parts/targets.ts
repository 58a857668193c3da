import { someOf } from '../../../base/text.ts';
import type { ChangeReport, TargetOutcome, TargetReport } from '../../../deploy/report/report.ts';
import { waveName, waveOf } from '../../../deploy/report/wave-mark.ts';
import { isBackButUnready, isIdle } from '../../verdict/phase.ts';
import { NONE_AS_BEFORE, revisionCells, workloadCell, writeState } from './cells.ts';
import { blocks, text } from './markdown.ts';
import {
  type Catalogue,
  type Column,
  type Row,
  type SharedColumn,
  shareColumns,
  type TableParts,
  waveNumbers,
} from './table.ts';

/** Outcomes, and apart from them what was cut off, not watched, or could not be rolled back. */
export type TargetCount =
  | TargetOutcome
  | 'rollback-failed'
  | 'rolled-back-not-ready'
  | 'failed-rolled-back'
  | 'cancelled'
  | 'applied'
  | 'no-pods'
  | 'not-ready';

/** What workloads are counted as, in the order in which it is told. */
export const TARGET_COUNTS: Catalogue<TargetCount> = {
  'rollback-failed': { icon: '🚨', word: 'rollback failed' },
  'rolled-back-not-ready': { icon: '🚨', word: 'rolled back, but not ready' },
  failed: { icon: '❌', word: 'failed' },
  'failed-rolled-back': { icon: '❌', word: 'failed and rolled back' },
  cancelled: { icon: '🛑', word: 'cancelled' },
  'rolled-back': { icon: '↩️', word: 'rolled back' },
  superseded: { icon: '⏭️', word: 'superseded' },
  untouched: { icon: '⚪', word: 'not touched' },
  waiting: { icon: '⏸️', word: 'waiting for promotion' },
  'not-ready': { icon: '⚠️', word: 'not ready, as before' },
  applied: { icon: '⏳', word: 'applied' },
  'no-pods': { icon: '⚪', word: 'without pods, not verified' },
  deployed: { icon: '✅', word: 'deployed' },
  removed: { icon: '✅', word: 'removed' },
  unchanged: { icon: '➖', word: 'unchanged' },
};

const CALM_ORDER: readonly TargetOutcome[] = [
  'rolled-back',
  'waiting',
  'superseded',
  'untouched',
  'deployed',
  'removed',
  'unchanged',
];

/** Returns what a workload is counted as. */
export function countedAs(target: TargetReport): TargetCount {
  switch (target.phase) {
    case 'rollback-failed':
      return isBackButUnready(target) ? 'rolled-back-not-ready' : 'rollback-failed';
    case 'rolled-back':
      return 'failed-rolled-back';
    case 'interrupted':
    case 'rollback-interrupted':
    case 'rollback-unconfirmed':
      return 'cancelled';
    case 'not-ready-as-before':
      return 'not-ready';
    case 'succeeded':
      return isIdle(target) && target.outcome === 'deployed' ? 'no-pods' : target.outcome;
    case 'unverified':
      return target.outcome === 'deployed' || target.outcome === 'removed' ? 'applied' : target.outcome;
    default:
      return target.outcome;
  }
}

/** The columns of one command's table. */
export interface TargetColumns {
  /** What somebody looks for first: it stands beside the workload, whatever it says. */
  readonly rollout: (target: TargetReport) => string;
  /** The writes; what is the same in all rows is said once above the table. */
  readonly writes: readonly Column<TargetReport>[];
}

/** What needs no word above the table: the verdict has said that nothing was written. */
const SKIPPED = writeState('skipped');

/**
 * The table of a run's workloads, failed ones first: workload and rollout, which a phone has room for, then what differs between
 * rows. What all share stands above.
 */
export function targetTable(
  { targets, filters }: Pick<ChangeReport, 'targets' | 'filters'>,
  { rollout, writes }: TargetColumns,
): TableParts<TargetCount> {
  const clusters = shareColumns(
    [{ title: 'Cluster', cell: ({ ref }: TargetReport) => text(ref.cluster ?? '', 63) }],
    targets,
  );
  const waves = shareColumns([{ title: 'Wave', cell: waveCell }], targets);
  const written = shareColumns(writes, targets);
  const names = new Set([...filters.map(({ name }) => name), ...targets.flatMap(filtersOf)]);
  const revision = revisionColumn(targets, names.size > 1);
  const columns: Column<TargetReport>[] = [
    { title: 'Workload', cell: ({ ref }) => workloadCell(ref) },
    ...clusters.own,
    { title: 'Rollout', cell: rollout },
    ...waves.own,
    ...written.own,
    ...revision.own,
  ];
  const row = (target: TargetReport): Row<TargetCount> => ({
    cells: columns.map(({ cell }) => cell(target)),
    count: countedAs(target),
  });
  const of = (outcome: TargetOutcome): TargetReport[] => targets.filter((target) => target.outcome === outcome);
  const failed = targets.filter(isUrgent);
  return {
    noun: 'workload',
    header: columns.map(({ title }) => title),
    catalogue: TARGET_COUNTS,
    urgent: [...failed.filter(isRollbackFailed), ...failed.filter((target) => !isRollbackFailed(target))].map(row),
    calm: CALM_ORDER.flatMap(of)
      .filter((target) => !isUrgent(target))
      .map(row),
    above: blocks(
      [revision.above, ...writeLines(written.shared)].filter((line) => line !== '').join(' · '),
      waves.own.length > 0 ? waveNumbers(targets) : '',
    ),
    folded: targets.every(({ outcome }) => outcome === 'untouched'),
  };
}

function waveCell(target: TargetReport): string {
  const mark = waveOf(target);
  return mark === undefined ? '' : waveName(mark);
}

/** The revisions of workloads: above the table where they are the same everywhere, in a column where they differ. */
interface RevisionColumn {
  readonly above: string;
  readonly own: readonly Column<TargetReport>[];
}

function filtersOf({ revisions }: TargetReport): string[] {
  return revisions.map(({ filter }) => filter);
}

/** `named`: whether each revision says which filter it is of. */
function revisionColumn(targets: readonly TargetReport[], named: boolean): RevisionColumn {
  const cells = new Map(targets.map((target) => [target, revisionCells(target, named)]));
  const whole: Column<TargetReport> = {
    title: 'Revision',
    cell: (target) => {
      const shown = (cells.get(target) ?? []).map(([, cell]) => cell);
      return shown.length === 0 && target.revisions.length > 0 ? NONE_AS_BEFORE : shown.join('<br>');
    },
  };
  const { own, shared } = shareColumns([whole], targets);
  if (own.length === 0) return { above: shared.map(revisionLine).join(''), own };
  const byFilter = Map.groupBy([...cells.values()].flat(), ([filter]) => filter);
  const values = [...byFilter.values()].map((entries) => new Set(entries.map(([, cell]) => cell)));
  // Where each filter comes to the same on all of its workloads, that is said once, and rows have names alone.
  const isEachTheSame = values.every(({ size }) => size === 1) && targets.every((target) => cells.get(target)?.length);
  if (byFilter.size < 2 || !isEachTheSame) return { above: '', own };
  const cell = (target: TargetReport): string => someOf((cells.get(target) ?? []).map(([filter]) => text(filter, 63)));
  const rows = shareColumns([{ title: 'Filters', cell }], targets);
  return { above: revisionsLine(values.flatMap((ones) => [...ones])), own: rows.own };
}

/** `Revision: 0b6e4d1f93 → 4f2a91c07b`; empty where no workload has one. */
function revisionLine({ value }: SharedColumn): string {
  return value === '' ? '' : revisionsLine(value.split('<br>'));
}

function revisionsLine(all: readonly string[]): string {
  if (all.length === 0) return '';
  return `${all.length === 1 ? 'Revision' : 'Revisions'}: ${someOf(all)}`;
}

/** `✅ written: ConfigMap, EnvoyFilter`, a part for each state. */
function writeLines(shared: readonly SharedColumn[]): string[] {
  const states = Map.groupBy(
    shared.filter(({ value }) => value !== '' && value !== SKIPPED),
    ({ value }) => value,
  );
  return [...states].map(([state, columns]) => `${state}: ${someOf(columns.map(({ title }) => title))}`);
}

function isRollbackFailed({ rollback }: TargetReport): boolean {
  return rollback?.state === 'failed';
}

function isUrgent(target: TargetReport): boolean {
  return target.outcome === 'failed' || isRollbackFailed(target);
}
