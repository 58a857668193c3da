import type { Redact } from '../../base/redaction/redactor.ts';
import { visible } from '../../base/visible.ts';
import type { CommandFile, CommandFiles } from './command-files.ts';
import { oneLine } from './log.ts';

type Toolkit = typeof import('@actions/core');

/** The functions of @actions/core by which text leaves this process. */
export type Core = Pick<Toolkit, 'debug' | 'error' | 'group' | 'info' | 'isDebug' | 'notice' | 'warning'>;

/**
 * The toolkit behind the gate that all text passes on its way out: log, debug lines, group titles and annotations. Known secrets are
 * taken out, hidden characters are shown, and a line of the log can be no command of the runner.
 */
export function guardedCore(core: Core, redact: Redact): Core {
  const clean = (text: string): string => visible(redact(text));
  const line = (text: string): string => visible(oneLine(redact(text)));
  const annotate =
    (level: 'error' | 'notice' | 'warning'): Core['error'] =>
    (message, properties = {}) => {
      const { title, file } = properties;
      core[level](clean(String(message)), {
        ...properties,
        ...(title !== undefined && { title: line(title) }),
        ...(file !== undefined && { file: line(file) }),
      });
    };
  return {
    info: (message) => core.info(line(message)),
    debug: (message) => core.debug(clean(message)),
    isDebug: () => core.isDebug(),
    error: annotate('error'),
    notice: annotate('notice'),
    warning: annotate('warning'),
    group: (title, phase) => core.group(line(title), phase),
  };
}

/** The files of outputs, job summary and page behind the same gate. */
export function guardedFiles({ outputs, summary, page }: CommandFiles, redact: Redact): CommandFiles {
  const guarded = <T extends CommandFile>(file: T | undefined): T | undefined =>
    file && { ...file, append: (text) => file.append(visible(redact(text))) };
  return { outputs: guarded(outputs), summary: guarded(summary), page: guarded(page) };
}
