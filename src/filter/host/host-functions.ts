import { isCapabilityAllowed } from '../compatibility/capabilities.ts';
import { findHostFunction } from '../compatibility/host-functions.ts';
import type { HostImplementation, ImportEntry } from './engine.ts';
import { callFunctions } from './env-calls.ts';
import { generalFunctions } from './env-general.ts';
import { headerFunctions } from './env-headers.ts';
import { sharedFunctions } from './env-shared.ts';
import { streamFunctions } from './env-stream.ts';
import { isSince, SINCE } from './envoy-kinds.ts';
import type { HostState } from './host-state.ts';
import { Status, statusWords } from './status.ts';
import { Errno, wasiFunctions } from './wasi.ts';

const WASI_MODULES = ['wasi_snapshot_preview1', 'wasi_unstable'];

/** The host functions by module and name, for the module's ABI version. */
export function hostFunctions(state: HostState): Record<string, Record<string, HostImplementation>> {
  const env = {
    ...generalFunctions(state),
    ...headerFunctions(state),
    ...streamFunctions(state),
    ...sharedFunctions(state),
    ...callFunctions(state),
  };
  const ours = Object.entries<HostImplementation>(env)
    .filter(([name]) => findHostFunction('env', name)?.abis.includes(state.abi) ?? false)
    .map(([name, run]): [string, HostImplementation] => [name, restricted(state, name, run, Status.internalFailure)]);
  const wasi = Object.entries<HostImplementation>(wasiFunctions(state)).map(
    ([name, run]): [string, HostImplementation] => [
      name,
      restricted(state, name, run, name === 'proc_exit' ? undefined : Errno.notcapable),
    ],
  );
  const guarded = (functions: readonly [string, HostImplementation][]): Record<string, HostImplementation> =>
    Object.fromEntries(functions.map(([name, run]) => [name, guard(state, name, run)]));
  return { env: guarded(ours), ...Object.fromEntries(WASI_MODULES.map((module) => [module, guarded(wasi)])) };
}

/** The same host functions, each of which says that it was called, and the status it gave. */
export function recorded(
  functions: Readonly<Record<string, Readonly<Record<string, HostImplementation>>>>,
  call: (line: string) => void,
): Record<string, Record<string, HostImplementation>> {
  const record =
    (name: string, run: HostImplementation): HostImplementation =>
    (...parameters: never[]) => {
      const status = run(...parameters);
      if (status === undefined) call(name);
      // Those of WASI answer with a number of their own.
      else call(`${name} ${name.startsWith('proxy_') ? statusWords(Number(status)) : status}`);
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
  functions: Readonly<Record<string, Readonly<Record<string, HostImplementation>>>>,
): string[] {
  return imports
    .filter(({ kind, module, name }) => kind === 'function' && functions[module]?.[name] === undefined)
    .map(({ module, name }) => `${module}.${name}`);
}

/** What Envoy links instead of a function that the filter may not call (proxy-wasm-cpp-host, include/proxy-wasm/exports.h). */
function restricted(
  state: HostState,
  name: string,
  run: HostImplementation,
  answer: number | undefined,
): HostImplementation {
  if (isCapabilityAllowed(name, state.request.capabilities)) return run;
  return () => {
    state.log.add('error', `Attempted call to restricted capability: ${name}`);
    return answer;
  };
}

/** Not of Proxy-Wasm, and forbidden all the same. */
const FORBIDDEN_AT_START = [
  ...['envoy_resolve_dns', 'pthread_equal', 'proc_exit', 'sched_yield'],
  ...['fd_read', 'fd_seek', 'fd_close', 'path_open'],
];

/** The minor versions of Envoy 1 that first allowed what was forbidden. */
const ALLOWED_AT_START: Readonly<Record<string, number>> = {
  emscripten_notify_memory_growth: SINCE.growthAtStart,
  poll_oneoff: SINCE.polling,
};

/**
 * While `_initialize`, `main` or `_start` run, Envoy stops a filter that calls anything of Proxy-Wasm but the log, and these
 * ("restricted_callback"; proxy-wasm-cpp-host, src/wasm.cc, startVm). Each was tried on Envoy 1.36.2 and 1.40.0.
 */
function forbiddenAtStart(name: string, envoy: number | undefined): string | undefined {
  const since = ALLOWED_AT_START[name];
  if (since !== undefined) {
    return isSince(envoy, since) === false ? `Envoy before 1.${since} forbids` : undefined;
  }
  const always = (name.startsWith('proxy_') && name !== 'proxy_log') || FORBIDDEN_AT_START.includes(name);
  return always ? 'Envoy forbids' : undefined;
}

/** Beside those of Proxy-Wasm. */
const CRASHING = [
  ...['envoy_resolve_dns', 'proc_exit', 'clock_time_get', 'fd_seek', 'fd_close'],
  ...['environ_get', 'environ_sizes_get', 'args_sizes_get'],
];

/** These are so since they are more than stand-ins. */
const CRASHING_SINCE_POLLING = [
  ...['clock_res_get', 'fd_readdir', 'path_readlink', 'poll_oneoff'],
  ...['sock_accept', 'sock_recv', 'sock_send'],
];

/**
 * A module's own start function runs before Envoy has made a context for it; the host functions that look for one end the
 * process with a segmentation fault. Each was tried on Envoy 1.36.2 and 1.40.0.
 */
function crashesUnlinked(name: string, envoy: number | undefined): boolean {
  if (CRASHING_SINCE_POLLING.includes(name)) return isSince(envoy, SINCE.polling) ?? false;
  return name.startsWith('proxy_') || CRASHING.includes(name);
}

function guard(state: HostState, name: string, run: HostImplementation): HostImplementation {
  const { envoy } = state.request;
  const [forbidden, crashing] = [forbiddenAtStart(name, envoy), crashesUnlinked(name, envoy)];
  return (...parameters: never[]) => {
    if (!state.linked && crashing) throw state.crash(`its start function calls ${name}`);
    if (state.starting && forbidden !== undefined) {
      throw new Error(`it calls ${name}, which ${forbidden} while a module starts`);
    }
    return run(...parameters);
  };
}
