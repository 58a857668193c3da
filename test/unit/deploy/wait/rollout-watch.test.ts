import { afterEach, describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import type { PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import type { RolloutGoal } from '../../../../src/deploy/wait/rollout-goal.ts';
import { RolloutWatch, type RolloutWatchContext } from '../../../../src/deploy/wait/rollout-watch.ts';
import { workloadKey } from '../../../../src/targets/target.ts';
import { patchedWith, READY_STATUS } from '../../builders.ts';
import {
  type ApiServer,
  type Outcome,
  type Reply,
  refusal,
  type Seen,
  startApiServer,
} from '../../cluster/api-server.ts';
import { plannedFor } from '../planned.ts';

const LABEL = 'deploy-wasm-filter/add-header';
const HOUR = 3_600_000;
const NOT_READY = { status: { ...READY_STATUS, readyReplicas: 0, availableReplicas: 0 } };

const reviews = plannedFor('shop/deploy/reviews');
const db = plannedFor('shop/sts/db');
const goal = ({ ref, revisions, removals }: PlannedWorkload): RolloutGoal => ({
  ref,
  removals,
  podRevisions: revisions.map(({ podRevision }) => podRevision),
});
/** The workload as the API server answers the patch: a new generation that its controller has not seen. */
const rolling = (planned: PlannedWorkload): Workload =>
  patchedWith(patchedWith(planned.observed, planned.patch), { metadata: { generation: 2 } });
const rolled = (planned: PlannedWorkload, over: object = {}): Workload =>
  patchedWith(patchedWith(rolling(planned), { status: { observedGeneration: 2 } }), over);

/** The answers of the API server: what it lists by kind, and what each watch tells before it goes on without end. */
interface Scene {
  readonly lists?: Readonly<Record<string, readonly Workload[]>>;
  readonly events?: Readonly<Record<string, readonly { readonly type: string; readonly object: Workload }[]>>;
  readonly list?: (request: Seen) => Outcome | undefined;
  /** The answer to a watch; the events, and no end, when absent. */
  readonly watched?: (request: Seen) => Outcome | undefined;
  /** The answer to who asks for one workload; what is listed of it when absent. */
  readonly look?: (request: Seen) => Outcome;
}

let server: ApiServer | undefined;
let watch: RolloutWatch | undefined;
afterEach(async () => {
  await watch?.close();
  await server?.close();
});

async function start(
  { lists = {}, events = {}, list, look, watched }: Scene,
  over: Partial<RolloutWatchContext> = {},
): Promise<{ watch: RolloutWatch; clock: { ms: number }; cancel: AbortController; seen: readonly Seen[] }> {
  const headers = { 'content-type': 'application/json' };
  const api = await startApiServer({
    answer: (request) => {
      const kind = /\/(\w+)\?/.exec(request.path)?.[1] ?? '';
      if (request.path.includes('watch=true')) {
        const body = (events[kind] ?? []).map((event) => `${JSON.stringify(event)}\n`).join('');
        return watched?.(request) ?? { status: 200, headers, body, open: true };
      }
      const [, one, name] = /\/(\w+)\/([\w-]+)$/.exec(request.path) ?? [];
      if (one !== undefined) {
        const alone = (lists[one] ?? []).find(({ metadata }) => metadata.name === name);
        return look?.(request) ?? { status: 200, headers, body: JSON.stringify(alone) };
      }
      const page = { metadata: { resourceVersion: '1' }, items: lists[kind] ?? [] };
      return list?.(request) ?? { status: 200, headers, body: JSON.stringify(page) };
    },
  });
  const clock = { ms: 1_000 };
  const cancel = new AbortController();
  const made = new RolloutWatch({
    client: api.client(),
    signal: cancel.signal,
    debug: () => undefined,
    now: () => clock.ms,
    listedAt: () => undefined,
    inspectPending: async () => new Map(),
    ...over,
  });
  server = api;
  watch = made;
  return { watch: made, clock, cancel, seen: api.seen };
}

describe('a workload is', () => {
  test('ready once a state of the new generation says so', async () => {
    const ready = { type: 'MODIFIED', object: rolled(reviews) };
    const bed = await start({ lists: { deployments: [rolling(reviews)] }, events: { deployments: [ready] } });
    const rollout = bed.watch.follow(goal(reviews), rolling(reviews), HOUR);
    bed.clock.ms = 3_000;
    expect(await rollout).toEqual({ state: 'ready', message: '', ready: 1, wanted: 1, durationMs: 2_000 });
  });

  test('ready at once when its patch answered with a ready state', async () => {
    const bed = await start({});
    expect(await bed.watch.follow(goal(reviews), rolled(reviews), HOUR)).toMatchObject({ state: 'ready' });
  });

  test('not judged by a state from before the change', async () => {
    const late = { type: 'MODIFIED', object: rolled(reviews) };
    const bed = await start({ lists: { deployments: [reviews.observed] }, events: { deployments: [late] } });
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({ state: 'ready' });
  });

  test('told of once when its new pods are ready and old ones are still there', async () => {
    const status = (over: object): object => ({ status: { ...READY_STATUS, replicas: 2, readyReplicas: 2, ...over } });
    const told: (number | undefined)[] = [];
    const events = [
      status({ observedGeneration: 2, readyReplicas: 1 }),
      status({ observedGeneration: 2 }),
      status({ observedGeneration: 2, conditions: [] }),
    ].map((over) => ({ type: 'MODIFIED', object: rolled(reviews, over) }));
    const ready = { type: 'MODIFIED', object: rolled(reviews) };
    const onPodsReady = ({ status }: Workload): number => told.push(status?.readyReplicas);
    // The counts of before the change are no news of it.
    const unseen = patchedWith(rolling(reviews), status({ observedGeneration: 1 }));
    const bed = await start({ lists: { deployments: [unseen] }, events: { deployments: [...events, ready] } });
    expect(await bed.watch.follow(goal(reviews), unseen, HOUR, { onPodsReady })).toMatchObject({ state: 'ready' });
    expect(told).toEqual([2]);
  });

  test('failed when its controller gives up', async () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    const given = rolled(reviews, { status: { ...NOT_READY.status, observedGeneration: 2, conditions } });
    const bed = await start({ lists: { deployments: [given] } });
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/no progress/),
    });
  });

  describe('waiting', () => {
    const rollout = { ...plannedFor('shop/rollout/web'), removals: [] };
    const status = { observedGeneration: '2', currentPodHash: 'b', stableRS: 'a', updatedReplicas: 1 };
    const pauseConditions = [{ reason: 'CanaryPauseStep' }];
    const paused = rolled(rollout, { status: { ...status, phase: 'Paused', controllerPause: true, pauseConditions } });
    const promoted = rolled(rollout, { status: { ...status, phase: 'Healthy', stableRS: 'b' } });
    const through: RolloutGoal = { ...goal(rollout), throughPromotion: true };

    test('where somebody has to promote it', async () => {
      const bed = await start({ lists: { rollouts: [paused] } });
      expect(await bed.watch.follow(goal(rollout), rolling(rollout), HOUR)).toMatchObject({
        state: 'waiting',
        message: expect.stringMatching(/^paused at step 1/),
      });
    });

    test('until somebody has, where that is waited for', async () => {
      const event = { type: 'MODIFIED', object: promoted };
      const bed = await start({ lists: { rollouts: [paused] }, events: { rollouts: [event] } });
      expect(await bed.watch.follow(through, rolling(rollout), HOUR)).toMatchObject({ state: 'ready' });
    });

    test('to the end of the time', async () => {
      const bed = await start({ lists: { rollouts: [paused] } });
      expect(await bed.watch.follow(through, paused, 50)).toMatchObject({ state: 'waiting' });
    });
  });

  test.each([
    ['the list does not have it', {}],
    ['it goes while it is watched', { events: { deployments: [{ type: 'DELETED', object: rolling(reviews) }] } }],
  ])('deleted when %s', async (_, { events = {} }: Scene) => {
    const lists = events.deployments === undefined ? {} : { deployments: [rolling(reviews)] };
    const bed = await start({ lists, events });
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({
      state: 'deleted',
      message: 'the workload was deleted',
    });
  });

  const recordOf = (id: string): string => JSON.stringify({ 'add-header': { revision: id, run: 'other' } });
  test.each<[string, string | null, string | null, string]>([
    [
      'put another revision there',
      '0123456789',
      recordOf('0123456789'),
      'another run deployed revision 0123456789 of the filter "add-header" there',
    ],
    [
      'took the label and its record away',
      null,
      null,
      'the filter "add-header" was removed, by another run or by hand',
    ],
    ['put the template back', null, recordOf('run'), 'its pod template was put back by another client'],
    ['put an earlier template back', 'aaaaaaaaaa', recordOf('run'), 'its pod template was put back by another client'],
  ])('superseded, however ready it is, when somebody %s', async (_, label, record, message) => {
    const other = rolled(reviews, {
      metadata: { annotations: { 'deploy-wasm-filter/state': record } },
      spec: { template: { metadata: { labels: { [LABEL]: label } } } },
    });
    const bed = await start({ lists: { deployments: [other] } });
    const result = await bed.watch.follow(goal(reviews), rolling(reviews), HOUR);
    expect(result).toMatchObject({ state: 'superseded', message });
  });

  test('superseded when a filter that was removed is back', async () => {
    const leaving = plannedFor('shop/deploy/reviews', { revisions: [], removals: ['add-header'] });
    const bed = await start({ lists: { deployments: [rolled(reviews)] } });
    expect(await bed.watch.follow(goal(leaving), rolling(leaving), HOUR)).toMatchObject({ state: 'superseded' });
  });

  test('stuck when a look at its pods says why', async () => {
    const looks: unknown[] = [];
    const bed = await start(
      { lists: { deployments: [rolling(reviews)] } },
      {
        inspectPending: async (pending) => {
          looks.push(pending.map((one) => one.goal.ref.name));
          return new Map([[workloadKey(reviews.ref), { message: 'Envoy rejects the filter', rejectsFilter: true }]]);
        },
      },
    );
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({
      state: 'stuck',
      message: 'Envoy rejects the filter',
      rejectsFilter: true,
    });
    expect(looks).toEqual([['reviews']]);
  });
});

