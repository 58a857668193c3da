import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Result } from '../../../src/base/problem.ts';
import type { Authority } from '../../../src/provenance/authority.ts';
import { checkProvenance } from '../../../src/provenance/check.ts';
import type { Provenance } from '../../../src/provenance/policy.ts';
import { verifyAttestation } from '../../../src/provenance/verify.ts';
import { type Answer, type GitHubLab, startGitHub } from '../../harness/github-lab.ts';
import { BUILD, type Bundle, DIGEST, type Lab, makeLab } from '../../harness/sigstore-lab.ts';
import { must, problemsIn } from '../builders.ts';
import { packSnappy } from './snappy.ts';

const PATH = `/repos/bookshop/filters/attestations/${DIGEST}?per_page=30&predicate_type=provenance`;
const VERIFIED = expect.objectContaining({ repository: 'bookshop/filters', commit: BUILD.commit, run: BUILD.run });

let lab: Lab;
let good: Bundle;
let other: Bundle;
beforeAll(async () => {
  lab = await makeLab();
  [good, other] = await Promise.all([lab.attest(), lab.attest({ ref: 'refs/heads/feature' })]);
});

const open: GitHubLab[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((github) => github.close()));
});

const start = async (answer: (path: string, before: number, url: string) => Answer): Promise<GitHubLab> => {
  const github = await startGitHub((path, before) => answer(path, before, github.url));
  open.push(github);
  return github;
};

interface Asking {
  readonly token?: string;
  readonly authorities?: readonly Authority[];
  readonly signal?: AbortSignal;
}

const check = (
  api: string,
  { token = 'the-token', authorities = [lab.authority], signal = new AbortController().signal }: Asking = {},
): Promise<Result<Provenance>> =>
  checkProvenance(
    { origin: 'filter "f.wasm"', digest: DIGEST },
    { repository: 'bookshop/filters', ref: 'refs/heads/main' },
    { api, token, authorities, verifyAttestation, signal, userAgent: 'test', environment: {}, debug: () => undefined },
  );

/** The one problem that a GitHub that always answers so comes to. */
const problemOf = async (answer: Answer, asking?: Asking) => {
  const { url } = await start(() => answer);
  const [problem, ...others] = problemsIn(await check(url, asking));
  expect(others).toEqual([]);
  expect(problem?.kind).toBe('provenance');
  return problem;
};

