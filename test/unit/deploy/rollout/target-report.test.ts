import { describe, expect, test } from '@jest/globals';
import { describeProblem, type Problem } from '../../../../src/base/problem.ts';
import type { WriteResult } from '../../../../src/deploy/apply/workload.ts';
import { planObjects } from '../../../../src/deploy/plan/objects.ts';
import type { PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import type { Verification } from '../../../../src/deploy/report/evidence-level.ts';
import type { Rollback, TargetReport } from '../../../../src/deploy/report/report.ts';
import type { WaveMark } from '../../../../src/deploy/report/wave-mark.ts';
import { diagnosedRollout, judgedRollout } from '../../../../src/deploy/rollout/judged-rollout.ts';
import type { PushResult } from '../../../../src/deploy/rollout/push-settings.ts';
import { concludeTarget, type RunRecord, untouchedTarget } from '../../../../src/deploy/rollout/target-report.ts';
import {
  endedRollout,
  pendingRollout,
  rolledBack,
  verifiedRollout,
  type WorkloadRollout,
  writtenRollout,
} from '../../../../src/deploy/rollout/workload-rollout.ts';
import type { VerificationResult } from '../../../../src/deploy/verify/verifier.ts';
import type { Diagnosis } from '../../../../src/deploy/wait/diagnose.ts';
import type { RolloutResult } from '../../../../src/deploy/wait/rollout-result.ts';
import { revisionName } from '../../../../src/mesh/identity/revision.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { refOf, revision, snapshotOf, workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const PATH = 'shop/deploy/reviews';
const LABEL = 'deploy-wasm-filter/add-header';
const ours = revision();
const KEY = `shop/${revisionName(ours)}`;
const ref = refOf(PATH);
const old = workload('reviews', { podLabels: { [LABEL]: '0123456789' } });
const planned = plannedFor(PATH, { observed: old });
const same = plannedFor(PATH, { observed: workload('reviews', { podLabels: { [LABEL]: ours.id } }) });
const problem: Problem = { kind: 'permission', message: 'Not allowed.' };
const failed: WriteResult = { state: 'failed', problem };
const write = (state: WriteResult['state']): WriteResult => (state === 'failed' ? failed : { state });

const TIMEOUT_MS = 600_000;

interface Case {
  readonly of?: PlannedWorkload;
  readonly configMap?: WriteResult['state'];
  readonly filterResource?: WriteResult['state'];
  readonly template?: WriteResult['state'];
  readonly rollout?: Partial<RolloutResult>;
  readonly diagnosis?: Partial<Diagnosis>;
  readonly verification?: VerificationResult;
  readonly rollback?: Rollback;
  readonly push?: PushResult;
  readonly wave?: WaveMark;
}

function recordOf({ of = planned, configMap = 'done', filterResource = 'done', push }: Case): RunRecord {
  const objects = planObjects([of], snapshotOf({}));
  return {
    plan: { ...objects, workloads: [of], garbage: [], warnings: [] },
    objects: {
      configMaps: new Map([[KEY, write(configMap)]]),
      filterResources: new Map(push === undefined ? [[KEY, write(filterResource)]] : []),
    },
    pushes: new Map(push === undefined ? [] : [[KEY, push]]),
  };
}

function reached({ of = planned, template = 'done', rollout, verification, wave }: Case): WorkloadRollout {
  const written = writtenRollout(pendingRollout(of, wave), { result: write(template) });
  if (written.state !== 'written' || rollout === undefined) return written;
  const result: RolloutResult = { state: 'ready', message: '', ready: 1, wanted: 1, durationMs: 4_000, ...rollout };
  const ended = endedRollout(written, result);
  return verification === undefined ? judgedRollout(ended, TIMEOUT_MS) : verifiedRollout(ended, verification);
}

function conclude(parts: Case): TargetReport {
  const { diagnosis, rollback } = parts;
  const found = reached(parts);
  const diagnosed =
    found.state !== 'failed' || diagnosis === undefined
      ? found
      : diagnosedRollout(found, { pods: [], ...diagnosis }, TIMEOUT_MS, true);
  return concludeTarget(rollback === undefined ? diagnosed : rolledBack(diagnosed, rollback), recordOf(parts));
}

describe('the steps and the outcome', () => {
  test.each<[string, Case, string, string]>([
    ['deployed', { rollout: {} }, 'deployed', 'done done done done'],
    ['not waited for', {}, 'deployed', 'done done done skipped'],
    [
      'only the template changed',
      { configMap: 'unchanged', filterResource: 'unchanged', rollout: {} },
      'deployed',
      'unchanged unchanged done done',
    ],
    [
      'nothing changed',
      { of: same, configMap: 'unchanged', filterResource: 'unchanged', template: 'unchanged', rollout: {} },
      'unchanged',
      'unchanged unchanged unchanged unchanged',
    ],
    [
      'nothing changed, not waited for',
      { configMap: 'unchanged', filterResource: 'unchanged', template: 'unchanged' },
      'unchanged',
      'unchanged unchanged unchanged unchanged',
    ],
    [
      'a shared object was put back',
      { filterResource: 'unchanged', template: 'unchanged', rollout: {} },
      'deployed',
      'done unchanged unchanged unchanged',
    ],
    ['the patch failed', { template: 'failed' }, 'failed', 'done done failed skipped'],
    [
      'the ConfigMap failed',
      { configMap: 'failed', filterResource: 'skipped', template: 'skipped' },
      'untouched',
      'failed skipped skipped skipped',
    ],
    [
      'the EnvoyFilter failed',
      { filterResource: 'failed', template: 'skipped' },
      'untouched',
      'done failed skipped skipped',
    ],
    [
      'a shared object could not be put back',
      { configMap: 'failed', filterResource: 'unchanged', template: 'unchanged', rollout: {} },
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
      { configMap: 'unchanged', filterResource: 'unchanged', template: 'unchanged', rollout: { state: 'timeout' } },
      'failed',
      'unchanged unchanged unchanged failed',
    ],
  ])('%s', (_, parts, outcome, steps) => {
    const report = conclude(parts);
    const { configMap, filterResource, template, rollout } = report.steps;
    expect([configMap, filterResource, template, rollout].join(' ')).toBe(steps);
    expect(report.outcome).toBe(outcome);
    expect(report.problem === undefined).toBe(outcome !== 'failed');
  });

  test('a template whose state alone was recorded has no rollout', () => {
    const noted = plannedFor(PATH, { observed: workload('reviews', { podLabels: { [LABEL]: ours.id } }) });
    const stateOnly: PlannedWorkload = { ...noted, patch: { metadata: { annotations: { state: 'x' } } } };
    expect(conclude({ of: stateOnly, rollout: {} })).toMatchObject({
      outcome: 'deployed',
      steps: { rollout: 'unchanged' },
    });
  });

  test('of a workload with two filters is the worse of both', () => {
    const auth = revision('auth');
    const two = plannedFor(PATH, { observed: old, revisions: [ours, auth] });
    const record: RunRecord = {
      ...recordOf({ of: two }),
      objects: {
        configMaps: new Map([[KEY, { state: 'done' }]] as const),
        filterResources: new Map([
          [KEY, { state: 'unchanged' }],
          [`shop/${revisionName(auth)}`, { state: 'done' }],
        ] as const),
      },
    };
    const report = concludeTarget(pendingRollout(two), record);
    expect(report.steps).toMatchObject({ configMap: 'skipped', filterResource: 'done' });
    expect(report.revisions.map(({ filter }) => filter)).toEqual(['add-header', 'auth']);
  });
});

describe('a removal', () => {
  const leaving = plannedFor(PATH, { observed: old, revisions: [], removals: ['add-header'] });
  const gone = plannedFor(PATH, { revisions: [], removals: ['add-header'] });

  test('is "removed", and tells what was there', () => {
    expect(conclude({ of: leaving, rollout: {} })).toMatchObject({
      outcome: 'removed',
      revisions: [{ filter: 'add-header', before: '0123456789' }],
      steps: { configMap: 'unchanged', filterResource: 'unchanged', template: 'done', rollout: 'done' },
    });
    expect(conclude({ of: leaving, rollout: {} }).revisions[0]).not.toHaveProperty('revision');
  });

  test('of what is not there is "unchanged"', () => {
    const report = conclude({ of: gone, template: 'unchanged', rollout: {} });
    expect(report).toMatchObject({ outcome: 'unchanged', revisions: [{ filter: 'add-header' }] });
  });
});

describe('proof and rollback', () => {
  const verification: Verification = { level: 'listener', pods: 1, wanted: 1 };
  const back = (state: Rollback['state']): Rollback => ({ state, to: { 'add-header': '0123456789' }, durationMs: 5 });
  const refused: Problem = { kind: 'verification', message: 'Envoy rejects it.' };

  test('the verification is shown where nothing is wrong', () => {
    expect(conclude({ rollout: {}, verification: { verification } }).verification).toEqual(verification);
  });

  test('a problem of the verification fails the workload, and its verification is not shown', () => {
    const report = conclude({
      rollout: {},
      verification: { verification, problem: refused },
      rollback: back('rolled-back'),
    });
    expect(report).toMatchObject({ outcome: 'failed', problem: refused, rollback: { state: 'rolled-back' } });
    expect(report).not.toHaveProperty('verification');
    expect(report.steps.rollout).toBe('done');
  });

  test('a good workload that was rolled back with the others is "rolled-back"', () => {
    expect(conclude({ rollout: {}, verification: { verification }, rollback: back('rolled-back') })).toMatchObject({
      outcome: 'rolled-back',
    });
  });

  test('the wave is told', () => {
    expect(conclude({ wave: { wave: 10, wavePart: 'canary' } })).toMatchObject({ wave: 10, wavePart: 'canary' });
    expect(conclude({})).not.toHaveProperty('wave');
  });
});

describe('settings that were pushed into running proxies', () => {
  const newer = revision('add-header', { configuration: 'new' });
  const podRevision = { filter: 'add-header', id: ours.id, mountPath: ours.settings.mountPath };
  const of: PlannedWorkload = { ...same, revisions: [{ revision: newer, podRevision }] };
  const verification: Verification = { level: 'listener', pods: 1, wanted: 1 };
  const pushed = (over: Partial<PushResult> = {}): PushResult => ({
    step: 'done',
    before: ours.id,
    verifications: new Map([[workloadKey(ref), verification]]),
    problems: new Map(),
    ...over,
  });
  const quiet = { of, configMap: 'unchanged', template: 'unchanged' } as const;

  test('show as a written EnvoyFilter, with the revision of before', () => {
    expect(conclude({ ...quiet, push: pushed(), rollout: {} })).toMatchObject({
      outcome: 'deployed',
      revisions: [{ filter: 'add-header', revision: newer.id, before: ours.id, pushed: true }],
      steps: { configMap: 'unchanged', filterResource: 'done', template: 'unchanged', rollout: 'unchanged' },
      verification,
    });
  });

  test('fail the workloads whose proxies do not take them', () => {
    const said: Problem = { kind: 'verification', message: 'refused' };
    const rollback: Rollback = { state: 'rolled-back', to: { 'add-header': ours.id }, durationMs: 3 };
    const push = pushed({ verifications: new Map(), problems: new Map([[workloadKey(ref), said]]), rollback });
    expect(conclude({ ...quiet, push })).toMatchObject({ outcome: 'failed', problem: said, rollback });
  });

  test('and are put back leave the other filters of a workload what they run', () => {
    const [auth, kept] = [revision('auth', { configuration: 'new' }), revision('auth')];
    const [mounted] = [{ filter: 'auth', id: kept.id, mountPath: kept.settings.mountPath }];
    const before = new Map([
      ['add-header', ours.id],
      ['auth', kept.id],
    ]);
    const two = { ...of, before, revisions: [...of.revisions, { revision: auth, podRevision: mounted }] };
    const said: Problem = { kind: 'verification', message: 'refused' };
    const rollback: Rollback = { state: 'rolled-back', to: { 'add-header': ours.id }, durationMs: 3 };
    const push = pushed({ verifications: new Map(), problems: new Map([[workloadKey(ref), said]]), rollback });
    expect(conclude({ ...quiet, of: two, push }).rollback?.to).toEqual({ 'add-header': ours.id, auth: kept.id });
  });

  test('that an earlier run pushed are what was there before', () => {
    const before = new Map([['add-header', newer.id]]);
    const report = conclude({ ...quiet, of: { ...of, before }, filterResource: 'unchanged', rollout: {} });
    expect(report).toMatchObject({
      outcome: 'unchanged',
      revisions: [{ filter: 'add-header', revision: newer.id, before: newer.id }],
    });
  });
});

test('drift of the workload and of its objects is told together, that of other objects not', () => {
  const drifted: PlannedWorkload = { ...planned, drift: ['the label of add-header was removed'] };
  const record = recordOf({ of: drifted });
  const [configMap] = record.plan.configMaps;
  if (configMap === undefined) throw new Error('no ConfigMap');
  const foreign = { ...configMap, namespace: 'test', drift: 'ConfigMap test/x was deleted' };
  const plan = { ...record.plan, configMaps: [{ ...configMap, drift: 'ConfigMap shop/x was deleted' }, foreign] };
  expect(concludeTarget(pendingRollout(drifted), { ...record, plan }).drift).toEqual([
    'the label of add-header was removed',
    'ConfigMap shop/x was deleted',
  ]);
});

describe('a report tells', () => {
  test('the revisions before and now, the pods and the time', () => {
    expect(conclude({ rollout: { ready: 2, wanted: 3 } })).toMatchObject({
      ref,
      revisions: [{ filter: 'add-header', revision: ours.id, before: '0123456789' }],
      pods: { ready: 2, wanted: 3 },
      durationMs: 4_000,
      diagnosis: [],
    });
  });

  test('the pods that were observed when nobody waited, and no time', () => {
    const report = conclude({});
    expect(report.pods.wanted).toBe(1);
    expect(report).not.toHaveProperty('durationMs');
  });

  test('nothing but the plan of a target that the run did not come to', () => {
    expect(untouchedTarget(planned, recordOf({}).plan)).toMatchObject({
      outcome: 'untouched',
      steps: { configMap: 'skipped', filterResource: 'skipped', template: 'skipped', rollout: 'skipped' },
      revisions: [{ revision: ours.id }],
    });
  });

  test('what others have changed of its objects, also where the run did not come to it', () => {
    const deleted = ['ConfigMap', 'EnvoyFilter'].map((kind) => `${kind} ${KEY} was deleted`);
    const record = recordOf({ of: same });
    for (const { drift } of [
      untouchedTarget(same, record.plan),
      concludeTarget(reached({ of: same, rollout: {} }), record),
    ]) {
      expect(drift).toEqual([...same.drift, ...deleted]);
    }
  });

  test('what the write said when it failed', () => {
    expect(conclude({ template: 'failed' }).problem).toBe(problem);
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
      timeout({ envoy, event: { reason: 'FailedMount', message: 'no' }, pods: ['p: istio-proxy not ready'] }),
      'rollout',
      'not ready after 10 min: 0 of 1 pods ready. Failed to configure base Wasm plugin. Check the input "configuration".',
    ],
    [
      'with an event that names a cause',
      timeout({ event: { reason: 'FailedMount', message: 'configmap "x" not found' }, pods: ['p: ContainerCreating'] }),
      'rollout',
      'not ready after 10 min: 0 of 1 pods ready. FailedMount: configmap "x" not found.',
    ],
    [
      'with its pods rather than an event that names none',
      timeout({
        event: { reason: 'Unhealthy', message: 'probe failed' },
        pods: ['a: istio-proxy not ready', 'b: Pending', 'c: Pending'],
      }),
      'rollout',
      '. a: istio-proxy not ready and b: Pending.',
    ],
    [
      'with any event where there are no pods',
      timeout({ event: { reason: 'Unhealthy', message: 'no.' } }),
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
      { rollout: { state: 'superseded', message: 'another run deployed revision 1 there' } },
      'conflict',
      'another run deployed revision 1 there while this run waited.',
    ],
    [
      'that is stuck, with what Envoy says',
      {
        rollout: { state: 'stuck', message: 'Envoy rejects the filter', rejectsFilter: true },
        diagnosis: { envoy: { ...envoy, filterSaid: 'no root id' } },
      },
      'rollout',
      'cannot become ready: Envoy rejects the filter. The filter said: no root id (Failed to configure base Wasm plugin).',
    ],
    [
      'that is stuck on one of several filters, named once',
      {
        rollout: { state: 'stuck', message: 'Envoy rejects the filter', rejectsFilter: true },
        diagnosis: { envoy: { ...envoy, rejected: 'auth', filterSaid: 'no root id' } },
      },
      'rollout',
      'cannot become ready: Envoy rejects auth: the filter said: no root id (Failed to configure base Wasm plugin).',
    ],
    [
      'that is stuck on a filter of others',
      {
        rollout: { state: 'stuck', message: 'Envoy rejects another filter, not add-header' },
        diagnosis: {
          envoy: {
            reason: 'Invalid path: /etc/nope/waf.wasm',
            remedy: 'Delete it.',
            foreign: { refused: '/etc/nope/waf.wasm', ours: ['add-header'], filterResource: 'EnvoyFilter shop/waf' },
          },
        },
      },
      'proxy',
      'cannot become ready: Envoy rejects another filter, not add-header: Invalid path: /etc/nope/waf.wasm (EnvoyFilter shop/waf). Delete it.',
    ],
    [
      'whose new pods are ready without the filter',
      {
        rollout: { state: 'stuck', message: 'its new pods run without the filter', lacksFilter: true },
        diagnosis: { envoy: { ...envoy, by: 'istio-agent', reason: 'Pull of x failed: UNAUTHORIZED' } },
      },
      'rollout',
      'has new pods that run without the filter: Pull of x failed: UNAUTHORIZED.',
    ],
    [
      'whose new pods are ready without the filter, and nothing more is known',
      { rollout: { state: 'stuck', message: 'its new pods run without the filter', lacksFilter: true } },
      'rollout',
      'has new pods that run without the filter. Look for the cause in the events',
    ],
    [
      'that is stuck for want of a folder',
      {
        rollout: { state: 'stuck', message: 'RunContainerError (istio-proxy)' },
        diagnosis: {
          cause: 'RunContainerError (istio-proxy): mkdir /var/x: read-only file system',
          cannotMount: 'add-header',
        },
      },
      'rollout',
      'mkdir /var/x: read-only file system. The node cannot create the folder',
    ],
    [
      'that is stuck, without repeating what its pods say',
      {
        rollout: { state: 'stuck', message: 'CrashLoopBackOff (app)' },
        diagnosis: { pods: ['p: CrashLoopBackOff (app)'] },
      },
      'rollout',
      'cannot become ready: CrashLoopBackOff (app). Look for the cause in the events',
    ],
    [
      'of which the event says what the status of the workload says',
      {
        rollout: { state: 'failed', message: 'RolloutAborted: aborted update to revision 2' },
        diagnosis: { event: { reason: 'RolloutAborted', message: 'aborted update to revision 2' } },
      },
      'rollout',
      'failed to roll out: RolloutAborted: aborted update to revision 2. Look for the cause',
    ],
    [
      'whose workload is gone',
      { rollout: { state: 'deleted' } },
      'deleted',
      'was deleted while this run waited for it. Find out who deleted it, or all of namespace "shop".',
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
    const report = conclude(
      timeout({ envoy, event: { reason: 'FailedMount', message: 'no' }, pods: ['p: Pending', 'q: Pending'] }),
    );
    expect(report.diagnosis).toEqual([
      'Envoy: Failed to configure base Wasm plugin',
      'event FailedMount: no',
      'pod p: Pending',
      'pod q: Pending',
    ]);
  });
});
