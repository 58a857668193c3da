import { pause } from '../../base/concurrency.ts';
import { messageOf } from '../../base/problem.ts';
import type { Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { followWorkloads } from '../../cluster/watch.ts';
import { SCOUT_LABEL } from '../../mesh/identity/names.ts';
import type { DeployContext } from '../context.ts';

/** How long nobody looks, although nothing has changed: time alone may make a trouble a verdict. */
const TICK_MS = 500;

/** What the API server answers in place of the pods. */
export interface ScoutTrouble {
  /** Milliseconds since the run's start. */
  readonly since: number;
  readonly text: string;
}

/** Follows all scouts of a namespace, with one list and one watch. */
export class ScoutWatch {
  readonly #stop = new AbortController();
  readonly #pods = new Map<string, Pod | undefined>();
  /** Those that a list or the watch has told of, and that are not gone. */
  readonly #seen = new Set<string>();
  readonly #running: Promise<void>;
  #changed = new AbortController();
  #lost: string | undefined;
  #trouble: ScoutTrouble | undefined;

  constructor(namespace: string, { client, log, now }: Pick<DeployContext, 'client' | 'log' | 'now'>) {
    this.#running = followWorkloads<Pod>(client, {
      resource: POD,
      namespace,
      labelSelector: SCOUT_LABEL,
      signal: this.#stop.signal,
      debug: (line) => log.debug(line),
      onTrouble: (text) => {
        // Somebody who follows the log is told at once what is waited for.
        if (text !== undefined && this.#trouble === undefined) {
          log.info(`The API server does not show the scouts in ${namespace} (${text}); it is asked again.`);
        }
        this.#trouble = text === undefined ? undefined : { since: this.#trouble?.since ?? now(), text };
        this.#tell();
      },
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

  /** Why pods are not shown at the moment, and since when; `undefined` while they are. */
  get trouble(): ScoutTrouble | undefined {
    return this.#trouble;
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
