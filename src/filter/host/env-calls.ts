import type { HostImplementation } from './engine.ts';
import { written } from './env-general.ts';
import type { HostState } from './host-state.ts';
import { Status } from './status.ts';

/** Foreign functions of Envoy that answer nothing, so that saying OK is all there is to them. */
const SILENT_FUNCTIONS = ['declare_property', 'clear_route_cache', 'set_envoy_filter_state'];

/** What the lowest two bits of a token say, as in Envoy. */
const TOKEN_KINDS = { http: 0, grpcCall: 1, grpcStream: 2 } as const;
const KIND_BITS = 3;

/** Calls to other services, which are accepted and never answered, and functions of the proxy's own. */
export function callFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory } = state;
  const accept = (kind: keyof typeof TOKEN_KINDS, tokenTo: number): number =>
    written(memory.setUint32(tokenTo, state.nextToken(TOKEN_KINDS[kind])));
  /** Whether a call or stream that the filter names by its token is there. */
  const known = (token: number, ...kinds: readonly (keyof typeof TOKEN_KINDS)[]): number => {
    if (!kinds.some((kind) => (token & KIND_BITS) === TOKEN_KINDS[kind])) return Status.badArgument;
    return state.hasToken(token) ? Status.ok : Status.notFound;
  };
  return {
    // The last parameters are the timeout and where the token goes.
    proxy_http_call: (...parameters: number[]) =>
      (parameters[8] ?? 0) < 0 ? Status.badArgument : accept('http', parameters[9] ?? 0),
    proxy_grpc_call: (...parameters: number[]) => accept('grpcCall', parameters[11] ?? 0),
    proxy_grpc_stream: (...parameters: number[]) => accept('grpcStream', parameters[8] ?? 0),
    proxy_grpc_send: (token: number, message: number, size: number, _end: number) =>
      memory.view(message, size) === undefined ? Status.invalidMemoryAccess : known(token, 'grpcStream'),
    proxy_grpc_cancel: (token: number) => known(token, 'grpcCall', 'grpcStream'),
    proxy_grpc_close: (token: number) => known(token, 'grpcCall', 'grpcStream'),
    envoy_resolve_dns: (name: number, size: number, tokenTo: number) =>
      memory.view(name, size) === undefined ? Status.invalidMemoryAccess : accept('http', tokenTo),
    proxy_call_foreign_function: (
      name: number,
      nameSize: number,
      data: number,
      dataSize: number,
      resultTo: number,
      resultSizeTo: number,
    ) => {
      const text = memory.text(name, nameSize);
      if (text === undefined || memory.view(data, dataSize) === undefined) return Status.invalidMemoryAccess;
      if (!SILENT_FUNCTIONS.includes(text)) {
        state.unsupported(`the foreign function ${text}`);
        return Status.notFound;
      }
      // Either place may be 0: the caller does not want it.
      const pointerWritten = resultTo === 0 || memory.setUint32(resultTo, 0);
      return written(pointerWritten && (resultSizeTo === 0 || memory.setUint32(resultSizeTo, 0)));
    },
  };
}
