import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { someOf, withoutTrailing } from '../../base/text.ts';
import type { EarlierModule, LoadEarlier } from '../../deploy/earlier-module.ts';
import type { FilterModule, ModuleSource } from '../../filter/module/module.ts';
import { OCI_SCHEME, parseReference } from '../../registry/reference.ts';
import type { FilterInputs } from '../inputs/inputs.ts';
import type { FilterTools, RequestedFilter } from './filters.ts';
import { loadModule } from './module.ts';
import { subjectOf } from './origin.ts';
import { checkModuleProvenance } from './provenance.ts';

type Tools = Pick<FilterTools, 'fetcher' | 'checkProvenance' | 'optimize' | 'readFile'>;
type ImageSource = Extract<ModuleSource, { readonly kind: 'image' }>;

/**
 * Returns what gets the bytes that the tags of filters named before: from the registry, by digest, as if that had been asked for, so with
 * the check of attestations and shrunk as the filter is; else those that the cluster holds. Each is asked for once.
 */
export function earlierLoader(filters: readonly RequestedFilter[], tools: Tools): LoadEarlier {
  const pulling = new Map<string, Promise<Pulled>>();
  return async (name, wanted, held) => {
    const inputs = filters.find(({ asked }) => asked.inputs.name === name)?.asked.inputs;
    const { source } = wanted;
    if (inputs === undefined || source?.kind !== 'image') return fail(gone(name, wanted, 'it came from no registry'));
    const key = `${name} ${source.pinned} ${wanted.digest}`;
    const pulled = pulling.get(key) ?? pull(inputs, source, wanted, tools);
    pulling.set(key, pulled);
    const found = await pulled;
    if (found.state === 'found') return ok({ module: found.module });
    if (found.state === 'refused') return fail(found.problems);
    const bytes = await held();
    if (bytes === undefined) return fail(gone(name, wanted, found.why));
    return takeHeld(inputs, { ...wanted, bytes }, found.why, tools);
  };
}

/** What came of asking the registry. */
type Pulled =
  | { readonly state: 'found'; readonly module: FilterModule }
  /** It is there, but must not be deployed; or the run was cancelled. */
  | { readonly state: 'refused'; readonly problems: readonly Problem[] }
  | { readonly state: 'absent'; readonly why: string };

async function pull(inputs: FilterInputs, source: ImageSource, wanted: FilterModule, tools: Tools): Promise<Pulled> {
  const reference = parseReference(`${OCI_SCHEME}${source.pinned}`, subjectOf(source));
  if (!reference.ok) return { state: 'absent', why: whyOf(reference.problems) };
  const from = { ...inputs.from, origin: { kind: 'image', reference: reference.value } } as const;
  const diagnostics = new Diagnostics();
  const { module } = await loadModule({ ...inputs, from }, tools.readFile, tools, diagnostics);
  const { problems } = diagnostics;
  if (problems.some(({ kind }) => kind !== 'registry')) return { state: 'refused', problems };
  if (module === undefined) return { state: 'absent', why: whyOf(problems) };
  if (module.source?.kind !== 'image') return { state: 'absent', why: 'it is no image any more' };
  const content = wanted.original?.digest ?? wanted.digest;
  if ((module.original?.digest ?? module.digest) !== content)
    return { state: 'absent', why: 'it holds another filter' };
  if (module.digest !== wanted.digest) return { state: 'absent', why: 'it would be shrunk to other bytes than those' };
  // What is recorded of it is the tag that it came by.
  return { state: 'found', module: { ...module, source: { ...module.source, given: source.given } } };
}

/** What the cluster holds is as it was delivered, so that nothing proves what a shrunk module was made of. */
async function takeHeld(
  inputs: FilterInputs,
  module: FilterModule,
  whyFromCluster: string,
  { checkProvenance }: Tools,
): Promise<Result<EarlierModule>> {
  const { name } = inputs;
  if (inputs.provenance.policy !== undefined && module.original !== undefined) {
    return fail(gone(name, module, `${whyFromCluster}, and the shrunk one in the cluster has no attestation`));
  }
  const diagnostics = new Diagnostics();
  await checkModuleProvenance(inputs, module, `filter "${name}"`, checkProvenance, diagnostics);
  return diagnostics.ok ? ok({ module, whyFromCluster }) : fail(diagnostics.problems);
}

/** As a clause about the image. */
function whyOf(problems: readonly Problem[]): string {
  return someOf(problems.map(({ message }) => `it ${withoutTrailing(message, '.')}`));
}

function gone(name: string, { source, digest }: FilterModule, why: string): Problem {
  const image = source?.kind === 'image' ? source.pinned : digest;
  return {
    kind: 'registry',
    subject: `filter "${name}"`,
    filter: name,
    message: `cannot be deployed with the bytes that workloads run, ${image}: ${why}.`,
    remedy:
      'Push that image to the registry again; or run once with "on-new-digest: deploy", which deploys what the tag names now.',
  };
}
