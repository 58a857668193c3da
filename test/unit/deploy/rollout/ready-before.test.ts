import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import type { Pod, Workload } from '../../../../src/cluster/objects.ts';
import type { PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import {
  compareUnreadyStates,
  mustBeReadyBefore,
  settlesInMs,
  type UnreadyState,
  unreadyProblem,
} from '../../../../src/deploy/rollout/ready-before.ts';
import type { Diagnosis } from '../../../../src/deploy/wait/diagnose.ts';
import type { RolloutResult } from '../../../../src/deploy/wait/rollout-result.ts';
import { formatState } from '../../../../src/mesh/identity/state.ts';
import { revision, workload } from '../../builders.ts';
import { plannedFor, plannedRevision } from '../planned.ts';

const planned = (changes: Partial<PlannedWorkload>): PlannedWorkload => ({
  ...plannedFor('shop/deploy/reviews'),
  ...changes,
});
const LABEL = 'deploy-wasm-filter/add-header';
const unready = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 0, availableReplicas: 0 };
const ready: Workload['status'] = {
  ...unready,
  readyReplicas: 1,
  availableReplicas: 1,
  conditions: [{ type: 'Available', status: 'True' }],
};

const SAME = { same: expect.stringMatching(/^not ready before either: /) };
const WORSE = { worse: expect.any(String) };
const REMOVAL = { removal: true, envoy: false };

describe('which workloads have to be ready before', () => {
  const ours = revision();
  const second = revision('second');
  const restarting = { spec: { template: { metadata: { labels: { [LABEL]: ours.id } } } } };
  const with_ = (status: Workload['status'], id?: string): Workload => ({
    ...workload('reviews', {
      ...(id === undefined
        ? {}
        : {
            podLabels: { [LABEL]: id },
            annotations: {
              'deploy-wasm-filter/state': formatState({ 'add-header': { revision: id, run: 'r' } }) ?? '',
            },
          }),
    }),
    ...(status === undefined ? {} : { status }),
  });
  const wait = { wait: true, unready: 'fail' } as const;
  const never = (): boolean => false;
  const always = (): boolean => true;

  test.each<[string, Parameters<typeof mustBeReadyBefore>, boolean]>([
    ['one that is not ready', [planned({ observed: with_(unready), patch: restarting }), wait, always], true],
    ['one that is ready', [planned({ observed: with_(ready), patch: restarting }), wait, always], false],
    ['one that does not restart', [planned({ observed: with_(unready), patch: undefined }), wait, always], false],
    [
      'one that the filter leaves',
      [planned({ observed: with_(unready), patch: restarting, revisions: [], removals: ['add-header'] }), wait, always],
      false,
    ],
    [
      'one with a revision of ours that was never verified',
      [planned({ observed: with_(unready, 'aaaaaaaaaa'), patch: restarting }), wait, never],
      false,
    ],
    [
      'one with a revision of ours that was verified',
      [planned({ observed: with_(unready, 'aaaaaaaaaa'), patch: restarting }), wait, always],
      true,
    ],
    [
      'one with a revision of another filter of ours that was never verified',
      [
        planned({ observed: with_(unready, 'aaaaaaaaaa'), patch: restarting, revisions: [plannedRevision(second)] }),
        wait,
        never,
      ],
      true,
    ],
    [
      'one from which the run also takes what was never verified',
      [
        planned({
          observed: with_(unready, 'aaaaaaaaaa'),
          patch: restarting,
          revisions: [plannedRevision(second)],
          removals: ['add-header'],
        }),
        wait,
        never,
      ],
      false,
    ],
    [
      'one on which somebody has changed what is ours',
      [planned({ observed: with_(unready), patch: restarting, drift: ['the annotation was edited'] }), wait, always],
      false,
    ],
    [
      'any, where that is wanted',
      [planned({ observed: with_(unready), patch: restarting }), { wait: true, unready: 'deploy' }, always],
      false,
    ],
    [
      'any, where nobody waits',
      [planned({ observed: with_(unready), patch: restarting }), { wait: false, unready: 'fail' }, always],
      false,
    ],
  ])('%s', (_, args, expected) => {
    expect(mustBeReadyBefore(...args)).toBe(expected);
  });
});

