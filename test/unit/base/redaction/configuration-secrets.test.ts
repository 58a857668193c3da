import { expect, test } from '@jest/globals';
import {
  maskFound,
  secretsInConfiguration,
  secretsInValue,
} from '../../../../src/base/redaction/configuration-secrets.ts';

const PEM = '-----BEGIN PRIVATE KEY-----\nMIIEow1234\n-----END PRIVATE KEY-----';

test.each<[string, string, string[]]>([
  ['JSON', '{"a":[{"signingKey":"abcdefgh","name":"x"}],"level":"informational"}', ['abcdefgh']],
  ['pairs', '[{"name":"authorization","value":"Basic abcdefgh"}]', ['Basic abcdefgh', 'abcdefgh']],
  [
    'pairs by key',
    '{"headers":[{"key":"x-api-key","value":"abcdefgh"},{"key":"accept","value":"text/html"}]}',
    ['abcdefgh'],
  ],
  ['lists', '{"apiKeys":["abcdefgh","ijklmnop"]}', ['abcdefgh', 'ijklmnop']],
  ['numbers', '{"pin":1234567890,"max_tokens":10}', ['1234567890']],
  ['objects', '{"token":{"inline_string":"abcdefgh","filename":"/var/run/token"}}', ['abcdefgh']],
  ['a key of JOSE', '{"jwk":{"kty":"oct","k":"abcdefgh","alg":"HS256-long"}}', ['abcdefgh']],
  ['a private key', JSON.stringify({ material: PEM }), [PEM]],
  ['an address', '{"db":"postgres://shop:abcdefgh@db:5432"}', ['abcdefgh']],
  ['JSON in JSON', JSON.stringify({ inner: '{"hmacKey":"abcdefgh"}' }), ['abcdefgh']],
  ['YAML', 'upstream:\n  api_token: abcdefgh\n  level: informational', ['abcdefgh']],
  ['lines', 'level informational\nauthorization: Bearer abcdefgh', ['Bearer abcdefgh', 'abcdefgh']],
  ['key=value', 'password=abcdefgh level=informational', ['abcdefgh']],
  ['what says how', '{"auth":"required","jwt":{"issuer":"https://issuer.example"}}', []],
  ['short ones', '{"password":"short"}', []],
])('%s', (_, text, expected) => {
  expect(secretsInConfiguration(text)).toEqual(expect.arrayContaining(expected));
  expect(secretsInConfiguration(text).filter((secret) => !expected.some((one) => secret.includes(one)))).toEqual([]);
});

test('of an EnvoyFilter: configuration and variables', () => {
  const text = (value: string): object => ({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value });
  const bytes = {
    '@type': 'x/google.protobuf.BytesValue',
    value: Buffer.from('api_token: qrstuvwx').toString('base64'),
  };
  const config = {
    configuration: text('{"apiToken":"abcdefgh"}'),
    vm_config: { environment_variables: { key_values: { API_TOKEN: 'ijklmnop', LEVEL: 'informational' } } },
  };
  expect(secretsInValue([config, { configuration: bytes }])).toEqual(['abcdefgh', 'ijklmnop', 'qrstuvwx']);
});

test.each([
  ['Vx7Qk2Lm9Rt4Zp8Wc3Yb6Nd1', undefined],
  ['Vx7Qk2Lm9Rt4Zp8', 'whole'],
  ['https://issuer.example/v1', 'whole'],
  ['client-credentials-grant', 'whole'],
  ['header-audit-2026-token', 'whole'],
])('%s is known %s', (secret, expected) => {
  const told: unknown[] = [];
  maskFound(secret, (text, how) => void told.push([text, how]), new Set(['header-audit']));
  expect(told).toEqual([[secret, expected]]);
});
