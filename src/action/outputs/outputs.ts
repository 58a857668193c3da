import { defined } from '../../base/defined.ts';
import { greatest } from '../../base/lists.ts';
import { planDigest } from '../../deploy/plan-digest.ts';
import { driftIn, resultOf } from '../../deploy/report/drift.ts';
import type { MadePlan } from '../../deploy/report/plan-report.ts';
import { promotionPoint } from '../../deploy/report/promotion-point.ts';
import { countOutcome, type Report, reportedTargets } from '../../deploy/report/report.ts';
import type { WorkloadStatus } from '../../deploy/report/status-report.ts';
import { evidenceOf } from '../verdict/evidence.ts';
import { checkedJson } from './checked.ts';
import { filterOutputs, filtersJson } from './filters.ts';
import { fitList } from './json.ts';
import { statusJson, targetsJson } from './targets.ts';
import { testsJson } from './tests.ts';

/** The action's outputs, in the order of action.yml. */
export const OUTPUTS = [
  'result',
  'changed',
  'revision',
  'digest',
  'bytes',
  'provenance',
  'image',
  'deployed',
  'unchanged',
  'removed',
  'waiting',
  'rolled-back',
  'failed',
  'drifted',
  'repaired',
  'moved-tags',
  'verified-proxies',
  'targets',
  'filters',
  'plan',
  'plan-digest',
  'checked',
  'tests',
  'headline',
  'summary-file',
] as const;
export type OutputName = (typeof OUTPUTS)[number];
/** What is known only once the page is made. */
type PageOutput = 'headline' | 'summary-file';

/**
 * All outputs of a job may have 1 MB, counted as UTF-16
 * (https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idoutputs): two bytes a unit, and
 * some room for the other outputs.
 */
const MAX_LISTS_UNITS = 430_000;
const MAX_MOVED_UNITS = 20_000;
const MAX_PLAN_UNITS = 300_000;

/** Of some hundred filters, whatever is known of each. */
const MAX_FILTERS_UNITS = 60_000;
const MAX_TESTS_UNITS = 60_000;

/**
 * The outputs of a run. Those that say one value of a filter are of the only one that the run is about, and empty where there are
 * several, as nobody could tell whose each value is: `filters` is a JSON object with all of them by name. `targets` is a JSON array with one object per workload, for `status` what runs there; `plan` is a JSON
 * object with the arrays `changes` and `restarts`, `checked` a JSON object with what `check` says of each filter, by name, for other commands empty; `tests` one with what their tests have come to. Each is shortened where it would grow too long, at
 * last by leaving items out; then its last element is `{"truncated": true, "omitted": N}`.
 */
export function outputsOf(report: Report): Record<Exclude<OutputName, PageOutput>, string> {
  const targets = reportedTargets(report);
  const planned = report.command === 'plan' && report.plan.state === 'made' ? planJson(report.plan) : '';
  const outputs = filterOutputs(report);
  const filters = filtersJson(outputs, MAX_FILTERS_UNITS);
  const [only, ...others] = outputs.values();
  const filter = others.length === 0 ? only : undefined;
  const tests = report.tests === undefined ? '' : testsJson(report.tests, MAX_TESTS_UNITS);
  const room = MAX_LISTS_UNITS - planned.length - filters.length - tests.length;
  const counts = { targets };
  return {
    result: resultOf(report),
    changed: String(report.changed),
    revision: filter?.revisions.join(',') ?? '',
    digest: filter?.digest ?? '',
    bytes: String(filter?.bytes ?? ''),
    provenance: filter?.provenance === undefined ? '' : JSON.stringify(filter.provenance),
    image: filter?.image ?? '',
    deployed: String(targets.filter(({ outcome, unready }) => outcome === 'deployed' && unready === undefined).length),
    unchanged: String(countOutcome(counts, 'unchanged')),
    removed: String(countOutcome(counts, 'removed')),
    waiting: String(targets.filter((target) => promotionPoint(target) !== undefined).length),
    'rolled-back': String(targets.filter(({ rollback }) => rollback?.state === 'rolled-back').length),
    failed: String(countOutcome(counts, 'failed')),
    ...driftOutputs(report),
    ...workloadOutputs(report, room),
    filters,
    plan: planned,
    'plan-digest': report.command === 'plan' && report.plan.state === 'made' ? planDigest(report.plan.parts) : '',
    checked: report.command === 'check' && report.checked.state === 'checked' ? checkedJson(report.checked, room) : '',
    tests,
  };
}

/** The workloads that the run is about, and in how many of their proxies the filter was seen. */
function workloadOutputs(report: Report, room: number): Record<'verified-proxies' | 'targets', string> {
  if (report.command === 'status' && report.status.state === 'read') {
    const { workloads } = report.status;
    return { 'verified-proxies': String(verifiedOnStatus(workloads)), targets: statusJson(workloads, room) };
  }
  const targets = reportedTargets(report);
  return {
    'verified-proxies': String(evidenceOf(targets).verified),
    targets: targetsJson({ targets, filters: report.filters }, room),
  };
}

/** A proxy with several filters counts once. */
function verifiedOnStatus(workloads: readonly WorkloadStatus[]): number {
  return workloads.reduce(
    (sum, { filters }) =>
      sum +
      greatest(
        filters.map(({ verification }) => (verification?.level === 'listener' ? verification.pods : 0)),
        0,
      ),
    0,
  );
}

function driftOutputs(report: Report): Record<'drifted' | 'repaired' | 'moved-tags', string> {
  const drifted = driftIn(report);
  const moved = (report.movedTags ?? []).map(({ workloads, onNewDigest, ...move }) => ({
    ...move,
    workloads: workloads.length,
    ...(onNewDigest !== 'deploy' && { kept: true }),
  }));
  return {
    drifted: String(drifted.length),
    repaired: String(drifted.filter(({ repaired }) => repaired).length),
    'moved-tags': fitList(moved, MAX_MOVED_UNITS),
  };
}

function planJson({ changes, restarts }: MadePlan): string {
  const changed = changes.map(({ cluster, action, kind, namespace, name }) => ({
    ...defined({ cluster }),
    action,
    kind,
    namespace,
    name,
  }));
  const restarting = restarts.map(({ ref: { cluster, namespace, kind, name }, pods, wave, wavePart }) => ({
    ...defined({ cluster }),
    namespace,
    kind,
    name,
    pods,
    wave,
    ...defined({ wavePart }),
  }));
  const half = MAX_PLAN_UNITS / 2;
  return `{"changes":${fitList(changed, half)},"restarts":${fitList(restarting, half)}}`;
}
