import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Authority } from '../../../src/provenance/authority.ts';
import { sigstoreAuthorities } from '../../../src/provenance/sigstore.ts';

const realFetch = globalThis.fetch;
let asked: string[];
let folder: string;
let authorities: readonly Authority[];

beforeEach(async () => {
  asked = [];
  // Instead of the network, which the library reaches through it: a server that has nothing.
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    return new Response(null, { status: 404 });
  };
  folder = await mkdtemp(join(tmpdir(), 'trust-'));
  authorities = sigstoreAuthorities(() => Promise.resolve(folder), writeFile);
});
afterEach(async () => {
  globalThis.fetch = realFetch;
  await rm(folder, { recursive: true, force: true });
});

describe.each<[string, string, Authority['required']]>([
  ['sigstore.dev', 'tuf-repo-cdn.sigstore.dev', { certificateLogs: 1, signatureLogs: 1, timestamps: 1 }],
  ['GitHub, Inc.', 'tuf-repo.github.com', { certificateLogs: 0, signatureLogs: 0, timestamps: 1 }],
])('%s', (organisation, host, required) => {
  const authority = (): Authority => {
    const found = authorities.find((one) => one.organisation === organisation);
    if (found === undefined) throw new Error(`no authority ${organisation}`);
    return found;
  };

  test('must bring what gh asks of it', () => {
    expect(authority().required).toEqual(required);
  });

  test('is asked for its trust root when that is needed first, and once', async () => {
    expect(asked).toEqual([]);
    await expect(authority().trustedRoot()).rejects.toThrow('error refreshing TUF metadata');
    const once = asked.length;
    expect(once).toBeGreaterThan(0);
    expect(new Set(asked.map((url) => new URL(url).host))).toEqual(new Set([host]));
    await expect(authority().trustedRoot()).rejects.toThrow('error refreshing TUF metadata');
    expect(asked).toHaveLength(once);
  });

  test('starts from a root that came with the action', async () => {
    await expect(authority().trustedRoot()).rejects.toThrow();
    const root = JSON.parse(await readFile(join(folder, host, 'root.json'), 'utf8'));
    expect(root.signed._type).toBe('root');
    expect(asked[0]).toBe(`https://${host}/${root.signed.version + 1}.root.json`);
  });
});
