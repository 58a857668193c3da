import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { initializeCA } from '@sigstore/mock/dist/fulcio/ca.js';
import { initializeCTLog } from '@sigstore/mock/dist/fulcio/ctlog.js';
import { initializeTLog } from '@sigstore/mock/dist/rekor/tlog.js';
import { initializeTSA } from '@sigstore/mock/dist/timestamp/tsa.js';
import { HashAlgorithm, PublicKeyDetails, type TrustedRoot } from '@sigstore/protobuf-specs';
import type { Authority } from '../../src/provenance/authority.ts';

/** What a workflow run is and signs. */
export interface Build {
  /** `OWNER/REPO`. */
  readonly repository: string;
  /** `OWNER/REPO/PATH@REF` of the workflow that signs. */
  readonly workflow: string;
  readonly ref: string;
  readonly commit: string;
  readonly run: string;
  readonly tokenIssuer: string;
  readonly predicateType: string;
  readonly statementType: string;
  readonly payloadType: string;
  /** Of what is attested: 64 hex digits. */
  readonly sha256: string;
}

export const DIGEST = `sha256:${'9f'.repeat(32)}`;

/** A run of the workflow build.yml of bookshop/filters on its main branch. */
export const BUILD: Build = {
  repository: 'bookshop/filters',
  workflow: 'bookshop/filters/.github/workflows/build.yml@refs/heads/main',
  ref: 'refs/heads/main',
  commit: 'c0ffee'.padEnd(40, '0'),
  run: 'https://github.com/bookshop/filters/actions/runs/42/attempts/1',
  tokenIssuer: 'https://token.actions.githubusercontent.com',
  predicateType: 'https://slsa.dev/provenance/v1',
  statementType: 'https://in-toto.io/Statement/v1',
  payloadType: 'application/vnd.in-toto+json',
  sha256: DIGEST.slice('sha256:'.length),
};

/** A Sigstore instance of a test: it signs, and it says whom to trust. */
export interface Lab {
  readonly authority: Authority;
  /** The bundle of a build as JSON, as the action that attests stores it. */
  readonly attest: (build?: Partial<Build>) => Promise<Bundle>;
}

/** A bundle as JSON, as far as tests tamper with it. */
export interface Bundle {
  mediaType: string;
  verificationMaterial: {
    certificate: { rawBytes: string };
    tlogEntries: object[];
    timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] };
}

/** What the mock's log says of an entry; its own type is in a package that is not installed. */
interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly checkpoint: string;
      readonly logIndex: number;
      readonly rootHash: string;
      readonly treeSize: number;
    };
  };
}

/** The organisation in the certificates of every lab: the mock knows one name only. */
export const ORGANISATION = 'sigstore.mock';

const TLOG = 'https://rekor.sigstore.mock';
const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
const der = (key: KeyObject): Uint8Array<ArrayBuffer> => Uint8Array.from(key.export({ format: 'der', type: 'spki' }));

/**
 * An instance like the public one, with logs of certificates and signatures; or, when `isPrivate`, like that of GitHub for private
 * repositories, with a timestamp authority only.
 */
export async function makeLab(isPrivate = false): Promise<Lab> {
  // A whole second, for the mock cannot write down all others, and one after the roots' own certificates are made.
  const clock = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000);
  const ctlog = await initializeCTLog(keyPair(), clock);
  const ca = await initializeCA(keyPair(), isPrivate ? undefined : ctlog, clock);
  const tlog = await initializeTLog(TLOG, keyPair(), clock);
  const tsa = await initializeTSA(keyPair(), clock);
  const validFor = { start: clock, end: undefined };

  const log = (baseUrl: string, publicKey: Buffer, keyId: Uint8Array) => ({
    baseUrl,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes: publicKey, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor },
    logId: { keyId: Buffer.from(keyId) },
    checkpointKeyId: undefined,
    operator: '',
  });
  const issuer = (certificates: readonly ArrayBufferView[]) => ({
    subject: undefined,
    uri: '',
    operator: '',
    certChain: { certificates: certificates.map((one) => ({ rawBytes: bufferOf(one) })) },
    validFor,
  });
  const trusted: TrustedRoot = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [issuer([ca.rootCertificate])],
    timestampAuthorities: isPrivate ? [issuer([tsa.intCertificate, tsa.rootCertificate])] : [],
    tlogs: isPrivate ? [] : [log(TLOG, tlog.publicKey, sha256(tlog.publicKey))],
    ctlogs: isPrivate ? [] : [log('', ctlog.publicKey, bufferOf(ctlog.logID))],
  };

  const attest = async (changes: Partial<Build> = {}): Promise<Bundle> => {
    const build = { ...BUILD, ...changes };
    const key = keyPair();
    const certificate = await ca.issueCertificate({
      publicKey: der(key.publicKey),
      subjectAltName: `https://github.com/${build.workflow}`,
      extensions: extensionsOf(build),
    });
    const payload = Buffer.from(JSON.stringify(statementOf(build)));
    const signature = sign('sha256', preAuthenticated(build.payloadType, payload), key.privateKey);
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        certificate: { rawBytes: bufferOf(certificate).toString('base64') },
        tlogEntries: isPrivate ? [] : [await logged(payload, signature, bufferOf(certificate))],
        timestampVerificationData: { rfc3161Timestamps: isPrivate ? [await timestamp(signature)] : [] },
      },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType: build.payloadType,
        signatures: [{ sig: signature.toString('base64'), keyid: '' }],
      },
    };
  };

  const logged = async (payload: Buffer, signature: Buffer, certificate: Buffer): Promise<object> => {
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const [entry] = Object.values<LogEntry>(
      await tlog.log({
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: {
          payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
          signatures: [{ signature: signature.toString('base64'), verifier: Buffer.from(pem).toString('base64') }],
        },
      }),
    );
    if (entry === undefined) throw new Error('the log gave no entry');
    const { inclusionProof, signedEntryTimestamp } = entry.verification;
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(inclusionProof.logIndex),
        treeSize: String(inclusionProof.treeSize),
        rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
        hashes: [],
        checkpoint: { envelope: inclusionProof.checkpoint },
      },
      canonicalizedBody: entry.body,
    };
  };

  const timestamp = async (signature: Buffer): Promise<{ signedTimestamp: string }> => {
    const answer = await tsa.timestamp({
      artifactHash: sha256(signature),
      hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
      policyOID: '1.3.6.1.4.1.57264.2',
      nonce: 1,
    });
    return { signedTimestamp: bufferOf(answer).toString('base64') };
  };

  return {
    attest,
    authority: {
      organisation: ORGANISATION,
      trustedRoot: () => Promise.resolve(trusted),
      required: { certificateLogs: isPrivate ? 0 : 1, signatureLogs: isPrivate ? 0 : 1, timestamps: 1 },
    },
  };
}

function extensionsOf({ tokenIssuer, repository, commit, ref, run }: Build): { oid: string; value: string }[] {
  const values = { 8: tokenIssuer, 12: `https://github.com/${repository}`, 13: commit, 14: ref, 21: run };
  return Object.entries(values).map(([number, value]) => ({ oid: `1.3.6.1.4.1.57264.1.${number}`, value }));
}

function statementOf({ statementType, predicateType, sha256: digest }: Build): object {
  return {
    _type: statementType,
    subject: [
      { name: 'readme.txt', digest: { sha256: '00'.repeat(32) } },
      { name: 'filter.wasm', digest: { sha256: digest } },
    ],
    predicateType,
    predicate: {},
  };
}

/** What a DSSE signature is over (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md). */
function preAuthenticated(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

function bufferOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