describe('the waiting ends', () => {
  const scene: Scene = { lists: { statefulsets: [rolled(db, { status: { readyReplicas: 0 } })] } };

  test('for one workload when its time is over, with what was missing', async () => {
    const { watch: own } = await start(scene);
    expect(await own.follow(goal(db), rolled(db, { status: { readyReplicas: 0 } }), 20)).toMatchObject({
      state: 'timeout',
      message: '0 of 1 pods ready',
      ready: 0,
      wanted: 1,
    });
  });

  test('as unseen when the API server shows nothing until then: what was seen last stays, and why there is no more', async () => {
    const { watch: own } = await start({ ...scene, list: () => ({ status: 200, body: '<p>Sign in</p>' }) });
    expect(await own.follow(goal(db), rolled(db, { status: { readyReplicas: 0 } }), 2_000)).toMatchObject({
      state: 'unseen',
      message: '0 of 1 pods ready',
      trouble: expect.stringContaining('"Sign in"'),
    });
  });

  describe('after a last look, because a watch that says nothing may be one that nobody serves any more', () => {
    const unready = rolled(db, { status: { readyReplicas: 0 } });
    const json = (body: unknown): Reply => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const status = { kind: 'Status', reason: 'NotFound', code: 404, details: { name: 'db' } };
    const gone: Outcome = { ...json(status), status: 404 };
    test.each<[string, Outcome, object]>([
      [
        'that is not answered',
        'silence',
        { state: 'unseen', trouble: 'no answer within 5 s', message: '0 of 1 pods ready' },
      ],
      ['that shows it ready', json(rolled(db)), { state: 'ready' }],
      ['that shows it as before', json(unready), { state: 'timeout', message: '0 of 1 pods ready' }],
      ['that does not find it', gone, { state: 'deleted' }],
      ['that is refused', refusal(403, 'Forbidden', 'cannot get statefulsets'), { state: 'timeout' }],
      ['that is a page for people', { status: 200, body: '<p>Sign in</p>' }, { state: 'unseen' }],
    ])('%s', async (_, outcome, result) => {
      const { watch: own } = await start({ ...scene, look: () => outcome });
      expect(await own.follow(goal(db), unready, 500)).toMatchObject(result);
    });
  });

  test('for all when the run is cancelled, before or after', async () => {
    const bed = await start(scene);
    const pending = bed.watch.follow(goal(db), rolling(db), HOUR);
    bed.cancel.abort();
    expect(await pending).toMatchObject({ state: 'cancelled' });
    expect(await bed.watch.follow(goal(reviews), rolled(reviews), HOUR)).toMatchObject({ state: 'cancelled' });
  });

  test('undecided when they are let go of, but for those that are rollbacks', async () => {
    const lists = { deployments: [rolling(reviews)], statefulsets: [rolling(db)] };
    const back = { type: 'MODIFIED', object: rolled(db) };
    const bed = await start({ lists, events: { statefulsets: [back] } });
    const pending = bed.watch.follow(goal(reviews), rolling(reviews), HOUR);
    const returning = bed.watch.follow(goal(db), rolling(db), HOUR, { isRollback: true });
    bed.watch.abandonPending();
    expect(await pending).toBeUndefined();
    expect(await returning).toMatchObject({ state: 'ready' });
  });

  test('undecided when it is closed', async () => {
    const bed = await start(scene);
    const pending = bed.watch.follow(goal(db), rolling(db), HOUR);
    await bed.watch.close();
    expect(await pending).toBeUndefined();
  });

  test('undecided, with a problem, when the API server does not show the workloads', async () => {
    const bed = await start({ list: () => refusal(403, 'Forbidden', 'cannot list resource "deployments"') });
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toBeUndefined();
    expect(bed.watch.problems).toMatchObject([{ kind: 'permission' }]);
    const ratings = plannedFor('shop/deploy/ratings');
    expect(await bed.watch.follow(goal(ratings), rolling(ratings), HOUR)).toBeUndefined();
    expect(bed.watch.problems).toHaveLength(1);
  });
});

