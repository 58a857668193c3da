import type { Redact } from '../base/redaction/redactor.ts';
import { visible } from '../base/visible.ts';
import { oneLine } from './log.ts';

type Toolkit = typeof import('@actions/core');

/** What writes the job summary. */
export interface SummaryWriter {
  addRaw(text: string, addEOL?: boolean): SummaryWriter;
  write(): Promise<unknown>;
}

/** The functions of @actions/core by which text leaves this process. */
export interface Core
  extends Pick<Toolkit, 'debug' | 'error' | 'group' | 'info' | 'isDebug' | 'setOutput' | 'warning'> {
  readonly summary: SummaryWriter;
}

/**
 * The toolkit behind the gate that all text passes on its way out: log, debug lines, group titles, annotations, outputs and job summary.
 * Known secrets are taken out, hidden characters are shown, and a line of the log can be no command of the runner.
 */
export function guardedCore(core: Core, redact: Redact): Core {
  const clean = (text: string): string => visible(redact(text));
  const line = (text: string): string => visible(oneLine(redact(text)));
  const annotate =
    (level: 'error' | 'warning'): Core['error'] =>
    (message, properties = {}) => {
      const { title } = properties;
      core[level](clean(String(message)), { ...properties, ...(title === undefined ? {} : { title: line(title) }) });
    };
  const summary: SummaryWriter = {
    addRaw: (text, addEOL) => {
      core.summary.addRaw(clean(text), addEOL);
      return summary;
    },
    write: () => core.summary.write(),
  };
  return {
    info: (message) => core.info(line(message)),
    debug: (message) => core.debug(clean(message)),
    isDebug: () => core.isDebug(),
    error: annotate('error'),
    warning: annotate('warning'),
    group: (title, phase) => core.group(line(title), phase),
    setOutput: (name, value) => core.setOutput(name, clean(String(value))),
    summary,
  };
}
