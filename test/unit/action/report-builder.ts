import type { Permission } from '../../../src/base/permission.ts';
import { templateKinds } from '../../../src/deploy/kinds/kinds.ts';
import type { RolloutPolicy } from '../../../src/deploy/policy.ts';
import { deployPermissions } from '../../../src/deploy/preflight/all-permissions.ts';
import { type CommandOutcome, concludeReport, NOTHING_COLLECTED } from '../../../src/deploy/report/conclude.ts';
import type { Verification } from '../../../src/deploy/report/evidence-level.ts';
import type { ImageReport, ImageState } from '../../../src/deploy/report/image-report.ts';
import type { Admission, MadePlan, PlannedChange } from '../../../src/deploy/report/plan-report.ts';
import {
  type ClusterConnection,
  type Command,
  type DeployPlan,
  type DeployReport,
  type FilterReport,
  type Report,
  type ReportOf,
  type Rollback,
  reportedTargets,
  STOPPED,
  type Step,
  type StepState,
  type TargetReport,
} from '../../../src/deploy/report/report.ts';
import type { FilterStatus, WorkloadStatus } from '../../../src/deploy/report/status-report.ts';
import { withPhase } from '../../../src/deploy/rollout/target-phase.ts';
import { BEFORE_ROUTER } from '../../../src/filter/insertion.ts';
import type { Provenance } from '../../../src/provenance/policy.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import { deployRequest, filterRequest } from '../builders.ts';

export const OLD = '0b6e4d1f93';
export const NEW = '4f2a91c07b';
/** That of a run which comes after. */
export const NEWER = '9b822d30ca';

/** A build that an attestation proves. */
export const PROVENANCE: Provenance = {
  repository: 'bookshop/filters',
  workflow: 'bookshop/filters/.github/workflows/build.yml@refs/heads/main',
  ref: 'refs/heads/main',
  commit: 'c0ffee0000000000000000000000000000000000',
  run: 'https://github.com/bookshop/filters/actions/runs/42/attempts/1',
};

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
      insert: BEFORE_ROUTER,
      order: 0,
      mountPath: '/var/local/wasm/add-header',
    },
    ...changes,
  };
}

/** The module of that filter. */
export const MODULE = { digest: filter().digest, bytes: filter().bytes };
/** The one that runs before; its size is not known. */
export const OLD_MODULE = { digest: `sha256:${'26'.repeat(32)}` };

/** An image that the filter came from or went to. */
export const IMAGE = {
  kind: 'image',
  given: 'oci://ghcr.io/octo/add-header:v1',
  pinned: `ghcr.io/octo/add-header@sha256:${'5f'.repeat(32)}`,
  istioCanPull: true,
  isImage: true,
} as const;

/** The result of the push of that image. */
export function image(state: ImageState): ImageReport {
  return { filter: 'add-header', pinned: IMAGE.pinned, tag: 'v1', state };
}

/** `StatefulSet shop/cart` as a reference; the kind may be left out for a Deployment. */
export function ref(path: string): TargetReport['ref'] {
  const [, kind, namespace, name] =
    /^(?:(Deployment|StatefulSet|DaemonSet|Rollout|Gateway) )?([^/]+)\/(.+)$/.exec(path) ?? [];
  if (namespace === undefined || name === undefined) throw new Error(`no workload: ${path}`);
  return { kind: kind ?? 'Deployment', namespace, name };
}

export function steps(
  configMap: StepState,
  filterResource: StepState,
  template: StepState,
  rollout: StepState,
): Record<Step, StepState> {
  return { configMap, filterResource, template, rollout };
}

/** The evidence of three pods. */
export function verification(
  level: Verification['level'] = 'listener',
  changes: Partial<Verification> = {},
): Verification {
  const weakness = 'the kubeconfig user is not allowed to exec into pods';
  return { level, pods: 3, wanted: 3, ...(level === 'listener' ? {} : { weakness }), ...changes };
}

/** A rollback to OLD. */
export function rollback(state: Rollback['state'] = 'rolled-back', changes: Partial<Rollback> = {}): Rollback {
  return {
    state,
    to: { 'add-header': OLD },
    durationMs: 12_000,
    ...(state === 'failed' ? { problem: ROLLBACK_FAILED, template: 'before' } : {}),
    ...changes,
  };
}

