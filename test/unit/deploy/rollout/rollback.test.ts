import { expect, test } from '@jest/globals';
import { judgedRollout } from '../../../../src/deploy/rollout/judged-rollout.ts';
import { whyRolledBack } from '../../../../src/deploy/rollout/rollback.ts';
import {
  endedRollout,
  failedRollout,
  pendingRollout,
  type WorkloadRollout,
  type WrittenRollout,
} from '../../../../src/deploy/rollout/workload-rollout.ts';
import type { RolloutResult } from '../../../../src/deploy/wait/rollout-result.ts';
import { plannedFor } from '../planned.ts';

const written = (name: string): WrittenRollout => ({
  ...pendingRollout(plannedFor(`shop/deploy/${name}`)),
  state: 'written',
  write: { result: { state: 'done' } },
});
const ended = (name: string, state: RolloutResult['state']): ReturnType<typeof endedRollout> =>
  endedRollout(written(name), { state, message: '', ready: 0, wanted: 1, durationMs: 2_000 });
const failed = (name: string): WorkloadRollout => judgedRollout(ended(name, 'failed'), 60_000);
const unverified = (name: string): WorkloadRollout =>
  failedRollout(ended(name, 'ready'), { kind: 'verification', message: 'rejects the filter.' });

test.each<[string, WorkloadRollout, WorkloadRollout[], string]>([
  ['that did not become ready', failed('a'), [ended('b', 'ready')], 'Deployment shop/a failed; rolling back.'],
  ['that was not verified', unverified('a'), [failed('b')], 'Deployment shop/a failed; rolling back.'],
  [
    'that is well, because another one failed',
    ended('a', 'ready'),
    [ended('b', 'ready'), failed('c')],
    'Deployment shop/a: rolling back, because Deployment shop/c failed.',
  ],
  [
    'that is well, because one of another cluster failed',
    ended('a', 'ready'),
    [ended('b', 'ready')],
    'Deployment shop/a: rolling back, because another workload failed.',
  ],
])('the log of the rollback of a workload %s', (_, rollout, others, expected) => {
  expect(whyRolledBack(rollout, [rollout, ...others])).toBe(expected);
});
