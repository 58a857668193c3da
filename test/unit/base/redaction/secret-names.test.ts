import { expect, test } from '@jest/globals';
import {
  isSecretName,
  secretsIn,
  secretsInArguments,
  secretsInUrl,
} from '../../../../src/base/redaction/secret-names.ts';

test.each<[string, boolean]>([
  ['GITHUB_TOKEN', true],
  ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', true],
  ['AWS_SECRET_ACCESS_KEY', true],
  ['AZURE_CLIENT_SECRET', true],
  ['x-api-key', true],
  ['Authorization', true],
  ['set-cookie', true],
  ['X-Amz-Signature', true],
  [':authority', false],
  ['AWS_WEB_IDENTITY_TOKEN_FILE', false],
  ['ACTIONS_ID_TOKEN_REQUEST_URL', false],
  ['CACHE_KEY', false],
  ['PATH', false],
  ...[
    ...['SIGNING_KEY', 'ENCRYPTION_KEY', 'HMAC_KEY', 'DB_PASS', 'DB_PWD', 'CREDENTIALS', 'AUTH', 'BEARER', 'JWT'],
    ...['SESSION_ID', 'SALT', 'PIN', 'SLACK_WEBHOOK_URL', 'signingKey', 'hmacKey', 'apiKeys', 'basicAuth'],
  ].map((name): [string, boolean] => [name, true]),
  ...['INPUT_PULL-SECRET', 'imagePullSecret', 'bypass', 'author', 'authType', 'SSH_AUTH_SOCK', 'secretName'].map(
    (name): [string, boolean] => [name, false],
  ),
])('%s: %s', (name, expected) => {
  expect(isSecretName(name)).toBe(expected);
});

test('values by their names, and passwords in addresses', () => {
  const values = {
    authorization: 'Bearer a-long-token',
    'x-token': 'short',
    DATABASE_URL: 'postgres://me:pass%2Fword@db.example/x',
    HOME: '/home/me',
    count: 5,
  };
  expect(secretsIn(values)).toEqual(['Bearer a-long-token', 'a-long-token', 'pass%2Fword', 'pass/word']);
});

test.each([
  ['https://a.example/x?sig=abcdefgh%2B&api-version=1', ['abcdefgh+']],
  ['/health?token=abcdefgh', ['abcdefgh']],
  ['https://a.example/x', []],
  ['no address', []],
])('%s has %j', (text, expected) => {
  expect(secretsInUrl(text)).toEqual(expected);
});

test('options of a program', () => {
  const args = ['get-token', '--client-secret=abcdefgh', '--password', 'ijklmnop', '--region', 'eu-central-1'];
  expect(secretsInArguments(args)).toEqual(['abcdefgh', 'ijklmnop']);
});
