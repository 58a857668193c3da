import type { Checked, Findings } from '../base/problem.ts';
import { loadFilter, type ReadFile } from '../filter/load.ts';
import type { FilterModule } from '../filter/module.ts';
import { type Optimizer, shrinkModule } from '../filter/shrink.ts';
import { isPulled } from '../mesh/delivery.ts';
import type { Provenance } from '../provenance/policy.ts';
import { type ProveFilter, proveModule } from './draft-provenance.ts';
import type { Inputs } from './inputs.ts';

/** Loads what the input `filter` names. */
export type LoadModule = (filter: string) => Promise<Checked<FilterModule>>;

/** What getting a module ready needs of the world. */
export interface ModuleTools {
  /** For filters that are no files; reads a file when absent. */
  readonly load?: LoadModule;
  readonly prove: ProveFilter;
  /** Makes a module's code smaller; absent where nothing may be run. */
  readonly optimize?: Optimizer;
}

/** What became of the filter's file. */
export interface FileDraft {
  /** As it will be delivered; undefined where something is wrong with it. */
  readonly module: FilterModule | undefined;
  /** Which build made it; undefined where nobody asks, or nothing proves it. */
  readonly provenance: Provenance | undefined;
}

const NOTHING: FileDraft = { module: undefined, provenance: undefined };

/** Loads the filter, proves where it came from, and makes it as small as it must be; what is wrong is told to `findings`. */
export async function loadModule(
  inputs: Inputs,
  readFile: ReadFile,
  { load = (path) => loadFilter(path, readFile), prove, optimize }: ModuleTools,
  findings: Findings,
): Promise<FileDraft> {
  const { filter, shrink: mode } = inputs;
  if (filter === '') return NOTHING;
  const loaded = findings.take(await load(filter));
  if (loaded === undefined) return NOTHING;
  // Attestations are of what was built, before anything was left out of it.
  const provenance = await proveModule(inputs, loaded, prove, findings);
  // What the proxies pull is what the registry has.
  if (isPulled(loaded, inputs.delivery)) return { module: loaded, provenance };
  const options = { mode, origin: `filter "${filter}"`, ...(optimize === undefined ? {} : { optimize }) };
  return { module: findings.take(await shrinkModule(loaded, options)), provenance };
}
