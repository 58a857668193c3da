import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault, Result } from '../../../src/base/problem.ts';
import type { Authority } from '../../../src/provenance/authority.ts';
import { TrustRootError } from '../../../src/provenance/authority.ts';
import type { Provenance, ProvenancePolicy } from '../../../src/provenance/policy.ts';
import { verifyAttestation } from '../../../src/provenance/verify.ts';
import { BUILD, type Build, type Bundle, DIGEST, type Lab, makeLab } from '../../harness/sigstore-lab.ts';

const POLICY: ProvenancePolicy = { repository: 'bookshop/filters' };
const labs: { [kind in 'public' | 'private']?: Lab } = {};
const lab = (kind: 'public' | 'private'): Lab => {
  const made = labs[kind];
  if (made === undefined) throw new Error('no lab');
  return made;
};

beforeAll(async () => {
  labs.public = await makeLab();
  labs.private = await makeLab(true);
});

const verify = (
  bundle: unknown,
  policy: ProvenancePolicy = POLICY,
  authorities: readonly Authority[] = [lab('public').authority],
): Promise<Result<Provenance, Fault>> => verifyAttestation(bundle, { digest: DIGEST, policy, authorities });
const reason = async (verdict: Promise<Result<Provenance, Fault>>): Promise<string> => {
  const found = await verdict;
  return found.ok ? 'none: it counts' : found.fault;
};

