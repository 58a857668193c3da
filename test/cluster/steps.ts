import { performance } from 'node:perf_hooks';

/** Where progress goes, one line at a time. */
export type Log = (line: string) => void;

/** Runs the steps of one command and tells how long each has taken. */
export class Steps {
  readonly #log: Log;
  readonly #started = performance.now();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Runs one step and prints its line when it is done; steps may run at the same time. */
  async step<T>(title: string, work: () => Promise<T> | T): Promise<T> {
    const started = performance.now();
    const result = await work();
    this.#log(`${seconds(performance.now() - started)}  ${title}`);
    return result;
  }

  /** Prints a line without a time. */
  note(line: string): void {
    this.#log(line);
  }

  /** Prints how long all has taken. */
  total(title: string): void {
    this.#log(`${seconds(performance.now() - this.#started)}  ${title}`);
  }
}

/**
 * Waits until all of the parallel branches of a start have ended, well or not. The first failure aborts the others,
 * which are still waited for: a branch that goes on would start processes while the rest is taken down.
 * Throws the first failure.
 */
export async function together<T extends readonly unknown[]>(
  controller: AbortController,
  ...branches: { readonly [K in keyof T]: Promise<T[K]> }
): Promise<T> {
  let first: { readonly error: unknown } | undefined;
  const watched = branches.map(async (branch) => {
    try {
      return await branch;
    } catch (error) {
      first ??= { error };
      controller.abort(error);
      return undefined;
    }
  });
  const results = await Promise.all(watched);
  if (first !== undefined) throw first.error;
  return results as unknown as T;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(6)} s`;
}
