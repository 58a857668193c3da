import { thousands } from '../../base/text.ts';
import type { PlannedChange, PlannedReplacement, PlannedRestart } from '../../deploy/report/plan-report.ts';
import type { PlanReport } from '../../deploy/report/report.ts';
import { countWaves, waveName } from '../../deploy/report/wave-mark.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { countOf } from '../verdict/text.ts';
import { verb } from '../verdict/words.ts';
import { renderAdoptions, renderBeside } from './parts/adoption.ts';
import { workloadCell } from './parts/cells.ts';
import { renderImages } from './parts/images.ts';
import type { Limits } from './parts/limits.ts';
import { blocks, text } from './parts/markdown.ts';
import { renderModuleChanges } from './parts/module-changes.ts';
import { type CommandPage, stoppedPage } from './parts/page.ts';
import { deployPolicy, expirySetting, renderDetails } from './parts/settings.ts';
import { renderSettingsChanges } from './parts/settings-changes.ts';
import { renderTable, type TableParts, waveNumbers } from './parts/table.ts';
import { groupChanges, renderChanges } from './plan-changes.ts';

/** The page of `plan`: what would fail, what would be written, what would restart, what admission says. */
export function planPage(report: PlanReport): CommandPage {
  const { plan } = report;
  const settings = [...deployPolicy(report.policy), ...expirySetting(report)];
  if (plan.state === 'stopped') return stoppedPage((limits) => renderDetails(report, settings, limits));
  const { changes, modules, settings: told, restarts, inPlace, adoptions, images } = plan;
  const table = restartTable(restarts);
  const groups = groupChanges(changes);
  return {
    problems: 'What would fail',
    lead: (limits) => renderAdmission(changes, limits),
    body: (limits) => [
      renderAdoptions(adoptions, limits),
      renderModuleChanges(modules, limits),
      renderSettingsChanges(told, limits),
      renderChanges(groups, limits),
      renderBeside(report, limits),
      renderTable('What would change in place', replacementTable(inPlace), limits),
      renderTable('What would restart', table, limits),
      renderImages(images, limits),
      renderDetails(report, settings, limits),
    ],
  };
}

/** What the API server said to a dry run of the writes: what it rejects stands above already. */
function renderAdmission(changes: readonly PlannedChange[], limits: Limits): string {
  if (changes.length === 0) return '';
  const accepted = changes.filter(({ admission }) => admission.state === 'accepted').length;
  const refused = changes.filter(({ admission }) => admission.state === 'refused').length;
  const unasked = new Map<string, number>();
  for (const { admission } of changes) {
    if (admission.state === 'not-asked') unasked.set(admission.why, (unasked.get(admission.why) ?? 0) + 1);
  }
  const reasons = [...unasked].slice(0, limits.entries);
  const left = unasked.size - reasons.length;
  const lines = [
    ...(refused === 0
      ? []
      : [`❌ The API server **rejects ${thousands(refused)} of ${countOf(changes.length, 'write')}**; see above.`]),
    ...(accepted === 0 ? [] : [`✅ The API server accepts ${acceptedWords(accepted, changes.length)}.`]),
    ...reasons.map(
      ([why, n]) =>
        `⚪ ${thousands(n)} of ${countOf(changes.length, 'write')} not checked: ${text(why, limits.message)}`,
    ),
    ...(left > 0 ? [`⚪ … and more for ${countOf(left, 'other reason')}.`] : []),
  ];
  return blocks('### Server-side dry run', lines.map((line) => `- ${line}`).join('\n'));
}

/** `all 7 writes`, `5 of 7 writes`, `the write`. */
function acceptedWords(accepted: number, all: number): string {
  if (accepted < all) return `${thousands(accepted)} of ${countOf(all, 'write')}`;
  return all === 1 ? 'the write' : `all ${countOf(all, 'write')}`;
}

function replacementTable(replaced: readonly PlannedReplacement[]): TableParts<'replacement'> {
  const waves = countWaves(replaced) > 1;
  return {
    noun: 'workload',
    header: ['Workload', ...clusterTitle(replaced), ...(waves ? ['Wave'] : [])],
    catalogue: { replacement: { icon: '🔀', word: 'in place' } },
    urgent: [],
    calm: replaced.map(({ ref, ...mark }) => ({
      cells: [workloadCell(ref), ...clusterCell(ref), ...(waves ? [waveName(mark)] : [])],
      count: 'replacement',
    })),
  };
}

function restartTable(restarts: readonly PlannedRestart[]): TableParts<'restart'> {
  const waves = countWaves(restarts) > 1;
  return {
    noun: 'workload',
    header: ['Workload', ...clusterTitle(restarts), 'Pods', ...(waves ? ['Wave'] : [])],
    catalogue: { restart: { icon: '🔁', word: verb(restarts.length, 'restart', 'restarts') } },
    urgent: [],
    above: waves ? waveNumbers(restarts) : '',
    calm: restarts.map(({ ref, pods, ...mark }) => ({
      cells: [workloadCell(ref), ...clusterCell(ref), String(pods), ...(waves ? [waveName(mark)] : [])],
      count: 'restart',
    })),
  };
}

/** A column for the cluster, where the run has several. */
function clusterTitle(of: readonly { readonly ref: WorkloadRef }[]): string[] {
  return of.some(({ ref }) => ref.cluster !== undefined) ? ['Cluster'] : [];
}

function clusterCell({ cluster }: WorkloadRef): string[] {
  return cluster === undefined ? [] : [text(cluster, 63)];
}