const ROLLBACK_FAILED = {
  kind: 'rolled-back-not-ready',
  message: 'was rolled back, but its pods do not become ready (1 of 3 pods updated).',
  remedy:
    'Find out why its pods are not ready: `kubectl describe pods -n shop`. The pod template is rolled back already.',
} as const;

/** What is other about a workload; `proof: null` for none. */
type Changes = Partial<Omit<TargetReport, 'verification'>> & { readonly verification?: Verification | null };

/** A workload that was rolled from OLD to NEW, is ready, and whose every proxy has the filter. */
export function deployed(
  path: string,
  { verification: given = verification(), ...changes }: Changes = {},
): TargetReport {
  const { rollback: back } = changes;
  return withPhase({
    ref: ref(path),
    outcome: 'deployed',
    revisions: [{ filter: 'add-header', revision: NEW, before: OLD }],
    steps: steps('done', 'done', 'done', 'done'),
    pods: { ready: 3, wanted: 3 },
    durationMs: 21_400,
    ...(given === null ? {} : { verification: given }),
    drift: [],
    diagnosis: [],
    ...changes,
    ...(back?.problem !== undefined && {
      rollback: { ...back, problem: { subject: describeWorkload(ref(path)), ...back.problem } },
    }),
  });
}

/** A workload that had NEW already. */
export function unchanged(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, {
    outcome: 'unchanged',
    revisions: [{ filter: 'add-header', revision: NEW, before: NEW }],
    steps: steps('unchanged', 'unchanged', 'unchanged', 'unchanged'),
    durationMs: 0,
    verification: null,
    ...changes,
  });
}

/** A workload whose new pods did not become ready. */
export function stuck(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, {
    outcome: 'failed',
    steps: steps('done', 'done', 'done', 'failed'),
    pods: { ready: 0, wanted: 3 },
    durationMs: 300_000,
    verification: null,
    problem: {
      kind: 'rollout',
      subject: describeWorkload(ref(path)),
      form: 'clause',
      message: 'not ready after 5 min: 1 of 3 pods updated. Failed to configure base Wasm plugin.',
      remedy:
        'Check the inputs "configuration" and "root-id": the filter rejected its configuration or does not know the root id.',
    },
    ...changes,
  });
}

/** A workload whose waiting was cut off by a cancelled run. */
export function interrupted(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, {
    outcome: 'failed',
    steps: steps('done', 'done', 'done', 'skipped'),
    pods: { ready: 1, wanted: 3 },
    durationMs: 9_300,
    verification: null,
    problem: {
      kind: 'cancelled',
      subject: describeWorkload(ref(path)),
      form: 'clause',
      message: 'the run was cancelled while it waited (1 of 3 pods updated).',
      remedy: 'The rollout continues in the cluster; re-run the job to complete verification.',
    },
    ...changes,
  });
}

/** A workload that the run did not come to. */
export function untouched(path: string, changes: Changes = {}): TargetReport {
  const { durationMs, ...base } = deployed(path, { verification: null });
  return plain({ ...base, outcome: 'untouched', steps: steps('skipped', 'skipped', 'skipped', 'skipped') }, changes);
}

/** A workload on which another run has brought something newer. */
export function superseded(path: string, changes: Changes = {}): TargetReport {
  const { durationMs, ...base } = deployed(path, { verification: null });
  const newer = { filter: 'add-header', revision: NEWER, run: 'shop/filters/4812/1' };
  return plain({ ...base, outcome: 'superseded', newer, steps: { ...base.steps, rollout: 'skipped' } }, changes);
}

/** A Rollout with one pod of NEW, which waits for somebody to promote it. */
export function waiting(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, {
    outcome: 'waiting',
    waiting: 'paused at step 2 of 4 of its canary',
    steps: steps('done', 'done', 'done', 'skipped'),
    pods: { ready: 1, wanted: 3 },
    verification: verification('listener', { pods: 1, wanted: 1 }),
    ...changes,
  });
}

/** A workload that was written and not waited for. */
export function unawaited(path: string, changes: Changes = {}): TargetReport {
  const { durationMs, ...base } = deployed(path, { verification: null });
  return plain({ ...base, steps: steps('done', 'done', 'done', 'skipped') }, changes);
}

