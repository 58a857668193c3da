import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { earlierLoader } from '../../../../src/action/request/earlier.ts';
import type { RequestedFilter } from '../../../../src/action/request/filters.ts';
import type { ModuleFetcher } from '../../../../src/action/request/origin.ts';
import { describeProblem, fail, ok, type Problem, type Result } from '../../../../src/base/problem.ts';
import { digestOf, type FilterModule } from '../../../../src/filter/module/module.ts';
import type { Provenance } from '../../../../src/provenance/policy.ts';
import { formatReference } from '../../../../src/registry/reference.ts';
import { makeModule } from '../../../harness/action.ts';

const PINNED = `registry.example/filters/add-header@sha256:${'a'.repeat(64)}`;
const GIVEN = 'oci://registry.example/filters/add-header:v1';
const OLD = makeModule('old');
const PROVENANCE: Provenance = { repository: 'o/r', workflow: 'w', ref: 'r', commit: 'c', run: 'u' };
const ABSENT: Problem = {
  kind: 'registry',
  subject: 'x',
  message: 'was not found: no such manifest.',
  remedy: 'Look.',
};
const UNPROVEN: Problem = { kind: 'provenance', subject: 'x', message: 'has no attestation.', remedy: 'Attest.' };

interface Lab {
  readonly inputs?: Readonly<Record<string, string>>;
  /** What the registry says; the old module when absent. */
  readonly pulls?: Result<Uint8Array>;
  readonly held?: Uint8Array;
  readonly proves?: boolean;
  readonly wanted?: Partial<FilterModule>;
}
const load = async ({ inputs = {}, pulls = ok(OLD), held, proves = true, wanted = {} }: Lab) => {
  const given: Readonly<Record<string, string>> = { filter: GIVEN, targets: '- deployment/a', ...inputs };
  const { own } = readInputs((name) => given[name] ?? '');
  if (own === undefined) throw new Error('no filter');
  const asked: string[] = [];
  const fetcher: ModuleFetcher = {
    pull: async (reference) => {
      asked.push(formatReference(reference));
      return pulls.ok ? ok({ bytes: pulls.value, pinned: PINNED, istioCanPull: true, isImage: true }) : pulls;
    },
    download: () => Promise.reject(new Error('no web server')),
  };
  const proven: string[] = [];
  const loader = earlierLoader([{ asked: own } as unknown as RequestedFilter], {
    fetcher,
    checkProvenance: async ({ digest }) => {
      proven.push(digest);
      return proves ? ok(PROVENANCE) : fail(UNPROVEN);
    },
    readFile: () => Promise.reject(new Error('no file')),
  });
  const source = { kind: 'image', given: GIVEN, pinned: PINNED, istioCanPull: true, isImage: true } as const;
  const module: FilterModule = { bytes: new Uint8Array(), digest: digestOf(OLD), source, ...wanted };
  const found = await loader('add-header', module, async () => held);
  await loader('add-header', module, async () => held);
  return { found, asked, proven };
};
const problemsOf = <T>(result: Result<T>): string[] => (result.ok ? [] : result.problems.map(describeProblem));
const ATTESTED = { inputs: { attestation: 'o/r' } };

describe('what a tag named before', () => {
  test('comes from the registry by its digest, once, and is called by its tag', async () => {
    const { found, asked, proven } = await load({});
    expect(asked).toEqual([`oci://${PINNED}`]);
    expect(proven).toEqual([]);
    expect(found).toMatchObject({ ok: true, value: { module: { digest: digestOf(OLD), source: { given: GIVEN } } } });
    expect(found.ok && found.value.whyFromCluster).toBeUndefined();
  });

  test.each<[string, Lab, RegExp]>([
    ['is not there', { pulls: fail(ABSENT) }, /^it was not found: no such manifest$/],
    ['is another filter', { pulls: ok(makeModule('other')) }, /^it holds another filter$/],
  ])('comes from the cluster where the image %s', async (_, lab, why) => {
    const { found } = await load({ ...lab, held: OLD });
    expect(found).toMatchObject({ ok: true, value: { module: { bytes: OLD, digest: digestOf(OLD) } } });
    expect(found.ok && found.value.whyFromCluster).toMatch(why);
  });

  test('is a problem where neither has it', async () => {
    expect(problemsOf((await load({ pulls: fail(ABSENT) })).found)).toEqual([
      expect.stringMatching(
        /^filter "add-header" cannot be deployed with the bytes that workloads run, registry\.example\S+: it was not found: no such manifest\. Push that image/,
      ),
    ]);
  });

  test.each<[string, Lab]>([
    ['from the registry', {}],
    ['from the cluster', { pulls: fail(ABSENT), held: OLD }],
  ])('has to have the attestation that is asked for: %s', async (_, lab) => {
    const good = await load({ ...ATTESTED, ...lab });
    expect([problemsOf(good.found), new Set(good.proven)]).toEqual([[], new Set([digestOf(OLD)])]);
    const bad = await load({ ...ATTESTED, ...lab, proves: false });
    expect(problemsOf(bad.found)).toEqual(['x has no attestation. Attest.']);
  });

  test('has none where the cluster alone has it, shrunk', async () => {
    const original = { bytes: new Uint8Array(), digest: `sha256:${'b'.repeat(64)}`, dropped: [], optimized: false };
    const lab = { pulls: fail(ABSENT), held: OLD, wanted: { original } };
    expect((await load(lab)).found.ok).toBe(true);
    expect(problemsOf((await load({ ...ATTESTED, ...lab })).found)).toEqual([
      expect.stringContaining('has no attestation'),
    ]);
  });
});