describe('what is left of a workload that was not ready before', () => {
  const condition = (
    ready: number,
    causes: readonly string[] | undefined,
    words = 'shop-1: not ready',
  ): UnreadyState => ({
    ready,
    causes: causes && new Set(causes),
    words,
  });
  const broken = condition(0, ['app: image'], 'shop-1: ImagePullBackOff (app)');
  const deploying = { removal: false, envoy: false };

  test.each<[string, UnreadyState, UnreadyState, Parameters<typeof compareUnreadyStates>[2], object]>([
    ['the same cause', broken, broken, deploying, { same: 'not ready before either: shop-1: ImagePullBackOff (app)' }],
    ['one of two causes', condition(1, ['app: crash', 'app: image']), condition(1, ['app: image']), deploying, SAME],
    ['fewer ready pods', condition(2, ['app: image']), condition(1, ['app: image']), deploying, WORSE],
    ['more ready pods', condition(0, ['app: image']), condition(1, ['app: image']), deploying, SAME],
    ['another container', broken, condition(0, ['istio-proxy: not ready']), deploying, WORSE],
    ['another trouble of the same container', broken, condition(0, ['app: crash']), deploying, WORSE],
    ['a proxy that rejects the filter', broken, broken, { removal: false, envoy: true }, WORSE],
    ['pods that may not be listed', condition(0, undefined), condition(0, undefined), deploying, WORSE],
    ['a removal, whatever the cause', broken, condition(0, ['app: crash']), { removal: true, envoy: false }, SAME],
    ['a removal without the permission to look', condition(0, undefined), condition(0, undefined), REMOVAL, SAME],
    ['a removal that costs a pod', condition(1, []), condition(0, ['app: image']), REMOVAL, WORSE],
  ])('%s', (_, before, after, seen, result) => {
    expect(compareUnreadyStates(before, after, seen)).toEqual(result);
  });
});

const PODS = ['shop-1: CrashLoopBackOff (app)', 'shop-2: container app not ready'];
const REFUSED = 'forbidden: exceeded quota: pods';

test.each<[string, Partial<RolloutResult>, Diagnosis, string]>([
  [
    'with the cause of a pod, and nothing besides',
    { state: 'stuck', message: '1 old pod still there' },
    {
      pods: PODS,
      cause: 'app keeps crashing (Error, exit code 1); its log ends: no database',
      causeOf: 'shop-1',
      event: { reason: 'BackOff', message: 'Back-off restarting failed container app' },
    },
    'shop-1: app keeps crashing (Error, exit code 1); its log ends: no database',
  ],
  [
    'with what its pods and their event say',
    { message: '1 old pod still there' },
    { pods: PODS.slice(1), event: { reason: 'Unhealthy', message: 'Readiness probe failed: 503' } },
    'shop-2: container app not ready. Unhealthy: Readiness probe failed: 503',
  ],
  [
    'with the end of the log of what is not ready',
    {},
    { pods: PODS.slice(1), said: 'The log of app ends: no database' },
    'shop-2: container app not ready. The log of app ends: no database',
  ],
  [
    'whose pods nodes refuse',
    {},
    { pods: PODS, cause: 'nodes do not run its pods: NodeAffinity' },
    'nodes do not run its pods: NodeAffinity',
  ],
  [
    'whose pods are refused, which two tell in the same words',
    { message: `pods cannot be created: ${REFUSED}` },
    { pods: [], event: { reason: 'FailedCreate', message: REFUSED } },
    `pods cannot be created: ${REFUSED}`,
  ],
  ['that says no more than how far it came', { message: '0 of 1 pods ready' }, { pods: [] }, '0 of 1 pods ready'],
  ['of which nothing is known', {}, { pods: [] }, 'its state could not be followed'],
])('the problem of a workload %s', (_, rollout, diagnosis, cause) => {
  const result: RolloutResult = { state: 'timeout', message: '', ready: 0, wanted: 1, durationMs: 1, ...rollout };
  const problem = unreadyProblem(planned({}), result, diagnosis);
  expect(problem.kind).toBe('workload');
  expect(describeProblem(problem)).toBe(
    `Deployment shop/reviews was not ready before this run, and its pods would restart, so it was not changed: ${cause}. Fix the cause and re-run; "unready: deploy" deploys to workloads that are not ready, too.`,
  );
});