function plain(target: TargetReport, { verification: given, ...changes }: Changes): TargetReport {
  return withPhase({ ...target, ...(given ? { verification: given } : {}), ...changes });
}

/** A workload whose new pods did not become ready and that runs OLD again. */
export function rolledBack(path: string, changes: Changes = {}): TargetReport {
  return stuck(path, { rollback: rollback(), ...changes });
}

/** A workload that was well and was rolled back because others failed. */
export function withdrawn(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, { outcome: 'rolled-back', rollback: rollback(), ...changes });
}

/** A workload whose proxies were given new settings without a restart. */
export function pushed(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, {
    revisions: [{ filter: 'add-header', revision: NEW, before: OLD, pushed: true }],
    steps: steps('unchanged', 'done', 'unchanged', 'unchanged'),
    durationMs: 0,
    ...changes,
  });
}

/** A workload one of whose proxies rejected the settings that were pushed; the template was never touched. */
export function refusing(path: string, changes: Changes = {}): TargetReport {
  const { durationMs, ...base } = pushed(path, {
    outcome: 'failed',
    steps: steps('unchanged', 'done', 'skipped', 'skipped'),
    verification: null,
    problem: {
      kind: 'verification',
      subject: describeWorkload(ref(path)),
      form: 'sentence',
      message:
        'Envoy of pod reviews-7d4f9c6b8d-x2x4q rejects the filter: the filter said: unknown header (Failed to configure base Wasm plugin).',
      remedy: 'Correct the configuration.',
    },
  });
  return plain(base, changes);
}

/** A workload that lost the filter. */
export function removed(path: string, changes: Changes = {}): TargetReport {
  return deployed(path, {
    outcome: 'removed',
    revisions: [{ filter: 'add-header', before: NEW }],
    steps: steps('unchanged', 'unchanged', 'done', 'done'),
    verification: null,
    ...changes,
  });
}

/** The default policy. */
export function policy(changes: Partial<RolloutPolicy> = {}): RolloutPolicy {
  return {
    wait: true,
    timeoutMs: 300_000,
    verify: 'auto',
    scout: 'auto',
    onFailure: 'rollback',
    maxFailures: { count: 0 },
    unready: 'fail',
    promote: 'report',
    soakMs: 0,
    ...changes,
  };
}

export const ACCEPTED: Admission = { state: 'accepted', warnings: [] };

/** A write that a plan would do: `change Deployment shop/reviews`. */
export function change(what: string, changes: Partial<PlannedChange> = {}): PlannedChange {
  const [, action, kind = '', namespace = '', name = ''] = /^(\w+) (\w+) ([^/]+)\/(.+)$/.exec(what) ?? [];
  return {
    action: action as PlannedChange['action'],
    kind,
    namespace,
    name,
    reasons: [],
    diff: [' spec:', '-  value: old', '+  value: new'],
    admission: ACCEPTED,
    ...changes,
  };
}

/** `patch deployments.apps in namespace "shop"` as what a Role grants. */
export function permission(words: string): Permission {
  const [, verb = '', plural = '', group = '', namespace = ''] =
    /^(\w+) ([\w/]+)(?:\.(\S+))? in namespace "(.*)"$/s.exec(words) ?? [];
  return { verb, group, resource: plural, namespace };
}

/** What a plan found, nothing unless told. */
export function planned(changes: Partial<MadePlan> = {}): MadePlan {
  const nothing = {
    changes: [],
    modules: [],
    settings: [],
    restarts: [],
    inPlace: [],
    adoptions: [],
    images: [],
    parts: [],
    waves: 1,
    missingPermissions: [],
    uncheckedPermissions: [],
  };
  return { state: 'made', ...nothing, ...changes };
}

/** A filter that runs as it should. */
export function running(changes: Partial<FilterStatus> = {}): FilterStatus {
  return {
    filter: 'add-header',
    health: 'verified',
    revision: NEW,
    digest: filter().digest,
    previous: OLD,
    run: 'octo/shop/4711/1',
    verification: verification(),
    notes: [],
    ...changes,
  };
}

