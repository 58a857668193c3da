import type { HostImplementation } from './engine.ts';
import { written } from './env-general.ts';
import { grpcCluster } from './grpc-service.ts';
import type { HostState } from './host-state.ts';
import { keptHeaders } from './pairs.ts';
import type { Header } from './request.ts';
import { Status } from './status.ts';

/** Foreign functions of Envoy that answer nothing, so that saying OK is all there is to them. */
const SILENT_FUNCTIONS = ['declare_property', 'clear_route_cache', 'set_envoy_filter_state'];

/** What the lowest two bits of a token say, as in Envoy. */
const TOKEN_KINDS = { http: 0, grpcCall: 1, grpcStream: 2 } as const;
type TokenKind = keyof typeof TOKEN_KINDS;
const KIND_BITS = 3;

/** Calls to other services, which a trial accepts and never answers, and functions of the proxy's own. */
export function callFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory, world } = state;
  /** Whether a call or stream that the filter names by its token is there. */
  const known = (token: number, ...kinds: readonly TokenKind[]): number => {
    if (!kinds.some((kind) => (token & KIND_BITS) === TOKEN_KINDS[kind])) return Status.badArgument;
    return state.hasToken(token) ? Status.ok : Status.notFound;
  };
  const accept = (kind: TokenKind, tokenTo: number): number | undefined => {
    const token = state.nextToken(TOKEN_KINDS[kind]);
    return memory.setUint32(tokenTo, token) ? token : undefined;
  };
  const pairs = (pointer: number, size: number): readonly Header[] | undefined => {
    const bytes = memory.view(pointer, size);
    return bytes && keptHeaders(memory, bytes);
  };
  const end = (token: number): number => {
    const status = known(token, 'grpcCall', 'grpcStream');
    if (status === Status.ok) {
      state.dropToken(token);
      world.cancelled(token);
    }
    return status;
  };
  /** The first eight parameters of both gRPC calls: service, its name, method, metadata. */
  const grpc = (kind: 'grpcCall' | 'grpcStream', at: readonly number[], message: Uint8Array | undefined): number => {
    const service = memory.bytes(at[0] ?? 0, at[1] ?? 0);
    const [name, method] = [memory.keptText(at[2] ?? 0, at[3] ?? 0), memory.keptText(at[4] ?? 0, at[5] ?? 0)];
    const metadata = pairs(at[6] ?? 0, at[7] ?? 0);
    const missing = service === undefined || metadata === undefined || message === undefined;
    if (missing || name === undefined || method === undefined) return Status.invalidMemoryAccess;
    const token = accept(kind, at.at(-1) ?? 0);
    if (token === undefined) return Status.invalidMemoryAccess;
    return world.called({
      kind: kind === 'grpcCall' ? 'grpc-call' : 'grpc-stream',
      token,
      cluster: grpcCluster(service),
      headers: [[':method', 'POST'], [':path', `/${name}/${method}`], ...metadata],
      body: message,
      trailers: [],
      timeoutMs: kind === 'grpcCall' ? (at[10] ?? 0) : 0,
    });
  };
  return {
    // Cluster, headers, body and trailers, each a pointer and a size; the timeout; where the token goes.
    proxy_http_call: (...at: number[]) => {
      const cluster = memory.keptText(at[0] ?? 0, at[1] ?? 0);
      const [headers, trailers] = [pairs(at[2] ?? 0, at[3] ?? 0), pairs(at[6] ?? 0, at[7] ?? 0)];
      const body = memory.bytes(at[4] ?? 0, at[5] ?? 0);
      const missing = headers === undefined || trailers === undefined || body === undefined;
      if (cluster === undefined || missing) return Status.invalidMemoryAccess;
      const timeoutMs = at[8] ?? 0;
      if (timeoutMs < 0) return Status.badArgument;
      const token = accept('http', at[9] ?? 0);
      if (token === undefined) return Status.invalidMemoryAccess;
      return world.called({ kind: 'http', token, cluster, headers, body, trailers, timeoutMs });
    },
    proxy_grpc_call: (...at: number[]) => grpc('grpcCall', at, memory.bytes(at[8] ?? 0, at[9] ?? 0)),
    proxy_grpc_stream: (...at: number[]) => grpc('grpcStream', at, new Uint8Array()),
    proxy_grpc_send: (token: number, message: number, size: number, last: number) => {
      const bytes = memory.bytes(message, size);
      if (bytes === undefined) return Status.invalidMemoryAccess;
      const status = known(token, 'grpcStream');
      if (status === Status.ok) world.sent(token, bytes, last !== 0);
      return status;
    },
    proxy_grpc_cancel: end,
    proxy_grpc_close: (token: number) => {
      // A stream that the filter closes is only half closed.
      if (known(token, 'grpcStream') !== Status.ok) return end(token);
      world.sent(token, new Uint8Array(), true);
      return Status.ok;
    },
    envoy_resolve_dns: (name: number, size: number, tokenTo: number) => {
      const host = memory.text(name, size);
      if (host === undefined) return Status.invalidMemoryAccess;
      world.unanswered(`the address of ${host}`);
      return written(accept('http', tokenTo) !== undefined);
    },
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
