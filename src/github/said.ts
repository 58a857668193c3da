import { pick, readJson } from '../base/json.ts';

/** What GitHub says beside "Validation Failed" is in a list of errors. */
const MAX_ERRORS = 3;

/** Returns what GitHub says in the JSON of a refusal: its message, and what it finds wrong; the empty string for nothing. */
export function saidIn(body: Uint8Array): string {
  const answer = readJson(body);
  const errors = pick(answer, 'errors');
  const texts = [pick(answer, 'message'), ...(Array.isArray(errors) ? errors.slice(0, MAX_ERRORS).map(errorText) : [])];
  return texts.filter((text) => typeof text === 'string' && text !== '').join(': ');
}

/** An error is a text, or an object with a message. */
function errorText(error: unknown): unknown {
  return typeof error === 'string' ? error : pick(error, 'message');
}
