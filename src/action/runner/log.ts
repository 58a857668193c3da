import type { Log } from '../../base/log.ts';

/** The functions of @actions/core that write to the workflow log. */
export type CoreLog = Pick<typeof import('@actions/core'), 'debug' | 'group' | 'info' | 'isDebug'>;

/** The workflow log, behind `guardedCore`: phases fold, debug lines show when the run has debug logging switched on. */
export function workflowLog(core: CoreLog): Log {
  return {
    info: (line) => core.info(line),
    warning: (line) => core.info(`Warning: ${line}`),
    debug: (line) => {
      if (core.isDebug()) core.debug(line);
    },
    group: (title, phase) => core.group(title, phase),
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
