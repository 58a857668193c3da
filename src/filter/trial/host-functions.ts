import { isAllowed } from '../capabilities.ts';
import { findHostFunction } from '../host-functions.ts';
import type { HostFunction, ImportEntry } from './engine.ts';
import { callFunctions } from './env-calls.ts';
import { generalFunctions } from './env-general.ts';
import { headerFunctions } from './env-headers.ts';
import { sharedFunctions } from './env-shared.ts';
import { streamFunctions } from './env-stream.ts';
import type { HostState } from './host-state.ts';
import { Status } from './status.ts';
import { Errno, wasiFunctions } from './wasi.ts';

const WASI_MODULES = ['wasi_snapshot_preview1', 'wasi_unstable'];

/** The host functions by module and name, for the module's ABI version. */
export function hostFunctions(state: HostState): Record<string, Record<string, HostFunction>> {
  const env = {
    ...generalFunctions(state),
    ...headerFunctions(state),
    ...streamFunctions(state),
    ...sharedFunctions(state),
    ...callFunctions(state),
  };
  const ours = Object.entries<HostFunction>(env)
    .filter(([name]) => findHostFunction('env', name)?.abis.includes(state.abi) ?? false)
    .map(([name, run]): [string, HostFunction] => [name, restricted(state, name, run, Status.internalFailure)])
    .map(([name, run]): [string, HostFunction] => [name, forbiddenAtStart(name) ? notAtStart(state, run) : run]);
  const wasi = Object.fromEntries(
    Object.entries<HostFunction>(wasiFunctions(state)).map(([name, run]) => [
      name,
      restricted(state, name, run, name === 'proc_exit' ? undefined : Errno.notcapable),
    ]),
  );
  return { env: Object.fromEntries(ours), ...Object.fromEntries(WASI_MODULES.map((module) => [module, wasi])) };
}

/** The same host functions, each of which says that it was called, and the status it gave. */
export function recorded(
  functions: Readonly<Record<string, Readonly<Record<string, HostFunction>>>>,
  call: (line: string) => void,
): Record<string, Record<string, HostFunction>> {
  const record =
    (name: string, run: HostFunction): HostFunction =>
    (...parameters: never[]) => {
      const status = run(...parameters);
      call(status === undefined ? name : `${name} ${status}`);
      return status;
    };
  return Object.fromEntries(
    Object.entries(functions).map(([module, all]) => [
      module,
      Object.fromEntries(Object.entries(all).map(([name, run]) => [name, record(name, run)])),
    ]),
  );
}

/** The functions that a module imports and that no host function here answers. */
export function unknownImports(
  imports: readonly ImportEntry[],
  functions: Readonly<Record<string, Readonly<Record<string, HostFunction>>>>,
): string[] {
  return imports
    .filter(({ kind, module, name }) => kind === 'function' && functions[module]?.[name] === undefined)
    .map(({ module, name }) => `${module}.${name}`);
}

/**
 * While `_initialize`, `main` or `_start` run, Envoy stops a filter that calls anything of Proxy-Wasm but the log
 * (proxy-wasm-cpp-host, src/wasm.cc, startVm). Its list of WASI functions has grown, so those are let through here.
 */
const forbiddenAtStart = (name: string): boolean => name.startsWith('proxy_') && name !== 'proxy_log';

/** What Envoy links instead of a function that the filter may not call (proxy-wasm-cpp-host, include/proxy-wasm/exports.h). */
function restricted(state: HostState, name: string, run: HostFunction, answer: number | undefined): HostFunction {
  if (isAllowed(name, state.request.capabilities)) return run;
  return () => {
    state.log.add('error', `Attempted call to restricted capability: ${name}`);
    return answer;
  };
}

function notAtStart(state: HostState, run: HostFunction): HostFunction {
  return (...parameters: never[]) => {
    if (state.starting) throw new Error('it calls a host function that Envoy forbids while a module starts');
    return run(...parameters);
  };
}
