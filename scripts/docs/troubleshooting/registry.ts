import { PlainTextError, UnreachableError } from '../../../src/http/errors.ts';
import {
  ANONYMOUS,
  AnswerError,
  type ContentError,
  downloadProblem,
  LoginError,
  registryProblem,
} from '../../../src/registry/errors.ts';
import { type Entry, ofProblem, type Section } from './entry.ts';

const HOST = 'registry.example';
const IMAGE = `${HOST}/filters/add-header:v3`;
const LOGIN = 'the Docker configuration';
const ADDRESS = 'https://files.example/add-header.wasm';

/** The filter cannot be pulled, pushed or downloaded by the run. */
export function registries(): Section {
  return {
    title: 'Job summary: registries and web servers',
    intro:
      'What a registry or web server says, word for word, with the status. [Where filters come from](filter-sources.md) has the logins.',
    entries: [
      pulled('requires authentication', answer(401, 'UNAUTHORIZED: authentication required')),
      pulled(
        'is not accessible with the credentials of',
        answer(403, 'DENIED: requested access to the resource is denied'),
        LOGIN,
      ),
      pulled('was not found', answer(404, 'MANIFEST_UNKNOWN: manifest unknown')),
      pulled('is unavailable', answer(429, 'TOOMANYREQUESTS: You have reached your pull rate limit')),
      pulled('answers 503', answer(503, 'Service Unavailable')),
      pulled('does not answer', new UnreachableError(HOST, new Error(`getaddrinfo ENOTFOUND ${HOST}`))),
      pulled('would be called without TLS', new PlainTextError(new URL(`http://${HOST}/v2/`))),
      pulled(
        'returned no credentials for',
        new LoginError(`docker-credential-ecr-login returned no credentials for ${HOST}: there is no such program`),
      ),
      downloaded('requires authentication', answer(403, 'Forbidden')),
      downloaded('was not found', answer(404, 'Not Found')),
    ],
  };
}

function answer(status: number, message: string): AnswerError {
  return new AnswerError(HOST, status, message);
}

function pulled(says: string, error: AnswerError | ContentError | Error, identity = ANONYMOUS): Entry {
  return ofProblem(says, registryProblem(error, `image "${IMAGE}"`, identity));
}

function downloaded(says: string, error: AnswerError): Entry {
  return { ...ofProblem(says, downloadProblem(error, `filter "${ADDRESS}"`)), of: 'of a file at an https address' };
}
