import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { OriginInputs } from '../../../../src/action/inputs/origin.ts';
import { loadOrigin, type ModuleFetcher, type SourcedModule } from '../../../../src/action/request/origin.ts';
import type { Result } from '../../../../src/base/problem.ts';
import { parseReference } from '../../../../src/registry/reference.ts';
import { filterModule, must, problemsIn, wasm } from '../../builders.ts';

const reference = must(parseReference('oci://ghcr.io/me/f:v1', ''));
const RESOLVED = { pinned: `ghcr.io/me/f@sha256:${'1'.repeat(64)}`, istioCanPull: false, isImage: false };
const OTHER = `sha256:${'2'.repeat(64)}`;

const load = (
  inputs: Omit<OriginInputs, 'insecureRegistries'>,
  downloaded: Uint8Array = wasm(1),
): Promise<Result<SourcedModule | undefined>> => {
  const fetcher: ModuleFetcher = {
    pull: async (asked) => {
      expect(asked).toEqual(reference);
      return { ok: true, value: { bytes: wasm(1), ...RESOLVED } };
    },
    download: async () => ({ ok: true, value: downloaded }),
  };
  return loadOrigin({ insecureRegistries: [], ...inputs }, async () => wasm(1), fetcher);
};

const FILE = { kind: 'file', path: 'build/f.wasm' } as const;
const IMAGE = { kind: 'image', reference } as const;
const HTTPS = { kind: 'https', address: 'https://me.example/f.wasm?X-Signature=secret' } as const;

describe.each([
  [FILE, { kind: 'file', given: 'build/f.wasm' }],
  [IMAGE, { kind: 'image', given: 'oci://ghcr.io/me/f:v1', ...RESOLVED }],
  [HTTPS, { kind: 'https', given: 'https://me.example/f.wasm?…' }],
])('a module from %j', (origin, source) => {
  test('says where it is from', async () => {
    expect(must(await load({ origin }))).toEqual({ ...filterModule(1), source });
  });

  test('has to have the wanted digest', async () => {
    const { digest } = filterModule(1);
    expect(must(await load({ origin, sha256: digest }))).toMatchObject({ digest });
    expect(problemsIn(await load({ origin, sha256: OTHER }))).toMatchObject([
      {
        kind: 'filter',
        subject: `filter "${source.given}"`,
        message: `has the digest ${digest}, but "sha256" requires ${OTHER}.`,
      },
    ]);
  });
});

test('no filter is no problem here', async () => {
  expect(must(await load({}))).toBeUndefined();
});

test.each<[string, Uint8Array, RegExp]>([
  ['gzip', gzipSync(wasm(1)), /^is packed .* not unpacked/],
  ['a tar archive', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(250)]), /^is packed/],
  ['a page', Buffer.from('<!doctype html>'), /it is an HTML page/],
])('%s from a web server is refused in words', async (_, bytes, words) => {
  const problems = problemsIn(await load({ origin: HTTPS }, bytes));
  expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(words)]);
});
