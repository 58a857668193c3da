import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskLogin, Redactor } from '../../../../src/base/redaction/redactor.ts';
import { makeCertificates } from '../../../embedded/certs.ts';
import { isSlow } from '../../../harness/expressions/growth.ts';

const JWT =
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6c2hvcDpkZXBsb3llciJ9.q3-Zt_8Hn2Lk9XvB-0dYcWmEa_7RfUoPjGsTi5NbVxQ';
const PASSWORD = 'p/ss w"rd\\<ä>&+%41';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function knowing(...secrets: readonly string[]): (text: string) => string {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.mask(secret);
  return redactor.redact;
}

describe('a secret is taken out', () => {
  const slash = (text: string): string => text.replaceAll('/', '\\/');
  const lower = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const everything = (text: string): string =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const html = (text: string): string =>
    [...text].map((letter) => (/\w/.test(letter) ? letter : `&#${letter.codePointAt(0)};`)).join('');
  const units = (text: string): string =>
    Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

  const WAYS: Readonly<Record<string, (secret: string) => string>> = {
    'as it is': (secret) => secret,
    'in JSON': (secret) => JSON.stringify(secret),
    'in JSON in JSON': (secret) => JSON.stringify(JSON.stringify(secret)),
    'in JSON that escapes slashes': (secret) => slash(JSON.stringify(secret)),
    'in JSON that escapes all': units,
    'in an address': encodeURIComponent,
    'in an address, in lower case': (secret) => lower(encodeURIComponent(secret)),
    'in an address, each byte': everything,
    'in an address in an address': (secret) => encodeURIComponent(encodeURIComponent(secret)),
    'in an address in JSON': (secret) => JSON.stringify(encodeURIComponent(secret)),
    'in HTML': html,
    'in base64': base64,
    'in base64 after one byte': (secret) => base64(`:${secret}`),
    'in base64 after two bytes': (secret) => base64(`a:${secret}!`),
    'in base64 for addresses': (secret) => Buffer.from(`ab:${secret}`).toString('base64url'),
    'in base64 in an address': (secret) => encodeURIComponent(base64(`${secret}a`)),
    'in base64 in base64': (secret) => base64(base64(secret)),
    'in hex': (secret) => Buffer.from(secret).toString('hex'),
    'in hex, in capitals': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
    'in HTML with zeros': (secret) => html(secret).replaceAll('&#', '&#0000000000'),
    'as the bytes of a header': (secret) => Buffer.from(secret).toString('latin1'),
  };

  test.each(Object.keys(WAYS).flatMap((way) => [JWT, PASSWORD].map((secret) => ({ way, secret }))))(
    '$way: $secret',
    ({ way, secret }) => {
      const written = WAYS[way]?.(secret) ?? '';
      const redacted = knowing(secret)(`before ${written} after`);
      expect(redacted).toMatch(/^before .*\*\*\*.* after$/);
      for (let at = 0; at + 12 <= written.length; at++) expect(redacted).not.toContain(written.slice(at, at + 12));
    },
  );

  test.each([
    ['a password of 8 characters', 'hunter-2', 'it is hunter-2.', 'it is ***.'],
    ['in base64', 'hunter-2', base64('x:hunter-2'), expect.stringMatching(/^.{2,4}\*\*\*.{0,3}$/)],
    ['that is cut', 'hunter-2', 'it is hunter…', 'it is ***…'],
    ['that a program has cut', 'hunter-2', 'it is hunter...', 'it is ***...'],
    ['in a form', 'correct horse & staple', 'p=correct+horse+%26+staple&q=1', 'p=***&q=1'],
    ['that is cut to little', JWT, `it is ${JWT.slice(0, 7)}…”`, 'it is ***…”'],
    ['that is cut in the middle, at both ends', JWT, JWT.slice(40, 60), '***'],
    ['that is broken into lines', JWT, JWT.replace(/.{20}/g, '$&\n'), expect.not.stringMatching(/\w{12}/)],
    ['twice', 'hunter-two', 'hunter-two,hunter-two', '***,***'],
    ['side by side', 'hunter-two', 'hunter-twohunter-two', '***'],
  ])('%s', (_, secret, text, expected) => {
    expect(knowing(secret)(text)).toEqual(expected);
  });

  test('that holds another one, which is not left over', () => {
    expect(knowing('a-long-secret', 'a-long-secret-that-is-longer')('it is a-long-secret-that-is-longer.')).toBe(
      'it is ***.',
    );
  });

  test('of many lines, in any of them', () => {
    const { keyPem } = makeCertificates();
    const redact = knowing(keyPem);
    for (const text of [keyPem, JSON.stringify(keyPem), base64(keyPem), base64(`key: ${keyPem}`)]) {
      expect(redact(`x ${text} y`)).not.toMatch(/[A-Za-z0-9+/]{20}/);
    }
    expect(redact('-----BEGIN CERTIFICATE-----')).toBe('-----BEGIN CERTIFICATE-----');
  });

  test('that was not known when the text was made', () => {
    const redactor = new Redactor();
    const text = `refused: ${JWT}`;
    expect(redactor.redact(text)).toBe(text);
    redactor.mask(JWT);
    expect(redactor.redact(text)).toBe('refused: ***');
  });

  test('of filling alone', () => {
    expect(knowing('0'.repeat(20))(`it is ${'0'.repeat(20)}.`)).toBe('it is ***.');
  });
});

