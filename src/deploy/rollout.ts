import { pause, untilAborted } from '../base/concurrency.ts';
import { messageOf } from '../base/problem.ts';
import type { Client } from '../cluster/client.ts';
import type { WorkloadKind } from '../cluster/resources.ts';
import { followWorkloads } from '../cluster/watch.ts';
import type { PlannedWorkload } from './plan.ts';
import { type Pending, RolloutBoard, type RolloutResult } from './rollout-board.ts';

export interface RolloutContext {
  readonly client: Client;
  /** How long the workloads may take, all at once, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the waiting; what is pending is then cancelled. */
  readonly signal: AbortSignal;
  readonly debug: (line: string) => void;
  readonly now: () => number;
  /**
   * Called every few seconds with what is still pending and the results so far; gives the workloads that cannot get ready,
   * by `workloadKey`, and why.
   */
  readonly onProgress: (
    pending: readonly Pending[],
    results: readonly RolloutResult[],
  ) => Promise<ReadonlyMap<string, string>>;
}

/** What became of the rollouts. */
export interface Rollouts {
  /** By `workloadKey`; some are missing when the waiting broke off. */
  readonly results: ReadonlyMap<string, RolloutResult>;
  /** Why the waiting broke off: the API server does not show the workloads any more. */
  readonly lost?: unknown;
}

const PROGRESS_MS = 2_000;

/**
 * Waits, for all workloads at once, until each is ready under the planned revisions or has failed. One list and watch per
 * kind and namespace, however many workloads.
 */
export async function waitForRollouts(
  workloads: readonly PlannedWorkload[],
  context: RolloutContext,
): Promise<Rollouts> {
  const board = new RolloutBoard(workloads, context.now);
  const stop = new AbortController();
  const end = (state: 'timeout' | 'cancelled') => (): void => {
    board.end(state);
    stop.abort();
  };
  const cancel = end('cancelled');
  const timer = setTimeout(end('timeout'), context.timeoutMs);
  context.signal.addEventListener('abort', cancel, { once: true });
  if (context.signal.aborted) cancel();
  if (board.allDecided) stop.abort();
  try {
    await Promise.all([...followers(board, stop, context), reportProgress(board, stop, context)]);
    return { results: board.results };
  } catch (error) {
    return { results: board.results, lost: error };
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', cancel);
    stop.abort();
  }
}

function followers(board: RolloutBoard, stop: AbortController, { client, debug }: RolloutContext): Promise<void>[] {
  const lists = new Map<string, { kind: WorkloadKind; namespace: string }>();
  for (const { planned } of board.pending) {
    const { kind, namespace } = planned.ref;
    lists.set(`${namespace}/${kind}`, { kind, namespace });
  }
  return [...lists.values()].map(({ kind, namespace }) =>
    followWorkloads(client, {
      kind,
      namespace,
      signal: stop.signal,
      debug,
      awaited: () =>
        board.pending.flatMap(({ planned: { ref } }) =>
          ref.kind === kind && ref.namespace === namespace ? [ref.name] : [],
        ),
      onWorkload: (name, workload) => {
        board.see({ kind, namespace, name }, workload);
        if (board.allDecided) stop.abort();
      },
    }),
  );
}

async function reportProgress(
  board: RolloutBoard,
  stop: AbortController,
  { onProgress, now, debug }: RolloutContext,
): Promise<void> {
  const { signal } = stop;
  for (let wait = PROGRESS_MS; ; ) {
    await pause(wait, signal);
    if (signal.aborted) return;
    const started = now();
    try {
      const stuck = await untilAborted(onProgress(board.pending, [...board.results.values()]), signal);
      for (const [key, why] of stuck) board.giveUp(key, why);
      if (board.allDecided) stop.abort();
    } catch (error) {
      if (!signal.aborted) debug(`Looking at the pods: ${messageOf(error)}`);
    }
    // Where a look takes long, because there are many pods, it is taken less often.
    wait = Math.max(PROGRESS_MS, 5 * (now() - started));
  }
}
