import { pause } from '../../base/concurrency.ts';
import { messageOf } from '../../base/problem.ts';
import { ConnectionError } from '../../cluster/errors.ts';
import type { Workload } from '../../cluster/objects.ts';
import { StalledError } from '../../cluster/patience.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { readTarget } from '../kinds/target-access.ts';

/** A workload that somebody waits for. */
interface Waiting {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly onRead: (workload: Workload) => void;
  readonly lost: (error: unknown) => void;
}

const BEAT_MS = 2_000;

/**
 * Reads workloads that are waited for, one after the other, so that waiting ends when the API server is gone for good: a watch cannot
 * tell a server that hangs from one that has nothing to say. It costs the patience of the context's phase.
 */
export class Heartbeat {
  readonly #context: DeployContext;
  readonly #waiting = new Set<Waiting>();
  #beating = false;

  constructor(context: DeployContext) {
    this.#context = context;
  }

  /**
   * What the work comes to, which waits for a workload. Throws `ConnectionError` once the server has not answered for too long. `onRead`
   * is given what is read meanwhile.
   */
  async during<T>(ref: WorkloadRef, observed: Workload, work: Promise<T>, onRead: Waiting['onRead']): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const waiting: Waiting = { ref, observed, onRead, lost: reject };
    this.#waiting.add(waiting);
    void this.#beat();
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    const { client, log, signal } = this.#context;
    for (;;) {
      await pause(BEAT_MS, signal);
      const [next] = this.#waiting;
      if (next === undefined || signal.aborted) break;
      // To the end of the line.
      this.#waiting.delete(next);
      this.#waiting.add(next);
      try {
        next.onRead(await readTarget(client, next.ref, next.observed));
      } catch (error) {
        log.debug(`${next.ref.kind} ${next.ref.namespace}/${next.ref.name}: ${messageOf(error)}`);
        if (!(error instanceof ConnectionError && error.cause instanceof StalledError)) continue;
        for (const { lost } of this.#waiting) lost(error);
        break;
      }
    }
    this.#beating = false;
  }
}
