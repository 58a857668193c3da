import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Condition, Workload } from '../../../../src/cluster/objects.ts';
import { readinessOf } from '../../../../src/deploy/kinds/kinds.ts';
import { WORKLOAD_KINDS } from '../../../harness/kinds.ts';

type Spec = NonNullable<Workload['spec']>;
type Status = NonNullable<Workload['status']>;
type Verdict = [state: 'ready' | 'progressing' | 'failed', message: RegExp | ''];

const ready: Verdict = ['ready', ''];
const progressing = (message: RegExp): Verdict => ['progressing', message];
const failed = (message: RegExp): Verdict => ['failed', message];

function expectVerdict(kind: string, on: Workload, [state, message]: Verdict): void {
  const said = message === '' ? '' : expect.stringMatching(message);
  expect(readinessOf({ kind }, on)).toMatchObject({ state, message: said });
}

const make = (spec: Spec, status?: Status, metadata: Partial<Workload['metadata']> = {}): Workload => ({
  metadata: { name: 'w', generation: 2, ...metadata },
  spec,
  ...(status === undefined ? {} : { status }),
});

const condition = (type: string, status: string, more: Partial<Condition> = {}): Condition => ({
  type,
  status,
  ...more,
});
const AVAILABLE = condition('Available', 'True');
const PROGRESSED = condition('Progressing', 'True', { reason: 'NewReplicaSetAvailable' });
const ROLLING = condition('Progressing', 'True', { reason: 'ReplicaSetUpdated' });
const DEADLINE = condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' });

describe('Gateway', () => {
  test.each<[string, readonly Condition[] | undefined, Verdict]>([
    ['of which nothing is known', undefined, ready],
    ['that is accepted', [condition('Accepted', 'True')], ready],
    [
      'that has no address',
      [condition('Accepted', 'True'), condition('Programmed', 'False', { reason: 'AddressNotAssigned' })],
      ready,
    ],
    [
      'that no controller has taken',
      [condition('Accepted', 'Unknown', { reason: 'Pending', message: 'Waiting for controller' })],
      progressing(/^no controller has accepted it \(Waiting for controller\)$/),
    ],
  ])('one %s', (_, conditions, verdict) => {
    const gateway = make({}, conditions === undefined ? undefined : { conditions });
    expectVerdict('Gateway', gateway, verdict);
    expect(readinessOf({ kind: 'Gateway' }, gateway)).toMatchObject({ ready: 0, wanted: 0 });
  });
});

