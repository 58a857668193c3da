import type { Report, TargetReport } from '../../../src/deploy/report/report.ts';
import { withPhase } from '../../../src/deploy/rollout/target-phase.ts';
import type { Diagnosis } from '../../../src/deploy/wait/diagnose.ts';
import { diagnosisLines, rolloutProblem } from '../../../src/deploy/wait/rollout-problem.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import { plannedFor } from '../deploy/planned.ts';
import {
  deployed,
  NEW,
  OLD,
  policy,
  pushed,
  ref,
  refusing,
  report,
  rollback,
  rolledBack,
  stuck,
  superseded,
  unchanged,
  untouched,
  verification,
  withdrawn,
} from './report-builder.ts';
import { REFUSED, workloads } from './shop.ts';

const FIRST = [{ filter: 'add-header', revision: NEW }];

/** What is told of a workload that got the filter and did not become ready, by the rules of the run itself. */
function unreadyEnd(path: string, message: string, diagnosis: Diagnosis): Pick<TargetReport, 'problem' | 'diagnosis'> {
  const { kind, namespace, name } = ref(path);
  const planned = plannedFor(`${namespace}/${kind}/${name}`);
  const end = { state: 'stuck', message, ready: 0, wanted: 3, durationMs: 21_000 } as const;
  const problem = rolloutProblem(planned, end, diagnosis, 300_000);
  return { ...(problem !== undefined && { problem }), diagnosis: diagnosisLines(diagnosis) };
}

