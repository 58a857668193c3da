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
