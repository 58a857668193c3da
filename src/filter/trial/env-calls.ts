import type { HostFunction } from './engine.ts';
import { written } from './env-general.ts';
import type { HostState } from './host-state.ts';
import { Status } from './status.ts';

/** Foreign functions of Envoy that answer nothing, so that saying OK is all there is to them. */
const SILENT_FUNCTIONS = ['declare_property', 'clear_route_cache', 'set_envoy_filter_state'];

/** Calls to other services, which are accepted and never answered, and functions of the proxy's own. */
export function callFunctions(state: HostState): Record<string, HostFunction> {
  const { memory } = state;
  const accept = (tokenTo: number): number => written(memory.setUint32(tokenTo, state.nextToken()));
  return {
    // The last parameters are the timeout and where the token goes.
    proxy_http_call: (...parameters: number[]) =>
      (parameters[8] ?? 0) < 0 ? Status.badArgument : accept(parameters[9] ?? 0),
    proxy_grpc_call: (...parameters: number[]) => accept(parameters[11] ?? 0),
    proxy_grpc_stream: (...parameters: number[]) => accept(parameters[8] ?? 0),
    proxy_grpc_send: (_token: number, message: number, size: number, _end: number) =>
      written(memory.view(message, size) !== undefined),
    proxy_grpc_cancel: (_token: number) => Status.ok,
    proxy_grpc_close: (_token: number) => Status.ok,
    envoy_resolve_dns: (_name: number, _size: number, tokenTo: number) => accept(tokenTo),
    proxy_call_foreign_function: (
      name: number,
      nameSize: number,
      _data: number,
      _dataSize: number,
      resultTo: number,
      resultSizeTo: number,
    ) => {
      const text = memory.text(name, nameSize);
      if (text === undefined) return Status.invalidMemoryAccess;
      if (!SILENT_FUNCTIONS.includes(text)) state.doubt(`the foreign function ${text}`);
      // Either place may be 0: the caller does not want it.
      const pointerWritten = resultTo === 0 || memory.setUint32(resultTo, 0);
      return written(pointerWritten && (resultSizeTo === 0 || memory.setUint32(resultSizeTo, 0)));
    },
  };
}