/** Endings of `deploy` that differ in what was seen in the proxies and in what happened to the rollback. */
export const EVIDENCE_SCENARIOS: Readonly<Record<string, () => Report>> = {
  superseded: () =>
    report({
      targets: [
        ...workloads.slice(0, 2).map((path) => superseded(path)),
        ...workloads.slice(2, 4).map((path) => deployed(path)),
        ...workloads.slice(4, 6).map((path) => untouched(path)),
      ],
    }),

  'superseded-everywhere': () =>
    report({
      targets: workloads.slice(0, 3).map((path) => superseded(path)),
      collected: {
        deleted: [],
        left: ['EnvoyFilter', 'ConfigMap'].map((kind) => ({
          object: `${kind} shop/add-header-${NEW}`,
          why: 'a newer run has replaced this revision; a later run deletes the object once nothing uses it',
          replaced: true,
        })),
      },
    }),

  'verified-and-probed': () =>
    report({
      targets: workloads.map((path) => deployed(path, { verification: verification('listener', { probed: true }) })),
      policy: policy({
        canary: { count: 1 },
        soakMs: 30_000,
        probe: {
          port: 9080,
          method: 'GET',
          path: '/health',
          headers: {},
          expect: { status: [200], headers: { 'x-wasm': 'yes' } },
        },
      }),
      collected: {
        deleted: ['shop', 'edge'].flatMap((namespace) =>
          ['EnvoyFilter', 'ConfigMap'].map((kind) => `${kind} ${namespace}/add-header-77aa01b2c3`),
        ),
        left: [],
      },
    }),

  'weaker-evidence': () =>
    report({ targets: workloads.map((path) => deployed(path, { verification: verification('stats') })) }),

  'mixed-evidence': () =>
    report({
      targets: workloads.map((path) =>
        path.includes('edge') ? deployed(path, { verification: verification('ready') }) : deployed(path),
      ),
      collected: {
        deleted: [],
        left: [
          { object: 'EnvoyFilter shop/add-header-77aa01b2c3', why: 'the pod cart-2 is still terminating' },
          { object: 'ConfigMap shop/add-header-77aa01b2c3', why: 'the pod cart-2 is still terminating' },
        ],
      },
    }),

  'not-verified': () =>
    report({
      targets: workloads.map((path) => deployed(path, { verification: { level: 'ready', pods: 3, wanted: 3 } })),
      policy: policy({ verify: 'off' }),
    }),

  'one-failed-and-rolled-back': () =>
    report({
      targets: workloads.map((path) =>
        path === 'shop/reviews' ? rolledBack(path, { diagnosis: REFUSED }) : deployed(path),
      ),
      policy: policy({ maxFailures: { count: 1 } }),
      durationMs: 315_100,
    }),

  'pods-not-started': () =>
    report({
      targets: [
        rolledBack('shop/reviews', {
          ...unreadyEnd(
            'shop/reviews',
            'pods cannot be created: pods "reviews-6f9c4b-x7k2p" is forbidden: exceeded quota: compute, requested: limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi',
            { pods: [] },
          ),
          durationMs: 21_000,
        }),
        rolledBack('shop/ratings', {
          ...unreadyEnd('shop/ratings', '1 of 3 pods updated', {
            pods: ['ratings-5d8f7c-9zq4m: CrashLoopBackOff (app)'],
            cause:
              'app keeps crashing (Error, exit code 1); its log ends: Error: connect ECONNREFUSED 10.96.0.12:27017',
            causeOf: 'ratings-5d8f7c-9zq4m',
            troubled: { name: 'app', reason: 'Error', failure: 'ended' },
            event: {
              reason: 'BackOff',
              message: 'Back-off restarting failed container app in pod ratings-5d8f7c-9zq4m',
            },
          }),
          durationMs: 34_000,
        }),
        deployed('shop/details'),
      ],
      durationMs: 48_000,
    }),

  'all-rolled-back': () =>
    report({
      targets: workloads.map((path) =>
        path === 'shop/reviews' ? rolledBack(path, { diagnosis: REFUSED }) : withdrawn(path),
      ),
      policy: policy({ onFailure: 'rollback-all' }),
      collected: { deleted: [`EnvoyFilter shop/add-header-${NEW}`, `ConfigMap shop/add-header-${NEW}`], left: [] },
      durationMs: 327_300,
    }),

  'rollback-failed': () =>
    report({
      targets: workloads.map((path) => {
        if (path === 'shop/reviews') return stuck(path, { rollback: rollback('failed'), diagnosis: REFUSED });
        if (path === 'shop/ratings') return rolledBack(path, { diagnosis: REFUSED });
        return path.includes('edge') ? untouched(path) : deployed(path);
      }),
      durationMs: 627_300,
    }),

  'cancelled-during-rollback': () =>
    report({
      targets: workloads.slice(0, 4).map((path, index) => {
        const back = rollback('rolled-back', { durationMs: 400, unconfirmed: true });
        if (index > 2) return deployed(path);
        return stuck(path, { rollback: index < 2 ? back : rollback('skipped', { durationMs: 0 }), diagnosis: REFUSED });
      }),
      problems: [{ kind: 'cancelled', message: 'The run was cancelled.' }],
      collected: {
        deleted: [],
        left: [{ object: `ConfigMap shop/add-header-${NEW}`, why: 'the run was cancelled' }],
      },
      durationMs: 12_000,
    }),

  'canary-stopped-the-rest': () =>
    report({
      targets: workloads.map((path, index) =>
        index === 0 ? rolledBack(path, { wave: 1, diagnosis: REFUSED }) : untouched(path, { wave: 2 }),
      ),
      policy: policy({ canary: { count: 1 } }),
      durationMs: 315_000,
    }),

  'without-effect': () =>
    report({
      targets: workloads.slice(0, 3).map((path, index) =>
        index < 2
          ? deployed(path, {
              outcome: 'failed',
              verification: null,
              revisions: FIRST,
              rollback: rollback('rolled-back', { to: { 'add-header': null } }),
              problem: {
                kind: 'no-effect',
                subject: describeWorkload(ref(path)),
                form: 'clause',
                message: `its pods are ready, but add-header is in no listener of pod ${path.slice(5)}-7d4f9c6b8d-x2x4q: no listener for port 9081 speaks HTTP.`,
                remedy:
                  'Check the inputs "direction" and "port". If the Service has the port as TCP, set `appProtocol: http` on that port, or begin the name of the port with "http".',
              },
            })
          : untouched(path, { revisions: FIRST }),
      ),
    }),

  pushed: () =>
    report({
      targets: workloads.map((path) => pushed(path)),
      policy: policy(),
      durationMs: 3_200,
    }),

  'push-rejected-and-rolled-back': () =>
    report({
      targets: workloads.slice(0, 4).map((path, index) => {
        const back = { rollback: rollback('rolled-back', { durationMs: 1_400 }) };
        if (index === 0) return refusing(path, back);
        const { problem, ...well } = refusing(path, back);
        return withPhase({ ...well, outcome: 'rolled-back' });
      }),
      durationMs: 6_200,
    }),

  'drift-corrected': () =>
    report({
      targets: workloads.map((path, index) => {
        if (index === 0) return deployed(path, { revisions: SAME, drift: ['the label of add-header was removed'] });
        if (path.includes('edge')) return unchanged(path);
        const drift = [`EnvoyFilter shop/add-header-${NEW} was edited by kubectl-edit`];
        return deployed(path, {
          drift,
          revisions: SAME,
          steps: { configMap: 'unchanged', filterResource: 'done', template: 'unchanged', rollout: 'unchanged' },
          durationMs: 0,
        });
      }),
      durationMs: 22_000,
    }),

  'pruned-and-kept-going': () =>
    report({
      targets: [
        ...['shop/reviews', 'shop/ratings'].map((path) => deployed(path)),
        deployed('shop/legacy', {
          outcome: 'removed',
          verification: null,
          revisions: [{ filter: 'add-header', before: OLD }],
        }),
        deployed('shop/nightly', { verification: null, pods: { ready: 0, wanted: 0 } }),
      ],
    }),
};

const SAME = [{ filter: 'add-header', revision: NEW, before: NEW }];
