import { pause } from '../../base/concurrency.ts';
import { messageOf } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import type { Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { followWorkloads } from '../../cluster/watch.ts';
import { SCOUT_LABEL } from '../../mesh/identity/names.ts';

/** How long nobody looks, although nothing has changed: time alone may make a trouble a verdict. */
const TICK_MS = 500;

/** Follows all scouts of a namespace, with one list and one watch. */
export class ScoutWatch {
  readonly #stop = new AbortController();
  readonly #pods = new Map<string, Pod | undefined>();
  /** Those that a list or the watch has told of, and that are not gone. */
  readonly #seen = new Set<string>();
  readonly #running: Promise<void>;
  #changed = new AbortController();
  #lost: string | undefined;

  constructor(client: Client, namespace: string, debug: (line: string) => void) {
    this.#running = followWorkloads<Pod>(client, {
      resource: POD,
      namespace,
      labelSelector: SCOUT_LABEL,
      signal: this.#stop.signal,
      debug,
      // A list may have been made before a pod that was shown: it cannot say that one is gone.
      awaited: () => [...this.#seen],
      onWorkload: (name, pod) => {
        if (pod === undefined) this.#seen.delete(name);
        else this.#seen.add(name);
        this.#pods.set(name, pod);
        this.#tell();
      },
    }).catch((error: unknown) => {
      this.#lost = messageOf(error);
      this.#tell();
    });
  }

  /** Takes in a pod that was just made. */
  show(pod: Pod): void {
    const { name } = pod.metadata;
    if (!this.#pods.has(name)) this.#pods.set(name, pod);
  }

  /** A scout as it was seen last; `undefined` once it is gone. */
  podOf(name: string): Pod | undefined {
    return this.#pods.get(name);
  }

  /** Why pods are not shown any more; `undefined` while they are. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Waits until something has changed, or may be judged otherwise by now. */
  async next(signal: AbortSignal): Promise<void> {
    await pause(TICK_MS, AbortSignal.any([signal, this.#changed.signal]));
  }

  /** Ends the following. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #tell(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}
