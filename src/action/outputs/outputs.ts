import { greatest } from '../../base/lists.ts';
import type { PlanReport } from '../../deploy/report/plan-report.ts';
import { countOutcome, finalRevisions, type Report } from '../../deploy/report/report.ts';
import { evidenceOf } from '../verdict/evidence.ts';
import { fitList } from './json.ts';
import { statusJson, targetsJson } from './targets.ts';

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
  'rolled-back',
  'failed',
  'verified-proxies',
  'targets',
  'plan',
] as const;
export type OutputName = (typeof OUTPUTS)[number];

/**
 * All outputs of a job may have 1 MB, counted as UTF-16
 * (https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idoutputs): two bytes a unit, and
 * some room for the other outputs.
 */
const MAX_LISTS_UNITS = 450_000;
const MAX_PLAN_UNITS = 300_000;

/**
 * The outputs of a run. `targets` is a JSON array with one object per workload, for `status` what runs there; `plan` is a JSON
 * object with the arrays `changes` and `restarts`, for other commands empty. Each is shortened where it would grow too long, at
 * last by leaving items out; then its last element is `{"truncated": true, "omitted": N}`.
 */
export function outputsOf(report: Report): Record<OutputName, string> {
  const { filters, status, targets, plan } = report;
  const planned = plan === undefined ? '' : planJson(plan);
  const room = MAX_LISTS_UNITS - planned.length;
  const met = status?.workloads.flatMap((workload) => workload.filters) ?? [];
  const digests = [...filters, ...met].flatMap(({ digest }) => digest ?? []);
  const verified = filters.find(({ provenance }) => provenance !== undefined)?.provenance;
  const revisions = [
    ...finalRevisions(report),
    ...(report.rendered?.revisions ?? []),
    ...met.flatMap(({ revision }) => revision ?? []),
  ];
  return {
    result: report.outcome,
    changed: String(report.changed),
    revision: [...new Set(revisions)].join(','),
    digest: [...new Set(digests)].join(','),
    bytes: filters.map(({ bytes }) => bytes).join(','),
    provenance: verified === undefined ? '' : JSON.stringify(verified),
    image: imagesOf(report).join(','),
    deployed: String(countOutcome(report, 'deployed')),
    unchanged: String(countOutcome(report, 'unchanged')),
    removed: String(countOutcome(report, 'removed')),
    'rolled-back': String(targets.filter(({ rollback }) => rollback?.state === 'rolled-back').length),
    failed: String(countOutcome(report, 'failed')),
    'verified-proxies': String(status === undefined ? evidenceOf(targets).verified : verifiedOnStatus(status)),
    targets: status === undefined ? targetsJson(report, room) : statusJson(status.workloads, room),
    plan: planned,
  };
}

/** The images that filters are in, as far as they are there. */
function imagesOf({ filters, images = [] }: Report): string[] {
  const absent = images.filter(({ state }) => state !== 'pushed' && state !== 'unchanged').map(({ pinned }) => pinned);
  const named = filters.flatMap(({ source }) => (source?.kind === 'image' ? [source.pinned] : []));
  return [...new Set(named)].filter((pinned) => !absent.includes(pinned));
}

/** A proxy with several filters counts once. */
function verifiedOnStatus({ workloads }: NonNullable<Report['status']>): number {
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

function planJson({ changes, restarts }: PlanReport): string {
  const changed = changes.map(({ action, kind, namespace, name }) => ({ action, kind, namespace, name }));
  const restarting = restarts.map(({ ref: { namespace, kind, name }, pods, wave }) => ({
    namespace,
    kind,
    name,
    pods,
    wave,
  }));
  const half = MAX_PLAN_UNITS / 2;
  return `{"changes":${fitList(changed, half)},"restarts":${fitList(restarting, half)}}`;
}