describe.each(['public', 'private'] as const)('of a %s repository', (kind) => {
  const own = (bundle: unknown, policy = POLICY): Promise<Result<Provenance, Fault>> =>
    verify(bundle, policy, [lab(kind).authority]);

  test('a good attestation tells the build', async () => {
    expect(await own(await lab(kind).attest())).toEqual({
      ok: true,
      value: {
        repository: 'bookshop/filters',
        workflow: 'bookshop/filters/.github/workflows/build.yml@refs/heads/main',
        ref: 'refs/heads/main',
        commit: BUILD.commit,
        run: BUILD.run,
      },
    });
  });

  test.each<[string, Partial<Build>, string | RegExp]>([
    ['another file', { sha256: 'ab'.repeat(32) }, 'it is about another file'],
    ['what the file holds', { predicateType: 'https://spdx.dev/Document' }, /^it says nothing about the build: .*spdx/],
    [
      'something in another form',
      { statementType: 'https://in-toto.io/Statement/v0.1' },
      /^it is not an in-toto statement/,
    ],
    ['something of another kind', { payloadType: 'text/plain' }, /^it is not an in-toto statement/],
  ])('one about %s does not count', async (_, build, expected) => {
    expect(await reason(own(await lab(kind).attest(build)))).toMatch(expected);
  });

  test('an altered statement does not fit its signature', async () => {
    const bundle = await lab(kind).attest({ sha256: 'ab'.repeat(32) });
    const statement = Buffer.from(bundle.dsseEnvelope.payload, 'base64')
      .toString()
      .replace('ab'.repeat(32), '9f'.repeat(32));
    bundle.dsseEnvelope.payload = Buffer.from(statement).toString('base64');
    expect(await reason(own(bundle))).toMatch(
      kind === 'public' ? /^the transparency log has it with different content/ : /^its signature does not match/,
    );
  });

  test("another instance's certificate is not trusted, whatever name it gives itself", async () => {
    const other = await makeLab(kind === 'private');
    const bundle = await other.attest();
    expect(await reason(own(bundle))).toMatch(kind === 'public' ? /certificate/ : /timestamp/);
    const trusted = await lab(kind).attest();
    trusted.verificationMaterial.certificate = bundle.verificationMaterial.certificate;
    expect(await reason(own(trusted))).toMatch(/^its certificate is not trusted \(/);
  });

  test('a certificate from before or after its time does not count', async () => {
    const { authority, attest } = lab(kind);
    const expired = async (): ReturnType<Authority['trustedRoot']> => {
      const root = await authority.trustedRoot();
      const validFor = { start: new Date(0), end: new Date(1) };
      const certificateAuthorities = root.certificateAuthorities.map((one) => ({ ...one, validFor }));
      return { ...root, certificateAuthorities };
    };
    const verdict = verify(await attest(), POLICY, [{ ...authority, trustedRoot: expired }]);
    expect(await reason(verdict)).toMatch(/^its certificate is not trusted \(/);
  });
});

describe('who vouches', () => {
  const without = async (kind: 'public' | 'private', spoil: (material: Bundle['verificationMaterial']) => void) => {
    const bundle = await lab(kind).attest();
    spoil(bundle.verificationMaterial);
    return reason(verify(bundle, POLICY, [lab(kind).authority]));
  };

  test('without an entry in the log nobody says when it was signed', async () => {
    const said = await without('public', (material) => {
      material.tlogEntries = [];
    });
    expect(said).toMatch(/^it has no trusted timestamp \(/);
  });

  test('without a timestamp neither', async () => {
    const said = await without('private', (material) => {
      material.timestampVerificationData.rfc3161Timestamps = [];
    });
    expect(said).toMatch(/^it has no trusted timestamp \(/);
  });

  test('a promise of the log that it did not sign proves nothing', async () => {
    const other = await makeLab();
    const { tlogEntries } = (await other.attest()).verificationMaterial;
    const said = await without('public', (material) => {
      material.tlogEntries = tlogEntries;
    });
    expect(said).toMatch(/transparency log/);
  });

  test('an entry in a log is no help where a timestamp authority is asked for', async () => {
    const bundle = await lab('private').attest();
    const { verificationMaterial } = await lab('public').attest();
    bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps = [];
    bundle.verificationMaterial.tlogEntries = verificationMaterial.tlogEntries;
    expect((await verify(bundle, POLICY, [lab('private').authority])).ok).toBe(false);
  });

  test('a certificate without an entry in the log of certificates is refused where one is asked for', async () => {
    const { authority, attest } = lab('private');
    const strict = { ...authority, required: { ...authority.required, certificateLogs: 1 } };
    expect(await reason(verify(await attest(), POLICY, [strict]))).toMatch(/^its certificate is not trusted \(/);
  });
});

describe('who has built', () => {
  const FILTERS = 'bookshop/filters';
  const HERE = `${FILTERS}/.github/workflows/build.yml`;
  const SHARED = 'bookshop/ci/.github/workflows/wasm.yml';

  test.each<[Partial<Build>, ProvenancePolicy]>([
    [{}, { repository: 'Bookshop/Filters' }],
    [{}, { repository: FILTERS, workflow: HERE }],
    [{}, { repository: FILTERS, workflow: `${HERE}@refs/heads/main` }],
    [{}, { repository: FILTERS, ref: 'refs/heads/main' }],
    [{ workflow: `${SHARED}@refs/tags/v1` }, { repository: FILTERS, workflow: SHARED }],
    [
      { workflow: `${SHARED}@refs/tags/v1` },
      { repository: FILTERS, workflow: `Bookshop/CI${SHARED.slice(11)}@refs/tags/v1` },
    ],
    [
      { workflow: `${HERE}@refs/tags/a@b`, ref: 'refs/tags/a@b' },
      { repository: FILTERS, workflow: `${HERE}@refs/tags/a@b` },
    ],
  ])('%j is the build of %j', async (build, policy) => {
    expect(await reason(verify(await lab('public').attest(build), policy))).toBe('none: it counts');
  });

  test.each<[Partial<Build>, ProvenancePolicy, string]>([
    [
      { repository: 'evil/filters' },
      { repository: FILTERS, workflow: HERE },
      'it was built in evil/filters, not in bookshop/filters',
    ],
    [
      { repository: 'evil/filters', workflow: `${SHARED}@refs/tags/v1` },
      { repository: FILTERS, workflow: SHARED },
      'it was built in evil/filters, not in bookshop/filters',
    ],
    [
      { repository: 'bookshop/filters-2', workflow: 'bookshop/filters-2/.github/workflows/build.yml@refs/heads/main' },
      { repository: FILTERS },
      'it was built in bookshop/filters-2, not in bookshop/filters and the workflow bookshop/filters-2/.github/workflows/build.yml@refs/heads/main signed it, which is not in bookshop/filters',
    ],
    [
      { workflow: `${SHARED}@refs/tags/v1` },
      { repository: FILTERS },
      `the workflow ${SHARED}@refs/tags/v1 signed it, which is not in bookshop/filters`,
    ],
    [
      { workflow: `${FILTERS}/.github/workflows/build.yml.yml@refs/heads/main` },
      { repository: FILTERS, workflow: HERE },
      `the workflow ${HERE}.yml@refs/heads/main signed it, not ${HERE}`,
    ],
    [
      { workflow: `${HERE}@refs/heads/feature` },
      { repository: FILTERS, workflow: `${HERE}@refs/heads/main` },
      `the workflow ${HERE}@refs/heads/feature signed it, not ${HERE}@refs/heads/main`,
    ],
    [
      { ref: 'refs/pull/7/merge' },
      { repository: FILTERS, ref: 'refs/heads/main' },
      'it was built on refs/pull/7/merge, not on refs/heads/main',
    ],
    [
      { tokenIssuer: 'https://accounts.google.com' },
      { repository: FILTERS },
      'it was signed with an identity from https://accounts.google.com, not by a GitHub workflow run',
    ],
  ])('%j is not the build of %j', async (build, policy, expected) => {
    expect(await reason(verify(await lab('public').attest(build), policy))).toBe(expected);
  });
});

describe('what is no attestation at all', () => {
  test.each([[null], [5], ['text'], [[]], [{}], [{ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }]])(
    '%j',
    async (json) => {
      expect(await reason(verify(json))).toMatch(/^it is not a Sigstore bundle/);
    },
  );

  test('a signature without a statement', async () => {
    const { dsseEnvelope, ...bundle } = await lab('public').attest();
    const messageSignature = {
      messageDigest: { algorithm: 'SHA2_256', digest: Buffer.from(BUILD.sha256, 'hex').toString('base64') },
      signature: dsseEnvelope.signatures[0]?.sig,
    };
    expect(await reason(verify({ ...bundle, messageSignature }))).toBe('it has no signed statement');
  });

  test('a damaged certificate', async () => {
    const bundle = await lab('public').attest();
    bundle.verificationMaterial.certificate.rawBytes = Buffer.from('no certificate').toString('base64');
    expect(await reason(verify(bundle))).toBe('its certificate was issued by an unknown issuer, not by sigstore.mock');
  });
});

test('a certificate of nobody who is known is refused without a question to anybody', async () => {
  const bundle = await lab('public').attest();
  const { authority } = lab('public');
  const trustedRoot = () => Promise.reject(new Error('not to be asked'));
  const others = ['sigstore.dev', 'GitHub, Inc.'].map((organisation) => ({ ...authority, organisation, trustedRoot }));
  expect(await reason(verify(bundle, POLICY, others))).toBe(
    'its certificate was issued by sigstore.mock, not by sigstore.dev or GitHub, Inc.',
  );
});

test('an authority that cannot be asked leaves open whether it is good', async () => {
  const bundle = await lab('public').attest();
  const trustedRoot = () => Promise.reject(new Error('ENOTFOUND'));
  const verdict = verify(bundle, POLICY, [{ ...lab('public').authority, trustedRoot }]);
  await expect(verdict).rejects.toThrow(TrustRootError);
  await expect(verdict).rejects.toThrow('the trust root of sigstore.mock cannot be fetched: ENOTFOUND');
});
