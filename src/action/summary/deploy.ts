import { someOf } from '../../base/text.ts';
import type { Report } from '../../deploy/report/report.ts';
import { hasActed, needsStanding } from '../verdict/words.ts';
import { renderDeployStanding } from './deploy-what-runs.ts';
import { renderBeside } from './parts/adoption.ts';
import { rolloutCell, writeCell } from './parts/cells.ts';
import { renderCollected, renderDrift } from './parts/cleanup.ts';
import { renderImages } from './parts/images.ts';
import type { Page } from './parts/page.ts';
import { deployPolicy, expirySetting, renderSettings } from './parts/settings.ts';
import { renderTable } from './parts/table.ts';
import { countTargets, targetTable } from './parts/targets.ts';

/** The page of `deploy`: what runs now if all is not well, what was put right, the workloads, what was cleaned up. */
export function deployPage(report: Report): Page {
  const table = targetTable(report, [
    { title: 'ConfigMap', cell: (target) => writeCell('configMap', target, report) },
    { title: inserterTitle(report), cell: (target) => writeCell('inserter', target, report) },
    { title: 'Template', cell: (target) => writeCell('template', target, report) },
    { title: 'Rollout', cell: (target) => rolloutCell(target, report) },
  ]);
  return {
    counts: countTargets(report),
    problems: hasActed(report) ? 'What failed' : 'What is wrong',
    lead: () => (needsStanding(report) ? renderDeployStanding(report) : ''),
    body: (limits) => [
      renderDrift(report, limits),
      renderTable('Workloads', table, limits),
      renderBeside(report, limits),
      renderCollected(report.collected, limits),
      renderImages(report, limits),
      renderSettings(report, { ...deployPolicy(report.policy), ...expirySetting(report) }, limits),
    ],
  };
}

/** What puts the filters into the proxies. */
function inserterTitle({ filters, pluginKind = 'WasmPlugin' }: Pick<Report, 'filters' | 'pluginKind'>): string {
  const kinds = new Set(filters.map(({ settings }) => (settings.image === undefined ? 'EnvoyFilter' : pluginKind)));
  return kinds.size === 0 ? 'EnvoyFilter' : someOf([...kinds].sort());
}
