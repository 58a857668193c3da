import { greatest, least } from '../../../base/lists.ts';
import { formatDuration } from '../../../base/text.ts';
import type { PlannedRestart } from '../../../deploy/report/plan-report.ts';
import { type Report, reportedTargets, type TargetReport } from '../../../deploy/report/report.ts';
import { compareWaves, type WaveMark, waveName, waveOf } from '../../../deploy/report/wave-mark.ts';
import { countOf } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, table, tableRow } from './markdown.ts';
import { MAX_OPEN_ROWS, renderCounts } from './table.ts';
import { countedAs, TARGET_COUNTS } from './targets.ts';

/** How each wave of a run went, or what would restart in it; empty where there is one only, or the table of workloads stands open. */
export function renderWaves(report: Report, limits: Limits): string {
  if (report.command === 'plan') {
    const restarts = report.plan.state === 'made' ? report.plan.restarts : [];
    const waves = byWave(restarts, (restart) => restart);
    return tableOf(['Wave', 'Would restart'], waves, (ones) => [restartWords(ones)], limits);
  }
  const waves = byWave(reportedTargets(report), waveOf);
  const counts = (targets: readonly TargetReport[]): string =>
    renderCounts(
      targets.map((target) => ({ count: countedAs(target) })),
      TARGET_COUNTS,
    );
  return tableOf(['Wave', 'Result', 'Took'], waves, (targets) => [counts(targets), durationOf(targets)], limits);
}

function restartWords(restarts: readonly PlannedRestart[]): string {
  const pods = restarts.reduce((sum, one) => sum + one.pods, 0);
  return `🔁 ${countOf(restarts.length, 'workload')}, ${countOf(pods, 'pod')}`;
}

/** The waves in their order, by their names; what goes with none is left out. */
function byWave<T>(items: readonly T[], markOf: (item: T) => WaveMark | undefined): (readonly [string, T[]])[] {
  const marked = items.flatMap((item) => {
    const mark = markOf(item);
    return mark === undefined ? [] : [{ item, mark }];
  });
  const sorted = marked.sort((a, b) => compareWaves(a.mark, b.mark));
  return [...Map.groupBy(sorted, ({ mark }) => waveName(mark))].map(([name, ones]) => [
    name,
    ones.map(({ item }) => item),
  ]);
}

function tableOf<T>(
  header: readonly string[],
  waves: readonly (readonly [string, T[]])[],
  cellsOf: (ones: readonly T[]) => readonly string[],
  limits: Limits,
): string {
  const total = waves.reduce((sum, [, ones]) => sum + ones.length, 0);
  if (waves.length < 2 || total <= MAX_OPEN_ROWS) return '';
  const rows = waves.slice(0, Math.max(1, limits.items)).map(([wave, ones]) => tableRow([wave, ...cellsOf(ones)]));
  const left = waves.length - rows.length;
  return blocks('### Waves', table(header, rows), left > 0 ? `… and ${countOf(left, 'more wave')}.` : '');
}

/** From the first patch of a wave until the last of its workloads was verified, or back; empty where nobody has seen that. */
function durationOf(targets: readonly TargetReport[]): string {
  const times = targets.flatMap((target) => target.times ?? []);
  const ends = times.flatMap(({ readyMs, verifiedMs, failedMs, rollbackEndedMs }) =>
    [readyMs, verifiedMs, failedMs, rollbackEndedMs].filter((ms) => ms !== undefined),
  );
  if (ends.length === 0) return '';
  return formatDuration(greatest(ends) - least(times.map(({ patchedMs }) => patchedMs)));
}
