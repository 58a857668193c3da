import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import {
  maskEnvironment,
  maskInputs,
  maskProbe,
  maskTargets,
  maskTest,
} from '../../../../src/action/request/known-secrets.ts';
import { runWords, sparing } from '../../../../src/action/request/run-words.ts';
import { parseTests } from '../../../../src/action/tests-file/parse.ts';
import type { Mask } from '../../../../src/base/redaction/redactor.ts';
import { readTargetList } from '../../../../src/targets/parse.ts';

/** What becomes known, with how. */
function known(tell: (mask: Mask) => void): string[] {
  const told: string[] = [];
  tell((secret, how) => void told.push(how === undefined ? secret : `${secret} (${how})`));
  return told;
}

describe('secrets of the environment', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['a token', { GITHUB_TOKEN: 'ghs_abcdef' }, ['ghs_abcdef']],
    ['the password of a proxy', { https_proxy: 'http://me:p%40ssword@proxy.example' }, ['p%40ssword', 'p@ssword']],
    ['the same without a scheme', { HTTPS_PROXY: 'me:password@proxy.example:3128' }, ['password']],
    ['an input', { 'INPUT_REGISTRY-PASSWORD': 'a-long-one' }, ['a-long-one']],
    [
      "a shell's own folders",
      { PWD: '/home/runner/work/shop', OLDPWD: '/home/runner/work', DB_PWD: 'a-long-one' },
      ['a-long-one'],
    ],
    ['the name of a Secret', { 'INPUT_PULL-SECRET': 'registry-login' }, []],
    ['others', { PATH: '/usr/bin', AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token', HTTP_PROXY: 'proxy.example' }, []],
  ])('%s', (_, environment, expected) => {
    expect(known((mask) => maskEnvironment(environment, mask))).toEqual(expected);
  });
});

describe('secrets of the inputs', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['the token for attestations', { 'github-token': 'ghs_abcdef' }, ['ghs_abcdef']],
    [
      'the login of a registry',
      { filter: 'oci://ghcr.io/shop/filter', 'registry-username': 'robot', 'registry-password': 'a-long-one' },
      ['a-long-one', 'robot:a-long-one (whole)', Buffer.from('robot:a-long-one').toString('base64')],
    ],
    [
      'the signature of an address',
      { filter: 'https://a.example/f.wasm?sig=abcdefgh%3D', sha256: `sha256:${'0'.repeat(64)}` },
      ['abcdefgh='],
    ],
    [
      'headers and path of a probe',
      {
        probe:
          '{ path: "/x?token=abcdefgh", port: 80, headers: { authorization: Bearer ijklmnop, accept: text/html } }',
      },
      ['Bearer ijklmnop', 'ijklmnop', 'abcdefgh'],
    ],
    [
      'what a probe sends and expects',
      {
        probe:
          '{ port: 80, body: \'{"password":"abcdefgh"}\', expect: { headers: { x-api-key: ijklmnop, server: envoy-envoy }, body: "token=qrstuvwx" } }',
      },
      ['ijklmnop', 'abcdefgh (whole)', 'qrstuvwx (whole)'],
    ],
    [
      'a configuration in a variable',
      { environment: '{ SETTINGS: \'{"password":"abcdefgh"}\' }' },
      ['abcdefgh (whole)'],
    ],
    ['variables of the VM', { environment: '{ API_TOKEN: abcdefgh, LEVEL: informational }' }, ['abcdefgh']],
    ['a configuration', { configuration: '{"upstreams":[{"password":"abcdefgh","name":"x"}]}' }, ['abcdefgh (whole)']],
    ['lines of a configuration', { configuration: 'password=abcdefgh' }, ['abcdefgh (whole)']],
  ])('%s', (_, inputs, expected) => {
    const { inputs: read } = readInputs((name) => inputs[name] ?? '');
    const mask = known((mask) => {
      maskProbe(read, mask);
      maskInputs(read, mask);
    });
    expect(mask).toEqual(expected);
  });
});

test.each([
  [
    'a map',
    '- { kind: deployment, name: reviews, configuration: { upstream: { api_token: abcdefgh }, level: informational } }',
  ],
  ['JSON', `- { kind: deployment, name: reviews, configuration: '{"apiToken":"abcdefgh"}' }`],
  ['lines', '- { kind: nonsense, configuration: "api_token: abcdefgh" }'],
])('the configuration of a target: %s', (_, text) => {
  expect(known((mask) => maskTargets(readTargetList('targets', text), mask))).toEqual(['abcdefgh (whole)']);
});

test('words that the run itself needs are no secrets', () => {
  const { inputs } = readInputs(
    (name) => ({ command: 'plan', name: 'add-header', targets: '- bookshop/deploy/frontpage' })[name] ?? '',
  );
  const words = runWords(
    [inputs],
    [inputs.targets, '- { namespaces: [warehouse], selector: a=b }'].map((text) => readTargetList('targets', text)),
  );
  const environment = {
    DEPLOY_TOKEN: 'add-header',
    AUTH_TOKEN: 'Deployment',
    A_TOKEN: 'bookshop',
    B_TOKEN: 'frontpage',
    C_TOKEN: 'warehouse',
    D_TOKEN: 'unchanged',
    E_TOKEN: 'abcdefgh',
  };
  expect(known((mask) => maskEnvironment(environment, sparing(words, mask)))).toEqual(['abcdefgh']);
});

test('what a test sends, expects or hands to the filter is secret, though something else is wrong with it', () => {
  const text = `- name: a
  configuration: { token: secret-of-configuration }
  environment: { API_TOKEN: secret-of-environment }
  request: { path: '/?token=secret-of-path', headers: { authorization: Bearer secret-of-header }, body: { password: secret-of-body } }
  upstream: { headers: { set-cookie: session=secret-of-cookie } }
  repeat: 0
  expect: { request: { headers: { x-api-key: secret-of-expectation } } }
`;
  const read = parseTests(text, { kind: 'input' });
  const secrets = new Set<string>();
  for (const { test: one } of read.ok ? [] : read.partial) maskTest(one, (secret) => secrets.add(secret));
  const all = [...secrets].join(' ');
  for (const place of ['configuration', 'environment', 'path', 'header', 'body', 'cookie', 'expectation']) {
    expect(all).toContain(`secret-of-${place}`);
  }
});
