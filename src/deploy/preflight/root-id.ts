import type { Toolchain } from '../../filter/module/toolchain.ts';

/** What the SDK of AssemblyScript says before it gives up, with the id, which may be empty, and the place in its own source. */
const MISSING = /(Missing root ?context factory for root[ _]id): ?(.*?) at:? ?\S*$/i;

/** Returns whether a filter said that it has registered nothing under its root id. */
export function missesRootId(lines: readonly string[]): boolean {
  return lines.some((line) => MISSING.test(line));
}

/** Returns a line of a filter in which its root id is told so that it can be seen, also where it is empty. */
export function showRootId(line: string): string {
  return line.replace(MISSING, (_, words: string, id: string) => `${words} "${id}"`);
}

/** Returns what to do where a filter has registered nothing under its root id. */
export function rootIdRemedy(rootId: string | undefined, toolchain: Toolchain): string {
  const stands = rootId === '' ? '"root-id" is empty. Set it to' : 'Set "root-id" to';
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
