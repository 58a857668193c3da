import { defined } from '../../base/defined.ts';
import { messageOf } from '../../base/problem.ts';
import { nameSome } from '../../base/text.ts';
import { type EngineMemory, engine, type ImportEntry } from '../host/engine.ts';
import type { FilterLog } from '../host/filter-log.ts';
import { hostFunctions, recorded, unknownImports } from '../host/host-functions.ts';
import { HostState } from '../host/host-state.ts';
import type { TrialRequest } from '../host/request.ts';
import type { World } from '../host/world.ts';
import { ABI_VERSIONS, type AbiVersion } from '../module/facts.ts';
import { MAX_MEMORY_PAGES } from '../module/memory.ts';
import { cappedPages, limitMemory, type ModuleLimits } from './memory-limits.ts';
import type { TrialOutcome } from './verdict.ts';

export type Exports = Readonly<Record<string, unknown>>;
export interface Instantiated {
  readonly exports: Exports;
  readonly state: HostState;
}

/** What the trial gives and takes while it runs. */
export interface TrialHost {
  readonly log: FilterLog;
  /** Called before each step. */
  readonly step: (step: 'compile' | 'link' | 'start') => void;
  readonly unsupported: (about: string) => void;
  /** Called after each call of a host function. */
  readonly call: (line: string) => void;
  readonly world: World;
}

const refused = (step: 'compile' | 'link' | 'start', reason: string): TrialOutcome => ({
  state: 'refused',
  step,
  reason,
});
const inconclusive = (why: string): TrialOutcome => ({ state: 'inconclusive', why });

/** A module that any number of instances can be made of. */
export interface Compiled {
  readonly module: object;
  readonly limits: ModuleLimits;
}

/** Compiles the module as Envoy does, or says why that fails. */
export function compile(bytes: Uint8Array): Compiled | TrialOutcome {
  const limits = limitMemory(bytes);
  try {
    return { module: new engine.Module(limits.bytes), limits };
  } catch (error) {
    const message = messageOf(error);
    // What this engine keeps behind a switch, a newer one in Envoy may know.
    return /--experimental-/.test(message) ? inconclusive(message) : refused('compile', message);
  }
}

/** Links a module that has been compiled as Envoy does, and starts it, or says why that fails. */
export function link(
  { module, limits }: Compiled,
  request: TrialRequest,
  host: TrialHost,
): Instantiated | TrialOutcome {
  host.step('link');
  const exported = new Set(
    engine.Module.exports(module).flatMap(({ kind, name }) => (kind === 'function' ? [name] : [])),
  );
  const abi = abiOf(exported);
  if (typeof abi !== 'string') return abi;
  const imports = engine.Module.imports(module);
  const misfit = imports.find(({ kind }) => kind === 'global');
  if (misfit !== undefined) return refused('link', `missing import: ${misfit.module}.${misfit.name}`);
  const state = new HostState(request, abi, host.log, host.unsupported, host.world);
  const functions = recorded(hostFunctions(state), host.call);
  const unknown = unknownImports(imports, functions);
  if (unknown.length > 0) return inconclusive(`it imports what a trial run does not have: ${nameSome(unknown)}`);
  const allocator = ['malloc', 'proxy_on_memory_allocate'].find((name) => exported.has(name));
  if (allocator === undefined) return refused('link', 'the module exports no malloc');
  if (limits.initialPages > MAX_MEMORY_PAGES) {
    return refused('link', `it needs ${limits.initialPages} pages of memory, Envoy gives ${MAX_MEMORY_PAGES}`);
  }

  const shared = importedObjects(imports, limits);
  host.step('start');
  try {
    if (shared.memory !== undefined) state.memory.attach(shared.memory);
    const { exports } = new engine.Instance(module, merge(functions, shared.objects));
    state.memory.attach(shared.memory ?? exportedMemory(exports), (size) =>
      Number(callable(exports[allocator])?.(size)),
    );
    state.linked = true;
    return { exports, state };
  } catch (error) {
    if (state.crashed !== undefined) return { state: 'crashed', step: 'start', reason: state.crashed };
    if (state.overrun !== undefined) return { state: 'inconclusive', why: state.overrun, brokeOff: true };
    // A LinkError is about what only this host gives; anything else is the module's own start function.
    return Error.isError(error) && error.name === 'LinkError'
      ? inconclusive(`it cannot be linked here: ${messageOf(error)}`)
      : refused('start', `its start function ended in an error: ${messageOf(error)}`);
  }
}

function abiOf(exported: ReadonlySet<string>): AbiVersion | TrialOutcome {
  const markers = [...exported].filter((name) => name.startsWith('proxy_abi_version_'));
  const known = markers.map((name) =>
    ABI_VERSIONS.find((version) => name === `proxy_abi_version_${version.replaceAll('.', '_')}`),
  );
  const abi = known.find((version) => version !== undefined);
  if (abi !== undefined) return abi;
  return markers.length === 0
    ? refused('link', 'the module states no Proxy-Wasm ABI version')
    : inconclusive(`a trial run does not know its ABI: ${nameSome(markers)}`);
}

/** Memories and tables that the module wants from its host. */
function importedObjects(imports: readonly ImportEntry[], limits: ModuleLimits) {
  let memory: EngineMemory | undefined;
  const objects = imports.flatMap(({ module, name, kind }) => {
    if (kind === 'memory' && limits.importedMemory !== undefined) {
      const { initial } = limits.importedMemory;
      memory ??= new engine.Memory({ initial, maximum: cappedPages(limits.importedMemory) });
      return [{ module, name, value: memory as object }];
    }
    if (kind === 'table' && limits.importedTable !== undefined) {
      const { element, initial, maximum } = limits.importedTable;
      const value = new engine.Table({ element, initial, ...defined({ maximum }) });
      return [{ module, name, value }];
    }
    return [];
  });
  return { memory, objects };
}

function merge(
  functions: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  objects: readonly { readonly module: string; readonly name: string; readonly value: object }[],
): Record<string, Readonly<Record<string, unknown>>> {
  const all: Record<string, Readonly<Record<string, unknown>>> = { ...functions };
  for (const { module, name, value } of objects) all[module] = { ...all[module], [name]: value };
  return all;
}

/** The memory that Envoy uses: the exported one, whatever its name. */
function exportedMemory(exports: Exports): EngineMemory | undefined {
  return Object.values(exports).find(
    (value): value is EngineMemory =>
      typeof value === 'object' && value !== null && 'buffer' in value && 'grow' in value,
  );
}

/** An export as a function, or `undefined` if it is none. */
export function callable(value: unknown): ((...parameters: number[]) => unknown) | undefined {
  return typeof value === 'function' ? (value as (...parameters: number[]) => unknown) : undefined;
}
