import { errorCode } from '../base/causes.ts';
import { untilAborted } from '../base/concurrency.ts';
import { fail, internalProblem, messageOf, type Problem, type Result } from '../base/problem.ts';
import { count, formatDuration, sentence } from '../base/text.ts';
import { GitHub, type GitHubOptions } from '../github/github.ts';
import { PlainTextError, RefusedDestinationError, UnreachableError, UnusableAnswerError } from '../http/errors.ts';
import { AttestationsRefused, attestationsOf } from './attestations.ts';
import { type Authority, TrustRootError } from './authority.ts';
import type { Provenance, ProvenancePolicy } from './policy.ts';
import type { verifyAttestation } from './verify.ts';

/** The file whose origin is to be checked. */
export interface Artifact {
  /** How messages call it. */
  readonly origin: string;
  /** `sha256:` and 64 hex digits over the bytes that were built. */
  readonly digest: string;
}

/** What a check needs from outside. */
export interface ProvenanceSources extends GitHubOptions {
  readonly authorities: readonly Authority[];
  readonly verifyAttestation: VerifyAttestation;
}

/** Verifies one attestation; the type of `verifyAttestation`, which the program loads only when it needs it: Sigstore is much to load. */
export type VerifyAttestation = typeof verifyAttestation;

/** More would be read by nobody. */
const MAX_REASONS = 3;
/** For all attestations of a file and what their authorities trust, however many pages there are and however slowly they come. */
const MAX_MS = 120_000;

/**
 * Proves who built a file, by its attestations on GitHub: one that holds and fits the policy is enough. When none does, the
 * problem says why each was refused.
 */
export async function checkProvenance(
  artifact: Artifact,
  policy: ProvenancePolicy,
  sources: ProvenanceSources,
): Promise<Result<Provenance>> {
  const { authorities, verifyAttestation, ...options } = sources;
  const late = AbortSignal.timeout(MAX_MS);
  const signal = AbortSignal.any([sources.signal, late]);
  const github = GitHub.at({ ...options, signal });
  if (github === undefined) return fail(badAddress(artifact));
  const reasons: string[] = [];
  try {
    for await (const found of attestationsOf(policy.repository, artifact.digest, github)) {
      // It may have to fetch what an authority trusts, which does not look at the signal.
      const verdict = found.ok
        ? await untilAborted(verifyAttestation(found.value, { digest: artifact.digest, policy, authorities }), signal)
        : found;
      if (verdict.ok) return verdict;
      reasons.push(verdict.fault);
    }
    return fail(reasons.length === 0 ? noneFound(artifact, policy) : noneCounts(artifact, policy, reasons));
  } catch (error) {
    if (sources.signal.aborted) return fail(CANCELLED);
    if (late.aborted) return fail(tooLate(artifact, error));
    return fail(notAsked(artifact, error));
  } finally {
    await github.close();
  }
}

const CHECK_API =
  'Check that the environment variable GITHUB_API_URL is the address of GitHub\'s REST API, and that it starts with "https://".';

function badAddress({ origin }: Artifact): Problem {
  const message = "cannot be checked: the address of GitHub's API is not valid.";
  return { kind: 'provenance', subject: `provenance of ${origin}`, message, remedy: CHECK_API };
}

const CANCELLED: Problem = {
  kind: 'cancelled',
  message: 'The run was cancelled while the attestations of the filter were checked; nothing was written.',
  remedy: 'Re-run the job.',
};

/** Returns that nobody vouches for a file. */
export function noneFound({ origin, digest }: Artifact, { repository }: ProvenancePolicy): Problem {
  return {
    kind: 'provenance',
    subject: origin,
    message: `has no attestation in ${repository}, or none that the token can read, for ${digest}.`,
    remedy:
      'Attest exactly this file with actions/attest in the job that builds it, with the permissions "id-token: write" and "attestations: write"; any later change to the file changes its digest. To read attestations of a private repository, the token needs "attestations: read" there.',
  };
}

/** Returns that whoever vouches for a file is not whom the policy names. */
export function noneCounts(
  { origin }: Artifact,
  { repository }: ProvenancePolicy,
  reasons: readonly string[],
): Problem {
  const different = [...new Set(reasons)];
  const shown = different.slice(0, MAX_REASONS).join('; ');
  const more = different.length > MAX_REASONS ? `; and ${count(different.length - MAX_REASONS, 'more reason')}` : '';
  const what =
    reasons.length === 1
      ? `has one attestation in ${repository}, which does not satisfy the policy: `
      : `has ${reasons.length} attestations in ${repository}, and none satisfies the policy: `;
  return {
    kind: 'provenance',
    subject: origin,
    message: sentence(`${what}${shown}${more}`),
    remedy:
      'Deploy a file from the build that the input "attestation" names. If another build is trusted, too, change that input.',
  };
}

function tooLate({ origin }: Artifact, cause: unknown): Problem {
  return {
    kind: 'provenance',
    subject: `provenance of ${origin}`,
    message: `cannot be checked: GitHub, or a server of the trust roots, did not answer completely within ${formatDuration(MAX_MS)}.`,
    remedy: REACH_ALL,
    cause,
  };
}

/** Nothing is known: neither that the file is good nor that it is not. */
function notAsked({ origin }: Artifact, error: unknown): Problem {
  const why = whyNotAsked(error);
  if (why === undefined) return internalProblem(error);
  return { kind: 'provenance', subject: `provenance of ${origin}`, ...why, cause: error };
}

const REACH_ALL =
  'Re-run the job. The runner must reach the API of GitHub, and tuf-repo-cdn.sigstore.dev and tuf-repo.github.com; behind a proxy set NODE_USE_ENV_PROXY=1 beside HTTPS_PROXY for the step.';

function whyNotAsked(error: unknown): Pick<Problem, 'form' | 'message' | 'remedy'> | undefined {
  const because = (why: string, remedy: string) => ({ message: `cannot be checked: ${sentence(why)}`, remedy });
  if (error instanceof AttestationsRefused) return error.problem;
  if (error instanceof TrustRootError) return because(error.message, REACH_ALL);
  if (error instanceof UnreachableError) {
    return because(`${error.host} cannot be reached: ${errorCode(error) || messageOf(error.cause)}`, REACH_ALL);
  }
  if (error instanceof RefusedDestinationError) return because(error.message, error.remedy);
  if (error instanceof UnusableAnswerError || error instanceof PlainTextError) return because(error.message, CHECK_API);
  return undefined;
}
