import { performance } from 'node:perf_hooks';
import type { Workload } from '../src/cluster/objects.ts';
import { Transport } from '../src/cluster/transport.ts';
import { openWebSocket } from '../src/cluster/websocket.ts';
import { readinessOf } from '../src/deploy/kinds/kinds.ts';
import { accessTo } from '../test/harness/access.ts';

/** When a rollout began and ended, in milliseconds of `performance.now()`. */
interface Rollout {
  readonly began: number;
  readonly ended?: number;
}

/** What a second watcher sees of rollouts: nothing that the tool under test says of itself. */
export class RolloutClock {
  readonly #transport: Transport;
  readonly #namespaces: readonly string[];
  readonly #stop = new AbortController();
  readonly #generations = new Map<string, number>();
  #rollouts = new Map<string, Rollout>();

  private constructor(transport: Transport, namespaces: readonly string[]) {
    this.#transport = transport;
    this.#namespaces = namespaces;
  }

  /** Begins to watch the Deployments of some namespaces, as they are. Of others none counts: the cluster may be somebody else's, too. */
  static async start(kubeconfig: string, namespaces: readonly string[]): Promise<RolloutClock> {
    const transport = new Transport(await accessTo(kubeconfig), { userAgent: 'bench', openWebSocket });
    const clock = new RolloutClock(transport, namespaces);
    const path = '/apis/apps/v1/deployments';
    const { text } = await transport.send({ method: 'GET', path });
    const { items, metadata } = JSON.parse(text) as {
      items: Workload[];
      metadata: { readonly resourceVersion: string };
    };
    for (const workload of items) clock.#see(workload);
    void clock.#watch(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    return clock;
  }

  /** Forgets the rollouts so far. */
  reset(): void {
    this.#rollouts = new Map();
  }

  /** When the last rollout ended, and how long the slowest took. Throws where one has not ended. */
  read(count: number): { readonly lastEnded: number; readonly slowest: number } {
    const all = [...this.#rollouts.values()].map(({ began, ended = Number.NaN }) => ({ ended, took: ended - began }));
    if (all.length !== count || all.some(({ ended }) => Number.isNaN(ended))) {
      throw new Error(`${all.length} of ${count} rollouts were seen, not all to their end`);
    }
    return {
      lastEnded: Math.max(...all.map(({ ended }) => ended)),
      slowest: Math.max(...all.map(({ took }) => took)),
    };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#transport.close();
  }

  async #watch(path: string): Promise<void> {
    try {
      for await (const line of this.#transport.lines(path, 3_600_000, this.#stop.signal)) {
        const { object } = JSON.parse(line) as { object: Workload };
        this.#see(object);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  #see(workload: Workload): void {
    const { namespace = '', name, generation = 0 } = workload.metadata;
    if (!this.#namespaces.includes(namespace)) return;
    const key = `${namespace}/${name}`;
    const before = this.#generations.get(key);
    this.#generations.set(key, generation);
    const now = performance.now();
    if (before !== undefined && generation > before) this.#rollouts.set(key, { began: now });
    const rollout = this.#rollouts.get(key);
    if (rollout === undefined || rollout.ended !== undefined) return;
    if (readinessOf({ kind: 'Deployment' }, workload).state === 'ready') {
      this.#rollouts.set(key, { ...rollout, ended: now });
    }
  }
}