describe('an attestation', () => {
  test('that comes with the list proves the build', async () => {
    const github = await start(() => ({ body: { attestations: [{ bundle: good, repository_id: 1 }] } }));
    expect(must(await check(github.url))).toEqual(VERIFIED);
    expect(github.asked).toEqual([
      {
        path: PATH,
        headers: expect.objectContaining({
          authorization: 'Bearer the-token',
          accept: 'application/vnd.github+json',
          'x-github-api-version': '2022-11-28',
          'user-agent': 'test',
        }),
      },
    ]);
  });

  test.each<[string, (json: string) => Buffer | string]>([
    ['packed', (json) => packSnappy(Buffer.from(json))],
    ['as it is', (json) => json],
  ])('that lies in a store, %s, is fetched from there, without the token', async (_, pack) => {
    const github = await start((path, __, url) =>
      path === PATH
        ? { body: { attestations: [{ bundle: null, bundle_url: `${url}/store/1.json.sn?signature=s` }] } }
        : { body: pack(JSON.stringify(good)) },
    );
    expect(must(await check(github.url))).toEqual(VERIFIED);
    const [, stored] = github.asked;
    expect(stored?.path).toBe('/store/1.json.sn?signature=s');
    expect(stored?.headers).not.toHaveProperty('authorization');
  });

  test('without a token is asked for without one', async () => {
    const github = await start(() => ({ body: { attestations: [{ bundle: good }] } }));
    must(await check(github.url, { token: '' }));
    expect(github.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test('among others is found, and nothing is fetched after it', async () => {
    const github = await start((path, _, url) =>
      path === PATH
        ? { body: { attestations: [{ bundle: other }, { bundle: good }, { bundle_url: `${url}/more` }] } }
        : { status: 500 },
    );
    expect(must(await check(github.url))).toEqual(VERIFIED);
    expect(github.asked).toHaveLength(1);
  });

  test('on a later page is found', async () => {
    const github = await start((path, _, url) =>
      path === PATH
        ? {
            headers: { link: `<${url}/before>; rel="prev", <${url}/page-2?after=x>; rel="next"` },
            body: { attestations: [{ bundle: other }] },
          }
        : { body: { attestations: [{ bundle: good }] } },
    );
    expect(must(await check(github.url))).toEqual(VERIFIED);
    expect(github.asked.map(({ path }) => path)).toEqual([PATH, '/page-2?after=x']);
  });

  test('on a page of another server is not asked for: the token would go there', async () => {
    const elsewhere = await start(() => ({ body: { attestations: [{ bundle: good }] } }));
    const github = await start(() => ({
      headers: { link: `<${elsewhere.url}/page-2>; rel="next"` },
      body: { attestations: [{ bundle: other }] },
    }));
    expect((await check(github.url)).ok).toBe(false);
    expect(elsewhere.asked).toEqual([]);
  });

  test('on a page without end is given up', async () => {
    const github = await start((_, __, url) => ({
      headers: { link: `<${url}${PATH}>; rel="next"` },
      body: { attestations: [] },
    }));
    expect((await check(github.url)).ok).toBe(false);
    expect(github.asked).toHaveLength(10);
  });
});

describe('none counts', () => {
  test('one: why', async () => {
    expect(await problemOf({ body: { attestations: [{ bundle: other }] } })).toEqual({
      kind: 'provenance',
      subject: 'filter "f.wasm"',
      message:
        'has one attestation in bookshop/filters, which does not satisfy the policy: it was built on refs/heads/feature, not on refs/heads/main.',
      remedy:
        'Deploy a file from the build that the input "attestation" names. If another build is trusted, too, change that input.',
    });
  });

  test('several: each reason once, and not too many of them', async () => {
    const foreign = await Promise.all(['a', 'b', 'c'].map((name) => lab.attest({ ref: `refs/heads/${name}` })));
    const attestations = [other, other, ...foreign].map((bundle) => ({ bundle }));
    expect((await problemOf({ body: { attestations } }))?.message).toBe(
      'has 5 attestations in bookshop/filters, and none satisfies the policy: it was built on refs/heads/feature, not on refs/heads/main; it was built on refs/heads/a, not on refs/heads/main; it was built on refs/heads/b, not on refs/heads/main; and 1 more reason.',
    );
  });

  test.each<[string, object, Answer, string | RegExp]>([
    ['without a bundle', {}, {}, 'GitHub has no bundle for it'],
    [
      'that is gone from the store',
      { bundle_url: '/store' },
      { status: 404 },
      'its bundle cannot be fetched (status 404)',
    ],
    ['that is damaged in the store', { bundle_url: '/store' }, { body: 'x' }, /its bundle cannot be read \(it/],
    ['that is no JSON', { bundle_url: '/store' }, { body: '{' }, /its bundle cannot be read \(/],
  ])('one %s', async (_, attestation, stored, expected) => {
    const github = await start((path, __, url) => {
      if (path !== PATH) return stored;
      const address = 'bundle_url' in attestation ? { bundle_url: `${url}${attestation.bundle_url}` } : {};
      return { body: { attestations: [{ ...attestation, ...address }] } };
    });
    const [problem] = problemsIn(await check(github.url));
    expect(problem?.message).toMatch(/^has one attestation in bookshop\/filters, which does not satisfy the policy: /);
    expect(problem?.message).toMatch(expected);
  });
});

describe('GitHub gives none', () => {
  test.each<[string, Answer]>([
    ['an empty list', { body: { attestations: [] } }],
    ['404', { status: 404, body: { message: 'Not Found' } }],
  ])('%s: there is none, or none that may be seen', async (_, answer) => {
    const problem = await problemOf(answer);
    expect(problem?.subject).toBe('filter "f.wasm"');
    expect(problem?.message).toBe(
      `has no attestation in bookshop/filters, or none that the token can read, for ${DIGEST}.`,
    );
    expect(problem?.remedy).toContain('"attestations: write"');
  });

  test.each<[string, Answer, Asking, string, string | RegExp]>([
    [
      'a token that is not valid',
      { status: 401, body: { message: 'Bad credentials' } },
      {},
      'GitHub rejects the token (status 401: Bad credentials).',
      /^Pass a valid token/,
    ],
    [
      'a permission that is missing',
      { status: 403, body: { message: 'Resource not accessible by integration' } },
      {},
      'the token is not allowed to read the attestations of bookshop/filters (status 403: Resource not accessible by integration).',
      /^Add "attestations: read" to the "permissions" of the job\./,
    ],
    [
      'too many questions, for an hour',
      { status: 429, headers: { 'retry-after': '3600' } },
      {},
      'The rate limit of GitHub is reached (status 429).',
      'Re-run the job in 60 min.',
    ],
    [
      'too many questions without a token',
      {
        status: 403,
        // Rounded down, so that it is never more than ten minutes away; whatever passes until the question makes it less.
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 600) },
      },
      { token: '' },
      'The rate limit of GitHub is reached (status 403).',
      /^Re-run the job in (9 min \d+ s|10 min)\. With a token in the input "github-token" the limit is higher\.$/,
    ],
    [
      'a repository that has moved',
      { status: 301, headers: { location: 'https://api.github.com/repositories/1' } },
      {},
      'The repository has moved (status 301).',
      'Use the name that the repository has now.',
    ],
    [
      'an outage',
      { status: 500, body: '<html>' },
      {},
      'GitHub does not accept the request (status 500).',
      /^Re-run the job; /,
    ],
    [
      'a page for people',
      { body: '<html>' },
      {},
      /^GitHub answered the request .* with something else\.$/.source,
      /GITHUB_API_URL/,
    ],
  ])('%s', async (_, answer, asking, message, remedy) => {
    const problem = await problemOf(answer, asking);
    expect(problem?.subject).toBe('provenance of filter "f.wasm"');
    expect(problem?.message).toMatch(message.startsWith('^') ? new RegExp(message) : message);
    expect(problem?.remedy).toMatch(remedy);
  });

  test.each([429, 403])('status %i with a short Retry-After is waited out', async (status) => {
    const github = await start((_, before) =>
      before === 0 ? { status, headers: { 'retry-after': '1' } } : { body: { attestations: [{ bundle: good }] } },
    );
    const asked = performance.now();
    expect(must(await check(github.url))).toEqual(VERIFIED);
    expect(performance.now() - asked).toBeGreaterThan(990);
    expect(github.asked).toHaveLength(2);
  });

  test('an outage that passes is not told', async () => {
    const github = await start((_, before) =>
      before < 2 ? { status: 503 } : { body: { attestations: [{ bundle: good }] } },
    );
    expect(must(await check(github.url))).toEqual(VERIFIED);
  });
});

describe('nothing is known', () => {
  test('where GitHub cannot be reached', async () => {
    const github = await startGitHub(() => ({}));
    await github.close();
    const [problem] = problemsIn(await check(github.url));
    expect(problem).toMatchObject({
      kind: 'provenance',
      subject: 'provenance of filter "f.wasm"',
      message: `cannot be checked: ${new URL(github.url).host} cannot be reached: ECONNREFUSED.`,
    });
  });

  test('where GitHub would be called without TLS: the token could be read', async () => {
    const [problem] = problemsIn(await check('http://api.github.example'));
    expect(problem?.message).toBe('cannot be checked: http://api.github.example would be called without TLS.');
    expect(problem?.remedy).toContain('GITHUB_API_URL');
  });

  test('where an answer has no end', async () => {
    const problem = await problemOf({ body: Buffer.alloc(17 * 1024 * 1024) });
    expect(problem?.message).toMatch(/^cannot be checked: .* sends more than the 16\.00 MiB that are expected\.$/);
  });

  test('where a trust root cannot be fetched', async () => {
    const trustedRoot = () =>
      Promise.reject(
        new Error('error refreshing TUF metadata', {
          cause: new TypeError('fetch failed', { cause: new Error('ENOTFOUND') }),
        }),
      );
    const authorities = [{ ...lab.authority, trustedRoot }];
    const problem = await problemOf({ body: { attestations: [{ bundle: good }] } }, { authorities });
    expect(problem?.message).toBe(
      'cannot be checked: the trust root of sigstore.mock cannot be fetched: error refreshing TUF metadata (ENOTFOUND).',
    );
    expect(problem?.remedy).toContain('tuf-repo.github.com');
  });

  test('where the run is cancelled meanwhile', async () => {
    const cancelling = new AbortController();
    const github = await start(() => {
      cancelling.abort();
      return { status: 503 };
    });
    expect(problemsIn(await check(github.url, { signal: cancelling.signal }))).toEqual([
      expect.objectContaining({ kind: 'cancelled' }),
    ]);
  });

  test('where the run is cancelled while a trust root is fetched', async () => {
    const cancelling = new AbortController();
    const trustedRoot = () => {
      cancelling.abort();
      return new Promise<never>(() => undefined);
    };
    const github = await start(() => ({ body: { attestations: [{ bundle: good }] } }));
    const authorities = [{ ...lab.authority, trustedRoot }];
    expect(problemsIn(await check(github.url, { authorities, signal: cancelling.signal }))).toEqual([
      expect.objectContaining({ kind: 'cancelled' }),
    ]);
  });
});
