/** A certificate authority and a server certificate for 127.0.0.1 and localhost, written as DER (RFC 5280). */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface ServerCertificates {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Makes a new authority and a certificate of a server on this machine that has other names, too; both are valid for a day. */
export function makeCertificates(...hosts: readonly string[]): ServerCertificates {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = sequence(
    ...['localhost', ...hosts].map((host) => contextPrimitive(2, Buffer.from(host))),
    contextPrimitive(7, Buffer.from([127, 0, 0, 1])),
  );
  const caCert = certificate('embedded-ca', ca.publicKey, 'embedded-ca', ca.privateKey, [
    extension('2.5.29.19', true, sequence(boolean(true))),
    extension('2.5.29.15', true, bitString(Buffer.from([0x06]), 1)),
  ]);
  const serverCert = certificate('embedded-apiserver', server.publicKey, 'embedded-ca', ca.privateKey, [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7)),
    extension('2.5.29.37', false, sequence(objectId('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, names),
  ]);
  return {
    caPem: pem(caCert),
    certPem: pem(serverCert),
    keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** The certificates of a server whose own one an intermediate authority has signed. */
export interface CertificateChain {
  readonly root: string;
  readonly intermediate: string;
  readonly leaf: string;
  /** What the server shows: its own certificate and the intermediate's. */
  readonly served: string;
  readonly key: string;
}

/** Makes such a chain for 127.0.0.1 and localhost, valid for a day. */
export function makeCertificateChain(): CertificateChain {
  const [root, intermediate, server] = [1, 2, 3].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  if (root === undefined || intermediate === undefined || server === undefined) throw new Error('no keys');
  const authority = [
    extension('2.5.29.19', true, sequence(boolean(true))),
    extension('2.5.29.15', true, bitString(Buffer.from([0x06]), 1)),
  ];
  const names = sequence(
    contextPrimitive(2, Buffer.from('localhost')),
    contextPrimitive(7, Buffer.from([127, 0, 0, 1])),
  );
  const chain = {
    root: pem(certificate('chain-root', root.publicKey, 'chain-root', root.privateKey, authority)),
    intermediate: pem(
      certificate('chain-intermediate', intermediate.publicKey, 'chain-root', root.privateKey, authority),
    ),
    leaf: pem(
      certificate('chain-server', server.publicKey, 'chain-intermediate', intermediate.privateKey, [
        extension('2.5.29.17', false, names),
      ]),
    ),
  };
  return {
    ...chain,
    served: `${chain.leaf}${chain.intermediate}`,
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function certificate(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  extensions: Buffer[],
): Buffer {
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const now = Date.now();
  const body = sequence(
    contextConstructed(0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    algorithm,
    commonName(issuer),
    sequence(utcTime(new Date(now - DAY_MS / 24)), utcTime(new Date(now + DAY_MS))),
    commonName(subject),
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }),
    contextConstructed(3, sequence(...extensions)),
  );
  return sequence(body, algorithm, bitString(sign('sha256', body, issuerKey), 0));
}

function tlv(tag: number, content: Buffer): Buffer {
  const length = content.length;
  const bytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(items));
}

function contextConstructed(number: number, content: Buffer): Buffer {
  return tlv(0xa0 | number, content);
}

function contextPrimitive(number: number, content: Buffer): Buffer {
  return tlv(0x80 | number, content);
}

function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]));
}

function bitString(content: Buffer, unusedBits: number): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([unusedBits]), content]));
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let value = part >> 7; value > 0; value >>= 7) digits.unshift((value & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function commonName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(objectId('2.5.4.3'), tlv(0x0c, Buffer.from(name)))));
}

function utcTime(date: Date): Buffer {
  const text = date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${text}Z`));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), tlv(0x04, value));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
