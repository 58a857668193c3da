import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type Fault, faulty, messageOf, ok, type Result } from '../../base/problem.ts';

// No part of a PEM text is quoted in a fault: it may be a key.

/** The certificates of an authority. Others between them are passed over, as Go's AppendCertsFromPEM does; there has to be one. */
export function readAuthority(bytes: Buffer): Result<readonly string[], Fault> {
  const blocks = blocksOf(bytes).filter(({ label }) => label === 'CERTIFICATE');
  const certificates = blocks.map(({ text }) => text).filter((text) => readCertificate(text).ok);
  if (certificates.length > 0) return ok(certificates);
  return faulty(
    blocks.length > 0 ? 'holds a certificate that cannot be read' : `holds no certificate${insteadOf(bytes)}`,
  );
}

/** A client certificate and its key, which belong together; `certificate` holds its intermediates, too. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Checks a client certificate and its key as Go's tls.X509KeyPair does. Names the one of the two that is wrong. */
export function readKeyPair(
  certificateBytes: Buffer,
  keyBytes: Buffer,
): Result<KeyPair, Fault & { readonly wrong: 'certificate' | 'key' }> {
  const wrong = (part: 'certificate' | 'key', fault: string) => ({ ...faulty(fault), wrong: part });
  const chain = blocksOf(certificateBytes).filter(({ label }) => label === 'CERTIFICATE');
  const [leaf] = chain;
  if (leaf === undefined) return wrong('certificate', `holds no certificate${insteadOf(certificateBytes)}`);
  const certificate = readCertificate(leaf.text);
  if (!certificate.ok) return wrong('certificate', certificate.fault);
  const block = blocksOf(keyBytes).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) return wrong('key', `holds no private key${insteadOf(keyBytes)}`);
  if (block.label.startsWith('ENCRYPTED') || block.text.includes('Proc-Type: 4,ENCRYPTED')) {
    return wrong('key', 'is encrypted with a password, which nobody can enter during a run');
  }
  const key = readKey(block.text);
  if (!key.ok) return wrong('key', key.fault);
  if (!certificate.value.checkPrivateKey(key.value)) return wrong('key', 'does not belong to the client certificate');
  const pair = { certificate: chain.map(({ text }) => text).join('\n'), key: block.text };
  try {
    createSecureContext({ cert: pair.certificate, key: pair.key });
  } catch (error) {
    return wrong('certificate', `cannot be used for TLS: ${messageOf(error)}`);
  }
  return ok(pair);
}

function readCertificate(text: string): Result<X509Certificate, Fault> {
  try {
    return ok(new X509Certificate(text));
  } catch {
    return faulty('holds a certificate that cannot be read');
  }
}

function readKey(text: string): Result<KeyObject, Fault> {
  try {
    return ok(createPrivateKey(text));
  } catch {
    return faulty('holds a private key that cannot be read');
  }
}

interface Block {
  readonly label: string;
  readonly text: string;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

function blocksOf(bytes: Buffer): Block[] {
  const text = bytes.toString('latin1');
  const blocks: Block[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    const label = labelEnd < 0 ? '' : text.slice(at + BEGIN.length, labelEnd);
    const endLine = `-----END ${label}${DASHES}`;
    const end = text.indexOf(endLine, at);
    if (label === '' || label.includes('\n') || end < 0) break;
    blocks.push({ label, text: `${text.slice(at, end + endLine.length)}\n` });
  }
  return blocks;
}

/** What is there in place of what was looked for. */
function insteadOf(bytes: Buffer): string {
  const [block] = blocksOf(bytes);
  if (block?.label.endsWith('PRIVATE KEY')) return ', but a private key';
  if (block?.label.includes('CERTIFICATE REQUEST')) return ', but a request for one';
  if (block?.label === 'CERTIFICATE') return ', but a certificate';
  if (bytes.length === 0) return '; it is empty';
  // DER begins with a sequence.
  if (block === undefined && bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80) return ' in PEM, but looks like DER';
  if (bytes.includes(BEGIN)) return '; it is cut off';
  return '; it is not PEM';
}
