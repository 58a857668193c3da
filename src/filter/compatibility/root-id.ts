import { capital } from '../../base/text.ts';
import type { Toolchain } from '../module/toolchain.ts';
import { nameSettings, type WrittenFilter } from '../written.ts';

/** What the SDK of AssemblyScript says before it gives up. */
const BEGINNING = /Missing root ?context factory for root[ _]id:/i;
/** What it says behind the id: the place in its own source. */
const PLACE = / at:? ?\S*$/i;

/** Returns whether a filter said that it has registered nothing under its root id. */
export function missesRootId(lines: readonly string[]): boolean {
  return lines.some((line) => findRootId(line) !== undefined);
}

/** Returns a line of a filter in which its root id is told so that it can be seen, also where it is empty. */
export function showRootId(line: string): string {
  const found = findRootId(line);
  return found === undefined ? line : `${found.before} "${found.id}"`;
}

/** Finds the root id, which may be empty, and what is said before it. Two expressions: one for all of it would take quadratic time. */
function findRootId(line: string): { readonly before: string; readonly id: string } | undefined {
  const beginning = BEGINNING.exec(line);
  if (beginning === null) return undefined;
  const end = beginning.index + beginning[0].length;
  const rest = line.slice(end);
  const place = PLACE.exec(rest);
  return place === null
    ? undefined
    : { before: line.slice(0, end - 1), id: rest.slice(0, place.index).replace(/^ /, '') };
}

/** Returns what to do where a filter has registered nothing under its root id; `written` is where that stands. */
export function rootIdRemedy(
  rootId: string | undefined,
  toolchain: Toolchain,
  written: WrittenFilter | undefined,
): string {
  const name = nameSettings(['root-id'], written);
  const stands = rootId === '' ? `${capital(name)} is empty. Set it to` : `Set ${name} to`;
  return `${stands} the name under which the source of the filter registers its root context: ${REGISTERED[toolchain] ?? `${AS}, or ${CPP} in C++`}.`;
}

const AS = 'the last argument of registerRootContext(…, "NAME") in AssemblyScript';
const CPP = 'the last argument of RegisterContextFactory …(…, "NAME")';

/** Other SDKs look at no root id, or leave that to the filter (proxy_wasm::set_root_context in Rust, proxywasm.SetVMContext in Go). */
const REGISTERED: Readonly<Partial<Record<Toolchain, string>>> = {
  AssemblyScript: 'the last argument of registerRootContext(…, "NAME")',
  'C++': CPP,
  Rust: 'what the root context that proxy_wasm::set_root_context makes compares its id with',
  Go: 'what the context that proxywasm.SetVMContext sets compares its id with',
  TinyGo: 'what the context that proxywasm.SetVMContext sets compares its id with',
};
