import { pick, readJson } from '../base/json.ts';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md */
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** https://slsa.dev/spec/v1.0/provenance */
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';

/** What was signed. */
export interface SignedPayload {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/**
 * Why a signed statement does not say how a file was built, in words for the end of a sentence; `undefined` if it does.
 * @param digest of the file, `sha256:` and 64 hex digits
 */
export function statementFault({ type, bytes }: SignedPayload, digest: string): string | undefined {
  const statement = type === PAYLOAD_TYPE ? readJson(bytes) : undefined;
  if (pick(statement, '_type') !== STATEMENT_TYPE) return 'it is not an in-toto statement of version 1';
  const predicate = pick(statement, 'predicateType');
  if (predicate !== PREDICATE_TYPE) {
    return `it says nothing about the build: its predicate is ${JSON.stringify(predicate)}, not ${PREDICATE_TYPE}`;
  }
  const subjects = pick(statement, 'subject');
  const digests = (Array.isArray(subjects) ? subjects : []).map((subject) => pick(subject, 'digest', 'sha256'));
  if (digests.some((sha256) => `sha256:${sha256}` === digest)) return undefined;
  return 'it is about another file';
}
