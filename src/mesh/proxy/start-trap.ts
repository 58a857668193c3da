import { inStack, readFilterLog } from './trap-log.ts';

/** What Envoy calls in a filter before it serves, and what the filter's own code is called for meanwhile (proxy-wasm-cpp-host: src/wasm.cc). */
const STARTING: ReadonlySet<string> = new Set([
  '__wasm_call_ctors',
  '_initialize',
  '_start',
  'main',
  'malloc',
  'proxy_on_memory_allocate',
  'proxy_on_context_create',
  'proxy_on_vm_start',
  'proxy_validate_configuration',
  'proxy_on_configure',
]);

/**
 * Returns Envoy's words for the last trap of a function that a filter starts with, and in which of the module's functions it was;
 * `undefined` if the log has none. After it Envoy says that the start has failed, as it does of a filter that refuses its configuration.
 */
export function findStartTrap(log: string): string | undefined {
  const trap = readFilterLog(log).kinds.findLast(({ callback }) => STARTING.has(callback));
  if (trap === undefined) return undefined;
  return `Function: ${trap.callback} failed: ${trap.words}${inStack(trap)}`;
}
