import { type Bundle, bundleFromJSON, isBundleWithDsseEnvelope, ValidationError } from '@sigstore/bundle';
import { type Signer, toSignedEntity, toTrustMaterial, VerificationError, Verifier } from '@sigstore/verify';
import { type Fault, faulty, messageOf, ok, type Result } from '../base/problem.ts';
import { listWords } from '../base/text.ts';
import { type Authority, TrustRootError } from './authority.ts';
import { buildIdentityOf, issuerOf } from './certificate.ts';
import { type Provenance, type ProvenancePolicy, policyViolations, provenanceOf } from './policy.ts';
import { statementFault } from './statement.ts';

/** What an attestation is held against. */
export interface Expectation {
  /** Of the file: `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly policy: ProvenancePolicy;
  readonly authorities: readonly Authority[];
}

/**
 * Verifies one attestation: the signature, the certificate, and the logs and clocks that vouch for both; then, of what is signed,
 * that it is about this file; and of the certificate, that the wanted build holds it.
 * Returns the build that it proves, or why it does not count.
 * @param json a Sigstore bundle (https://docs.sigstore.dev/about/bundle/)
 * @throws TrustRootError where an authority cannot be asked what it trusts
 */
export async function verifyAttestation(json: unknown, expectation: Expectation): Promise<Result<Provenance, Fault>> {
  const { digest, policy, authorities } = expectation;
  const read = readBundle(json);
  if (!read.ok) return read;
  const bundle = read.value;
  if (!isBundleWithDsseEnvelope(bundle)) return faulty('it has no signed statement');
  const organisation = issuerOf(bundle);
  const authority = authorities.find((known) => known.organisation === organisation);
  if (authority === undefined) {
    const known = listWords(authorities.map((one) => one.organisation));
    return faulty(`its certificate was issued by ${organisation ?? 'an unknown issuer'}, not by ${known}`);
  }
  const signer = await verifySignature(bundle, authority);
  if (!signer.ok) return signer;
  const { payloadType: type, payload: bytes } = bundle.content.dsseEnvelope;
  const wrong = statementFault({ type, bytes }, digest);
  if (wrong !== undefined) return faulty(wrong);
  const build = buildIdentityOf(signer.value);
  const reasons = policyViolations(build, policy);
  return reasons.length === 0 ? ok(provenanceOf(build)) : faulty(listWords(reasons, 'and'));
}

/** The bundle, or why it cannot be read. */
function readBundle(json: unknown): Result<Bundle, Fault> {
  try {
    return ok(bundleFromJSON(json));
  } catch (error) {
    // What is no bundle at all may trip the reader before it has a name for it.
    return faulty(`it is not a Sigstore bundle${error instanceof ValidationError ? ` (${error.message})` : ''}`);
  }
}

/** Whose signature it is, or why it does not hold. */
async function verifySignature(bundle: Bundle, authority: Authority): Promise<Result<Signer, Fault>> {
  const { certificateLogs, signatureLogs, timestamps } = authority.required;
  const root = await authority.trustedRoot().catch((error: unknown) => {
    throw new TrustRootError(authority, error);
  });
  const verifier = new Verifier(toTrustMaterial(root), {
    ctlogThreshold: certificateLogs,
    tlogThreshold: signatureLogs,
    timestampThreshold: timestamps,
  });
  try {
    return ok(verifier.verify(toSignedEntity(bundle)));
  } catch (error) {
    if (!(error instanceof VerificationError)) return faulty(`it is damaged (${messageOf(error)})`);
    return faulty(`${FAULTS[error.code] ?? 'its signature is not valid'} (${error.message})`);
  }
}

const FAULTS: Readonly<Partial<Record<VerificationError['code'], string>>> = {
  CERTIFICATE_ERROR: 'its certificate is not trusted',
  SIGNATURE_ERROR: 'its signature does not match its content',
  TIMESTAMP_ERROR: 'it has no trusted timestamp',
  TLOG_ERROR: 'it was not found in a trusted transparency log',
  TLOG_BODY_ERROR: 'the transparency log has it with different content',
  TLOG_INCLUSION_PROOF_ERROR: 'the transparency log does not prove that it contains it',
  TLOG_INCLUSION_PROMISE_ERROR: 'the transparency log does not prove that it contains it',
  TLOG_MISSING_INCLUSION_ERROR: 'the transparency log does not prove that it contains it',
};
