import { describe, expect, test } from '@jest/globals';
import { nameFromFilter } from '../../../../src/action/inputs/origin.ts';
import { COMPLETE, type Given, goodInputs, messagesOn, read } from './reading.ts';

const SHA = 'ab'.repeat(32);
const IMAGE = 'oci://ghcr.io/me/add-header:v1';
const LOGIN = { 'registry-username': 'me', 'registry-password': 'pass' };

describe('the filter is', () => {
  test.each<[Given, object]>([
    [{ filter: 'build/f.wasm' }, { kind: 'file', path: 'build/f.wasm' }],
    [{ filter: 'C:\\f.wasm' }, { kind: 'file', path: 'C:\\f.wasm' }],
    [{ filter: IMAGE }, { kind: 'image', reference: { host: 'ghcr.io', repository: 'me/add-header', tag: 'v1' } }],
    [
      { filter: 'https://me.example/f.wasm', sha256: SHA },
      { kind: 'https', address: 'https://me.example/f.wasm' },
    ],
  ])('%j', (given, origin) => {
    expect(goodInputs({ name: 'f', ...given }).from.origin).toEqual(origin);
  });
});

test.each([
  ['path/My_Filter.wasm', 'my-filter'],
  [IMAGE, 'add-header'],
  [`oci://ghcr.io/me/add_header@sha256:${SHA}`, 'add-header'],
  ['https://me.example/x/add-header.wasm?sig=1', 'add-header'],
  ['oci://nothing', undefined],
])('%s gives the name %s', (filter, name) => {
  expect(nameFromFilter(filter)).toBe(name);
});

describe('what is wrong is said once', () => {
  test.each<[Given, RegExp]>([
    [{ filter: 'oci://me/f' }, /^input "filter" is not a valid image reference "oci:\/\/me\/f": it has no host/],
    [{ filter: 'http://me.example/f.wasm' }, /^input "filter" has a scheme that is not known/],
    [{ filter: 'https://me:pass@me.example/f.wasm', sha256: SHA }, /^input "filter" has a user name or password/],
    [{ filter: 'https://me.example/f.wasm' }, /^input "sha256" is missing/],
    [{ filter: 'https://me.example/f.wasm', sha256: 'abc' }, /^input "sha256" is "abc"/],
    [{ sha256: `sha512:${SHA}` }, /^input "sha256" is /],
    [{ 'push-to': 'ghcr.io/me/f' }, /^input "push-to" is not a valid image reference/],
    [{ 'push-to': `oci://ghcr.io/me/f@sha256:${SHA}` }, /^input "push-to" has a digest/],
    [{ filter: IMAGE, 'push-to': 'oci://ghcr.io/me/f:v2' }, /^input "push-to" is set, but only a file is pushed/],
    [{ 'registry-username': 'me' }, /^input "registry-password" is missing/],
    [{ 'registry-password': 'pass' }, /^input "registry-username" is missing/],
    [{ 'insecure-registries': 'http://a.b' }, /^input "insecure-registries" has "http:\/\/a\.b"/],
  ])('%j', (given, message) => {
    expect(messagesOn(given)).toEqual([expect.stringMatching(message)]);
  });
});

test.each(['registry-username', 'registry-password'])('with "%s" alone, no registry is asked for the image', (name) => {
  expect(read({ ...COMPLETE, filter: IMAGE, [name]: 'me' }).inputs.from.origin).toBeUndefined();
});

test('a digest may have capitals and its name before it', () => {
  for (const sha256 of [SHA, SHA.toUpperCase(), `sha256:${SHA}`]) {
    expect(goodInputs({ sha256 }).from.sha256).toBe(`sha256:${SHA}`);
  }
});

test('the login is for the registry that the inputs name, and for no other', () => {
  expect(goodInputs({ filter: IMAGE, ...LOGIN }).from.login).toEqual({
    host: 'ghcr.io',
    username: 'me',
    password: 'pass',
  });
  expect(goodInputs({ 'push-to': 'oci://quay.io/me/f:v1', ...LOGIN }).from.login).toMatchObject({ host: 'quay.io' });
  expect(goodInputs(LOGIN).from.login).not.toHaveProperty('host');
});

test('insecure registries are a list', () => {
  const { insecureRegistries } = goodInputs({ 'insecure-registries': 'a.b:5000, C.d\n[::1]:80' }).from;
  expect(insecureRegistries).toEqual(['a.b:5000', 'c.d', '[::1]']);
});

test('"status" needs no digest of an address that it does not ask', () => {
  expect(goodInputs({ command: 'status', filter: 'https://me.example/f.wasm' }).name).toBe('f');
});