/** A workload with what `status` found on it. */
export function found(path: string, filters: readonly FilterStatus[] = [running()], ready = 3): WorkloadStatus {
  return { ref: ref(path), pods: { ready, wanted: 3 }, filters };
}

/** One of the clusters of a run, whose kubeconfig then has several contexts. */
export function oneOfSeveral(name: string, version?: string): ClusterConnection {
  return { ...connected(name, version), kubectlContext: name };
}

/** A cluster that a run spoke to, called as its context. */
export function connected(name: string, version = 'v1.34.4'): ClusterConnection {
  return { state: 'connected', name, context: name, version };
}

/** What a deployment has planned: nothing to push, and no expiry, unless told. */
export function deployPlan(changes: Partial<DeployPlan> = {}): DeployPlan {
  return { state: 'made', images: [], pluginKind: 'WasmPlugin', ...changes };
}

/** What a test says of a report; without a command it is one of `deploy`. */
export type ReportParts =
  | Partial<Omit<DeployReport, 'outcome'>>
  | { [C in Command]: Partial<Omit<ReportOf<C>, 'outcome'>> & { readonly command: C } }[Command];

/** A report with the outcome that the engine would conclude from its parts. */
export function report(parts: ReportParts = {}): Report {
  const outcome = outcomeOf(parts);
  const written = reportedTargets(outcome).some(({ steps: done }) => Object.values(done).includes('done'));
  const brings = ['deploy', 'plan', 'render', 'check'].includes(outcome.command);
  const concluded = concludeReport(outcome, {
    filters: parts.filters ?? (brings ? [filter()] : []),
    clusters: parts.clusters ?? [connected('prod-eu')],
    policy: parts.policy ?? policy(),
    refusedInputs: parts.refusedInputs ?? [],
    requests: parts.requests ?? { reads: 37, writes: written ? 16 : 0 },
    ...(parts.failOnDrift !== undefined && { failOnDrift: parts.failOnDrift }),
    ...(parts.reportFile !== undefined && { reportFile: parts.reportFile }),
    ...(parts.junitFile !== undefined && { junitFile: parts.junitFile }),
    ...(parts.tests !== undefined && { tests: parts.tests }),
    started: parts.started ?? '2026-11-28T09:30:00.000Z',
    durationMs: parts.durationMs ?? 24_800,
  });
  const { changed = concluded.changed, cancelled = concluded.cancelled } = parts;
  return { ...concluded, changed, cancelled };
}

function outcomeOf(parts: ReportParts): CommandOutcome {
  const said = {
    problems: parts.problems ?? [],
    warnings: parts.warnings ?? [],
    ...(parts.permissions !== undefined && { permissions: parts.permissions }),
    ...(parts.missingForCleanup !== undefined && { missingForCleanup: parts.missingForCleanup }),
    ...(parts.movedTags !== undefined && { movedTags: parts.movedTags }),
  };
  switch (parts.command) {
    case 'plan': {
      const { command, targets = [], plan = STOPPED, account } = parts;
      return { command, ...said, targets, plan, ...(account !== undefined && { account }) };
    }
    case 'remove':
    case 'sweep': {
      const { command, targets = [], collected = NOTHING_COLLECTED, removal = { state: 'found' } } = parts;
      return { command, ...said, targets, collected, removal };
    }
    case 'status':
      return { command: parts.command, ...said, status: parts.status ?? STOPPED };
    case 'render':
      return { command: parts.command, ...said, rendered: parts.rendered ?? STOPPED };
    case 'check':
      return { command: parts.command, ...said, checked: parts.checked ?? STOPPED };
    default: {
      const { targets = [], collected = NOTHING_COLLECTED, plan = deployPlan() } = parts;
      return { command: 'deploy', ...said, targets, collected, plan, ...(parts.scouts && { scouts: parts.scouts }) };
    }
  }
}

/** What `deploy` may need for the Deployments of some namespaces. */
export function neededIn(...namespaces: readonly string[]): Permission[] {
  const installed = templateKinds().filter(({ notInstalled }) => notInstalled === undefined);
  const targets = namespaces.map((namespace) => `- ${namespace}/deploy/a`).join('\n');
  return deployPermissions(deployRequest(filterRequest(targets)), installed);
}
