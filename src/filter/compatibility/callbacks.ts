import { ABI_VERSIONS, type AbiVersion, type ModuleFacts } from '../module/facts.ts';
import { type ExportFact, type FunctionType, sameType, signature } from '../module/wasm-types.ts';

/** A function of a filter that Envoy calls. */
interface Callback extends FunctionType {
  readonly name: string;
  readonly abis: readonly AbiVersion[];
  /** The minor version of Envoy 1 that first looks at it. */
  readonly since: number;
}

/** An exported function whose type Envoy rejects. */
export interface WrongSignature {
  readonly name: string;
  readonly wanted: FunctionType;
  readonly found: FunctionType;
}

const NO_RESULT = signature('', []).results;

/**
 * The callbacks with the types that Envoy wants of them, whatever the version; it looks only at what is exported as a
 * function. Source: proxy-wasm-cpp-host, include/proxy-wasm/wasm.h and src/wasm.cc (`getFunctions`), Envoy's
 * source/extensions/common/wasm/wasm.cc; tried one by one on Envoy 1.36.2 and 1.40.0 with ABI 0.1.0 and 0.2.1.
 */
const CALLBACKS: readonly Callback[] = [
  ...callbacks('proxy_on_new_connection proxy_on_done', 'i'),
  ...callbacks('proxy_validate_configuration proxy_on_vm_start proxy_on_configure', 'ii'),
  ...callbacks('proxy_on_request_trailers proxy_on_request_metadata', 'ii'),
  ...callbacks('proxy_on_response_trailers proxy_on_response_metadata', 'ii'),
  ...callbacks('proxy_on_downstream_data proxy_on_upstream_data', 'iii'),
  ...callbacks('proxy_on_request_body proxy_on_response_body', 'iii'),
  ...callbacks('proxy_on_request_headers proxy_on_response_headers', 'ii').map(only('0.1.0')),
  ...callbacks('proxy_on_request_headers proxy_on_response_headers', 'iii').map(only('0.2.0', '0.2.1')),
  ...callbacks('proxy_on_tick proxy_on_log proxy_on_delete', 'i', NO_RESULT),
  ...callbacks('proxy_on_context_create proxy_on_queue_ready', 'ii', NO_RESULT),
  ...callbacks('proxy_on_downstream_connection_close proxy_on_upstream_connection_close', 'ii', NO_RESULT),
  ...callbacks('proxy_on_grpc_receive proxy_on_grpc_close', 'iii', NO_RESULT),
  ...callbacks('proxy_on_grpc_receive_initial_metadata proxy_on_grpc_receive_trailing_metadata', 'iii', NO_RESULT),
  ...callbacks('proxy_on_foreign_function', 'iii', NO_RESULT).map(only('0.2.0', '0.2.1')),
  ...callbacks('proxy_on_http_call_response', 'iiiii', NO_RESULT),
  ...callbacks('envoy_on_resolve_dns', 'iii', NO_RESULT),
  // Came after the others; the version is an upper bound.
  ...callbacks('envoy_on_stats_update', 'ii', NO_RESULT, 20),
];

/** The names of the callbacks of a proxy, whatever the ABI. */
export const CALLBACK_NAMES: readonly string[] = [...new Set(CALLBACKS.map(({ name }) => name))];

/** The callbacks that came after the first Envoy with Wasm, and the minor version of Envoy 1 that has them for sure. */
export const LATER_CALLBACKS: readonly { readonly name: string; readonly since: number }[] = CALLBACKS.filter(
  ({ since }) => since > 0,
).map(({ name, since }) => ({ name, since }));

/** The exported functions whose type makes Envoy 1.`minor` refuse the module ("Bad function signature for: …"). */
export function wrongSignatures(facts: ModuleFacts, minor: number): WrongSignature[] {
  const called = [
    ...CALLBACKS.filter(({ abis }) => suits(abis, facts.abi)),
    allocator(facts),
    ...startFunctions(facts),
  ];
  return called
    .filter(({ since }) => since <= minor)
    .flatMap((wanted) => {
      const found = exportedFunction(facts, wanted.name);
      return found === undefined || sameType(found, wanted) ? [] : [{ name: wanted.name, wanted, found }];
    });
}

/** Whether the module exports a function by which Envoy gets memory in it; without one it refuses the module. */
export function hasAllocator(facts: ModuleFacts): boolean {
  return exportedFunction(facts, allocator(facts).name) !== undefined;
}

/** Whether Envoy would call anything that a filter does its work in. */
export function hasUsefulCallback(facts: ModuleFacts): boolean {
  const useful =
    /^proxy_on_(context_create|vm_start|configure|tick|log|new_connection|(request|response)_|(down|up)stream_)/;
  return facts.exports.some(({ kind, name }) => kind === 'function' && useful.test(name));
}

function allocator(facts: ModuleFacts): Callback {
  const name = exportedFunction(facts, 'malloc') === undefined ? 'proxy_on_memory_allocate' : 'malloc';
  return { name, abis: ABI_VERSIONS, since: 0, ...signature('i') };
}

/**
 * `main` and `__main_void` count only in a reactor: the former since a host of 2021, the latter since Envoy 1.39 (tried: 1.38.2
 * does not mind its type).
 */
function startFunctions(facts: ModuleFacts): Callback[] {
  if (facts.start !== 'reactor') return callbacks('_start', '', NO_RESULT);
  return [
    ...callbacks('_initialize', '', NO_RESULT),
    ...callbacks('main', 'ii', ['i32'], 20),
    ...callbacks('__main_void', '', ['i32'], 39),
  ];
}

/** Without an ABI version, only what holds for all of them can be said. */
function suits(abis: readonly AbiVersion[], abi: AbiVersion | undefined): boolean {
  return abi === undefined ? abis === ABI_VERSIONS : abis.includes(abi);
}

function exportedFunction(facts: ModuleFacts, name: string): ExportFact | undefined {
  return facts.exports.find((entry) => entry.kind === 'function' && entry.name === name);
}

function callbacks(names: string, params: string, results?: FunctionType['results'], since = 0): Callback[] {
  return names.split(' ').map((name) => ({ name, abis: ABI_VERSIONS, since, ...signature(params, results) }));
}

function only(...abis: readonly AbiVersion[]): (callback: Callback) => Callback {
  return (callback) => ({ ...callback, abis });
}
