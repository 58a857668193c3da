import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../src/base/problem.ts';
import type { WriteResult } from '../../../src/deploy/apply.ts';
import { concludeTarget, type Evidence, untouchedTarget } from '../../../src/deploy/conclude.ts';
import type { Diagnosis } from '../../../src/deploy/diagnose.ts';
import { type PlannedWorkload, planWorkload } from '../../../src/deploy/plan.ts';
import type { TargetReport } from '../../../src/deploy/report.ts';
import type { RolloutResult } from '../../../src/deploy/rollout-board.ts';
import { revisionName } from '../../../src/mesh/revision.ts';
import { workloadKey } from '../../../src/targets/target.ts';
import { must, refOf, revision, workload } from '../builders.ts';

const ours = revision();
const KEY = `shop/${revisionName(ours)}`;
const ref = refOf('shop/deploy/reviews');
const old = workload('reviews', { podLabels: { 'deploy-wasm-filter/add-header': '0123456789' } });
const planned: PlannedWorkload = must(
  planWorkload({ ref, observed: old, revisions: [ours] }, { run: 'r', wait: true }),
);
const failed: WriteResult = { state: 'failed', problem: { kind: 'permission', message: 'Not allowed.' } };

interface Case {
  readonly configMap?: WriteResult['state'];
  readonly envoyFilter?: WriteResult['state'];
  readonly template?: WriteResult['state'];
  readonly rollout?: Partial<RolloutResult>;
  readonly diagnosis?: Partial<Diagnosis>;
}

function conclude({
  configMap = 'done',
  envoyFilter = 'done',
  template = 'done',
  rollout,
  diagnosis,
}: Case): TargetReport {
  const write = (state: WriteResult['state']): WriteResult => (state === 'failed' ? failed : { state });
  const key = workloadKey(ref);
  const result: RolloutResult = { state: 'ready', message: '', ready: 1, wanted: 1, durationMs: 4_000, ...rollout };
  const evidence: Evidence = {
    applied: {
      configMaps: new Map([[KEY, write(configMap)]]),
      envoyFilters: new Map([[KEY, write(envoyFilter)]]),
      workloads: new Map([[key, write(template)]]),
      warnings: [],
    },
    rollouts: new Map(rollout === undefined ? [] : [[key, result]]),
    diagnoses: new Map(diagnosis === undefined ? [] : [[key, { pods: [], ...diagnosis }]]),
    timeoutMs: 600_000,
  };
  return concludeTarget(planned, evidence);
}

describe('the steps and the outcome', () => {
  test.each<[string, Case, string, string]>([
    ['deployed', { rollout: {} }, 'deployed', 'done done done done'],
    ['not waited for', {}, 'deployed', 'done done done skipped'],
    [
      'only the template changed',
      { configMap: 'unchanged', envoyFilter: 'unchanged', rollout: {} },
      'deployed',
      'unchanged unchanged done done',
    ],
    [
      'nothing changed',
      { configMap: 'unchanged', envoyFilter: 'unchanged', template: 'unchanged', rollout: {} },
      'unchanged',
      'unchanged unchanged unchanged unchanged',
    ],
    [
      'nothing changed, not waited for',
      { configMap: 'unchanged', envoyFilter: 'unchanged', template: 'unchanged' },
      'unchanged',
      'unchanged unchanged unchanged unchanged',
    ],
    [
      'a shared object was put back',
      { envoyFilter: 'unchanged', template: 'unchanged', rollout: {} },
      'deployed',
      'done unchanged unchanged unchanged',
    ],
    ['the patch failed', { template: 'failed' }, 'failed', 'done done failed skipped'],
    [
      'the ConfigMap failed',
      { configMap: 'failed', envoyFilter: 'skipped', template: 'skipped' },
      'untouched',
      'failed skipped skipped skipped',
    ],
    [
      'the EnvoyFilter failed',
      { envoyFilter: 'failed', template: 'skipped' },
      'untouched',
      'done failed skipped skipped',
    ],
    [
      'a shared object could not be put back',
      { configMap: 'failed', envoyFilter: 'unchanged', template: 'unchanged', rollout: {} },
      'untouched',
      'failed unchanged unchanged unchanged',
    ],
    ['cancelled before the patch', { template: 'skipped' }, 'untouched', 'done done skipped skipped'],
    ['not ready in time', { rollout: { state: 'timeout' } }, 'failed', 'done done done failed'],
    ['given up by its controller', { rollout: { state: 'failed' } }, 'failed', 'done done done failed'],
    ['superseded', { rollout: { state: 'superseded' } }, 'failed', 'done done done failed'],
    ['deleted', { rollout: { state: 'deleted' } }, 'failed', 'done done done failed'],
    ['cancelled while it waited', { rollout: { state: 'cancelled' } }, 'failed', 'done done done skipped'],
    [
      'unchanged and not ready',
      { configMap: 'unchanged', envoyFilter: 'unchanged', template: 'unchanged', rollout: { state: 'timeout' } },
      'failed',
      'unchanged unchanged unchanged failed',
    ],
  ])('%s', (_, parts, outcome, steps) => {
    const report = conclude(parts);
    const { configMap, envoyFilter, template, rollout } = report.steps;
    expect([configMap, envoyFilter, template, rollout].join(' ')).toBe(steps);
    expect(report.outcome).toBe(outcome);
    expect(report.problem === undefined).toBe(outcome !== 'failed');
  });

  test('of a workload with two filters is the worse of both', () => {
    const two = must(
      planWorkload({ ref, observed: old, revisions: [ours, revision('auth')] }, { run: 'r', wait: true }),
    );
    const applied = {
      configMaps: new Map([[KEY, { state: 'done' }]] as const),
      envoyFilters: new Map([
        [KEY, { state: 'unchanged' }],
        [`shop/${revisionName(revision('auth'))}`, { state: 'done' }],
      ] as const),
      workloads: new Map([[workloadKey(ref), { state: 'skipped' }]] as const),
      warnings: [],
    };
    const report = concludeTarget(two, { applied, rollouts: new Map(), diagnoses: new Map(), timeoutMs: 1 });
    expect(report.steps).toMatchObject({ configMap: 'skipped', envoyFilter: 'done' });
    expect(report.revisions.map(({ filter }) => filter)).toEqual(['add-header', 'auth']);
  });
});

