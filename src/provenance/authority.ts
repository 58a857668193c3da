import type { TrustedRoot } from '@sigstore/protobuf-specs';
import { messageOf } from '../base/problem.ts';

/** Someone who issues signing certificates, and what must vouch for them. */
export interface Authority {
  /** The organisation in the issuer of its certificates. */
  readonly organisation: string;
  /** Its certificates, logs and clocks; rejects where they cannot be fetched. Asked once, when it is needed first. */
  readonly trustedRoot: () => Promise<TrustedRoot>;
  /** How many of each must vouch for a signature. */
  readonly required: {
    readonly certificateLogs: number;
    readonly signatureLogs: number;
    /** Of a log or of a timestamp authority. */
    readonly timestamps: number;
  };
}

/** An authority's trust root could not be fetched, so nothing is known of what it has signed. */
export class TrustRootError extends Error {
  constructor(authority: Authority, cause: unknown) {
    const [first, root] = [messageOf(cause), messageOf(rootCause(cause))];
    const why = first === root ? first : `${first} (${root})`;
    super(`the trust root of ${authority.organisation} cannot be fetched: ${why}`, { cause });
    this.name = 'TrustRootError';
  }
}

/** What lies behind an error: libraries say what they were at, and only their cause what went wrong. */
function rootCause(error: unknown): unknown {
  let at = error;
  for (let depth = 0; Error.isError(at) && Error.isError(at.cause) && depth < 8; depth++) at = at.cause;
  return at;
}
