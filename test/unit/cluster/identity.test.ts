import type { RequestOptions } from 'node:https';
import { describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { type IdentityParts, makeIdentity } from '../../../src/cluster/identity.ts';

const PLAIN: IdentityParts = { server: 'https://10.0.0.1:6443', skipVerification: false, impersonation: {} };
const AUTHORITY = ['-----BEGIN CERTIFICATE-----\none\n', '-----BEGIN CERTIFICATE-----\ntwo\n'];
const PAIR = { certificate: 'the certificate', key: 'the key' };

/** What the official client makes of the same user: TLS settings as texts, and the header. */
async function ofClientNode({ server, serverName, skipVerification, authority, ...user }: IdentityParts): Promise<{
  readonly tls: object;
  readonly authorization: unknown;
}> {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'cluster',
      server,
      skipTLSVerify: skipVerification,
      ...(serverName !== undefined && { tlsServerName: serverName }),
      ...(authority !== undefined && { caData: encode(authority.join('')) }),
    },
    {
      name: 'user',
      ...(user.keyPair !== undefined && {
        certData: encode(user.keyPair.certificate),
        keyData: encode(user.keyPair.key),
      }),
      ...(user.token !== undefined && { token: user.token }),
      ...user.login,
    },
  );
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, servername, auth, headers } = options;
  const tls = Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
    ([, value]) => value !== undefined,
  );
  const bearer = (headers as Record<string, unknown> | undefined)?.Authorization;
  return {
    tls: Object.fromEntries(tls.map(([name, value]) => [name, Buffer.isBuffer(value) ? String(value) : value])),
    authorization: auth ? `Basic ${encode(auth)}` : bearer,
  };
}

describe('the identity of a user is that of the official client', () => {
  test.each<[string, Partial<IdentityParts>]>([
    ['a token', { token: 'a-long-token' }],
    ['a user and a password', { login: { username: 'jane', password: 'pass: wörd' } }],
    ['a client certificate', { keyPair: PAIR }],
    ['an authority of two certificates', { authority: AUTHORITY, token: 'a-long-token' }],
    ['another name of the server', { serverName: 'kubernetes.default', token: 'a-long-token' }],
    ['no check of the certificate', { skipVerification: true, token: 'a-long-token' }],
    ['everything', { authority: AUTHORITY, keyPair: PAIR, token: 'a-long-token', serverName: 'kube' }],
  ])('%s', async (_, parts) => {
    const wanted = { ...PLAIN, ...parts };
    const { tls, headers } = makeIdentity(wanted);
    const { allowPartialTrustChain, ...known } = tls;
    expect(allowPartialTrustChain).toBe(true);
    const theirs = await ofClientNode(wanted);
    expect(known).toEqual(theirs.tls);
    expect(headers.Authorization).toEqual(theirs.authorization);
  });
});

test('a token is sent in UTF-8, as bytes', () => {
  expect(makeIdentity({ ...PLAIN, token: 'tökén' }).headers).toEqual({
    Authorization: `Bearer ${Buffer.from('tökén').toString('latin1')}`,
  });
});

test('whom a user acts as, and when the identity ends, is kept', () => {
  const impersonation = { 'Impersonate-User': 'jane', 'Impersonate-Group': ['a', 'b'] };
  expect(makeIdentity({ ...PLAIN, token: 'a-long-token', impersonation, expiresAt: 7 })).toMatchObject({
    headers: { ...impersonation, Authorization: 'Bearer a-long-token' },
    expiresAt: 7,
  });
});

test('over plain HTTP no credential is sent', () => {
  const parts = { ...PLAIN, server: 'http://10.0.0.1', token: 'a-long-token', keyPair: PAIR };
  expect(makeIdentity(parts)).toEqual({ tls: {}, headers: {} });
});
