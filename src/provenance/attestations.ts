import { isObject, parseJson, pick } from '../base/json.ts';
import { type Explanation, type Fault, faulty, type MessageForm, messageOf, ok, type Result } from '../base/problem.ts';
import type { GitHub, GitHubAnswer } from '../github/github.ts';
import { type Refusal, refusalOf } from '../github/refusal.ts';
import type { Http } from '../http/http.ts';
import { decodeSnappy } from './snappy.ts';

/** One attestation: a Sigstore bundle as JSON, or why it could not be read, in words for the end of a sentence. */
export type Found = Result<unknown, Fault>;

/** GitHub does not give the attestations. */
export class AttestationsRefused extends Error {
  readonly problem: Explanation & { readonly form: MessageForm };

  constructor(message: string, remedy: string, form: MessageForm = 'clause') {
    super(message);
    this.name = 'AttestationsRefused';
    this.problem = { form, message, remedy };
  }
}

/** Far more than a bundle has, and little enough to hold. */
const MAX_BYTES = 16 * 1024 * 1024;
const PER_PAGE = 30;
/** Nobody attests the same bytes that often; whoever does is asked for the newest only. */
const MAX_PAGES = 10;

/**
 * The attestations of a repository for a file, the newest first, each fetched when it is asked for: the first good one is enough
 * (https://docs.github.com/rest/repos/attestations#list-attestations).
 * @param digest `sha256:` and 64 hex digits
 * @throws AttestationsRefused, and what `Http` throws
 */
export async function* attestationsOf(
  repository: string,
  digest: string,
  github: GitHub,
): AsyncGenerator<Found, void, undefined> {
  const query = `per_page=${PER_PAGE}&predicate_type=provenance`;
  for await (const page of github.pages(`/repos/${repository}/attestations/${digest}?${query}`, MAX_PAGES)) {
    // What has no attestation is not found, and neither is what the token may not see.
    if (page.status === 404) return;
    const refusal = refusalOf(page);
    if (refusal !== undefined) throw refused(repository, github.hasToken, refusal);
    for (const attestation of listOf(page)) yield await find(attestation, github.http);
  }
}

function listOf({ body }: GitHubAnswer): readonly unknown[] {
  const list = pick(body, 'attestations');
  if (Array.isArray(list)) return list;
  throw new AttestationsRefused(
    'GitHub answered the request for attestations with something else.',
    "Check that the environment variable GITHUB_API_URL is the address of GitHub's REST API.",
    'sentence',
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
  const answer = await http.send({ method: 'GET', url: new URL(address), maxBytes: MAX_BYTES, stay: true });
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

function refused(repository: string, hasToken: boolean, refusal: Refusal): AttestationsRefused {
  if (refusal.kind === 'permission') {
    return new AttestationsRefused(
      `the token is not allowed to read the attestations of ${repository} ${refusal.why}.`,
      refusal.token === 'personal'
        ? `Give the token of the input "github-token" the permission "Attestations: Read-only" for ${repository}.`
        : 'Add "attestations: read" to the "permissions" of the job. Its token reads its own repository and public ones; for others pass a token with that permission as input "github-token".',
    );
  }
  const more =
    refusal.kind === 'limited' && !hasToken ? ' With a token in the input "github-token" the limit is higher.' : '';
  return new AttestationsRefused(refusal.message, `${refusal.remedy}${more}`, 'sentence');
}
