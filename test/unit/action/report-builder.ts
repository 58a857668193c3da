import type { WorkloadKind } from '../../../src/cluster/resources.ts';
import type { FilterReport, Report, Step, StepState, TargetReport } from '../../../src/deploy/report.ts';
import { concludeRun } from '../../../src/deploy/report.ts';
import { describeWorkload } from '../../../src/targets/target.ts';

export const OLD = '0b6e4d1f93';
export const NEW = '4f2a91c07b';

/** A filter named add-header with usual settings. */
export function filter(changes: Partial<FilterReport> = {}): FilterReport {
  return {
    name: 'add-header',
    digest: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    bytes: 31_968,
    settings: {
      rootId: 'add_header',
      vmId: 'add-header',
      configuration: '{"header": "x-wasm", "value": "yes"}',
      direction: 'inbound',
      failPolicy: 'closed',
      order: 0,
      mountPath: '/var/local/wasm/add-header',
    },
    ...changes,
  };
}

/** `StatefulSet shop/cart` as a reference; the kind may be left out for a Deployment. */
export function ref(path: string): TargetReport['ref'] {
  const [, kind, namespace, name] = /^(?:(Deployment|StatefulSet|DaemonSet) )?([^/]+)\/(.+)$/.exec(path) ?? [];
  if (namespace === undefined || name === undefined) throw new Error(`no workload: ${path}`);
  return { kind: (kind ?? 'Deployment') as WorkloadKind, namespace, name };
}

function steps(
  configMap: StepState,
  envoyFilter: StepState,
  template: StepState,
  rollout: StepState,
): Record<Step, StepState> {
  return { configMap, envoyFilter, template, rollout };
}

/** A workload that was rolled from OLD to NEW and is ready. */
export function deployed(path: string, changes: Partial<TargetReport> = {}): TargetReport {
  return {
    ref: ref(path),
    outcome: 'deployed',
    revisions: [{ filter: 'add-header', revision: NEW, before: OLD }],
    steps: steps('done', 'done', 'done', 'done'),
    pods: { ready: 3, wanted: 3 },
    durationMs: 21_400,
    evidence: [],
    ...changes,
  };
}

/** A workload that had NEW already. */
export function unchanged(path: string, changes: Partial<TargetReport> = {}): TargetReport {
  return deployed(path, {
    outcome: 'unchanged',
    revisions: [{ filter: 'add-header', revision: NEW, before: NEW }],
    steps: steps('unchanged', 'unchanged', 'unchanged', 'unchanged'),
    durationMs: 0,
    ...changes,
  });
}

/** A workload whose new pods did not get ready. */
export function stuck(path: string, changes: Partial<TargetReport> = {}): TargetReport {
  return deployed(path, {
    outcome: 'failed',
    steps: steps('done', 'done', 'done', 'failed'),
    pods: { ready: 0, wanted: 3 },
    durationMs: 300_000,
    problem: {
      kind: 'rollout',
      subject: describeWorkload(ref(path)),
      message: 'not ready after 5 min: 1 of 3 pods updated. Failed to configure base Wasm plugin.',
      remedy:
        'The filter refused its configuration or does not know the root id: check the inputs "configuration" and "root-id".',
    },
    ...changes,
  });
}

/** A workload whose waiting was cut off by a cancelled run. */
export function interrupted(path: string, changes: Partial<TargetReport> = {}): TargetReport {
  return deployed(path, {
    outcome: 'failed',
    steps: steps('done', 'done', 'done', 'skipped'),
    pods: { ready: 1, wanted: 3 },
    durationMs: 9_300,
    problem: {
      kind: 'cancelled',
      subject: describeWorkload(ref(path)),
      message: 'the run was cancelled while it waited (1 of 3 pods updated).',
      remedy: 'The rollout goes on by itself in the cluster; run again to see it to its end.',
    },
    ...changes,
  });
}

/** A workload that the run did not come to. */
export function untouched(path: string, changes: Partial<TargetReport> = {}): TargetReport {
  const { durationMs, ...base } = deployed(path);
  return { ...base, outcome: 'untouched', steps: steps('skipped', 'skipped', 'skipped', 'skipped'), ...changes };
}

/** A workload that was written and not waited for. */
export function unawaited(path: string, changes: Partial<TargetReport> = {}): TargetReport {
  const { durationMs, ...base } = deployed(path);
  return { ...base, steps: steps('done', 'done', 'done', 'skipped'), ...changes };
}

/** A report with the outcome that the engine would conclude from its parts. */
export function report(parts: Partial<Report> = {}): Report {
  const targets = parts.targets ?? [];
  const problems = parts.problems ?? [];
  const written = targets.some(({ steps: done }) => Object.values(done).includes('done'));
  const requests = parts.requests ?? { reads: 37, writes: written ? 16 : 0 };
  const base = { ...parts, targets, problems, requests };
  return {
    filters: [filter()],
    warnings: [],
    cluster: { context: 'prod-eu', version: 'v1.34.4' },
    waited: true,
    timeoutMs: 300_000,
    durationMs: 24_800,
    ...concludeRun(base),
    ...base,
  };
}
