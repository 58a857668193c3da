/** The system's or undici's error code, wherever in the chain of causes it stands. */
export function errorCode(error: unknown): string {
  for (let at: unknown = error, depth = 0; Error.isError(at) && depth < 6; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors.length > 0) return errorCode(at.errors[0]);
  }
  return '';
}

/** The message of the innermost error where outer ones are empty. */
export function rootMessage(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return rootMessage(error.errors[0]);
  return error.message === '' && error.cause !== undefined ? rootMessage(error.cause) : error.message;
}
