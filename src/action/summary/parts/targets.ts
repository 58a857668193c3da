import { someOf } from '../../../base/text.ts';
import type { Report, TargetOutcome, TargetReport } from '../../../deploy/report/report.ts';
import { standingOf } from '../../verdict/phase.ts';
import { revisionCells, workloadCells } from './cells.ts';
import { type Catalogue, type Row, renderCounts, type TableParts } from './table.ts';

/** Outcomes, and apart from them what was cut off, nobody waited for, or could not be taken back. */
export type TargetCount = TargetOutcome | 'stranded' | 'back' | 'cancelled' | 'applied' | 'unready';

const CATALOGUE: Catalogue<TargetCount> = {
  stranded: { icon: '🚨', word: 'not taken back' },
  failed: { icon: '❌', word: 'failed' },
  back: { icon: '❌', word: 'failed and taken back' },
  cancelled: { icon: '🛑', word: 'cancelled' },
  restored: { icon: '↩️', word: 'taken back' },
  superseded: { icon: '⏭️', word: 'superseded' },
  untouched: { icon: '⚪', word: 'not touched' },
  unready: { icon: '⚠️', word: 'not ready, as before' },
  applied: { icon: '⏳', word: 'applied' },
  deployed: { icon: '✅', word: 'deployed' },
  removed: { icon: '✅', word: 'removed' },
  unchanged: { icon: '➖', word: 'unchanged' },
};

const CALM_ORDER: readonly TargetOutcome[] = [
  'restored',
  'superseded',
  'untouched',
  'deployed',
  'removed',
  'unchanged',
];

/** One column between the workload and its revision. */
export interface TargetColumn {
  readonly title: string;
  readonly cell: (target: TargetReport) => string;
}

/** `❌ 2 failed · ✅ 9 deployed`: the workloads by what became of them. */
export function countTargets(report: Pick<Report, 'targets' | 'cancelled'>): string {
  return renderCounts(
    report.targets.map((target) => ({ count: countedAs(target, report) })),
    CATALOGUE,
  );
}

function countedAs(target: TargetReport, report: Pick<Report, 'cancelled'>): TargetCount {
  switch (standingOf(target, report)) {
    case 'stranded':
      return 'stranded';
    case 'restored':
      return 'back';
    case 'interrupted':
    case 'halfway':
      return 'cancelled';
    case 'unready-as-before':
      return 'unready';
    case 'unproven':
      return target.outcome === 'deployed' || target.outcome === 'removed' ? 'applied' : target.outcome;
    default:
      return target.outcome;
  }
}

/**
 * The table of a run's workloads, failed ones first. The revision stands above it where all share one, else in the last
 * column; the wave has a column where there are several.
 */
export function targetTable(
  report: Pick<Report, 'targets' | 'cancelled'>,
  columns: readonly TargetColumn[],
): TableParts<TargetCount> {
  const { targets } = report;
  const revisions = new Map(targets.map((target) => [target, revisionCells(target, report)]));
  const [first] = targets;
  const shared = first === undefined ? undefined : revisions.get(first);
  const same =
    shared !== undefined &&
    shared.length > 0 &&
    targets.every((target) => revisions.get(target)?.join() === shared.join());
  const waves = targets.some(({ wave }) => wave !== undefined);
  const row = (target: TargetReport): Row<TargetCount> => ({
    cells: [
      ...workloadCells(target.ref),
      ...(waves ? [String(target.wave ?? '')] : []),
      ...columns.map(({ cell }) => cell(target)),
      ...(same ? [] : [revisions.get(target)?.join('<br>') ?? '']),
    ],
    count: countedAs(target, report),
  });
  const of = (outcome: TargetOutcome): TargetReport[] => targets.filter((target) => target.outcome === outcome);
  const failed = targets.filter(isUrgent);
  return {
    noun: 'workload',
    header: [
      'Namespace',
      'Workload',
      ...(waves ? ['Wave'] : []),
      ...columns.map(({ title }) => title),
      ...(same ? [] : ['Revision']),
    ],
    catalogue: CATALOGUE,
    urgent: [...failed.filter(isStranded), ...failed.filter((target) => !isStranded(target))].map(row),
    calm: CALM_ORDER.flatMap(of)
      .filter((target) => !isUrgent(target))
      .map(row),
    ...(same && { above: `${shared.length === 1 ? 'Revision' : 'Revisions'}: ${someOf(shared)}` }),
    folded: targets.every(({ outcome }) => outcome === 'untouched'),
  };
}

function isStranded({ rollback }: TargetReport): boolean {
  return rollback?.state === 'failed';
}

function isUrgent(target: TargetReport): boolean {
  return target.outcome === 'failed' || isStranded(target);
}
