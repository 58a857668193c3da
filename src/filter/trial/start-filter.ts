import { isSince, SINCE } from '../host/envoy-kinds.ts';
import { ROOT_CONTEXT } from '../host/host-state.ts';
import { type Callbacks, Trap } from './calls.ts';
import type { TrialOutcome } from './verdict.ts';

/**
 * Starts the module and configures the plugin as Envoy does before it accepts a listener (proxy-wasm-cpp-host, src/wasm.cc:
 * startVm and canary; src/context.cc: onStart and onConfigure). `undefined` if Envoy goes on to requests.
 */
export function startFilter(callbacks: Callbacks): TrialOutcome | undefined {
  const stuck = start(callbacks);
  if (stuck !== undefined) return stuck;

  const { state } = callbacks;
  state.configurationReadable = true;
  const created = callbacks.call('context-create', 'proxy_on_context_create', ROOT_CONTEXT, ROOT_CONTEXT, 0);
  state.configurationReadable = false;
  // The configuration of the VM, which is another one, is empty.
  const started = callbacks.call('vm-start', 'proxy_on_vm_start', ROOT_CONTEXT, ROOT_CONTEXT, 0);
  const trap = [created, started].find((result) => result instanceof Trap);
  if (returnedFalse(started)) {
    return { state: 'refused', step: 'vm-start', reason: trap?.reason ?? 'proxy_on_vm_start returned false' };
  }
  // Envoy does not look whether the context could be created, and does not configure a VM that has failed.
  if (trap !== undefined) return { state: 'trapped', step: trap.step, reason: trap.reason };

  state.configurationReadable = true;
  const size = Buffer.byteLength(state.request.configuration);
  const configured = callbacks.call('configure', 'proxy_on_configure', ROOT_CONTEXT, ROOT_CONTEXT, size);
  state.configurationReadable = false;
  if (returnedFalse(configured)) {
    const reason = configured instanceof Trap ? configured.reason : 'proxy_on_configure returned false';
    return { state: 'refused', step: 'configure', reason };
  }
  return configured instanceof Trap ? { state: 'trapped', step: 'configure', reason: configured.reason } : undefined;
}

/** Whether a callback that answers yes or no said no; one that is missing says yes, one that was stopped says no. */
function returnedFalse(result: number | undefined | Trap): boolean {
  return (result instanceof Trap ? (result.returned ?? 0) : result) === 0;
}

const MAIN_VOID = '__main_void';

/** A reactor has `_initialize`, and maybe `main`; a command has `_start`. */
function start(callbacks: Callbacks): TrialOutcome | undefined {
  const { state } = callbacks;
  state.starting = true;
  const callsMainVoid = isSince(state.request.envoy, SINCE.mainVoid);
  const main = callbacks.has('main') ? ['main'] : callsMainVoid === false ? [] : [MAIN_VOID];
  for (const name of callbacks.has('_initialize') ? ['_initialize', ...main] : ['_start']) {
    const result = callbacks.call('start', name, 0, ...(name === 'main' ? [0, 0] : []));
    if (!(result instanceof Trap)) continue;
    const { reason } = result;
    if (name === MAIN_VOID && callsMainVoid === undefined) {
      return { state: 'inconclusive', why: `${reason}; only Envoy 1.${SINCE.mainVoid} and newer call that` };
    }
    return { state: 'refused', step: 'start', reason };
  }
  state.starting = false;
  return undefined;
}
