import { describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../src/cluster/objects.ts';
import { type PlannedWorkload, planWorkload } from '../../../src/deploy/plan.ts';
import { RolloutBoard, type RolloutResult } from '../../../src/deploy/rollout-board.ts';
import { workloadKey } from '../../../src/targets/target.ts';
import { must, patchedWith, READY_STATUS, refOf, revision, workload } from '../builders.ts';

const ours = revision();
const LABEL = 'deploy-wasm-filter/add-header';

function plannedFor(path: string): PlannedWorkload {
  const ref = refOf(path);
  return must(planWorkload({ ref, observed: workload(ref.name), revisions: [ours] }, { run: 'r', wait: true }));
}

const reviews = plannedFor('shop/deploy/reviews');
const db = plannedFor('shop/sts/db');
const rolled = (planned: PlannedWorkload, over: object = {}): Workload =>
  patchedWith(patchedWith(planned.observed, planned.patch), over);
const NOT_READY = { status: { updatedReplicas: 1, readyReplicas: 0, availableReplicas: 0 } };

function boardAt(...workloads: readonly PlannedWorkload[]): { board: RolloutBoard; clock: { ms: number } } {
  const clock = { ms: 1_000 };
  return { board: new RolloutBoard(workloads, () => clock.ms), clock };
}
const resultOf = (board: RolloutBoard, { ref }: PlannedWorkload): RolloutResult | undefined =>
  board.results.get(workloadKey(ref));

describe('a workload is', () => {
  test('pending until a state with our revision says that it is ready', () => {
    const { board, clock } = boardAt(reviews, db);
    expect(board.pending.map(({ planned }) => planned.ref.name)).toEqual(['reviews', 'db']);
    expect(board.results.size).toBe(0);

    clock.ms = 3_000;
    board.see(reviews.ref, rolled(reviews, NOT_READY));
    expect(board.pending[0]?.readiness).toMatchObject({ state: 'progressing', message: '0 of 1 pods available' });
    board.see(reviews.ref, rolled(reviews));
    expect(resultOf(board, reviews)).toEqual({ state: 'ready', message: '', ready: 1, wanted: 1, durationMs: 2_000 });
    expect([board.pending.length, board.allDecided]).toEqual([1, false]);

    board.see(db.ref, rolled(db));
    expect([board.pending.length, board.allDecided]).toEqual([0, true]);
  });

  test('failed when its controller gives up', () => {
    const { board } = boardAt(reviews);
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    board.see(reviews.ref, rolled(reviews, { status: { ...NOT_READY.status, conditions } }));
    expect(resultOf(board, reviews)).toMatchObject({ state: 'failed', message: expect.stringMatching(/no progress/) });
  });

  test('deleted when it is gone', () => {
    const { board } = boardAt(reviews);
    board.see(reviews.ref, undefined);
    expect(resultOf(board, reviews)).toMatchObject({ state: 'deleted', message: 'the workload was deleted' });
  });

  test.each([
    [
      'put another revision there',
      '0123456789',
      'another run put revision 0123456789 of the filter "add-header" there',
    ],
    ['took the label away', null, 'the label of the filter "add-header" was removed from its pod template'],
  ])('superseded, however ready it is, when somebody %s', (_, label, message) => {
    const { board } = boardAt(reviews);
    board.see(reviews.ref, rolled(reviews, { spec: { template: { metadata: { labels: { [LABEL]: label } } } } }));
    expect(resultOf(board, reviews)).toMatchObject({ state: 'superseded', message });
  });
});

describe('what is decided stays so', () => {
  test('whatever is seen later, and when the waiting ends', () => {
    const { board, clock } = boardAt(reviews, db);
    board.see(reviews.ref, rolled(reviews));
    const decided = resultOf(board, reviews);
    clock.ms = 9_000;
    board.see(reviews.ref, rolled(reviews, NOT_READY));
    board.see(reviews.ref, undefined);
    board.end('timeout');
    expect(resultOf(board, reviews)).toEqual(decided);
    expect(resultOf(board, db)?.state).toBe('timeout');
  });

  test.each(['timeout', 'cancelled'] as const)('%s ends what is pending, with what was missing', (state) => {
    const { board, clock } = boardAt(reviews, db);
    board.see(db.ref, rolled(db, { status: { ...READY_STATUS, readyReplicas: 0 } }));
    clock.ms = 61_000;
    board.end(state);
    expect(board.allDecided).toBe(true);
    expect(resultOf(board, db)).toEqual({
      state,
      message: '0 of 1 pods ready',
      ready: 0,
      wanted: 1,
      durationMs: 60_000,
    });
    expect(resultOf(board, reviews)).toMatchObject({ state, durationMs: 60_000 });
  });
});

test('workloads that nobody waits for are passed over', () => {
  const { board } = boardAt(reviews);
  board.see(refOf('shop/deploy/ratings'), workload('ratings'));
  board.see(refOf('shop/sts/reviews'), undefined);
  board.see(refOf('test/deploy/reviews'), undefined);
  expect([board.pending.length, board.results.size]).toEqual([1, 0]);
});

test('a board without workloads is decided', () => {
  expect(boardAt().board.allDecided).toBe(true);
});
