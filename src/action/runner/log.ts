import type { Log } from '../../base/log.ts';

/** The functions of @actions/core that write to the workflow log. */
export type CoreLog = Pick<typeof import('@actions/core'), 'debug' | 'group' | 'info' | 'isDebug'>;

/** A phase that has said nothing yet. */
interface Unopened {
  readonly title: string;
  /** Settles when the phase is over. */
  readonly over: Promise<void>;
  /** Settles when its group is closed. */
  closed: Promise<void>;
}

/**
 * The workflow log, behind `guardedCore`: phases fold, debug lines show when the run has debug logging switched on. The group of a
 * phase begins with its first line; of one that says nothing there is none.
 */
export function workflowLog(core: CoreLog): Log {
  const unopened = new Set<Unopened>();
  const open = (): void => {
    for (const group of unopened) {
      group.closed = core.group(group.title, () => group.over);
      // A log that is closed is an error of the phase, which ends later.
      group.closed.catch(() => undefined);
    }
    unopened.clear();
  };
  const info = (line: string): void => {
    open();
    core.info(line);
  };
  return {
    info,
    warning: (line) => info(`Warning: ${line}`),
    debug: (line) => {
      if (!core.isDebug()) return;
      open();
      core.debug(line);
    },
    group: async (title, phase) => {
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const group: Unopened = { title, over, closed: Promise.resolve() };
      unopened.add(group);
      try {
        return await phase();
      } finally {
        unopened.delete(group);
        resolve();
        await group.closed;
      }
    },
  };
}

/**
 * Names and messages of the cluster stand in log lines. A line break in one could start a line with `::`, which the runner
 * would take for a command.
 */
export function oneLine(text: string): string {
  return text
    .replace(/[\r\n\u2028\u2029]+/g, ' ⏎ ')
    .replace(/^\s*::/, ' : :')
    .replaceAll('##[', '## [');
}
