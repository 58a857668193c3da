import { messageOf } from '../../base/problem.ts';
import { sentence } from '../../base/text.ts';
import { type CommandFiles, outputLines } from '../runner/command-files.ts';
import { blocks, text } from '../summary/parts/markdown.ts';
import { type Crash, lastWords } from './last-words.ts';

/** Writes one error annotation; neither part has line ends that a command of the runner could not carry. */
export type WriteError = (title: string, message: string) => void;

/**
 * Publishes a run that ended without a report: outputs, job summary, and one annotation, which also says what of these could not
 * be written. Synchronous, and never throws: nothing comes after it.
 */
export function publishCrash(crash: Crash, writeError: WriteError, { outputs, summary, page }: CommandFiles): void {
  const words = lastWords(crash);
  const troubles: string[] = [];
  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      troubles.push(sentence(`${what} could not be written: ${messageOf(error)}`));
    }
  };
  let summaryFile = '';
  attempt('The file for the output "summary-file"', () => {
    page?.append(words.page);
    summaryFile = page?.path ?? '';
  });
  attempt('The outputs', () => outputs?.append(outputLines({ ...words.outputs, 'summary-file': summaryFile })));
  const notes = troubles.map((trouble) => `> ⚠️ ${text(trouble)}`);
  attempt('The job summary', () => summary?.append(`${blocks(words.page.trimEnd(), notes)}\n`));
  attempt('The annotation', () => writeError(words.title, [words.annotation, ...troubles].join('\n')));
}

/** An error annotation as a command of the runner (https://docs.github.com/actions/reference/workflow-commands). */
export function errorCommand(title: string, message: string): string {
  const data = (value: string): string => value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = data(title).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::error title=${property}::${data(message)}\n`;
}
