import { greatest } from '../../base/lists.ts';
import { count, formatDuration, MAX_LISTED, sentence, someOf } from '../../base/text.ts';
import type { Pod } from '../../cluster/objects.ts';
import { describePod } from '../../cluster/pods.ts';
import { workloadKey } from '../../targets/target.ts';
import { type DeployContext, during } from '../context.ts';
import { evidenceSource } from '../observe/evidence-source.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { RolloutPolicy } from '../policy.ts';
import { FailFast } from '../wait/fail-fast.ts';
import { type Pending, RolloutWatch } from '../wait/rollout-watch.ts';
import { failureOf, hasReadyPods, resultOf, type WorkloadRollout } from './workload-rollout.ts';

/** How many workloads one line names. */
const MAX_NAMED = 3;

/** How far the workloads of a wave are, each of them counted once, however often it is waited for. */
export interface Tally {
  readonly all: number;
  readonly ready: number;
  readonly failed: number;
}

/** Counts workloads: one that goes back, or was not ready before, is no further one, and whatever it comes to is failed. */
export function tally(rollouts: readonly WorkloadRollout[]): Tally {
  const failed = rollouts.filter((rollout) => failureOf(rollout).problem !== undefined);
  return { all: rollouts.length, ready: rollouts.filter(hasReadyPods).length, failed: failed.length };
}

/** How a wave ended: `2/3 verified; the slowest ready after 12.0 s; 1 not ready, as before.` What another run has replaced is that one's. */
export function waveLine(wave: readonly WorkloadRollout[], { verify }: Pick<RolloutPolicy, 'verify'>): string {
  const rollouts = wave.filter(({ state }) => state !== 'superseded');
  const { all, ready } = tally(rollouts);
  const durations = rollouts.flatMap((one) => (hasReadyPods(one) ? (resultOf(one)?.durationMs ?? 0) : []));
  // One that had nothing to wait for says nothing of how long it takes.
  const slowest = greatest(durations, 0);
  const waiting = rollouts.filter(({ state }) => state === 'waiting').length;
  const asBefore = rollouts.filter(({ state }) => state === 'not-ready-as-before').length;
  return sentence(
    someOf(
      [
        `${ready}/${all} ${verify === 'off' ? 'ready' : 'verified'}`,
        ...(slowest > 0 ? [`the slowest ready after ${formatDuration(slowest)}`] : []),
        ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'} for promotion`] : []),
        ...(asBefore > 0 ? [`${asBefore} not ready, as before`] : []),
      ],
      MAX_LISTED,
      '; ',
    ),
  );
}

/** One line of live progress: `7/12 ready · reviews: ContainerCreating · ratings: 1 of 2 pods updated · 3 more`. */
export function progressLine(
  pending: readonly Pending[],
  { all, ready, failed }: Tally,
  pods: ReadonlyMap<string, readonly Pod[]>,
): string {
  const named = pending.slice(0, MAX_NAMED).map(({ goal: { ref }, readiness }) => {
    const reasons = (pods.get(workloadKey(ref)) ?? []).map(describePod);
    return `${ref.name}: ${reasons.find((reason) => reason !== '') ?? (readiness.message || 'rolling')}`;
  });
  const more = pending.length > MAX_NAMED ? [`${count(pending.length - MAX_NAMED, 'workload')} more`] : [];
  const counts = [`${ready}/${all} ready`, ...(failed > 0 ? [`${failed} failed`] : [])];
  return [...counts, ...named, ...more].join(' · ');
}

/** Follows rollouts, logs how far they are, and ends those whose pods cannot become ready. `moving`: what is changed or waited for. */
export function watchWithProgress(
  context: DeployContext & { readonly policy: RolloutPolicy } & Pick<ClusterSnapshot, 'listedAt'>,
  moving: () => readonly WorkloadRollout[],
): RolloutWatch {
  const waiting = during(context, 'waiting for pods');
  const { client, signal, now, log } = waiting;
  const failFast = new FailFast(evidenceSource(waiting), now);
  let last = '';
  return new RolloutWatch({
    client,
    signal,
    now,
    listedAt: context.listedAt,
    debug: (line) => log.debug(line),
    inspectPending: async (pending) => {
      const { unready, stuck } = await failFast.inspectPending(pending);
      const line = progressLine(pending, tally(moving()), unready);
      if (line !== last) log.info(sentence(line));
      last = line;
      return stuck;
    },
  });
}
