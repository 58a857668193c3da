import { greatest } from '../../base/lists.ts';
import { count, formatBytes, listWords, MAX_LISTED, nameSome, shownName } from '../../base/text.ts';
import { ABI_VERSIONS, abiMarkers, type ModuleFacts } from '../module/facts.ts';
import { MAX_MEMORY_PAGES, MEMORY_CAP_SINCE, PAGE_BYTES } from '../module/memory.ts';
import { describeType, type ExportFact, importName } from '../module/wasm-types.ts';
import { hasAllocator, wrongSignatures } from './callbacks.ts';
import type { IncompatibilityCause } from './remedies.ts';

/** One thing for which Envoy rejects a module. */
export interface Incompatibility {
  readonly cause: IncompatibilityCause;
  /** Goes on after the name of the filter. */
  readonly message: string;
}

/** What Envoy 1.`minor` has against the module besides its imported functions. */
export function moduleIncompatibilities(facts: ModuleFacts, minor: number): Incompatibility[] {
  const found: [IncompatibilityCause, string | undefined][] = [
    ['abi', wrongAbi(facts)],
    ['memory', wrongMemory(facts, minor)],
    [
      'allocator',
      hasAllocator(facts)
        ? undefined
        : 'exports neither malloc nor proxy_on_memory_allocate, so Envoy cannot hand it anything and rejects it.',
    ],
    ['crash', crashes(facts)],
    ['signature', wrongCallbacks(facts, minor)],
  ];
  return found.flatMap(([cause, message]) => (message === undefined ? [] : [{ cause, message }]));
}

function wrongAbi({ abi, exports, toolchain }: ModuleFacts): string | undefined {
  if (abi !== undefined) return undefined;
  const known = `Envoy knows ${listWords(ABI_VERSIONS, 'and')}`;
  const markers = abiMarkers(exports);
  if (markers.length > 0) return `is made for Proxy-Wasm ABI ${listWords(markers, 'and')}; ${known}.`;
  const language = toolchain === 'unknown' ? '' : ` It looks like ${toolchain}.`;
  return `is WebAssembly, but not a Proxy-Wasm filter: it exports no function like proxy_abi_version_0_2_1; ${known}.${language}`;
}

function wrongMemory({ memories, imports }: ModuleFacts, minor: number): string | undefined {
  const imported = memories.filter((memory) => memory.imported);
  if (imported.length > 1) return `imports ${count(imported.length, 'memory', 'memories')}; Envoy provides one.`;
  if (imported.some(({ shared }) => shared)) return 'imports a shared memory; Envoy provides one that is not shared.';
  const tables = imports.filter(({ kind }) => kind === 'table');
  if (tables.length > 1) return `imports ${count(tables.length, 'table')}; Envoy provides one.`;
  const pages = greatest(
    memories.map((memory) => memory.pages),
    0,
  );
  if (pages <= MAX_MEMORY_PAGES || minor < MEMORY_CAP_SINCE) return undefined;
  return `requires ${formatBytes(pages * PAGE_BYTES)} of memory at its start; Envoy provides at most ${formatBytes(MAX_MEMORY_PAGES * PAGE_BYTES)}.`;
}

/** Tried on Envoy 1.36 to 1.40: the engine's C interface does not know these and ends the whole proxy ("Fatal error in"). */
function crashes({ imports, exports }: ModuleFacts): string | undefined {
  const names = [
    ...imports.filter(endsEnvoy).map((entry) => `import ${shownName(importName(entry))}`),
    ...exports.filter(endsEnvoy).map(({ name }) => `export ${shownName(name)}`),
  ];
  if (names.length === 0) return undefined;
  return `would crash the whole proxy: it has exception tags, or vector or reference types, among its imports or exports (${nameSome(names)}).`;
}

function endsEnvoy({ kind, params, results, holds }: ExportFact): boolean {
  return kind === 'tag' || [...params, ...results, holds].some((type) => type === 'v128' || type === 'ref');
}

function wrongCallbacks(facts: ModuleFacts, minor: number): string | undefined {
  const wrong = wrongSignatures(facts, minor);
  if (wrong.length === 0) return undefined;
  const each = wrong.map(
    ({ name, wanted, found }) => `${name} is ${shownName(describeType(found))}, expected ${describeType(wanted)}`,
  );
  const abi = facts.abi === undefined ? '' : ` for ABI ${facts.abi}`;
  return `exports ${count(wrong.length, 'function')} with a type that Envoy rejects${abi}: ${nameSome(each, MAX_LISTED, '; ')}.`;
}