describe('what is no secret stays', () => {
  test.each([
    ['of a word that is too short', 'abc', 'abc and abc'],
    ['of nothing', '', 'a  b'],
    ['of blanks', ' '.repeat(20), ' '.repeat(40)],
    ['of a few characters in common', 'production-password', 'product of production'],
    ['a digest, of a secret with the same filling', `${'0'.repeat(30)}abcdefgh`, `sha256:${'0'.repeat(64)}`],
  ])('%s', (_, secret, text) => {
    expect(knowing(secret)(text)).toBe(text);
  });

  test('and so do pieces of what counts only as a whole', () => {
    const redactor = new Redactor();
    redactor.mask('/opt/company/credentials.json', 'whole');
    expect(redactor.redact('/opt/company/credentials.json is in /opt/company/')).toBe('*** is in /opt/company/');
  });
});

describe('a login', () => {
  const redactor = new Redactor();
  maskLogin(redactor.mask, 'registry-robot', 'pw1');

  test.each([
    ['registry-robot:pw1', '***'],
    [`Basic ${base64('registry-robot:pw1')}`, 'Basic ***'],
    ['ghcr.io/registry-robot/filter', 'ghcr.io/registry-robot/filter'],
  ])('%s is %s', (text, expected) => {
    expect(redactor.redact(text)).toBe(expected);
  });
});

test('the runner is told of a value in each form, once', () => {
  const told: string[] = [];
  const redactor = new Redactor((value) => told.push(value));
  redactor.mask('a/long"one');
  redactor.mask('a/long"one');
  redactor.mask('short');
  expect(told).toEqual(['a/long"one', 'YS9sb25nIm9uZQ==', 'YS9sb25nIm9uZQ', 'a%2Flong%22one', 'a/long\\"one']);
});

describe('whatever the secret and the text', () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 60, unit: 'binary' })
    .filter((text) => /^\S[^\r\n]*\S$/u.test(text));
  const around = fc.string({ maxLength: 30, unit: 'binary' });

  test('the secret is not in what comes out, and what is around it is', () => {
    fc.assert(
      fc.property(secret, around, around, (hidden, before, after) => {
        fc.pre(!/\*/.test(hidden) && hidden.isWellFormed() && hidden.trim().length >= 8);
        const redacted = knowing(hidden)(`${before}${hidden}${after}`);
        expect(redacted).toContain('***');
        expect(redacted).not.toContain(hidden.trim());
      }),
      { numRuns: 500 },
    );
  });

  test('a text without any piece of it stays as it is', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 8, maxLength: 40 });
    const others = fc.string({ unit: fc.constantFrom(...'ijkl%\\&;41 …'), maxLength: 200 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 5 }), others, (secrets, text) => {
        expect(knowing(...secrets)(text)).toBe(text);
      }),
    );
  });

  test('wherever a text is cut, no 12 characters of it are left', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.boolean(), (at, marked) => {
        const text = `${'x '.repeat(100)}${JWT}`.slice(0, at) + (marked ? '…' : '');
        const redacted = knowing(JWT)(text);
        const parts = Array.from({ length: JWT.length - 11 }, (_, from) => JWT.slice(from, from + 12));
        expect(parts.filter((part) => redacted.includes(part))).toEqual([]);
      }),
    );
  });
});

describe('a hundred secrets', () => {
  const secrets = Array.from({ length: 100 }, (_, at) => base64(`secret ${at} `.repeat(60)));
  const redact = knowing(...secrets);
  const line = '{"message":"the \\"object\\" %2F has been modified &amp; so on"}\n';

  test('are hidden in megabytes', () => {
    expect(redact(`${line.repeat(32_000)}${secrets[57]}`).endsWith('\n***')).toBe(true);
  });

  test('take time that grows with the text and no faster', () => {
    expect(isSlow(redact, { before: '', pump: line, behind: secrets[57] ?? '' })).toBe(false);
  });
});
