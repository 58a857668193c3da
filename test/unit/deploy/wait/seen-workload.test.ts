import { describe, expect, test } from '@jest/globals';
import type { Condition, Workload } from '../../../../src/cluster/objects.ts';
import { SeenWorkload } from '../../../../src/deploy/wait/seen-workload.ts';

type Status = NonNullable<Workload['status']>;

/** A condition Progressing as the API server shows it: with the time at which its controller wrote it. */
const progress = (reason: string, at: number): Condition => {
  const written = `2026-12-01T12:00:${String(at).padStart(2, '0')}Z`;
  const missed = reason === 'ProgressDeadlineExceeded';
  const times = { lastUpdateTime: written, lastTransitionTime: written };
  return { type: 'Progressing', status: missed ? 'False' : 'True', reason, ...times };
};
const DONE = progress('NewReplicaSetAvailable', 0);
const MISSED = progress('ProgressDeadlineExceeded', 10);
const MISSED_AGAIN = progress('ProgressDeadlineExceeded', 40);
const CREATED = progress('NewReplicaSetCreated', 1);
const UPDATED = progress('ReplicaSetUpdated', 2);
const UPDATED_LATER = progress('ReplicaSetUpdated', 20);
const AVAILABLE = { type: 'Available', status: 'True' };

describe('a Deployment whose time is over', () => {
  const ref = { kind: 'Deployment', namespace: 'shop', name: 'web' };
  const on = (generation: number, progressing: Condition, status: Status = {}): Workload => ({
    metadata: { name: 'web', namespace: 'shop', generation },
    spec: { replicas: 1, progressDeadlineSeconds: 10 },
    // The old pod is ready, and one that never becomes ready is still there.
    status: { replicas: 2, updatedReplicas: 1, readyReplicas: 1, ...status, conditions: [progressing, AVAILABLE] },
  });
  const unseen = (progressing: Condition): Workload => on(5, progressing, { observedGeneration: 4 });
  const seen = (progressing: Condition): Workload => on(5, progressing, { observedGeneration: 5 });

  test.each<[string, Workload, readonly Condition[], 'failed' | 'progressing']>([
    ['before the change', unseen(MISSED), [MISSED], 'progressing'],
    ['before the change, for good', unseen(MISSED), [MISSED, MISSED, MISSED], 'progressing'],
    ['before the change, and once more after it', unseen(MISSED), [MISSED, UPDATED_LATER, MISSED_AGAIN], 'failed'],
    ['before the change, and once more, unseen in between', unseen(MISSED), [MISSED_AGAIN], 'failed'],
    ['after a change that made a ReplicaSet', unseen(DONE), [CREATED, UPDATED, MISSED], 'failed'],
    ['after a change, unseen in between', unseen(DONE), [MISSED], 'failed'],
    ['after the change, counted from before it', unseen(UPDATED), [UPDATED, MISSED, MISSED], 'progressing'],
    ['after the change, counted from the progress after it', unseen(UPDATED), [UPDATED_LATER, MISSED_AGAIN], 'failed'],
    ['before the change, told late', unseen(MISSED), [UPDATED_LATER, MISSED], 'progressing'],
    ['before the change, told late, and then once more', unseen(MISSED), [DONE, MISSED, MISSED_AGAIN], 'failed'],
    ['after the change, counted from before it, told late', unseen(UPDATED), [MISSED, DONE, MISSED], 'progressing'],
    ['when nothing was changed', seen(MISSED), [MISSED], 'failed'],
  ])('%s', (_, from, shown, state) => {
    const workload = new SeenWorkload(ref, from);
    for (const condition of shown) workload.see(seen(condition));
    expect(workload.readiness).toMatchObject({
      state,
      message:
        state === 'failed'
          ? 'no progress for 10 s (progressDeadlineSeconds)'
          : '0 of 1 new pods ready, 1 old pod still there',
    });
  });

  test('is ready once its pods are, whatever it was before', () => {
    const workload = new SeenWorkload(ref, unseen(MISSED));
    workload.see(seen(MISSED));
    const pods = { observedGeneration: 5, replicas: 1, availableReplicas: 1 };
    workload.see(on(5, progress('NewReplicaSetAvailable', 11), pods));
    expect(workload.readiness.state).toBe('ready');
  });
});

describe('a Rollout whose time is over', () => {
  const ref = { kind: 'Rollout', namespace: 'shop', name: 'web' };
  const on = (observedGeneration: string, progressing: Condition): Workload =>
    ({
      metadata: { name: 'web', namespace: 'shop', generation: 5 },
      spec: { replicas: 1, strategy: { canary: {} } },
      status: {
        observedGeneration,
        phase: progressing.status === 'True' ? 'Progressing' : 'Degraded',
        message:
          progressing.status === 'True' ? 'more replicas need to be updated' : 'ProgressDeadlineExceeded: timed out.',
        conditions: [progressing],
      },
    }) as unknown as Workload;

  test.each<[string, Workload, readonly Condition[], 'failed' | 'progressing']>([
    ['before the change', on('4', MISSED), [MISSED], 'progressing'],
    ['before the change, and once more after it', on('4', MISSED), [MISSED, UPDATED_LATER, MISSED_AGAIN], 'failed'],
    ['when nothing was changed', on('5', MISSED), [MISSED], 'failed'],
  ])('%s', (_, from, shown, state) => {
    const workload = new SeenWorkload(ref, from);
    for (const condition of shown) workload.see(on('5', condition));
    const message = state === 'failed' ? /^ProgressDeadlineExceeded/ : /^0 of 1 pods updated$/;
    expect(workload.readiness).toMatchObject({ state, message: expect.stringMatching(message) });
  });
});
