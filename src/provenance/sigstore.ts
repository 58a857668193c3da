import { join } from 'node:path';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import type { Authority } from './authority.ts';
import { GITHUB_ROOT } from './github-root.ts';

/** Writes a text file. */
export type WriteText = (path: string, text: string) => Promise<void>;

const GITHUB_MIRROR_URL = 'https://tuf-repo.github.com';
const FETCHING = { retry: { retries: 3 }, timeout: 10_000 } as const;

/**
 * The two instances of Sigstore that sign for GitHub's workflow runs, and what each must bring, as `gh attestation verify` asks for
 * it: public repositories use the public one, with its logs; private ones that of GitHub, which has no log but a timestamp
 * authority (https://github.com/actions/attest).
 * @param makeFolder makes a folder where nobody else may write, absolute: what lies there is trusted
 */
export function sigstoreAuthorities(makeFolder: () => Promise<string>, writeText: WriteText): Authority[] {
  return [
    {
      organisation: 'sigstore.dev',
      trustedRoot: once(async () => {
        const { DEFAULT_MIRROR_URL: mirrorURL, getTrustedRoot } = await import('@sigstore/tuf');
        return getTrustedRoot({ ...FETCHING, cachePath: await makeFolder(), mirrorURL });
      }),
      required: { certificateLogs: 1, signatureLogs: 1, timestamps: 1 },
    },
    {
      organisation: 'GitHub, Inc.',
      trustedRoot: once(async () => {
        const { getTrustedRoot } = await import('@sigstore/tuf');
        const folder = await makeFolder();
        const rootPath = join(folder, 'github-root.json');
        await writeText(rootPath, JSON.stringify(GITHUB_ROOT));
        return getTrustedRoot({ ...FETCHING, cachePath: folder, mirrorURL: GITHUB_MIRROR_URL, rootPath });
      }),
      required: { certificateLogs: 0, signatureLogs: 0, timestamps: 1 },
    },
  ];
}

function once(fetch: () => Promise<TrustedRoot>): () => Promise<TrustedRoot> {
  let fetched: Promise<TrustedRoot> | undefined;
  return () => {
    fetched ??= fetch();
    return fetched;
  };
}
