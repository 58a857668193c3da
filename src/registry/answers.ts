import { isObject, pick, readJson } from '../base/json.ts';
import { type HttpAnswer, retryAfterSeconds } from '../http/messages.ts';
import { AnswerError } from './errors.ts';

const MOST_WORDS = 300;

/** The error that an answer stands for, in the server's own words: a registry's list of errors, or plain text. */
export function answerError(answer: HttpAnswer): AnswerError {
  const seconds = retryAfterSeconds(answer);
  return new AnswerError(
    answer.url.host,
    answer.status,
    messageIn(answer.body),
    seconds === undefined ? undefined : seconds * 1000,
  );
}

/** See https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes. */
function messageIn(body: Uint8Array): string {
  const value = readJson(body);
  if (value === undefined)
    return oneLine(
      Buffer.from(body)
        .toString('utf8')
        .replace(/<[^>]*>/g, ' '),
    );
  const errors = pick(value, 'errors');
  const messages = (Array.isArray(errors) ? errors : [value]).flatMap((error: unknown) => {
    const [code, message] = [pick(error, 'code'), pick(error, 'message') ?? pick(error, 'details')];
    const words = [code, message].filter((word) => typeof word === 'string' && word !== '').join(': ');
    return isObject(error) && words !== '' ? [words] : [];
  });
  return oneLine(messages.join('; '));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, MOST_WORDS);
}
