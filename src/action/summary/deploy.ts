import { someOf } from '../../base/text.ts';
import type { DeployReport } from '../../deploy/report/report.ts';
import { hasActed, needsCurrentState } from '../verdict/words.ts';
import { renderDeployState } from './deploy-what-runs.ts';
import { renderBeside } from './parts/adoption.ts';
import { rolloutCell, writeCell } from './parts/cells.ts';
import { renderCollected, renderDrift } from './parts/cleanup.ts';
import { renderImages } from './parts/images.ts';
import { blocks } from './parts/markdown.ts';
import { renderNextCommand } from './parts/next-command.ts';
import type { CommandPage } from './parts/page.ts';
import { renderScouts } from './parts/scouts.ts';
import { deployPolicy, expirySetting, renderDetails } from './parts/settings.ts';
import { renderSoak } from './parts/soak.ts';
import { renderTable } from './parts/table.ts';
import { targetTable } from './parts/targets.ts';
import { renderTimeline } from './parts/timeline.ts';

/** The page of `deploy`: the current state if all is not well, corrected drift, the workloads, what was cleaned up. */
export function deployPage(report: DeployReport): CommandPage {
  const table = targetTable(report, {
    rollout: (target) => rolloutCell(target, report),
    writes: [
      { title: 'ConfigMap', cell: (target) => writeCell('configMap', target, report) },
      { title: filterResourceTitle(report), cell: (target) => writeCell('filterResource', target, report) },
      { title: 'Pod template', cell: (target) => writeCell('template', target, report) },
    ],
  });
  return {
    problems: hasActed(report) ? 'Failures' : 'Problems',
    lead: () => (needsCurrentState(report) ? blocks(renderNextCommand(report), renderDeployState(report)) : ''),
    body: (limits) => [
      renderScouts(report),
      renderDrift(report, limits),
      renderTable('Workloads', table, limits),
      renderSoak(report.targets, limits),
      renderTimeline(report.targets, limits),
      hasActed(report) || report.outcome !== 'failed' ? renderBeside(report, limits) : '',
      renderCollected(report.collected, limits),
      report.plan.state === 'made' ? renderImages(report.plan.images, limits) : '',
      renderDetails(report, [...deployPolicy(report.policy), ...expirySetting(report)], limits),
    ],
  };
}

/** What puts the filters into the proxies. */
function filterResourceTitle({ filters, plan }: DeployReport): string {
  // Nobody has seen the cluster of a run that was stopped; its page has no workloads.
  const pluginKind = plan.state === 'made' ? plan.pluginKind : 'WasmPlugin';
  const kinds = new Set(filters.map(({ settings }) => (settings.image === undefined ? 'EnvoyFilter' : pluginKind)));
  return kinds.size === 0 ? 'EnvoyFilter' : someOf([...kinds].sort());
}
