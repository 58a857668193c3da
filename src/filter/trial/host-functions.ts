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
    .map(([name, run]): [string, HostFunction] => [name, restricted(state, name, run, Status.internalFailure)]);
  const wasi = Object.entries<HostFunction>(wasiFunctions(state)).map(([name, run]): [string, HostFunction] => [
    name,
    restricted(state, name, run, name === 'proc_exit' ? undefined : Errno.notcapable),
  ]);
  const guarded = (functions: readonly [string, HostFunction][]): Record<string, HostFunction> =>
    Object.fromEntries(functions.map(([name, run]) => [name, guard(state, name, run)]));
  return { env: guarded(ours), ...Object.fromEntries(WASI_MODULES.map((module) => [module, guarded(wasi)])) };
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

/** Not of Proxy-Wasm, and forbidden all the same. */
const FORBIDDEN_AT_START = [
  ...['envoy_resolve_dns', 'pthread_equal', 'proc_exit', 'sched_yield'],
  ...['fd_read', 'fd_seek', 'fd_close', 'path_open'],
];

/** What Envoy links instead of a function that the filter may not call (proxy-wasm-cpp-host, include/proxy-wasm/exports.h). */
function restricted(state: HostState, name: string, run: HostFunction, answer: number | undefined): HostFunction {
  if (isAllowed(name, state.request.capabilities)) return run;
  return () => {
    state.log.add('error', `Attempted call to restricted capability: ${name}`);
    return answer;
  };
}

/**
 * While `_initialize`, `main` or `_start` run, Envoy stops a filter that calls anything of Proxy-Wasm but the log, and these
 * ("restricted_callback"; proxy-wasm-cpp-host, src/wasm.cc, startVm). Each was tried on Envoy 1.36.2 and 1.40.0. What newer ones
 * allow (`emscripten_notify_memory_growth` since 1.37, `poll_oneoff` since 1.39) is let through here.
 */
const forbiddenAtStart = (name: string): boolean =>
  (name.startsWith('proxy_') && name !== 'proxy_log') || FORBIDDEN_AT_START.includes(name);

/** Beside those of Proxy-Wasm. */
const CRASHING = [
  ...['envoy_resolve_dns', 'proc_exit', 'clock_time_get', 'fd_seek', 'fd_close'],
  ...['environ_get', 'environ_sizes_get', 'args_sizes_get'],
];

/**
 * A module's own start function runs before Envoy has made a context for it; the host functions that look for one end the
 * process with a segmentation fault. Each was tried on Envoy 1.36.2 and 1.40.0, and of those that newer Envoys have none counts.
 */
const crashesUnlinked = (name: string): boolean => name.startsWith('proxy_') || CRASHING.includes(name);

function guard(state: HostState, name: string, run: HostFunction): HostFunction {
  const [forbidden, crashing] = [forbiddenAtStart(name), crashesUnlinked(name)];
  return (...parameters: never[]) => {
    if (!state.linked && crashing) throw state.crash(`its start function calls ${name}`);
    if (state.starting && forbidden) throw new Error(`it calls ${name}, which Envoy forbids while a module starts`);
    return run(...parameters);
  };
}
