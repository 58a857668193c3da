import { expect, test } from '@jest/globals';
import type { WriteResult } from '../../../../src/deploy/apply/workload.ts';
import type { Rollback } from '../../../../src/deploy/report/report.ts';
import type { RolloutTimes } from '../../../../src/deploy/report/rollout-times.ts';
import { RolloutStates } from '../../../../src/deploy/rollout/rollout-states.ts';
import {
  endedRollout,
  failedRollout,
  pendingRollout,
  rolledBack,
  supersededRollout,
  verifiedRollout,
  type WorkloadRollout,
  writtenRollout,
} from '../../../../src/deploy/rollout/workload-rollout.ts';
import type { RolloutResult } from '../../../../src/deploy/wait/rollout-result.ts';
import { plannedFor } from '../planned.ts';

const planned = plannedFor('shop/deploy/reviews');
const pending = pendingRollout(planned);
const PROBLEM = { kind: 'rollout', message: 'not ready.' } as const;
const ROLLBACK: Rollback = { state: 'rolled-back', to: {}, durationMs: 4 };

function written(state: 'done' | 'unchanged'): WorkloadRollout & { readonly state: 'written' } {
  const rollout = writtenRollout(pending, { result: { state } satisfies WriteResult });
  if (rollout.state !== 'written') throw new Error(rollout.state);
  return rollout;
}

function ended(state: RolloutResult['state']): WorkloadRollout & { readonly state: 'ended' } {
  return endedRollout(written('done'), { state, message: '', ready: 1, wanted: 1, durationMs: 10 });
}

/** The times after a rollout has come to each state ten milliseconds after the one before. */
function timesOf(...states: readonly WorkloadRollout[]): RolloutTimes | undefined {
  let now = 0;
  const holder = new RolloutStates([{ wave: 1, addedWave: 0, workloads: [planned] }], () => now);
  for (const state of states) {
    now += 10;
    holder.set(state);
  }
  return holder.of(planned).times;
}

const ready = ended('ready');
const verified = verifiedRollout(ready, {});
const stuck = failedRollout(ended('stuck'), PROBLEM);

test.each<[string, readonly WorkloadRollout[], RolloutTimes | undefined]>([
  ['not reached', [], undefined],
  ['not changed', [written('unchanged'), ready, verified], undefined],
  ['patched', [written('done')], { patchedMs: 10 }],
  ['ready', [written('done'), ready], { patchedMs: 10, readyMs: 20 }],
  ['compared with before, so ended twice', [written('done'), ready, ready], { patchedMs: 10, readyMs: 20 }],
  ['verified', [written('done'), ready, verified], { patchedMs: 10, readyMs: 20, verifiedMs: 30 }],
  ['verified again', [written('done'), ready, verified, verified], { patchedMs: 10, readyMs: 20, verifiedMs: 30 }],
  ['not ready', [written('done'), ended('stuck'), stuck], { patchedMs: 10, failedMs: 30 }],
  [
    'not ready and rolled back',
    [written('done'), ended('stuck'), stuck, rolledBack(stuck, ROLLBACK)],
    { patchedMs: 10, failedMs: 30, rollbackStartedMs: 36, rollbackEndedMs: 40 },
  ],
  [
    'well and rolled back with the run',
    [written('done'), ready, rolledBack(ready, ROLLBACK)],
    { patchedMs: 10, readyMs: 20, rollbackStartedMs: 26, rollbackEndedMs: 30 },
  ],
  [
    'replaced by another run',
    [written('done'), supersededRollout(written('done'), { filter: 'f', revision: 'r', run: 'local' })],
    { patchedMs: 10 },
  ],
])('%s', (_, states, expected) => {
  expect(timesOf(...states)).toEqual(expected);
});

test('a state is kept even if its time cannot be told', () => {
  let broken = false;
  const holder = new RolloutStates([{ wave: 1, addedWave: 0, workloads: [planned] }], () => {
    if (broken) throw new TypeError('the clock is undefined');
    return 0;
  });
  broken = true;
  expect(() => holder.set(written('done'))).toThrow('the clock');
  expect(holder.of(planned).state).toBe('written');
});