test('many workloads of a kind share one list and one watch, and what a watch has told before counts', async () => {
  const ratings = plannedFor('shop/deploy/ratings');
  const lists = { deployments: [rolled(reviews), rolled(ratings)], statefulsets: [rolled(db)] };
  const bed = await start({ lists });
  const first = await Promise.all([reviews, db].map((one) => bed.watch.follow(goal(one), rolling(one), HOUR)));
  const second = await bed.watch.follow(goal(ratings), rolling(ratings), HOUR);
  expect([...first, second].map((result) => result?.state)).toEqual(['ready', 'ready', 'ready']);
  const paths = bed.seen.filter(({ path }) => !path.includes('watch=true')).map(({ path }) => path.split('?')[0]);
  expect(paths.sort()).toEqual([
    '/apis/apps/v1/namespaces/shop/deployments',
    '/apis/apps/v1/namespaces/shop/statefulsets',
  ]);
});

describe('where the workloads were listed already', () => {
  const since = { listedAt: () => '41' };
  const asked = (seen: readonly Seen[]): string[] =>
    seen.map(({ path }) =>
      path.includes('watch=true') ? `watch from ${/resourceVersion=(\d+)/.exec(path)?.[1]}` : 'list',
    );

  test('they are watched from there, and not listed again', async () => {
    const events = { deployments: [{ type: 'MODIFIED', object: rolled(reviews) }] };
    const bed = await start({ events }, since);
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({ state: 'ready' });
    expect(asked(bed.seen)).toEqual(['watch from 41']);
  });

  test('one that is deleted is told by the watch', async () => {
    const events = { deployments: [{ type: 'DELETED', object: rolling(reviews) }] };
    const bed = await start({ events }, since);
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({ state: 'deleted' });
  });

  const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } };
  test.each<[string, Outcome]>([
    ['the version is too old', { status: 200, body: `${JSON.stringify(gone)}\n` }],
    ['the version is refused as too old', refusal(410, 'Expired', 'too old resource version')],
    ['watching is not allowed', refusal(403, 'Forbidden', 'deployments is forbidden')],
    ['the connection breaks', 'reset'],
  ])('they are listed at once where %s', async (_, answer) => {
    const scene = {
      lists: { deployments: [rolled(reviews)] },
      watched: ({ path }: Seen) => (path.includes('resourceVersion=41') ? answer : undefined),
    };
    const bed = await start(scene, since);
    expect(await bed.watch.follow(goal(reviews), rolling(reviews), HOUR)).toMatchObject({ state: 'ready' });
    expect(asked(bed.seen).slice(0, 2)).toEqual(['watch from 41', 'list']);
  });
});
