import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { renderSettingsChanges, settingDigest } from '../../../../src/action/summary/parts/settings-changes.ts';
import { secretsInConfiguration } from '../../../../src/base/redaction/configuration-secrets.ts';
import { hideNamed, withoutNamedSecrets } from '../../../../src/base/redaction/named-secrets.ts';

/** Each with a secret of this one's characters, so that every place can have another one. */
const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  'a value below a name': (secret) => JSON.stringify({ password: { value: secret } }),
  'any key below a name': (secret) => JSON.stringify({ tokens: { shop: secret } }),
  'two levels below': (secret) => JSON.stringify({ secrets: { db: { main: [secret] } } }),
  'a list': (secret) => JSON.stringify({ passwords: ['first1', secret] }),
  'a pair of name and value': (secret) => JSON.stringify({ rules: [{ name: 'x-api-key', value: secret }] }),
  'a pair of key and value': (secret) => JSON.stringify({ a: { b: [{ key: 'x-api-key', value: secret }] } }),
  'a pair of header and value': (secret) => JSON.stringify([{ header: 'authorization', value: { exact: secret } }]),
  'a pair in a list': (secret) => JSON.stringify({ headers: [['x-api-key', secret]] }),
  'an option': (secret) => JSON.stringify({ args: ['--level', 'info', '--api-key', secret] }),
  'a key of JOSE': (secret) => JSON.stringify({ keys: [{ kty: 'oct', k: secret }] }),
  'JSON in JSON': (secret) => JSON.stringify({ inner: JSON.stringify({ password: { value: secret } }) }),
  'below auth': (secret) => JSON.stringify({ auth: { basic: secret } }),
  'a block scalar': (secret) => `mode: fast\npin: |\n  ${secret}\n`,
  'a folded scalar': (secret) => `mode: fast\ntoken: >-\n  ${secret}\n`,
  'the next line': (secret) => `mode: fast\ntoken:\n  ${secret}\n`,
  'a list of YAML': (secret) => `passwords:\n- first1\n- ${secret}\n`,
  'a mapping of YAML': (secret) => `password:\n  value: ${secret}\nmode: fast`,
  'a flow mapping': (secret) => `a: {password: {value: ${secret}}}`,
  'several documents': (secret) => `mode: fast\n---\n# one\ntoken:\n  shop: ${secret}\n---\na: 1\n`,
  'a comment of YAML': (secret) => `mode: fast\n# password: ${secret}\n`,
  'a tag that YAML does not know': (secret) => `password: !vault |\n  ${secret}\nmode: fast`,
  'JSON with comments': (secret) => `{\n  // why\n  "password": { /* x */ "value": "${secret}", },\n}`,
  'lines of JSON': (secret) => `{"a":1}\n{"password":{"value":"${secret}"}}\n`,
  'the first of two equal keys': (secret) => `{"password":"${secret}","password":"b"}`,
  'JSON that is none': (secret) => `{"a":{"password":{"value":"${secret}"}}`,
  'a text of TOML': (secret) => `[a]\nmode = "fast"\ntoken = """\n${secret}\n"""\n`,
  'a section of TOML': (secret) => `[secrets]\ndb = "${secret}"\n`,
};
const CASES = Object.entries(FORMS);
/** In these forms nothing but what is shown is looked at: they are no value of a text that could be read. */
const ONLY_SHOWN = new Set(['a comment of YAML', 'the first of two equal keys', 'JSON that is none']);

describe('a secret of a configuration', () => {
  test.each(CASES)('is not shown: %s', (_, form) => {
    for (const secret of ['hun7er', 'Vx7Qk2Lm9Rt4Zp8Wc3Yb6Nd1']) {
      expect(withoutNamedSecrets(form(secret))).not.toContain(secret);
      expect(withoutNamedSecrets(JSON.stringify({ text: form(secret) }))).not.toContain(secret);
    }
  });

  test.each(CASES)('has no part in a digest: %s', (_, form) => {
    expect(settingDigest(form('hun7er'))).toBe(settingDigest(form('4s3cr3t')));
  });

  test.each(CASES)('is in no difference: %s', (_, form) => {
    const told = (secret: string, mode: string): object => ({
      configuration: form(secret),
      environment: { CONFIG: form(secret), MODE: mode },
    });
    const change = { filter: 'f', workloads: ['a'], before: told('hun7er', 'a'), after: told('4s3cr3t', 'b') };
    const page = renderSettingsChanges([change] as never, { items: 9 } as never);
    expect(page).toContain('environment.MODE');
    expect(page).not.toMatch(/hun7er|4s3cr3t/);
  });

  test.each(CASES.filter(([name]) => !ONLY_SHOWN.has(name)))('becomes known: %s', (_, form) => {
    expect(secretsInConfiguration(form('Vx7Qk2Lm9Rt4Zp8'))).toContain('Vx7Qk2Lm9Rt4Zp8');
  });
});

test('an object is shown as one', () => {
  expect(withoutNamedSecrets('{"auth":{"pin":1},"password":{"value":"hun7er"},"mode":"fast"}')).toBe(
    '{"auth":{"pin":"***"},"password":{"value":"***"},"mode":"fast"}',
  );
  expect(withoutNamedSecrets('mode: fast\n---\npin: |\n  4711\n')).toBe('mode: fast\n---\npin: ***');
});

test.each([
  '{"forward":["authorization","cookie"],"tokens":[]}',
  'a: 1 # a comment\nb:   [x, y]\n',
  '{"name":"x-request-id","value":"abc"}',
])('what has no secret stays as it is: %s', (text) => {
  expect(withoutNamedSecrets(text)).toBe(text);
});

test('of any value, nothing below a name of a secret is shown', () => {
  const name = fc.constantFrom('password', 'apiKeys', 'DB_PASS', 'tokens', 'x-auth-token', 'pin');
  const leaf = fc.stringMatching(/^leaf[0-9]{6}$/);
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree')),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('tree')),
    ),
  }));
  const outer = fc.array(fc.oneof(fc.constantFrom('list'), fc.stringMatching(/^[a-z]{1,3}$/)), { maxLength: 4 });
  fc.assert(
    fc.property(name, tree, outer, (secret, value, path) => {
      const whole = path.reduce<unknown>((inner, key) => (key === 'list' ? [inner] : { [key]: inner, mode: 'fast' }), {
        [secret]: value,
      });
      for (const text of [
        JSON.stringify(whole),
        JSON.stringify(whole, null, 2),
        JSON.stringify({ text: JSON.stringify(whole) }),
      ]) {
        expect(withoutNamedSecrets(text)).not.toMatch(/leaf[0-9]/);
      }
      expect(JSON.stringify(hideNamed(whole))).not.toMatch(/leaf[0-9]/);
    }),
  );
});
