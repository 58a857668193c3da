import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import type { Problem } from '../../../../src/base/problem.ts';
import { type Share, shareOf } from '../../../../src/base/share.ts';
import type { PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import { planWaves, wavesIn } from '../../../../src/deploy/plan/waves.ts';
import type { OnFailure, RolloutPolicy } from '../../../../src/deploy/policy.ts';
import { type ClusterOfRun, RolloutCoordinator } from '../../../../src/deploy/rollout/coordinator.ts';
import { RolloutStates } from '../../../../src/deploy/rollout/rollout-states.ts';
import { StopCondition } from '../../../../src/deploy/rollout/stop-condition.ts';
import {
  endedRollout,
  failedRollout,
  notReadyBefore,
  verifiedRollout,
  type WorkloadRollout,
} from '../../../../src/deploy/rollout/workload-rollout.ts';
import { plannedFor } from '../planned.ts';

/** What a workload comes to once it is rolled. */
type Fate =
  | 'verified'
  | 'has no pods'
  | 'waits for promotion'
  | 'fails'
  | 'not ready before'
  | 'superseded'
  | 'loses the cluster'
  | 'cancels the run';

/** A cluster by the waves of its workloads and what they come to: `{ a1: [1, 'verified'] }`. */
interface Script {
  readonly workloads: Readonly<Record<string, readonly [wave: number, fate: Fate]>>;
  readonly addedWave?: number;
  /** What its preparation comes to; it succeeds when omitted. */
  readonly prepared?: false;
  /** How many EnvoyFilters it has pushed settings into; none when omitted. */
  readonly pushed?: number;
}

interface Options {
  readonly onFailure?: OnFailure;
  readonly maxFailures?: Share;
  readonly canary?: Share;
  readonly soakMs?: number;
}

const problem: Problem = { kind: 'rollout', message: 'failed' };
const READY = { state: 'ready', message: '', ready: 1, wanted: 1, durationMs: 1 } as const;

/** Runs scripted clusters, and returns what was done in order. */
async function run(scripts: Readonly<Record<string, Script>>, options: Options = {}): Promise<string[]> {
  const steps: string[] = [];
  const cancel = new AbortController();
  const { onFailure = 'rollback', maxFailures = { count: 0 }, soakMs = 0 } = options;
  const policy: RolloutPolicy = {
    wait: true,
    timeoutMs: 1,
    verify: 'auto',
    scout: 'auto',
    unready: 'fail',
    promote: 'report',
    onFailure,
    maxFailures,
    soakMs,
  };
  const parts = Object.entries(scripts).map(([name, script]) => ({
    name,
    script,
    addedWave: script.addedWave ?? 0,
    workloads: Object.entries(script.workloads).map(([name, [wave]]) => plannedFor(`shop/deploy/${name}`, { wave })),
  }));
  const waves = planWaves(parts, options.canary);
  const total = parts.flatMap(({ workloads }) => workloads).length;
  const stop = new StopCondition(shareOf(maxFailures, total), cancel.signal);

  const clusters = parts.map(({ name, script }, index): ClusterOfRun => {
    const states = new RolloutStates(wavesIn(waves, parts, index), () => 0);
    const problems: Problem[] = [];
    const fateOf = ({ ref }: PlannedWorkload): Fate => script.workloads[ref.name]?.[1] ?? 'verified';
    const rollOne = (planned: PlannedWorkload): void => {
      if (stop.isMet) return;
      steps.push(planned.ref.name);
      const rollout = states.of(planned);
      const written = { ...rollout, state: 'written', write: { result: { state: 'done' } } } as const;
      const ended = endedRollout(written, READY);
      switch (fateOf(planned)) {
        case 'verified':
          states.set(verifiedRollout(ended, {}));
          return;
        case 'has no pods':
          states.set(verifiedRollout({ ...ended, end: { ...READY, ready: 0, wanted: 0 } }, {}));
          return;
        case 'waits for promotion':
          states.set(verifiedRollout({ ...ended, end: { ...READY, state: 'waiting' } }, {}));
          return;
        case 'fails':
          states.set(failedRollout(ended, problem));
          stop.countFailures();
          return;
        case 'not ready before':
          states.set(notReadyBefore(rollout, problem, { pods: [] }));
          return;
        case 'superseded':
          stop.supersede();
          return;
        case 'loses the cluster':
          problems.push(problem);
          stop.countFailures();
          return;
        case 'cancels the run':
          cancel.abort();
          return;
      }
    };
    return {
      prepare: async () => {
        steps.push(`prepare ${name}`);
        return script.prepared ?? true;
      },
      pushed: script.pushed ?? 0,
      putBackPushes: async () => {
        steps.push(`put back ${name}`);
      },
      warn: ({ topic }) => {
        steps.push(`warn ${topic}`);
      },
      rollouts: {
        states,
        problems,
        roll: async (workloads) => workloads.forEach(rollOne),
        soak: {
          begin: async () => undefined,
          hasOldRequests: () => false,
          readAgain: async () => undefined,
          readReplaced: async () => undefined,
          look: async () => true,
          conclude: async (workloads) => {
            steps.push(`again ${workloads.map(({ ref }) => ref.name).join('+')}`);
            return [];
          },
          close: async () => undefined,
        },
        settle: async () => undefined,
        rollBackCandidates: () => states.all().filter(({ state }) => state === 'verified' || state === 'failed'),
        rollBack: async (rollouts: readonly WorkloadRollout[]) => {
          for (const { planned } of rollouts) steps.push(`back ${planned.ref.name}`);
        },
        renewPatience: () => undefined,
        close: async () => {
          steps.push(`close ${name}`);
        },
      },
    };
  });
  await new RolloutCoordinator(clusters, waves, { policy, stop, log: silentLog, signal: cancel.signal }).run();
  return steps.filter((step) => !step.startsWith('close')).concat(closed(steps, scripts));
}

/** Nothing, where every cluster was closed once, after all else. */
function closed(steps: readonly string[], scripts: Readonly<Record<string, Script>>): string[] {
  const names = Object.keys(scripts).map((name) => `close ${name}`);
  const last = steps.slice(-names.length);
  return JSON.stringify(last) === JSON.stringify(names) ? [] : ['not closed at the end'];
}

describe('the waves of a run go over its clusters', () => {
  test.each<[string, Readonly<Record<string, Script>>, Options, string[]]>([
    [
      'none after one in which somebody has to promote a workload',
      { a: { workloads: { a1: [1, 'waits for promotion'], a2: [1, 'verified'], a3: [2, 'verified'] } } },
      {},
      ['prepare a', 'a1', 'a2'],
    ],
    [
      'a warning before the next one where no workload had a pod',
      {
        a: {
          workloads: { a1: [1, 'has no pods'], a2: [2, 'verified'], a3: [2, 'has no pods'], a4: [3, 'has no pods'] },
        },
      },
      {},
      ['prepare a', 'a1', 'warn Wave without pods', 'a2', 'a3', 'a4'],
    ],
    ['one cluster', { a: { workloads: { a1: [1, 'verified'], a2: [2, 'verified'] } } }, {}, ['prepare a', 'a1', 'a2']],
    [
      'two at once',
      { a: { workloads: { a1: [1, 'verified'] } }, b: { workloads: { b1: [1, 'verified'] } } },
      {},
      ['prepare a', 'prepare b', 'a1', 'b1'],
    ],
    [
      'a later cluster is not written to before its first wave',
      {
        a: { workloads: { a1: [1, 'verified'], a2: [2, 'verified'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 2 },
      },
      {},
      ['prepare a', 'a1', 'a2', 'prepare b', 'b1'],
    ],
    [
      'what fails in one stops all, and the later one is never written to',
      {
        a: { workloads: { a1: [1, 'fails'], a2: [2, 'verified'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 1 },
      },
      {},
      ['prepare a', 'a1'],
    ],
    [
      'failures that may be are counted over all',
      {
        a: { workloads: { a1: [1, 'fails'], a2: [2, 'verified'] } },
        b: { workloads: { b1: [1, 'verified'], b2: [2, 'fails'], b3: [3, 'verified'] } },
      },
      { maxFailures: { count: 1 } },
      ['prepare a', 'prepare b', 'a1', 'b1', 'a2', 'b2'],
    ],
    [
      'a share of failures is one of all workloads',
      {
        a: { workloads: { a1: [1, 'fails'] } },
        b: { workloads: { b1: [2, 'verified'], b2: [2, 'verified'], b3: [2, 'verified'] } },
      },
      { maxFailures: { percent: 25 } },
      ['prepare a', 'a1', 'prepare b', 'b1', 'b2', 'b3'],
    ],
    [
      'rollback-all goes over all that was changed anywhere',
      {
        a: { workloads: { a1: [1, 'verified'] } },
        b: { workloads: { b1: [1, 'fails'] }, addedWave: 1 },
        c: { workloads: { c1: [1, 'verified'] }, addedWave: 2 },
      },
      { onFailure: 'rollback-all' },
      ['prepare a', 'a1', 'prepare b', 'b1', 'back a1', 'back b1'],
    ],
    [
      'rollback-all puts back what was pushed in every cluster, also where preparing failed',
      {
        a: { workloads: { a1: [1, 'verified'] }, pushed: 1 },
        b: { workloads: { b1: [1, 'fails'] } },
        c: { workloads: { c1: [1, 'verified'] }, prepared: false, pushed: 2 },
      },
      { onFailure: 'rollback-all' },
      ['prepare a', 'prepare b', 'prepare c', 'put back a', 'put back c'],
    ],
    [
      'rollback keeps what was pushed',
      { a: { workloads: { a1: [1, 'fails'] }, pushed: 1 } },
      { onFailure: 'rollback' },
      ['prepare a', 'a1'],
    ],
    [
      'within what may fail, nothing goes back',
      { a: { workloads: { a1: [1, 'verified'], a2: [1, 'fails'] } } },
      { onFailure: 'rollback-all', maxFailures: { count: 1 } },
      ['prepare a', 'a1', 'a2'],
    ],
    [
      'a cancelled run starts nothing and rolls nothing back',
      {
        a: { workloads: { a1: [1, 'cancels the run'], a2: [1, 'verified'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 1 },
      },
      { onFailure: 'rollback-all' },
      ['prepare a', 'a1'],
    ],
    [
      'what another run has superseded stops all',
      {
        a: { workloads: { a1: [1, 'superseded'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 1 },
      },
      { maxFailures: { percent: 100 } },
      ['prepare a', 'a1'],
    ],
    [
      'a cluster that cannot be prepared counts with all of its workloads',
      {
        a: { workloads: { a1: [1, 'verified'], a2: [1, 'verified'] }, prepared: false },
        b: { workloads: { b1: [1, 'verified'] } },
      },
      { maxFailures: { count: 1 } },
      ['prepare a', 'prepare b'],
    ],
    [
      'the others go on where so many may fail, and its own never roll',
      {
        a: { workloads: { a1: [1, 'verified'], a2: [2, 'verified'] }, prepared: false },
        b: { workloads: { b1: [1, 'verified'], b2: [2, 'verified'] } },
      },
      { maxFailures: { count: 2 } },
      ['prepare a', 'prepare b', 'b1', 'b2'],
    ],
    [
      'where preparing fails everywhere, nothing is rolled, whatever may fail',
      { a: { workloads: { a1: [1, 'verified'] }, prepared: false } },
      { maxFailures: { percent: 100 }, onFailure: 'rollback-all' },
      ['prepare a'],
    ],
    [
      'a cluster that is lost counts as a failure, and stops the next wave of all',
      {
        a: { workloads: { a1: [1, 'loses the cluster'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 1 },
      },
      {},
      ['prepare a', 'a1'],
    ],
    [
      'the others go on without it where one may fail',
      {
        a: { workloads: { a1: [1, 'loses the cluster'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 1 },
      },
      { maxFailures: { count: 1 } },
      ['prepare a', 'a1', 'prepare b', 'b1'],
    ],
    [
      'a wave of which nothing could be changed has shown nothing for the next',
      {
        a: { workloads: { a1: [1, 'not ready before'] } },
        b: { workloads: { b1: [1, 'verified'] }, addedWave: 1 },
      },
      {},
      ['prepare a', 'a1'],
    ],
    [
      'a wave with something changed anywhere has',
      {
        a: { workloads: { a1: [1, 'not ready before'] } },
        b: { workloads: { b1: [1, 'verified'], b2: [2, 'verified'] } },
      },
      {},
      ['prepare a', 'prepare b', 'a1', 'b1', 'b2'],
    ],
    [
      'the canary is the first of all',
      {
        a: { workloads: { a1: [1, 'verified'], a2: [1, 'verified'] } },
        b: { workloads: { b1: [1, 'verified'] } },
      },
      { canary: { count: 1 } },
      ['prepare a', 'a1', 'prepare b', 'a2', 'b1'],
    ],
    [
      'each wave soaks in all clusters before the next',
      {
        a: { workloads: { a1: [1, 'verified'] } },
        b: { workloads: { b1: [1, 'verified'], b2: [2, 'verified'] } },
      },
      { soakMs: 1 },
      ['prepare a', 'prepare b', 'a1', 'b1', 'again a1', 'again b1', 'b2', 'again b2'],
    ],
  ])('%s', async (_, scripts, options, steps) => {
    expect(await run(scripts, options)).toEqual(steps);
  });
});
