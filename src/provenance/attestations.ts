import { headerOf } from '../base/answer.ts';
import { isObject, parseJson, pick, readJson } from '../base/json.ts';
import { type Fault, faulty, messageOf, ok, type Problem, type Result } from '../base/problem.ts';
import { formatDuration } from '../base/text.ts';
import type { Http } from '../http/http.ts';
import type { HttpAnswer } from '../http/messages.ts';
import { secondsToWait } from './rate-limit.ts';
import { decodeSnappy } from './snappy.ts';

/** Where attestations are asked for. */
export interface AttestationStore {
  /** GitHub's REST API, without a slash at its end. */
  readonly api: string;
  /** The empty string for none: public repositories answer to everybody. */
  readonly token: string;
  readonly http: Http;
}

/** One attestation: a Sigstore bundle as JSON, or why it could not be read, in words for the end of a sentence. */
export type Found = Result<unknown, Fault>;

/** GitHub does not give the attestations. */
export class AttestationsRefused extends Error {
  readonly problem: Pick<Problem, 'message' | 'remedy'>;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'AttestationsRefused';
    this.problem = { message, remedy };
  }
}

/** Far more than an attestation has, and little enough to hold. */
const MAX_BYTES = 16 * 1024 * 1024;
const PER_PAGE = 30;
/** Nobody attests the same bytes that often; whoever does is asked for the newest only. */
const MAX_PAGES = 10;
const API_VERSION = '2022-11-28';

/**
 * The attestations of a repository for a file, the newest first, each fetched when it is asked for: the first good one is enough
 * (https://docs.github.com/rest/repos/attestations#list-attestations).
 * @param digest `sha256:` and 64 hex digits
 * @throws AttestationsRefused, and what `Http` throws
 */
export async function* attestationsOf(
  repository: string,
  digest: string,
  { api, token, http }: AttestationStore,
): AsyncGenerator<Found, void, undefined> {
  const headers = {
    accept: 'application/vnd.github+json',
    'x-github-api-version': API_VERSION,
    ...(token !== '' && { authorization: `Bearer ${token}` }),
  };
  const query = `per_page=${PER_PAGE}&predicate_type=provenance`;
  let page: URL | undefined = new URL(`${api}/repos/${repository}/attestations/${digest}?${query}`);
  for (let pages = 0; page !== undefined && pages < MAX_PAGES; pages++) {
    const answer: HttpAnswer = await get(page, http, headers);
    // What has no attestation is not found, and neither is what the token may not see.
    if (answer.status === 404) return;
    if (answer.status !== 200) throw refusal(repository, token, answer);
    for (const attestation of listOf(answer)) yield await find(attestation, http);
    page = nextPage(answer, page);
  }
}

/** Redirects are not followed: they tell that a repository has moved. */
function get(url: URL, http: Http, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  return http.send({ method: 'GET', url, headers, maxBytes: MAX_BYTES, stay: true });
}

function listOf(answer: HttpAnswer): readonly unknown[] {
  const list = pick(readJson(answer.body), 'attestations');
  if (Array.isArray(list)) return list;
  throw new AttestationsRefused(
    'GitHub answered the request for attestations with something else.',
    "Check that the environment variable GITHUB_API_URL is the address of GitHub's REST API.",
  );
}

/**
 * Since July 2026 GitHub no longer sends the bundle itself, but an address in a store where it is kept compressed. The address
 * carries its own permission: the token is not for that store.
 */
async function find(attestation: unknown, http: Http): Promise<Found> {
  const bundle = pick(attestation, 'bundle');
  if (isObject(bundle)) return ok(bundle);
  const address = pick(attestation, 'bundle_url');
  if (typeof address !== 'string' || !URL.canParse(address)) return faulty('GitHub has no bundle for it');
  const answer = await get(new URL(address), http);
  if (answer.status !== 200) return faulty(`its bundle cannot be fetched (status ${answer.status})`);
  try {
    return ok(parseJson(unpacked(answer.body)));
  } catch (error) {
    return faulty(`its bundle cannot be read (${messageOf(error)})`);
  }
}

/** A Snappy block that starts like a JSON object would have 123 bytes, too few for a bundle. */
function unpacked(bytes: Uint8Array): string {
  const isJson = bytes[0] === '{'.charCodeAt(0);
  return Buffer.from(isJson ? bytes : decodeSnappy(bytes, MAX_BYTES)).toString('utf8');
}

/** The address of the next page, when there is one. The token is sent there, so it has to be the same server. */
function nextPage(answer: HttpAnswer, page: URL): URL | undefined {
  const [, address = ''] = /<([^<>]*)>[^<>]*;\s*rel="next"/.exec(headerOf(answer, 'link') ?? '') ?? [];
  const next = URL.canParse(address) ? new URL(address) : undefined;
  return next?.origin === page.origin ? next : undefined;
}

function refusal(repository: string, token: string, answer: HttpAnswer): AttestationsRefused {
  const { status } = answer;
  const wait = secondsToWait(answer);
  const said = pick(readJson(answer.body), 'message');
  const why = `(status ${status}${typeof said === 'string' ? `: ${said}` : ''})`;
  if (status === 429 || (status === 403 && wait !== undefined)) {
    const when = wait === undefined ? 'later' : `in ${formatDuration(wait * 1000)}`;
    const more = token === '' ? ' With a token in the input "github-token" the limit is higher.' : '';
    return new AttestationsRefused(`the rate limit of GitHub is reached ${why}.`, `Re-run the job ${when}.${more}`);
  }
  if (status === 401) {
    return new AttestationsRefused(
      `GitHub rejects the token ${why}.`,
      'Pass a valid token as input "github-token", or leave the input out to use the token of the job.',
    );
  }
  if (status === 403) {
    return new AttestationsRefused(
      `the token is not allowed to read the attestations of ${repository} ${why}.`,
      'Add "attestations: read" to the "permissions" of the job. Its token reads its own repository and public ones; for others pass a token with that permission as input "github-token".',
    );
  }
  if (status >= 300 && status < 400) {
    return new AttestationsRefused(
      `the repository ${repository} has moved ${why}.`,
      'Use its current name in the input "attestation".',
    );
  }
  return new AttestationsRefused(
    `GitHub does not return the attestations of ${repository} ${why}.`,
    'Re-run the job; https://www.githubstatus.com reports outages.',
  );
}
