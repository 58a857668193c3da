/** Where the engine tells what it does. The action's is the workflow log; tests pass one that keeps the lines. */
export interface Log {
  info(line: string): void;
  warning(line: string): void;
  debug(line: string): void;
  /** Runs one phase under a heading that the log can fold. */
  group<T>(title: string, phase: () => Promise<T>): Promise<T>;
}

/** A log that keeps nothing. */
export const silentLog: Log = {
  info: () => undefined,
  warning: () => undefined,
  debug: () => undefined,
  group: (_title, phase) => phase(),
};

/** A log whose lines begin with a name. Its phases do not fold: those of other names run at the same time. */
export function namedLog(name: string, log: Log): Log {
  const named = (line: string): string => `${name}: ${line}`;
  return {
    ...mappedLog(log, named),
    group: (title, phase) => {
      log.info(named(title));
      return phase();
    },
  };
}

/** A log whose lines are others than those that it is given. */
export function mappedLog(log: Log, lineOf: (line: string) => string): Log {
  return {
    info: (line) => log.info(lineOf(line)),
    warning: (line) => log.warning(lineOf(line)),
    debug: (line) => log.debug(lineOf(line)),
    group: (title, phase) => log.group(title, phase),
  };
}

/**
 * Does things at the same time, each with a log of its own, which reads as if it had begun after the one before: until that is done, it
 * keeps what it is told. Returns what each gave, in their order; rejects with what the first of them in this order throws.
 */
export async function sideBySide<T>(log: Log, tasks: readonly ((log: Log) => Promise<T>)[]): Promise<T[]> {
  const begun = tasks.map((task) => {
    const kept = new KeptLog();
    const done = task(kept);
    // It is waited for below, in its turn.
    done.catch(() => undefined);
    return { kept, done };
  });
  const results: T[] = [];
  for (const { kept, done } of begun) {
    await kept.passOn(log);
    results.push(await done);
  }
  return results;
}

/** A log that keeps what it is told until another one takes it; from then on it passes all on. */
class KeptLog implements Log {
  readonly #kept: ((log: Log) => Promise<void> | void)[] = [];
  #to: Log | undefined;

  readonly info = (line: string): void => void this.#tell((log) => log.info(line));
  readonly warning = (line: string): void => void this.#tell((log) => log.warning(line));
  readonly debug = (line: string): void => void this.#tell((log) => log.debug(line));

  readonly group = async <T>(title: string, phase: () => Promise<T>): Promise<T> => {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    let closed: Promise<void> = over;
    await this.#tell((log) => {
      closed = log.group(title, () => over);
    });
    try {
      return await phase();
    } finally {
      await this.#tell(() => {
        resolve();
        return closed;
      });
    }
  };

  async passOn(log: Log): Promise<void> {
    for (let next = this.#kept.shift(); next !== undefined; next = this.#kept.shift()) await next(log);
    this.#to = log;
  }

  #tell(one: (log: Log) => Promise<void> | void): Promise<void> | void {
    if (this.#to !== undefined) return one(this.#to);
    this.#kept.push(one);
  }
}
