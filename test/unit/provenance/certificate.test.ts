import { createPublicKey, verify } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../src/base/json.ts';
import { readUtf8String } from '../../../src/provenance/certificate.ts';
import { GITHUB_ROOT } from '../../../src/provenance/github-root.ts';

/** A DER UTF8String. */
function der(text: string): Buffer {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([0x0c, ...head]), bytes]);
}

test('the text of an extension is read, however long', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
      expect(readUtf8String(der(text))).toBe(text);
    }),
  );
});

test.each<[string, Uint8Array]>([
  ['nothing', Buffer.alloc(0)],
  ['a tag alone', Buffer.from([0x0c])],
  ['another type', Buffer.from([0x16, 1, 0x61])],
  ['a text that is cut off', der('abc').subarray(0, 4)],
  ['something after the text', Buffer.concat([der('abc'), Buffer.from([0])])],
])('%s is no text', (_, bytes) => {
  expect(readUtf8String(bytes)).toBe('');
});

test("the first root of GitHub's TUF repository is signed by all of its keys", () => {
  const { signatures, signed } = GITHUB_ROOT;
  // The canonical JSON of TUF escapes nothing but quotes and backslashes (http://gibson042.github.io/canonicaljson-spec/).
  const text = canonicalJson(signed).replaceAll('\\n', '\n');
  expect(signatures.map(({ keyid }) => keyid).sort()).toEqual([...signed.roles.root.keyids].sort());
  for (const { keyid, sig } of signatures) {
    const key = createPublicKey(signed.keys[keyid].keyval.public);
    expect(verify('sha256', Buffer.from(text), key, Buffer.from(sig, 'hex'))).toBe(true);
  }
});
