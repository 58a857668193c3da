import { type DeployContext, during } from '../context.ts';
import type { RolloutPolicy } from '../policy.ts';
import { evidenceSource } from '../wait/evidence.ts';
import { FailFast } from '../wait/fail-fast.ts';
import { RolloutWatch } from '../wait/rollout-watch.ts';
import { progressLine, tally } from './progress.ts';
import type { Course } from './workload-rollout.ts';

/** Follows rollouts, logs how far they are, and ends those whose pods cannot get ready. `moving`: what is changed or waited for. */
export function watchWithProgress(
  context: DeployContext & { readonly policy: RolloutPolicy },
  moving: () => readonly Course[],
): RolloutWatch {
  const waiting = during(context, 'waiting for pods');
  const { client, signal, now, log, policy } = waiting;
  const failFast = new FailFast(evidenceSource(waiting), now);
  let last = '';
  return new RolloutWatch({
    client,
    signal,
    now,
    debug: (line) => log.debug(line),
    look: async (pending) => {
      const { unready, stuck } = await failFast.look(pending);
      const line = progressLine(pending, tally(moving(), policy.timeoutMs), unready);
      if (line !== last) log.info(line);
      last = line;
      return stuck;
    },
  });
}