describe('before any rule of a kind', () => {
  const done: Status = {
    observedGeneration: 2,
    desiredNumberScheduled: 0,
    conditions: [AVAILABLE, PROGRESSED],
  };

  test.each<[string, Partial<Workload['metadata']>, Status, Verdict]>([
    ['all is well', {}, done, ready],
    ['it is being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }, done, failed(/being deleted/)],
    ['its newest generation was not observed', { generation: 3 }, done, progressing(/not seen the change/)],
    [
      'an old failure is about the generation before',
      { generation: 3 },
      { ...done, conditions: [DEADLINE] },
      progressing(/not seen the change/),
    ],
    [
      'a controller says that it is reconciling',
      {},
      { ...done, conditions: [AVAILABLE, PROGRESSED, condition('Reconciling', 'True')] },
      progressing(/reconciling/),
    ],
    [
      'a controller says that it is stalled',
      {},
      { ...done, conditions: [AVAILABLE, PROGRESSED, condition('Stalled', 'True', { message: 'no quota' })] },
      failed(/no quota/),
    ],
    [
      'a controller says that it is not stalled',
      {},
      { ...done, conditions: [AVAILABLE, PROGRESSED, condition('Stalled', 'False')] },
      ready,
    ],
  ])('%s', (_, metadata, status, verdict) => {
    for (const kind of WORKLOAD_KINDS) expectVerdict(kind, make({ replicas: 0 }, status, metadata), verdict);
  });
});

describe('Deployment', () => {
  const spec: Spec = { replicas: 3, progressDeadlineSeconds: 600 };
  const done: Status = {
    observedGeneration: 2,
    replicas: 3,
    updatedReplicas: 3,
    availableReplicas: 3,
    readyReplicas: 3,
    conditions: [PROGRESSED, AVAILABLE],
  };

  test.each<[string, Spec, Status | undefined, Verdict]>([
    ['all pods are new and available', {}, done, ready],
    ['no status yet', {}, undefined, progressing(/0 of 3 pods updated/)],
    ['no pods exist yet', {}, { observedGeneration: 2 }, progressing(/0 of 3 pods updated/)],
    [
      'the deadline is over',
      {},
      { ...done, conditions: [DEADLINE, AVAILABLE] },
      failed(/no progress for 600 s \(progressDeadlineSeconds\)$/),
    ],
    [
      'the deadline is over, with pods that were refused',
      {},
      {
        ...done,
        updatedReplicas: 0,
        conditions: [DEADLINE, condition('ReplicaFailure', 'True', { message: 'exceeded quota: q' })],
      },
      failed(/^no progress for 600 s \(progressDeadlineSeconds\): pods cannot be created: exceeded quota: q$/),
    ],
    ['some pods are old', {}, { ...done, updatedReplicas: 1 }, progressing(/1 of 3 pods updated/)],
    ['old pods end', {}, { ...done, replicas: 4, readyReplicas: 4 }, progressing(/^1 old pod still there/)],
    [
      'old pods stay, as new ones are not ready',
      {},
      { ...done, replicas: 4 },
      progressing(/^2 of 3 new pods ready, 1 old pod still there/),
    ],
    [
      'it was scaled down',
      { replicas: 2 },
      { ...done, replicas: 3, updatedReplicas: 3 },
      progressing(/1 pod too many/),
    ],
    ['new pods are not available', {}, { ...done, availableReplicas: 2 }, progressing(/2 of 3 pods available/)],
    ['pods are missing from ready', {}, { ...done, readyReplicas: 2 }, progressing(/2 of 3 pods ready/)],
    ['the new ReplicaSet is young', {}, { ...done, conditions: [ROLLING, AVAILABLE] }, progressing(/new ReplicaSet/)],
    ['it is paused and all pods are as wanted', { paused: true }, { ...done, conditions: [ROLLING, AVAILABLE] }, ready],
    [
      'it is paused and pods are old',
      { paused: true },
      { ...done, updatedReplicas: 1 },
      progressing(/^it is paused by spec\.paused until somebody resumes it, with 1 of 3 pods updated$/),
    ],
    [
      'it is paused, and all pods have its template, but not all are available',
      { paused: true },
      { ...done, availableReplicas: 2 },
      progressing(/^2 of 3 pods available$/),
    ],
    [
      'it is paused, and there are too many pods',
      { paused: true },
      { ...done, replicas: 4, updatedReplicas: 4, availableReplicas: 4, readyReplicas: 4 },
      progressing(/^1 pod too many$/),
    ],
    [
      'it is paused, and a quota keeps its pods from being created',
      { paused: true },
      {
        ...done,
        updatedReplicas: 1,
        conditions: [AVAILABLE, condition('ReplicaFailure', 'True', { message: 'exceeded quota' })],
      },
      progressing(/^pods cannot be created: exceeded quota$/),
    ],
    [
      'it is paused, and old pods are still there',
      { paused: true },
      { ...done, replicas: 4, readyReplicas: 4 },
      progressing(/^it is paused by spec\.paused until somebody resumes it, with 1 old pod still there$/),
    ],
    [
      'it is paused since its deadline was over, and pods are old',
      { paused: true },
      { ...done, updatedReplicas: 1, conditions: [DEADLINE, AVAILABLE] },
      progressing(/^it is paused by spec\.paused/),
    ],
    [
      'it is paused since its deadline was over, and all pods are as wanted',
      { paused: true },
      { ...done, conditions: [DEADLINE, AVAILABLE] },
      ready,
    ],
    ['no condition Progressing', {}, { ...done, conditions: [AVAILABLE] }, progressing(/new ReplicaSet/)],
    [
      'no condition Progressing where there is no deadline',
      { progressDeadlineSeconds: 2_147_483_647 },
      { ...done, conditions: [AVAILABLE] },
      ready,
    ],
    [
      'not available',
      {},
      { ...done, conditions: [PROGRESSED, condition('Available', 'False')] },
      progressing(/not available/),
    ],
    ['no conditions at all', {}, { ...done, conditions: [] }, progressing(/./)],
    [
      'pods cannot be made',
      {},
      {
        ...done,
        updatedReplicas: 0,
        conditions: [ROLLING, AVAILABLE, condition('ReplicaFailure', 'True', { message: 'exceeded quota' })],
      },
      progressing(/pods cannot be created: exceeded quota/),
    ],
    [
      'an old ReplicaSet cannot make pods, which nobody needs',
      {},
      { ...done, conditions: [PROGRESSED, AVAILABLE, condition('ReplicaFailure', 'True')] },
      ready,
    ],
    ['no pods are wanted', { replicas: 0 }, { observedGeneration: 2, conditions: [PROGRESSED, AVAILABLE] }, ready],
    [
      'no pods are wanted but one is still there',
      { replicas: 0 },
      { observedGeneration: 2, replicas: 1, conditions: [PROGRESSED, AVAILABLE] },
      progressing(/1 old pod still there/),
    ],
  ])('%s', (_, over, status, verdict) => {
    expectVerdict('Deployment', make({ ...spec, ...over }, status), verdict);
  });

  test('one replica is wanted where none is stated', () => {
    expect(readinessOf({ kind: 'Deployment' }, make({}, undefined))).toMatchObject({
      state: 'progressing',
      wanted: 1,
      ready: 0,
    });
  });

  test.each<[number, Status]>([
    [3, done],
    [0, { ...done, updatedReplicas: 1, replicas: 4 }],
    [1, { ...done, updatedReplicas: 1, replicas: 4, readyReplicas: 4 }],
    [2, { ...done, readyReplicas: 2 }],
    [0, { ...done, updatedReplicas: 0 }],
  ])('counts %i ready pods, old ones first', (count, status) => {
    expect(readinessOf({ kind: 'Deployment' }, make(spec, status))).toMatchObject({ ready: count, wanted: 3 });
  });
});

describe('StatefulSet', () => {
  const spec: Spec = { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } };
  const done: Status = {
    observedGeneration: 2,
    replicas: 3,
    readyReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: 'w-2',
    updateRevision: 'w-2',
  };
  const rolling: Status = { ...done, currentRevision: 'w-1', currentReplicas: 2, updatedReplicas: 1 };
  const partition = (from: number): Spec => ({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: from } },
  });

  test.each<[string, Spec, Status | undefined, Verdict]>([
    ['all pods are new and ready', {}, done, ready],
    ['updatedReplicas is left out once the rollout is complete', {}, { ...done, updatedReplicas: 0 }, ready],
    ['no status yet', {}, undefined, progressing(/not seen it/)],
    ['pods are missing', {}, { ...done, replicas: 2 }, progressing(/2 of 3 pods exist/)],
    ['there are too many', {}, { ...done, replicas: 4 }, progressing(/1 pod too many/)],
    ['some pods are old', {}, rolling, progressing(/1 of 3 pods updated/)],
    ['a pod is not ready', {}, { ...done, readyReplicas: 2 }, progressing(/2 of 3 pods ready/)],
    [
      'every count is complete but the revisions differ',
      {},
      { ...rolling, updatedReplicas: 3 },
      progressing(/revision/),
    ],
    [
      'every pod is updated, one is not ready',
      {},
      { ...rolling, updatedReplicas: 3, readyReplicas: 2 },
      progressing(/2 of 3 pods ready/),
    ],
    ['no update strategy is stated', { updateStrategy: {} }, rolling, progressing(/1 of 3 pods updated/)],
    ['a partition holds back what is old', partition(2), rolling, ready],
    ['a partition wants more', partition(1), rolling, progressing(/1 of 2 pods updated/)],
    ['a partition above the replicas', partition(5), { ...rolling, updatedReplicas: 0 }, ready],
    ['behind a partition a pod is not ready', partition(2), { ...rolling, readyReplicas: 2 }, progressing(/2 of 3/)],
    ['its pods are replaced by hand', { updateStrategy: { type: 'OnDelete' } }, rolling, ready],
    [
      'its pods are replaced by hand and one is not ready',
      { updateStrategy: { type: 'OnDelete' } },
      { ...rolling, readyReplicas: 2 },
      progressing(/2 of 3 pods ready/),
    ],
    ['no pods are wanted', { replicas: 0 }, { ...done, replicas: 0, readyReplicas: 0, updatedReplicas: 0 }, ready],
  ])('%s', (_, over, status, verdict) => {
    expectVerdict('StatefulSet', make({ ...spec, ...over }, status), verdict);
  });

  test('counts ready pods only as far as they are new', () => {
    expect(readinessOf({ kind: 'StatefulSet' }, make(spec, rolling))).toMatchObject({ ready: 1, wanted: 3 });
    expect(readinessOf({ kind: 'StatefulSet' }, make(spec, { ...rolling, readyReplicas: 2 }))).toMatchObject({
      ready: 0,
    });
    expect(readinessOf({ kind: 'StatefulSet' }, make(spec, { ...done, updatedReplicas: 0 }))).toMatchObject({
      ready: 3,
    });
  });
});

