/** The system's or undici's error code, wherever in the chain of causes it stands. */
export function errorCode(error: unknown): string {
  for (let at: unknown = error, depth = 0; Error.isError(at) && depth < 6; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return errorCode(at.errors[0]);
  }
  return '';
}

/** What a server says that takes none of the protocols that it was offered; OpenSSL shows it with the line of its own source. */
export const NO_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';

/** The message of the innermost error where outer ones are empty. */
export function rootMessage(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  if (errorCode(error) === NO_PROTOCOL) return 'it accepts no HTTP/1.1, and nothing else was offered';
  if (error instanceof AggregateError && error.errors.length > 0) return rootMessage(error.errors[0]);
  return error.message === '' && error.cause !== undefined ? rootMessage(error.cause) : error.message;
}