test('the problem of a workload whose proxies reject another filter of this action says what to do about that one', () => {
  const result: RolloutResult = {
    state: 'stuck',
    message: '1 old pod still there',
    ready: 0,
    wanted: 1,
    durationMs: 1,
  };
  const envoy = {
    reason: 'Failed to load Wasm bytecode',
    remedy: 'Deploy add-header again.',
    foreign: { refused: 'add-header', ours: ['second'], sibling: { filter: 'add-header', revision: '0123456789' } },
  };
  expect(describeProblem(unreadyProblem(planned({}), result, { pods: PODS, envoy }))).toBe(
    'Deployment shop/reviews was not ready before this run, and its pods would restart, so it was not changed: Envoy rejects another filter of this action (add-header 0123456789), not second: Failed to load Wasm bytecode. Deploy add-header again. Then re-run; "unready: deploy" deploys to workloads that are not ready, too.',
  );
});

test('the problem of a workload whose pods a quota refuses says how to make room', () => {
  const message =
    'pods cannot be created: pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3';
  const result: RolloutResult = { state: 'stuck', message, ready: 2, wanted: 3, durationMs: 1 };
  expect(unreadyProblem(planned({}), result, { pods: [] }).remedy).toMatch(
    /^The ResourceQuota "q" has no room for one more pod, which needs pods 1 \(3 of 3 is used\)\. .* Then re-run; "unready: deploy"/,
  );
});

test('a workload that was not ready and was lost from sight', () => {
  const parts = { message: '0 of 1 pods ready', trouble: 'other side closed', ready: 0, wanted: 1, durationMs: 1 };
  const problem = unreadyProblem(planned({}), { state: 'unseen', ...parts }, { pods: [] });
  expect(problem).toMatchObject({
    kind: 'connection',
    message: expect.stringMatching(/lost from sight.*other side closed/),
  });
  expect(problem.remedy).toMatch(/^Check the API server .* then re-run the job\.$/);
});

test('a workload that was deleted meanwhile', () => {
  const result: RolloutResult = { state: 'deleted', message: '', ready: 0, wanted: 1, durationMs: 1 };
  expect(describeProblem(unreadyProblem(planned({}), result, { pods: [] }))).toMatch(
    /^Deployment shop\/reviews was deleted while this run waited for it\. .*take it out of the target list/,
  );
});

describe('how long pods may take to show what keeps them from being ready', () => {
  const NOW = Date.parse('2026-01-01T00:01:00Z');
  const unreadyNow = { ...workload('reviews'), status: unready };
  const made = (seconds: number, waiting?: string): Pod => ({
    metadata: { name: `reviews-${seconds}`, creationTimestamp: new Date(NOW - seconds * 1000).toISOString() },
    status: {
      containerStatuses: [
        { name: 'app', ready: false, state: waiting ? { waiting: { reason: waiting } } : { running: {} } },
      ],
    },
  });
  test.each<[string, readonly Pod[] | undefined, number]>([
    ['pods that may not be listed', undefined, 0],
    ['no pod yet', [], 30_000],
    ['a pod that was just made', [made(0)], 30_000],
    ['the newest of two', [made(300), made(10)], 20_000],
    ['a pod that has had its time', [made(30), made(300)], 0],
    ['a pod that is still being made', [made(5, 'ContainerCreating')], 25_000],
    ['a pod that names its trouble', [made(5, 'ImagePullBackOff')], 0],
    ['a clock behind that of the cluster', [made(-60)], 30_000],
  ])('%s', (_, pods, expected) => {
    expect(settlesInMs(planned({ observed: unreadyNow }), pods, NOW)).toBe(expected);
  });

  test('pods that a quota refuses have shown it', () => {
    const condition = { type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: q' };
    const observed = { ...unreadyNow, status: { ...unready, updatedReplicas: 0, conditions: [condition] } };
    expect(settlesInMs(planned({ observed }), [], NOW)).toBe(0);
  });
});
