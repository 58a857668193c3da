import { afterEach, expect, test } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../../src/cluster/objects.ts';
import { readinessOf } from '../../../../src/deploy/kinds/kinds.ts';
import { rolloutGoalOf } from '../../../../src/deploy/rollout/workload-rollout.ts';
import { FailFast } from '../../../../src/deploy/wait/fail-fast.ts';
import { type ApiServer, startApiServer } from '../../cluster/api-server.ts';
import { plannedFor } from '../planned.ts';

const PLANNED = plannedFor('shop/deploy/web');
const GOAL = rolloutGoalOf(PLANNED);

let server: ApiServer | undefined;
afterEach(() => server?.close());

/** What its container does at a second of the rollout: it runs, or it has ended after so many restarts. */
type Look = readonly [second: number, restarts: number, state: 'runs' | 'ended'];

function podWith(restartCount: number, state: Look[2]): Pod {
  const app: ContainerStatus = {
    name: 'app',
    ready: false,
    restartCount,
    state: state === 'runs' ? { running: {} } : { terminated: { reason: 'Error', exitCode: 1 } },
  };
  return {
    metadata: {
      name: 'web-7f-x',
      uid: 'x',
      labels: { 'pod-template-hash': '7f' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7f', controller: true }],
    },
    status: { containerStatuses: [app] },
  };
}

/** At which second a pod of the workload is found to be stuck, of those at which it is looked at; `undefined` for never. */
async function stuckAt(looks: readonly Look[]): Promise<number | undefined> {
  let pod = podWith(0, 'runs');
  let now = 0;
  server = await startApiServer({
    answer: () => ({ status: 200, body: JSON.stringify({ metadata: {}, items: [pod] }) }),
  });
  const failFast = new FailFast({ client: server.client(), debug: () => undefined }, () => now);
  const readiness = readinessOf(GOAL.ref, PLANNED.observed);
  for (const [second, restarts, state] of looks) {
    now = second * 1_000;
    pod = podWith(restarts, state);
    const { stuck } = await failFast.inspectPending([{ goal: GOAL, readiness }]);
    if (stuck.size > 0) return second;
  }
  return undefined;
}

test.each<[string, readonly Look[], number | undefined]>([
  [
    'ends once and runs then',
    [
      [0, 0, 'ended'],
      [2, 1, 'runs'],
      [60, 1, 'runs'],
      [120, 1, 'runs'],
    ],
    undefined,
  ],
  [
    'ends again after a long time: it may have waited for its database',
    [
      [0, 0, 'ended'],
      [30, 1, 'runs'],
      [40, 1, 'ended'],
    ],
    undefined,
  ],
  [
    'ends for the third time, however long it ran between',
    [
      [0, 0, 'ended'],
      [30, 1, 'ended'],
      [60, 1, 'runs'],
      [90, 2, 'ended'],
    ],
    90,
  ],
  [
    'has ended often before anybody looked, and is given the same time',
    [
      [0, 5, 'ended'],
      [19, 6, 'ended'],
    ],
    undefined,
  ],
  [
    'has ended often before anybody looked, and does so again after that time',
    [
      [0, 5, 'ended'],
      [30, 6, 'ended'],
    ],
    30,
  ],
  [
    'is never seen to run',
    [
      [0, 0, 'ended'],
      [10, 0, 'ended'],
      [20, 1, 'ended'],
    ],
    20,
  ],
  [
    'runs for a moment between its crashes',
    [
      [0, 0, 'ended'],
      [7, 1, 'runs'],
      [14, 1, 'ended'],
      [21, 1, 'ended'],
    ],
    21,
  ],
  [
    'runs for longer than such a moment',
    [
      [0, 0, 'ended'],
      [14, 1, 'runs'],
      [16, 1, 'ended'],
      [21, 1, 'ended'],
    ],
    undefined,
  ],
])('a pod is stuck whose container %s', async (_, looks, expected) => {
  expect(await stuckAt(looks)).toBe(expected);
});
