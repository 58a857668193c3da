import { makeLimiter, pause } from '../../base/concurrency.ts';
import { untilNextLook } from '../soak/cluster-watch.ts';
import type { RolloutSoak } from './soak.ts';

type Watching = Pick<RolloutSoak, 'look' | 'readReplaced' | 'close'>;

/** Looks at all that is watched, in every cluster of a run, every few seconds until it is closed. */
export class SoakLoop {
  readonly #soaks: readonly Watching[];
  readonly #closing = new AbortController();
  /** Looks follow each other: two at once would count things twice. */
  readonly #one = makeLimiter(1);
  #running: Promise<void> | undefined;
  #isWatching = false;
  #onLook: ((isAnythingLeft: boolean) => void) | undefined;

  constructor(soaks: readonly Watching[]) {
    this.#soaks = soaks;
  }

  /** Begins to read the old pods of what is rolled out, until that is watched. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Watches for a time, from a first look to a last one; less where nothing is left to be watched, or the signal aborts. */
  async watch(ms: number, signal: AbortSignal): Promise<void> {
    this.#isWatching = true;
    this.start();
    const over = new AbortController();
    this.#onLook = (isAnythingLeft) => {
      if (!isAnythingLeft) over.abort();
    };
    await this.#look();
    await pause(ms, AbortSignal.any([signal, over.signal]));
    this.#onLook = undefined;
    if (!signal.aborted) await this.#look();
  }

  /** Ends the watching, and waits until all that has failed is rolled back. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await Promise.all(this.#soaks.map((soak) => soak.close()));
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await untilNextLook(signal);
      if (!signal.aborted) await this.#look();
    }
  }

  #look(): Promise<void> {
    return this.#one(async () => {
      if (!this.#isWatching) {
        await Promise.all(this.#soaks.map((soak) => soak.readReplaced()));
        return;
      }
      const left = await Promise.all(this.#soaks.map((soak) => soak.look()));
      this.#onLook?.(left.includes(true));
    });
  }
}
