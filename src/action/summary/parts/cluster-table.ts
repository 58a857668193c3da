import { someOf } from '../../../base/text.ts';
import type { MadePlan } from '../../../deploy/report/plan-report.ts';
import { type ClusterConnection, type Report, reportedTargets } from '../../../deploy/report/report.ts';
import type { WorkloadRef } from '../../../targets/target.ts';
import { worstOf } from '../../verdict/status.ts';
import { countOf } from '../../verdict/text.ts';
import { countedHealth, HEALTH_COUNTS } from './health.ts';
import type { Limits } from './limits.ts';
import { blocks, code, table, tableRow, text } from './markdown.ts';
import { renderCounts } from './table.ts';
import { countedAs, TARGET_COUNTS } from './targets.ts';

/** How the run went in each cluster; empty where it has one only. */
export function renderClusters(report: Report, limits: Limits): string {
  const { clusters } = report;
  if (clusters.length < 2) return '';
  const shown = clusters.slice(0, Math.max(1, limits.items));
  const left = clusters.length - shown.length;
  const rows = shown.map((cluster) =>
    tableRow([
      nameCell(cluster, limits),
      cluster.state === 'skipped' ? '⏭️ skipped, does not answer' : resultIn(report, cluster.name),
      cluster.state === 'skipped' ? '' : text(cluster.version, 60),
    ]),
  );
  return blocks(
    '### Clusters',
    table(['Cluster', 'Result', 'Kubernetes'], rows),
    left > 0 ? `… and ${countOf(left, 'more cluster')}.` : '',
  );
}

function nameCell({ name, context }: ClusterConnection, limits: Limits): string {
  return name === context
    ? text(name, limits.name)
    : `${text(name, limits.name)} (context ${code(context, limits.name)})`;
}

function resultIn(report: Report, cluster: string): string {
  const isThere = ({ ref }: { readonly ref: WorkloadRef }): boolean => ref.cluster === cluster;
  switch (report.command) {
    case 'plan':
      return report.plan.state === 'made' ? planIn(report.plan, cluster) : NOTHING;
    case 'status': {
      const workloads = report.status.state === 'read' ? report.status.workloads.filter(isThere) : [];
      if (workloads.length === 0) return NOTHING;
      const counted = workloads.flatMap(({ filters, soak }) => {
        const worst = worstOf(filters);
        return worst === undefined ? [] : [{ count: countedHealth(worst, soak?.crashes ?? 0) }];
      });
      return renderCounts(counted, HEALTH_COUNTS);
    }
    default: {
      const targets = reportedTargets(report).filter(isThere);
      return (
        renderCounts(
          targets.map((target) => ({ count: countedAs(target) })),
          TARGET_COUNTS,
        ) || NOTHING
      );
    }
  }
}

const NOTHING = '➖ no workload';

function planIn({ changes, restarts }: MadePlan, cluster: string): string {
  const writes = changes.filter((change) => change.cluster === cluster).length;
  const restarting = restarts.filter(({ ref }) => ref.cluster === cluster).length;
  if (writes === 0) return '✅ up to date';
  return someOf([
    `${countOf(writes, 'object')} to write`,
    ...(restarting === 0 ? ['no restart'] : [`${countOf(restarting, 'workload')} to restart`]),
  ]);
}
