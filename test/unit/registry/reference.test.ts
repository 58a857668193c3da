import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatReference,
  type ImageReference,
  lastPartOf,
  manifestName,
  parseReference,
  pinnedName,
} from '../../../src/registry/reference.ts';
import { must, problemsIn } from '../builders.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;
const parse = (text: string) => parseReference(text, 'input "filter"');

describe('parseReference reads', () => {
  test.each<[string, ImageReference]>([
    ['oci://ghcr.io/me/add-header:1.0', { host: 'ghcr.io', repository: 'me/add-header', tag: '1.0' }],
    ['oci://ghcr.io/me/add-header', { host: 'ghcr.io', repository: 'me/add-header' }],
    [`oci://ghcr.io/me/f@${DIGEST}`, { host: 'ghcr.io', repository: 'me/f', digest: DIGEST }],
    [`oci://ghcr.io/me/f:v1@${DIGEST}`, { host: 'ghcr.io', repository: 'me/f', tag: 'v1', digest: DIGEST }],
    ['oci://localhost/f:v1', { host: 'localhost', repository: 'f', tag: 'v1' }],
    ['oci://localhost:5000/a/b/c', { host: 'localhost:5000', repository: 'a/b/c' }],
    ['oci://registry:5000/f', { host: 'registry:5000', repository: 'f' }],
    ['oci://[::1]:5000/f', { host: '[::1]:5000', repository: 'f' }],
    ['oci://GHCR.io/me/f', { host: 'ghcr.io', repository: 'me/f' }],
    ['oci://a.b/x__y.z--w/q:T_1.-', { host: 'a.b', repository: 'x__y.z--w/q', tag: 'T_1.-' }],
    ['oci://docker.io/me/f', { host: 'docker.io', repository: 'me/f' }],
    ['oci://docker.io/f', { host: 'docker.io', repository: 'library/f' }],
  ])('%s', (text, reference) => {
    expect(must(parse(text))).toEqual(reference);
  });
});

describe('parseReference refuses', () => {
  test.each<[string, RegExp]>([
    ['ghcr.io/me/f:1.0', /does not start with oci:\/\//],
    ['OCI://ghcr.io/me/f', /does not start with oci:\/\//],
    ['oci://', /no host or no repository/],
    ['oci://ghcr.io', /no host or no repository/],
    ['oci://ghcr.io/', /no host or no repository/],
    ['oci:///f', /no host or no repository/],
    ['oci://me/f', /"me" has no dot and no port/],
    ['oci://ghcr.io/Me/f', /"Me\/f" is not a valid repository/],
    ['oci://ghcr.io/me//f', /is not a valid repository/],
    ['oci://ghcr.io/../f', /is not a valid repository/],
    ['oci://ghcr.io/me/f?x=1', /is not a valid repository/],
    ['oci://ghcr.io/me/f:', /"" is not a valid tag/],
    ['oci://ghcr.io/me/f:a b', /"a b" is not a valid tag/],
    ['oci://ghcr.io/me/f:a:b', /"a:b" is not a valid tag/],
    ['oci://ghcr.io/me/f@sha256:12', /64 lower-case hex digits/],
    [`oci://ghcr.io/me/f@sha512:${'0a'.repeat(64)}`, /a digest is "sha256:"/],
    [`oci://ghcr.io/me/f@${DIGEST}@${DIGEST}`, /64 lower-case hex digits/],
    [`oci://-x.io/f`, /"-x.io" is not a valid host/],
    [`oci://a.io:123456/f`, /is not a valid host/],
    [`oci://a.io/${'x'.repeat(260)}`, /more than 255 characters/],
  ])('%s', (text, words) => {
    const [problem] = problemsIn(parse(text));
    expect(problem).toMatchObject({ kind: 'input', subject: 'input "filter"' });
    expect(problem?.message).toMatch(words);
  });

  test.each([
    ...['oci://me:secret-word@ghcr.io/me/f', 'oci://secret-word@ghcr.io/f', 'oci://me:a/secret-word@ghcr.io/f'],
    ...['oci://me:secret@word@ghcr.io/f', 'oci://me:secret-word@ghcr.io', `oci://me:secret-word@ghcr.io/f@${DIGEST}`],
  ])('a login in it, without repeating it: %s', (text) => {
    const [problem] = problemsIn(parse(text));
    expect(problem?.message).toBe('has a user name or password in its address, which is not allowed.');
    expect(JSON.stringify(problem)).not.toMatch(/secret|word@/);
  });
});

describe('properties', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,2})[a-z0-9]{1,4}){0,2}$/);
  const references = fc.record(
    {
      host: fc.constantFrom('ghcr.io', 'localhost', 'r.example:5000', '[::1]:80', '127.0.0.1:5000'),
      repository: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      tag: fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/),
      digest: fc.stringMatching(/^sha256:[0-9a-f]{64}$/),
    },
    { requiredKeys: ['host', 'repository'] },
  );

  test('what is written is read as the same', () => {
    fc.assert(
      fc.property(references, (reference) => {
        expect(must(parse(formatReference(reference)))).toEqual(reference);
      }),
    );
  });

  test('whatever is read, is written so that it is read as the same; nothing throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'oci:/.@-_aA01 [') }), (text) => {
        const read = parse(`oci://${text}`);
        if (read.ok) expect(must(parse(formatReference(read.value)))).toEqual(read.value);
      }),
    );
  });
});

test('a digest goes before a tag, and without either it is "latest"', () => {
  const base = { host: 'a.b', repository: 'c/d' };
  expect(manifestName({ ...base, tag: 'v1', digest: DIGEST })).toBe(DIGEST);
  expect(manifestName({ ...base, tag: 'v1' })).toBe('v1');
  expect(manifestName(base)).toBe('latest');
  expect(pinnedName({ ...base, tag: 'v1' }, DIGEST)).toBe(`a.b/c/d@${DIGEST}`);
});

test.each([
  ['oci://ghcr.io/me/add-header:1.0', 'add-header'],
  ['oci://ghcr.io/f', 'f'],
  ['oci://nothing', ''],
])('the last part of %s is "%s"', (text, part) => {
  expect(lastPartOf(text)).toBe(part);
});
