import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import type { KubeconfigRuntime } from '../../../../src/cluster/kubeconfig.ts';
import { makeCertificates } from '../../../embedded/certs.ts';
import { NO_RUNTIME, readKubeconfig } from '../../../harness/access.ts';
import { must, problemsIn } from '../../builders.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const { caPem, certPem, keyPem } = makeCertificates();
const other = makeCertificates();
const CERT = { 'client-certificate-data': encode(certPem), 'client-key-data': encode(keyPem) };

interface Given {
  readonly user?: object;
  readonly cluster?: object;
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly date?: () => Date;
  readonly mask?: KubeconfigRuntime['mask'];
}

const read = ({
  user = { token: 'a' },
  cluster = {},
  files = {},
  environment = {},
  date,
  mask = NO_RUNTIME.mask,
}: Given): ReturnType<typeof readKubeconfig> => {
  const text = JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'prod', user: 'bot' } }],
    clusters: [{ name: 'prod', cluster: { server: 'https://c.example', ...cluster } }],
    users: [{ name: 'bot', user }],
  });
  const runtime: KubeconfigRuntime = {
    ...NO_RUNTIME,
    environment,
    mask,
    ...(date === undefined ? {} : { date }),
    readFile: async (path, maxBytes) => {
      const content = files[path];
      return content === undefined ? NO_RUNTIME.readFile(path, maxBytes) : Buffer.from(content);
    },
  };
  return readKubeconfig([{ origin: 'input "kubeconfig"', text }], '', runtime);
};
const message = async (given: Given): Promise<string> =>
  problemsIn(await read(given))
    .map(describeProblem)
    .join('\n');

