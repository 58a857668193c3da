import { defined } from '../../base/defined.ts';
import type { ValueOf } from '../../base/schema.ts';
import { formatShare } from '../../base/share.ts';
import { VERSION } from '../../base/version.ts';
import { warningTexts } from '../../base/warning.ts';
import { type RolloutPolicy, soakInputs } from '../../deploy/policy.ts';
import { describeProbe } from '../../deploy/probe.ts';
import type { MovedTag } from '../../deploy/report/moved-tag.ts';
import type { ClusterConnection, RemovalReport, Report } from '../../deploy/report/report.ts';
import {
  checkedEntry,
  deploymentEntry,
  nothingEntry,
  planEntry,
  renderedEntry,
  scoutsEntry,
  statusEntry,
} from './command-entries.ts';
import { filterEntry } from './filter-entry.ts';
import type { MOVED_TAG, POLICY, ReportFile } from './schema.ts';
import { collectedEntry, problemEntry, secondsOf, targetEntry, workloadEntry } from './target-entry.ts';
import { testedEntry } from './tests-entry.ts';

/** The version of the format; it grows where a reader of the one before could not read it. */
const FORMAT = 1;

/** Returns the complete report of a run in its public form, nothing of it left out or shortened; `headline` is its verdict. */
export function reportFile(report: Report, headline: string): ReportFile {
  const base = baseOf(report, headline);
  switch (report.command) {
    case 'deploy': {
      const { command, outcome: result, targets, collected, plan } = report;
      const scouts = report.scouts && scoutsEntry(report.scouts);
      const deployment = plan.state === 'made' ? deploymentEntry(plan) : undefined;
      const done = { targets: targets.map(targetEntry), collected: collectedEntry(collected) };
      return { ...base, command, result, ...defined({ deployment, scouts, tests: testsOf(report) }), ...done };
    }
    case 'plan': {
      const { command, outcome: result, targets, plan } = report;
      const made = plan.state === 'made' ? planEntry(plan) : undefined;
      return {
        ...base,
        command,
        result,
        ...defined({ plan: made, tests: testsOf(report) }),
        targets: targets.map(targetEntry),
      };
    }
    case 'status': {
      const { command, outcome: result, status } = report;
      const found = status.state === 'read' ? statusEntry(status) : undefined;
      return { ...base, command, result, ...defined({ status: found }) };
    }
    case 'remove':
      return { ...base, command: report.command, ...removedOf(report) };
    case 'sweep':
      return { ...base, command: report.command, ...removedOf(report) };
    case 'render': {
      const { command, outcome: result, rendered } = report;
      const written = rendered.state === 'written' ? renderedEntry(rendered) : undefined;
      return { ...base, command, result, ...defined({ rendered: written }) };
    }
    case 'check': {
      const { command, outcome: result, checked } = report;
      const found = checked.state === 'checked' ? checkedEntry(checked) : undefined;
      return { ...base, command, result, ...defined({ checked: found, tests: testsOf(report) }) };
    }
  }
}

function testsOf({ tests }: Report) {
  return tests?.map(testedEntry);
}

function removedOf({ outcome, targets, collected, removal }: RemovalReport) {
  const nothing = removal.state === 'nothing' ? nothingEntry(removal) : undefined;
  return {
    result: outcome,
    ...defined({ nothing }),
    targets: targets.map(targetEntry),
    collected: collectedEntry(collected),
  };
}

function baseOf(report: Report, headline: string) {
  const { changed, cancelled, started, durationMs, clusters, requests, policy } = report;
  const { refusedInputs, filters, problems, permissions, movedTags, warnings } = report;
  return {
    version: FORMAT,
    actionVersion: VERSION,
    headline,
    changed,
    cancelled,
    started,
    seconds: secondsOf(durationMs),
    clusters: clusters.map(clusterEntry),
    requests: { reads: requests.reads, writes: requests.writes },
    policy: policyEntry(policy),
    refusedInputs,
    filters: filters.map(filterEntry),
    problems: problems.map(problemEntry),
    ...defined({ permissions, movedTags: movedTags?.map(movedTagEntry) }),
    warnings: warningTexts(warnings),
  } as const;
}

function movedTagEntry({ workloads, onNewDigest, ...move }: MovedTag): ValueOf<typeof MOVED_TAG> {
  return { ...move, workloads: workloads.map(workloadEntry), ...(onNewDigest !== 'deploy' && { kept: true }) };
}

function clusterEntry(cluster: ClusterConnection): ReportFile['clusters'][number] {
  const { name, context } = cluster;
  return cluster.state === 'connected'
    ? { state: cluster.state, name, context, version: cluster.version }
    : { state: cluster.state, name, context, why: cluster.why };
}

function policyEntry(policy: RolloutPolicy): ValueOf<typeof POLICY> {
  const {
    wait,
    timeoutMs,
    verify,
    scout,
    probe,
    onFailure,
    unready,
    promote,
    canary,
    maxParallel,
    maxFailures,
    soakMs,
  } = policy;
  return {
    wait,
    timeout: secondsOf(timeoutMs),
    verify,
    scout,
    ...defined({ probe: probe && describeProbe(probe) }),
    'on-failure': onFailure,
    unready,
    promote,
    ...defined({
      canary: canary && formatShare(canary),
      'max-parallel': maxParallel && formatShare(maxParallel),
    }),
    'max-failures': formatShare(maxFailures),
    soak: secondsOf(soakMs),
    ...(policy.soakLimits !== undefined && soakInputs(policy.soakLimits)),
  };
}
