import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeProblem } from '../../../src/base/problem.ts';
import { checkProvenance } from '../../../src/provenance/check.ts';
import { verifyAttestation } from '../../../src/provenance/verify.ts';
import { type Internet, type Names, type Reply, startInternet, type Visit } from '../../harness/registry/internet.ts';
import { type Bundle, DIGEST, type Lab, makeLab } from '../../harness/sigstore-lab.ts';

// Where GitHub, or what answers in its name, leads to, and where the token goes.

let lab: Lab;
let bundle: Bundle;
let internet: Internet;
beforeAll(async () => {
  lab = await makeLab();
  [bundle, internet] = await Promise.all([lab.attest(), startInternet()]);
});
afterAll(() => internet?.stop());

const check = async (
  names: Names,
  reply: (visit: Visit) => Reply,
  api = 'https://api.github.example',
): Promise<{ said: string; tokens: string[]; connections: readonly string[] }> => {
  const sources = internet.world(names, reply);
  const verified = await checkProvenance(
    { origin: 'filter "f.wasm"', digest: DIGEST },
    { repository: 'bookshop/filters', ref: 'refs/heads/main' },
    {
      api,
      token: 'the-token',
      authorities: [lab.authority],
      verifyAttestation,
      signal: new AbortController().signal,
      userAgent: 'test',
      environment: {},
      debug: () => undefined,
      network: sources.network,
    },
  );
  return {
    said: verified.ok ? `by ${verified.value.run}` : verified.problems.map(describeProblem).join(),
    tokens: sources.visits.flatMap(({ authorization, url }) =>
      authorization === undefined ? [] : [new URL(url).host],
    ),
    connections: sources.connections,
  };
};

const PUBLIC: Names = {
  'api.github.example': () => ['140.82.112.6'],
  'store.example': () => ['8.8.8.8'],
  'inside.example': () => ['10.0.0.1'],
};
const storing =
  (address: string) =>
  ({ url }: Visit): Reply =>
    url.includes('/attestations/')
      ? { status: 200, body: JSON.stringify({ attestations: [{ bundle_url: address }] }) }
      : { status: 200, body: JSON.stringify(bundle) };

test.each<[string, Names, string, RegExp]>([
  ['a public store', PUBLIC, 'https://store.example/1', /^by /],
  ['a private store', PUBLIC, 'https://inside.example/1', /github\.example leads to inside\.example \(10\.0\.0\.1\)/],
  ['metadata', PUBLIC, 'https://169.254.169.254/1', /leads to 169\.254\.169\.254, which is a link-local address/],
  ['a store without TLS', PUBLIC, 'http://store.example/1', /leads to http:\/\/store\.example, which is not encr/],
  [
    'a private store of a private server',
    { ...PUBLIC, 'api.github.example': () => ['10.0.0.2'] },
    'https://inside.example/1',
    /^by /,
  ],
])('an attestation in %s', async (_, names, address, expected) => {
  const { said, tokens } = await check(names, storing(address));
  expect(said).toMatch(expected);
  expect(tokens).toEqual(['api.github.example']);
});

test.each(['https://store.example/x', 'https://api.github.example:8443/x', 'http://api.github.example/x'])(
  'a redirect to %s is not followed, with the token least of all',
  async (location) => {
    const { said, tokens } = await check(PUBLIC, () => ({ status: 307, headers: { location } }));
    expect(said).toMatch(/The repository has moved \(status 307\)/);
    expect(tokens).toEqual(['api.github.example']);
  },
);

test.each(['', 'api.github.example', 'ftp://api.github.example', 'https://'])(
  '%j is no address of GitHub',
  async (api) => {
    const { said, connections } = await check(PUBLIC, storing('https://store.example/1'), api);
    expect(said).toMatch(/the address of GitHub.s API is not valid\. .*GITHUB_API_URL/);
    expect(connections).toEqual([]);
  },
);
