import { defined } from '../../base/defined.ts';
import type { ReadFile } from '../../base/files.ts';
import type { Diagnostics } from '../../base/problem.ts';
import type { ImageToPush } from '../../deploy/request.ts';
import type { FilterModule, ModuleSource } from '../../filter/module/module.ts';
import { type Optimizer, shrinkModule } from '../../filter/shrink/shrink.ts';
import { isPulled } from '../../mesh/objects/delivery.ts';
import type { Provenance } from '../../provenance/policy.ts';
import { packImage } from '../../registry/pack.ts';
import { formatReference, pinnedName } from '../../registry/reference.ts';
import type { FilterInputs } from '../inputs/inputs.ts';
import { loadOrigin, type ModuleFetcher, subjectOf } from './origin.ts';
import { type CheckProvenance, checkModuleProvenance } from './provenance.ts';

/** What getting a module ready needs of the world. */
export interface ModuleTools {
  readonly fetcher: ModuleFetcher;
  readonly checkProvenance: CheckProvenance;
  /** Makes a module's code smaller; omitted when nothing may be run. */
  readonly optimize?: Optimizer;
}

/** What happened to the filter. */
export interface LoadedModule {
  /** As it will be delivered; `undefined` if something is wrong with it. */
  readonly module: FilterModule | undefined;
  /** As it came, where it cannot be made smaller as asked: it can be checked all the same. */
  readonly loaded?: FilterModule;
  /** Which build made it; `undefined` if nobody asks, or nothing proves it. */
  readonly provenance: Provenance | undefined;
  /** The image that it is to become before the cluster is told of it. */
  readonly push?: ImageToPush;
}

const NOTHING: LoadedModule = { module: undefined, provenance: undefined };

/** What getting a module ready needs of the inputs. */
export type ModuleInputs = Pick<FilterInputs, 'from' | 'shrink' | 'provenance' | 'delivery'>;

/** Loads the filter, proves where it came from, and makes it as small as it must be; what is wrong is told to `diagnostics`. */
export async function loadModule(
  inputs: ModuleInputs,
  readFile: ReadFile,
  { fetcher, checkProvenance, optimize }: ModuleTools,
  diagnostics: Diagnostics,
): Promise<LoadedModule> {
  const { shrink: mode, from } = inputs;
  const loaded = diagnostics.unwrap(await loadOrigin(from, readFile, fetcher));
  if (loaded === undefined) return NOTHING;
  const origin = subjectOf(loaded.source);
  // Attestations are of what was built, before anything was left out of it.
  const provenance = await checkModuleProvenance(inputs, loaded, origin, checkProvenance, diagnostics);
  if (staysWhole(loaded, inputs)) return { ...(await pack(loaded, from)), provenance };
  const options = { mode, origin, ...defined({ optimize }) };
  const shrunk = diagnostics.unwrap(await shrinkModule(loaded, options));
  if (shrunk === undefined) return { module: undefined, loaded, provenance };
  return { ...(await pack(shrunk, from)), provenance };
}

/** What proxies pull is what the registry has; and what is pushed for them alone fits whatever its size. */
function staysWhole(module: FilterModule, { from, shrink, delivery: requested }: ModuleInputs): boolean {
  return from.pushTo === undefined ? isPulled(module, requested) : shrink === 'auto' && isMeantForPull(requested);
}

function isMeantForPull({ delivery, gateways = false }: ModuleInputs['delivery']): boolean {
  return delivery === 'image' || gateways;
}

/** Where the module is to be pushed, it is known as the image that it will be: the digest of that is known before it is there. */
async function pack(
  module: FilterModule,
  { pushTo: reference }: FilterInputs['from'],
): Promise<Pick<LoadedModule, 'module' | 'push'>> {
  if (reference === undefined) return { module };
  const image = await packImage(module.bytes);
  const source: ModuleSource = {
    kind: 'image',
    given: formatReference(reference),
    pinned: pinnedName(reference, image.digest),
    istioCanPull: true,
    isImage: true,
  };
  return { module: { ...module, source }, push: { image, reference } };
}
