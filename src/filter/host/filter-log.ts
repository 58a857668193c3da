import type { LogLevel } from './status.ts';

/** Characters of one line, and bytes that are read for it. */
export const MAX_LINE_LENGTH = 1_000;
/** Lines of info and below, and lines of warn and above: an error must not be lost behind much talk. */
export const MAX_LINES_OF_EACH_END = 100;

const LOUD: readonly LogLevel[] = ['warn', 'error', 'critical'];

/** Passes on what the filter logs, up to a readable amount, and remembers the last error of the current call. */
export class FilterLog {
  readonly #write: (line: string) => void;
  readonly #maxLines: number;
  readonly #written = { loud: 0, quiet: 0 };
  #lastError: string | undefined;
  #isCut = false;

  constructor(write: (line: string) => void, maxLines = MAX_LINES_OF_EACH_END) {
    this.#write = write;
    this.#maxLines = maxLines;
  }

  /** What the filter logged last as `error` or `critical` since `forget`. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Whether something of the log was not passed on: lines beyond the amount, or what of a line is too long. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** A new call begins. */
  forget(): void {
    this.#lastError = undefined;
  }

  add(level: LogLevel, text: string): void {
    const line = text.length <= MAX_LINE_LENGTH ? text : `${text.slice(0, MAX_LINE_LENGTH)}…`;
    if (level === 'error' || level === 'critical') this.#lastError = line;
    if (line !== text) this.#isCut = true;
    const kind = LOUD.includes(level) ? 'loud' : 'quiet';
    this.#written[kind] += 1;
    if (this.#written[kind] <= this.#maxLines) this.#write(`${level}: ${line}`);
    else if (this.#written[kind] === this.#maxLines + 1) {
      this.#isCut = true;
      this.#write(`(more lines of ${kind === 'loud' ? 'warn and above' : 'info and below'} are left out)`);
    }
  }
}