describe('a report tells', () => {
  test('the revisions before and now, the pods and the time', () => {
    expect(conclude({ rollout: { ready: 2, wanted: 3 } })).toMatchObject({
      ref,
      revisions: [{ filter: 'add-header', revision: ours.id, before: '0123456789' }],
      pods: { ready: 2, wanted: 3 },
      durationMs: 4_000,
      evidence: [],
    });
  });

  test('the pods that were observed when nobody waited, and no time', () => {
    const report = conclude({});
    expect(report.pods.wanted).toBe(1);
    expect(report).not.toHaveProperty('durationMs');
  });

  test('nothing but the plan of a target that the run did not come to', () => {
    expect(untouchedTarget(planned)).toMatchObject({
      outcome: 'untouched',
      steps: { configMap: 'skipped', envoyFilter: 'skipped', template: 'skipped', rollout: 'skipped' },
      revisions: [{ revision: ours.id }],
    });
  });

  test('what the write said when it failed', () => {
    expect(conclude({ template: 'failed' }).problem).toBe(failed.problem);
  });
});

describe('the problem of a rollout', () => {
  const envoy = { reason: 'Failed to configure base Wasm plugin', remedy: 'Check the input "configuration".' };
  const timeout = (diagnosis?: Partial<Diagnosis>, message = '0 of 1 pods ready'): Case => ({
    rollout: { state: 'timeout', message },
    ...(diagnosis === undefined ? {} : { diagnosis }),
  });

  test.each<[string, Case, string, string]>([
    ['without a diagnosis', timeout(), 'rollout', 'not ready after 10 min: 0 of 1 pods ready.'],
    [
      'whose state was never seen',
      timeout(undefined, ''),
      'rollout',
      'not ready after 10 min: its new state was never seen.',
    ],
    [
      'with what Envoy says before all else',
      timeout({ envoy, event: 'FailedMount: no', pods: ['p: istio-proxy not ready'] }),
      'rollout',
      'not ready after 10 min: 0 of 1 pods ready. Failed to configure base Wasm plugin. Check the input "configuration".',
    ],
    [
      'with an event that names a cause',
      timeout({ event: 'FailedMount: configmap "x" not found', pods: ['p: ContainerCreating'] }),
      'rollout',
      'not ready after 10 min: 0 of 1 pods ready. FailedMount: configmap "x" not found.',
    ],
    [
      'with its pods rather than an event that names none',
      timeout({ event: 'Unhealthy: probe failed', pods: ['a: istio-proxy not ready', 'b: Pending', 'c: Pending'] }),
      'rollout',
      '. a: istio-proxy not ready and b: Pending.',
    ],
    [
      'with any event where there are no pods',
      timeout({ event: 'Unhealthy: no.' }),
      'rollout',
      'ready. Unhealthy: no. ',
    ],
    [
      'that its controller gave up',
      { rollout: { state: 'failed', message: 'no progress for 600 s' } },
      'rollout',
      'failed to roll out: no progress for 600 s.',
    ],
    [
      'that was superseded',
      { rollout: { state: 'superseded', message: 'another run put revision 1 there' } },
      'conflict',
      'another run put revision 1 there while this run waited.',
    ],
    [
      'whose workload is gone',
      { rollout: { state: 'deleted' } },
      'workload',
      'was deleted while this run waited for it.',
    ],
    [
      'that was cancelled',
      { rollout: { state: 'cancelled', message: '1 of 3 pods updated' } },
      'cancelled',
      'the run was cancelled while it waited (1 of 3 pods updated).',
    ],
    ['that was cancelled at once', { rollout: { state: 'cancelled' } }, 'cancelled', '(not ready yet)'],
  ])('%s', (_, parts, kind, text) => {
    const { problem } = conclude(parts);
    expect(problem).toMatchObject({ kind, subject: 'Deployment shop/reviews' });
    const said = problem === undefined ? '' : describeProblem(problem);
    expect(said).toContain(text);
    expect(said).not.toMatch(/: \.|\.\.|: $/);
  });

  test('comes with all the evidence', () => {
    const report = conclude(timeout({ envoy, event: 'FailedMount: no', pods: ['p: Pending', 'q: Pending'] }));
    expect(report.evidence).toEqual([
      'Envoy: Failed to configure base Wasm plugin',
      'event FailedMount: no',
      'pod p: Pending',
      'pod q: Pending',
    ]);
  });

  test('a target without a problem has no evidence', () => {
    expect(conclude({ rollout: {}, diagnosis: { pods: ['p: Pending'] } }).evidence).toEqual([]);
  });
});
