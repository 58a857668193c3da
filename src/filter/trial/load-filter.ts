import { type Callbacks, Trap } from './calls.ts';
import { ROOT_CONTEXT } from './host-state.ts';
import type { TrialOutcome } from './verdict.ts';

/**
 * Starts the module and configures the plugin as Envoy does before it accepts a listener (proxy-wasm-cpp-host,
 * src/wasm.cc: startVm and canary; src/context.cc: onStart and onConfigure). Undefined when Envoy goes on to requests.
 */
export function loadFilter(callbacks: Callbacks): TrialOutcome | undefined {
  const stuck = start(callbacks);
  if (stuck !== undefined) return { state: 'refused', step: 'start', reason: stuck.reason };

  const { state } = callbacks;
  state.configurationReadable = true;
  const created = callbacks.call('context-create', 'proxy_on_context_create', ROOT_CONTEXT, ROOT_CONTEXT, 0);
  state.configurationReadable = false;
  // The configuration of the VM, which is another one, is empty.
  const started = callbacks.call('vm-start', 'proxy_on_vm_start', ROOT_CONTEXT, ROOT_CONTEXT, 0);
  if (started instanceof Trap || started === 0) {
    const trap = [created, started].find((result) => result instanceof Trap);
    return { state: 'refused', step: 'vm-start', reason: trap?.reason ?? 'proxy_on_vm_start returned false' };
  }
  // Envoy does not look whether the context could be created, and does not configure a VM that has failed.
  if (created instanceof Trap) return { state: 'trapped', step: 'context-create', reason: created.reason };

  state.configurationReadable = true;
  const size = Buffer.byteLength(state.request.configuration);
  const configured = callbacks.call('configure', 'proxy_on_configure', ROOT_CONTEXT, ROOT_CONTEXT, size);
  state.configurationReadable = false;
  if (configured instanceof Trap) return { state: 'refused', step: 'configure', reason: configured.reason };
  if (configured === 0) return { state: 'refused', step: 'configure', reason: 'proxy_on_configure returned false' };
  return undefined;
}

/** A reactor has `_initialize`, and maybe `main`; a command has `_start`. */
function start(callbacks: Callbacks): Trap | undefined {
  const { state } = callbacks;
  state.starting = true;
  const names = callbacks.has('_initialize')
    ? ['_initialize', callbacks.has('main') ? 'main' : '__main_void']
    : ['_start'];
  for (const name of names) {
    const result = callbacks.call('start', name, 0, ...(name === 'main' ? [0, 0] : []));
    if (result instanceof Trap) return result;
  }
  state.starting = false;
  return undefined;
}
