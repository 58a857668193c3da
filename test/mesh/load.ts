import type { Workload } from '../../src/cluster/objects.ts';
import { type Answer, APP_PORT, call, type Mesh, type RunningPod } from './mesh.ts';

/** A request without an answer, or with one other than 200. */
export interface LoadFailure {
  readonly pod: string;
  /** Since the load began. */
  readonly seconds: number;
  /** What there was instead, in words. */
  readonly what: string;
}

/** What a steady load met. */
export interface LoadResult {
  readonly requests: number;
  readonly failures: readonly LoadFailure[];
  /** How many answers carried each value of the watched header; `-` for none. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface LoadOptions {
  readonly workload: Workload;
  /** Where its pods serve; an app's port when absent. */
  readonly port?: number;
  /** The header whose values are counted. */
  readonly header?: string;
  /** What is counted of an answer's headers, in place of one header's value. */
  readonly describe?: (headers: Answer['headers']) => string;
  /** The path of each request, counted from 0; `/` when absent. */
  readonly pathOf?: (turn: number) => string;
  /** Clients that ask one request after another; each bounded in time by `stop`, and in pace by `pauseMs`. */
  readonly clients?: number;
  readonly pauseMs?: number;
  /** The load ends by itself after this long. */
  readonly maxMs?: number;
}

/**
 * Sends a steady load to the pods of a workload while `work` runs, as a Service would: to pods that are ready and not ending.
 * The pods' addresses are this machine's own; number of clients, pace and time are bounded.
 */
export async function underLoad<T>(
  mesh: Mesh,
  options: LoadOptions,
  work: () => Promise<T>,
): Promise<{ value: T; load: LoadResult }> {
  const { workload, port = APP_PORT, header = '', clients = 4, pauseMs = 5, maxMs = 120_000 } = options;
  const failures: LoadFailure[] = [];
  const seen = new Map<string, number>();
  let requests = 0;
  let running = true;
  const start = Date.now();
  const deadline = start + maxMs;
  let pods = await mesh.pods(workload);
  const goOn = (): boolean => running && Date.now() < deadline;
  const refresh = async (): Promise<void> => {
    while (goOn()) {
      const now = await mesh.pods(workload);
      if (now.length > 0) pods = now;
      await pause(50);
    }
  };
  const fail = ({ name }: RunningPod, what: string): void => {
    failures.push({ pod: name, seconds: (Date.now() - start) / 1000, what });
  };
  const client = async (at: number): Promise<void> => {
    for (let turn = at; goOn(); turn++) {
      const pod = pods[turn % pods.length];
      if (pod === undefined) throw new Error('the workload has no ready pod to send load to');
      requests++;
      try {
        const { status, headers, body } = await call(pod.address, port, options.pathOf?.(turn));
        if (status !== 200) fail(pod, `status ${status} ${body}`.trim());
        const value = options.describe?.(headers) ?? headers[header]?.toString() ?? '-';
        seen.set(value, (seen.get(value) ?? 0) + 1);
      } catch (error) {
        fail(pod, String(error));
      }
      await pause(pauseMs);
    }
  };
  const load = Promise.all([refresh(), ...Array.from({ length: clients }, (_, at) => client(at))]);
  try {
    const value = await work();
    running = false;
    await load;
    return { value, load: { requests, failures, seen } };
  } finally {
    running = false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