describe('DaemonSet', () => {
  const done: Status = {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
    numberReady: 3,
  };

  test.each<[string, Spec, Status | undefined, Verdict]>([
    ['all pods are new and available', {}, done, ready],
    ['no status yet', {}, undefined, progressing(/not seen it/)],
    ['no generation observed', {}, { desiredNumberScheduled: 0 }, progressing(/not seen it/)],
    ['how many are wanted is not known', {}, { observedGeneration: 2 }, progressing(/not seen it/)],
    ['pods are missing', {}, { ...done, currentNumberScheduled: 2 }, progressing(/2 of 3 pods exist/)],
    ['some pods are old', {}, { ...done, updatedNumberScheduled: 1 }, progressing(/1 of 3 pods updated/)],
    ['a pod is not available', {}, { ...done, numberAvailable: 2 }, progressing(/2 of 3 pods available/)],
    ['a pod is not ready', {}, { ...done, numberReady: 2 }, progressing(/2 of 3 pods ready/)],
    ['no node wants one', {}, { observedGeneration: 2, desiredNumberScheduled: 0 }, ready],
    [
      'its pods are replaced by hand',
      { updateStrategy: { type: 'OnDelete' } },
      { ...done, updatedNumberScheduled: 0 },
      ready,
    ],
  ])('%s', (_, spec, status, verdict) => {
    expectVerdict('DaemonSet', make(spec, status), verdict);
  });

  test('counts ready pods only as far as they are new; a count of zero is left out by the API server', () => {
    const { updatedNumberScheduled: _, ...nothingNew } = done;
    expect(readinessOf({ kind: 'DaemonSet' }, make({}, nothingNew))).toMatchObject({
      state: 'progressing',
      ready: 0,
      wanted: 3,
    });
    expect(readinessOf({ kind: 'DaemonSet' }, make({}, done))).toMatchObject({ ready: 3, wanted: 3 });
  });
});

