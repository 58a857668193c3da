import { X509Certificate } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import type { Signer } from '@sigstore/verify';
import type { BuildIdentity } from './policy.ts';

/**
 * The extensions in which Fulcio writes down what the token of a workflow run said
 * (https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md).
 */
const FULCIO = '1.3.6.1.4.1.57264.1';
const EXTENSIONS = { repository: 12, commit: 13, ref: 14, run: 21 } as const;

/** The organisation that issued a bundle's signing certificate; `undefined` if there is none to be read. Proves nothing yet. */
export function issuerOf({ verificationMaterial: { content } }: Bundle): string | undefined {
  const leaf =
    content.$case === 'certificate'
      ? content.certificate
      : content.$case === 'x509CertificateChain'
        ? content.x509CertificateChain.certificates[0]
        : undefined;
  if (leaf === undefined) return undefined;
  try {
    const { O: organisation } = new X509Certificate(leaf.rawBytes).toLegacyObject().issuer;
    return typeof organisation === 'string' ? organisation : undefined;
  } catch {
    return undefined;
  }
}

/** What the certificate of a verified signer says of its build; the empty string for what it does not say. */
export function buildIdentityOf({ identity }: Signer): BuildIdentity {
  const extension = (number: number): string => {
    const oid = `${FULCIO}.${number}`;
    const found = identity?.oids?.find((entry) => entry.oid?.id.join('.') === oid);
    return found === undefined ? '' : readUtf8String(found.value);
  };
  return {
    tokenIssuer: identity?.extensions?.issuer ?? '',
    signer: identity?.subjectAlternativeName ?? '',
    repository: extension(EXTENSIONS.repository),
    commit: extension(EXTENSIONS.commit),
    ref: extension(EXTENSIONS.ref),
    run: extension(EXTENSIONS.run),
  };
}

const UTF8_STRING = 0x0c;
const LONG_LENGTH = 0x80;

/** The text of a DER UTF8String; the empty string where it is none (https://www.itu.int/rec/T-REC-X.690, 8.1.3). */
export function readUtf8String(der: Uint8Array): string {
  const [tag, first = 0] = der;
  const lengthBytes = first < LONG_LENGTH ? 0 : first - LONG_LENGTH;
  const start = 2 + lengthBytes;
  const length = lengthBytes === 0 ? first : der.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (tag !== UTF8_STRING || der.length !== start + length) return '';
  return Buffer.from(der.subarray(start)).toString('utf8');
}
