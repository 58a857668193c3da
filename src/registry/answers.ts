import { isObject, pick, readJson } from '../base/json.ts';
import { MAX_LISTED, someOf, truncate } from '../base/text.ts';
import { type HttpAnswer, retryAfterSeconds } from '../http/messages.ts';
import { AnswerError } from './errors.ts';

const MAX_WORDS = 300;
/** Shorter ones are no secret, and may stand in any text. */
const MIN_SECRET_CHARACTERS = 8;
/** What a token server is asked for, and may say that it does not give. */
const TOKEN_QUERY = /^(service|scope|account)=/;

/** The error that an answer stands for, in the server's own words: a registry's list of errors, or plain text. */
export function answerError(answer: HttpAnswer): AnswerError {
  const seconds = retryAfterSeconds(answer);
  const words = withoutQuery(wordsIn(answer.body), answer.url);
  return new AnswerError(
    answer.url.host,
    answer.status,
    truncate(words.replace(/\s+/g, ' ').trim(), MAX_WORDS),
    seconds === undefined ? undefined : seconds * 1000,
  );
}

/** See https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes. */
function wordsIn(body: Uint8Array): string {
  const value = readJson(body);
  if (value === undefined)
    return Buffer.from(body)
      .toString('utf8')
      .replace(/<[^<>]*>/g, ' ');
  const errors = pick(value, 'errors');
  const messages = (Array.isArray(errors) ? errors : [value]).flatMap((error: unknown) => {
    const [code, message] = [pick(error, 'code'), pick(error, 'message') ?? pick(error, 'details')];
    const words = [code, message].filter((word) => typeof word === 'string' && word !== '').join(': ');
    return isObject(error) && words !== '' ? [words] : [];
  });
  return someOf(messages, MAX_LISTED, '; ');
}

/** Some servers repeat what they were asked for, and the query of an address may hold what is as good as a password. */
function withoutQuery(words: string, { search }: URL): string {
  const parts = search.slice(1).split('&');
  const values = parts
    .filter((part) => !TOKEN_QUERY.test(part))
    .flatMap((part) => [part.slice(part.indexOf('=') + 1), ...new URLSearchParams(part).values()]);
  return values
    .filter(({ length }) => length >= MIN_SECRET_CHARACTERS)
    .reduce((text, value) => text.replaceAll(value, '…'), words);
}