test('ready means that every wanted pod is counted as ready, and has no message', () => {
  // Counts as a controller reports them: no more updated, ready or available pods than pods.
  const counts = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)).map(([all, updated, ready, available]) => ({
    all,
    updated: Math.min(updated, all),
    ready: Math.min(ready, all),
    available: Math.min(available, all),
  }));
  const revisionName = fc.constantFrom('w-1', 'w-2');
  const conditions = fc.subarray([PROGRESSED, AVAILABLE]);
  const status = fc.tuple(counts, fc.nat(1), revisionName, revisionName, conditions).map(
    ([{ all, updated, ready, available }, more, currentRevision, updateRevision, seen]): Status => ({
      observedGeneration: 2,
      replicas: all,
      updatedReplicas: updated,
      readyReplicas: ready,
      availableReplicas: available,
      currentRevision,
      updateRevision,
      desiredNumberScheduled: all + more,
      currentNumberScheduled: all,
      updatedNumberScheduled: updated,
      numberAvailable: available,
      numberReady: ready,
      conditions: seen,
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...WORKLOAD_KINDS), fc.nat(3), status, (kind, replicas, seen) => {
      const readiness = readinessOf({ kind }, make({ replicas, progressDeadlineSeconds: 600 }, seen));
      expect(readiness.message === '').toBe(readiness.state === 'ready');
      if (readiness.state === 'ready') expect(readiness.ready).toBe(readiness.wanted);
      expect(readiness.ready).toBeLessThanOrEqual(Math.max(seen.readyReplicas ?? 0, seen.numberReady ?? 0));
    }),
    { numRuns: 500 },
  );
});