describe('what cannot work is named with its field, before anything is sent', () => {
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;
  const oldEncrypted = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n`;
  const der = Buffer.from(caPem.replace(/-----[^-]+-----|\n/g, ''), 'base64');

  test.each<[string, Given, string]>([
    [
      'an encrypted key',
      { user: { ...CERT, 'client-key-data': encode(encrypted) } },
      '"client-key-data" of user "bot" is encrypted with a password',
    ],
    [
      'an old encrypted key',
      { user: { ...CERT, 'client-key-data': encode(oldEncrypted) } },
      '"client-key-data" of user "bot" is encrypted',
    ],
    [
      'a key of another certificate',
      { user: { ...CERT, 'client-key-data': encode(other.keyPem) } },
      '"client-key-data" of user "bot" does not belong to the client certificate',
    ],
    [
      'a key that is a certificate',
      { user: { ...CERT, 'client-key-data': encode(certPem) } },
      '"client-key-data" of user "bot" holds no private key, but a certificate',
    ],
    [
      'a key that is cut off',
      { user: { ...CERT, 'client-key-data': encode(keyPem.slice(0, 90)) } },
      '"client-key-data" of user "bot" holds no private key; it is cut off',
    ],
    [
      'a key that is damaged',
      { user: { ...CERT, 'client-key-data': encode(keyPem.replace(/M/g, 'N')) } },
      '"client-key-data" of user "bot" holds a private key that cannot be read',
    ],
    ['no key', { user: { 'client-certificate-data': encode(certPem) } }, '"client-key-data" of user "bot" is missing'],
    [
      'a certificate that is a key',
      { user: { ...CERT, 'client-certificate-data': encode(keyPem) } },
      '"client-certificate-data" of user "bot" holds no certificate, but a private key',
    ],
    [
      'a certificate that is damaged',
      { user: { ...CERT, 'client-certificate-data': encode(certPem.replace(/M/g, 'N')) } },
      '"client-certificate-data" of user "bot" holds a certificate that cannot be read',
    ],
    [
      'PEM that is not in base64',
      { user: { ...CERT, 'client-certificate-data': certPem } },
      '"client-certificate-data" of user "bot" holds PEM that is not in base64',
    ],
    [
      'text that is not base64',
      { cluster: { 'certificate-authority-data': 'not base64' } },
      '"certificate-authority-data" of cluster "prod" is not valid base64',
    ],
    [
      'an authority that is a key',
      { cluster: { 'certificate-authority-data': encode(keyPem) } },
      '"certificate-authority-data" of cluster "prod" holds no certificate, but a private key',
    ],
    [
      'an authority that is text',
      { cluster: { 'certificate-authority-data': encode('REPLACE ME') } },
      '"certificate-authority-data" of cluster "prod" holds no certificate; it is not PEM',
    ],
    [
      'an authority in DER',
      { cluster: { 'certificate-authority-data': der.toString('base64') } },
      '"certificate-authority-data" of cluster "prod" holds no certificate in PEM, but looks like DER',
    ],
    [
      'an authority that is damaged',
      { cluster: { 'certificate-authority-data': encode(caPem.replace(/M/g, 'N')) } },
      '"certificate-authority-data" of cluster "prod" holds a certificate that cannot be read',
    ],
    [
      'an empty file of an authority',
      { cluster: { 'certificate-authority': '/ca' }, files: { '/ca': '' } },
      '"certificate-authority" of cluster "prod" holds no certificate; it is empty',
    ],
    [
      'a file that is not there',
      { cluster: { 'certificate-authority': '/ca' } },
      '"certificate-authority" of cluster "prod" names "/ca", which cannot be read: there is no such file',
    ],
    ['a relative file', { user: { tokenFile: 'token' } }, '"tokenFile" of user "bot" is a relative path'],
    [
      'an authority twice',
      {
        cluster: { 'certificate-authority': '/ca', 'certificate-authority-data': encode(caPem) },
        files: { '/ca': caPem },
      },
      '"certificate-authority" of cluster "prod" is set together with "certificate-authority-data"',
    ],
    [
      'an authority that is not checked with',
      { cluster: { 'certificate-authority-data': encode(caPem), 'insecure-skip-tls-verify': true } },
      'is set together with "insecure-skip-tls-verify: true"',
    ],
    [
      'a word as flag',
      { cluster: { 'insecure-skip-tls-verify': 'true' } },
      '"insecure-skip-tls-verify" of cluster "prod" is text, not true or false',
    ],
    [
      'a number as token',
      { user: { token: 1234 } },
      '"token" of user "bot" is a number, not text. Put the value in quotes.',
    ],
    [
      'a token with a line break',
      { user: { token: 'secret\n' } },
      '"token" of user "bot" cannot be sent as a header: it has a line break',
    ],
    [
      'a token with a control character',
      { user: { token: 'secret\u0000' } },
      '"token" of user "bot" cannot be sent as a header: it has a control character',
    ],
    [
      'a token file of several lines',
      { user: { tokenFile: '/t' }, files: { '/t': 'secret\nsecret' } },
      '"tokenFile" of user "bot" cannot be sent as a header',
    ],
    [
      'an empty token file',
      { user: { tokenFile: '/t' }, files: { '/t': ' \n' } },
      '"tokenFile" of user "bot" names a file that is empty',
    ],
    [
      'a token and a user name',
      { user: { token: 'secret', username: 'me' } },
      '"username" of user "bot" is set together with a token',
    ],
    [
      'groups without a user',
      { user: { token: 'a', 'as-groups': ['x'] } },
      '"as-groups" of user "bot" is set without "as"',
    ],
    ['a uid without a user', { user: { token: 'a', 'as-uid': 'x' } }, '"as-uid" of user "bot" is set without "as"'],
    [
      'more of a user without one',
      { user: { token: 'a', 'as-user-extra': { a: ['b'] } } },
      '"as-user-extra" of user "bot" is set without "as"',
    ],
    ['a user with a line break', { user: { token: 'a', as: 'x\ny' } }, '"as" of user "bot" cannot be sent as a header'],
    [
      'a group with a line break',
      { user: { token: 'a', as: 'x', 'as-groups': ['x\ny'] } },
      '"as-groups" of user "bot" cannot be sent',
    ],
    [
      'groups that are text',
      { user: { token: 'a', as: 'x', 'as-groups': 'y' } },
      '"as-groups" of user "bot" is text, not a list',
    ],
    ['no credentials', { user: {} }, 'has no credentials for user "bot"'],
    [
      'an auth-provider that is gone',
      { user: { 'auth-provider': { name: 'gcp' } } },
      '"auth-provider" of user "bot" is "gcp", which Kubernetes removed in 1.26',
    ],
    [
      'a password in the address',
      { cluster: { server: 'https://me:secret@c.example' } },
      '"server" of cluster "prod" holds a user name or a password',
    ],
    [
      'a proxy without a scheme',
      { cluster: { 'proxy-url': 'proxy.example:3128' } },
      '"proxy-url" of cluster "prod" has no scheme',
    ],
    [
      'a proxy of another scheme',
      { cluster: { 'proxy-url': 'ftp://me:secret@proxy.example' } },
      '"proxy-url" of cluster "prod" has a scheme that is not http, https or socks5',
    ],
    [
      'a proxy of the environment that is none',
      { environment: { HTTPS_PROXY: 'ftp://me:secret@p.example' } },
      'variable HTTPS_PROXY has a scheme that is not http',
    ],
  ])('%s', async (_, given, expected) => {
    const said = await message(given);
    expect(said).toContain(expected);
    expect(said).not.toContain('secret');
    expect(said).not.toContain('does not answer');
  });

  test('everything at once', async () => {
    const given = {
      user: { ...CERT, 'client-key-data': encode(encrypted), as: '\n' },
      cluster: { 'certificate-authority-data': 'x', server: 'x' },
    };
    expect((await message(given)).split('\n')).toEqual([expect.stringContaining('"certificate-authority-data"')]);
    const readable = { ...given, cluster: { 'certificate-authority-data': encode('x'), 'proxy-url': 'x' } };
    expect((await message(readable)).split('\n').map((line) => /"[\w-]+" of \w+/.exec(line)?.[0])).toEqual([
      '"proxy-url" of cluster',
      '"certificate-authority-data" of cluster',
      '"client-key-data" of user',
      '"as" of user',
    ]);
  });
});

describe('who calls', () => {
  const headersOf = async (given: Given): Promise<object> => (await must(await read(given)).identify()).headers;
  const jwt = (expires: number): string => `a.${Buffer.from(JSON.stringify({ exp: expires })).toString('base64url')}.b`;
  const now = new Date('2026-01-01T00:00:00Z');
  const valid = jwt(now.getTime() / 1000 + 60);

  test.each<[string, Given, object]>([
    ['a token', { user: { token: 'a' } }, { Authorization: 'Bearer a' }],
    ['a token file', { user: { tokenFile: '/t' }, files: { '/t': 'b\n' } }, { Authorization: 'Bearer b' }],
    [
      'a token file before a token',
      { user: { token: 'a', tokenFile: '/t' }, files: { '/t': 'b\n' } },
      { Authorization: 'Bearer b' },
    ],
    ['a token where its file is missing', { user: { token: 'a', tokenFile: '/t' } }, { Authorization: 'Bearer a' }],
    ['a user name', { user: { username: 'me', password: 'ü' } }, { Authorization: `Basic ${encode('me:ü')}` }],
    ['a user name alone', { user: { username: 'me' } }, { Authorization: `Basic ${encode('me:')}` }],
    ['a certificate', { user: CERT }, {}],
    [
      'a certificate in files',
      { user: { 'client-certificate': '/c', 'client-key': '/k' }, files: { '/c': certPem, '/k': keyPem } },
      {},
    ],
    [
      'a certificate in a file, its key beside',
      { user: { 'client-certificate': '/c', 'client-key-data': encode(keyPem) }, files: { '/c': certPem } },
      {},
    ],
    [
      'a token, with a key of nothing',
      { user: { token: 'a', 'client-key-data': encode(keyPem) } },
      { Authorization: 'Bearer a' },
    ],
    [
      'an id token that is valid',
      { user: { 'auth-provider': { name: 'oidc', config: { 'id-token': valid } } }, date: () => now },
      { Authorization: `Bearer ${valid}` },
    ],
    [
      'somebody else',
      {
        user: {
          token: 'a',
          as: 'jane',
          'as-uid': '7',
          'as-groups': ['x', 'y'],
          'as-user-extra': { 'k/1': ['v', 'w'] },
        },
      },
      {
        Authorization: 'Bearer a',
        'Impersonate-User': 'jane',
        'Impersonate-Uid': '7',
        'Impersonate-Group': ['x', 'y'],
        'Impersonate-Extra-k%2F1': ['v', 'w'],
      },
    ],
    ['nobody over plain HTTP', { user: { token: 'a', ...CERT }, cluster: { server: 'http://localhost:8001' } }, {}],
  ])('%s', async (_, given, headers) => {
    expect(await headersOf(given)).toEqual(headers);
  });

  test('an id token that has expired is refused', async () => {
    const user = {
      'auth-provider': { name: 'oidc', config: { 'id-token': jwt(now.getTime() / 1000 - 1), 'refresh-token': 'x' } },
    };
    expect(await message({ user, date: () => now })).toContain('has an "id-token" that has expired');
  });

  test('a token file is read again', async () => {
    const files = { '/t': 'first' };
    const access = must(await read({ user: { tokenFile: '/t' }, files }));
    expect(await access.identify()).toMatchObject({ headers: { Authorization: 'Bearer first' } });
    files['/t'] = 'second';
    const asked = Date.now();
    const { headers, expiresAt = 0 } = await access.identify();
    expect(headers).toEqual({ Authorization: 'Bearer second' });
    // After a minute less ten seconds, as kubectl does.
    expect(expiresAt).toBeGreaterThanOrEqual(asked + 50_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 50_000);
  });
});

test('the credentials of a proxy are secrets, and no part of what is shown', async () => {
  const masked: string[] = [];
  const cluster = { 'proxy-url': 'http://me:proxy-password@proxy.example:3128' };
  const access = must(await read({ cluster, mask: (secret) => masked.push(secret) }));
  expect(masked).toContain('proxy-password');
  expect(access.proxy).toMatchObject({ origin: '"proxy-url" of cluster "prod"' });
});

test('NO_PROXY does not count for the proxy of the kubeconfig, nor for a server on this machine', async () => {
  const cluster = { server: 'https://127.0.0.1:6443', 'proxy-url': 'socks5://proxy.example:1080' };
  expect(must(await read({ cluster, environment: { NO_PROXY: '*' } })).proxy?.url.host).toBe('proxy.example:1080');
});
