import { describe, expect, test } from '@jest/globals';
import { TOKEN_PREFIXES, withoutCredentials } from '../../../../src/base/redaction/shapes.ts';
import { isSlow } from '../../../harness/expressions/growth.ts';

const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabcd\n-----END RSA PRIVATE KEY-----';
const JWT = `eyJ${'a1'.repeat(20)}.eyJ${'b2'.repeat(20)}.${'c3'.repeat(20)}`;

describe('credentials by their shape', () => {
  test.each([
    ['cannot reach postgres://shop:hunter2@db:5432/x', 'cannot reach postgres://shop:***@db:5432/x'],
    ['redis://:p@ss@cache:6379 and http://a:b@c', 'redis://:***@cache:6379 and http://a:***@c'],
    ['DB_PASSWORD=hunter2 LEVEL=debug', 'DB_PASSWORD=*** LEVEL=debug'],
    ["SIGNING_KEY='a b c d' x", "SIGNING_KEY='***' x"],
    ['Authorization: Basic c2hvcDpodW50ZXI=', 'Authorization: Basic ***'],
    ['authorization: Bearer abc123def', 'authorization: Bearer ***'],
    ['x-api-key: 8f14e45f', 'x-api-key: ***'],
    ['{"accessToken":"opaque", "n":1}', '{"accessToken":"***", "n":1}'],
    [String.raw`said "{\"refresh_token\": \"opaque\"}"`, String.raw`said "{\"refresh_token\": \"***\"}"`],
    [`token ghp_${'a1'.repeat(18)}.`, 'token ***.'],
    [`gho_${'a1'.repeat(18)} github_pat_${'A_1'.repeat(20)}`, '*** ***'],
    ['key AKIAIOSFODNN7EXAMPLE', 'key ***'],
    ['xoxb-123456789-abcdef', '***'],
    ['https://a.blob.example/x?sv=1&sig=abc%2Bdef%3D&se=2', 'https://a.blob.example/x?sv=1&sig=***&se=2'],
    [`key:\n${PEM}\nend`, 'key:\n***\nend'],
    ['-----BEGIN PRIVATE KEY-----\nMIIEow', '***'],
    [`got ${JWT}`, 'got ***'],
  ])('%s', (text, expected) => {
    expect(withoutCredentials(text)).toBe(expected);
  });
});

test.each(TOKEN_PREFIXES)('what begins with %s is a credential', (prefix) => {
  expect(withoutCredentials(`got ${prefix}${'a1'.repeat(20)}.`)).toMatch(/^got \*\*\*\.?$/);
});

describe('what is none', () => {
  test.each([
    '"registry-password" is missing: it comes from a secret.',
    'input "github-token": must be a token of GitHub.',
    'invalid token: expired',
    'Bearer authentication is asked for by https://ghcr.io:443/token?service=ghcr.io',
    'oci://ghcr.io:443/shop/filter@sha256:0123456789abcdef',
    'The selector auth=frontpage selects nothing.',
    '{"imagePullSecret":"registry-login","namespace":"shop"}',
    '-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----',
    'mail to somebody@example.com: see https://example.com/a:b@c',
    'password: ***',
  ])('%s', (text) => {
    expect(withoutCredentials(text)).toBe(text);
  });
});

test('many names before what is taken out already take linear time', () => {
  const text = 'token:***'.repeat(5_000);
  expect(withoutCredentials(text)).toBe(text);
  expect(isSlow(withoutCredentials, { before: '', pump: 'token:***', behind: '' })).toBe(false);
});
