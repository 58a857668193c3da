import { rootMessage } from '../base/causes.ts';

/** A server could not be reached, or stopped answering. */
export class UnreachableError extends Error {
  readonly host: string;

  constructor(host: string, cause: unknown) {
    super(`${host} does not answer: ${rootMessage(cause)}`, { cause });
    this.name = 'UnreachableError';
    this.host = host;
  }
}

/** What a server answers is not taken, because it is too long or leads nowhere; a sentence without a full stop. */
export class UnusableAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnusableAnswerError';
  }
}

/** An address without TLS, whose host is not among those that may be spoken to so. Nothing was sent there. */
export class PlainTextError extends Error {
  constructor({ protocol, host }: URL) {
    super(`${protocol}//${host} would be asked without TLS`);
    this.name = 'PlainTextError';
  }
}
