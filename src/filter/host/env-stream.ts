import type { HostImplementation } from './engine.ts';
import { written } from './env-general.ts';
import type { HostState } from './host-state.ts';
import { keptHeaders } from './pairs.ts';
import { Status } from './status.ts';
import type { Side, SideName } from './stream.ts';

/** `proxy_buffer_type_t`. */
const Buffers = {
  requestBody: 0,
  responseBody: 1,
  httpCallBody: 4,
  grpcMessage: 5,
  pluginConfiguration: 7,
  last: 8,
} as const;

const NONE = new Uint8Array();

/** `proxy_stream_type_t`: 0 is the request, 1 the answer, 2 and 3 are the sides of a TCP stream. */
const LAST_STREAM_TYPE = 3;

/** Bodies and other buffers, going on with what was held back, and answers of the filter's own. */
export function streamFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory } = state;
  const goOn = (side: SideName): number => {
    const stream = state.activeStream;
    // Envoy 1.36 and 1.40 end with a segmentation fault.
    if (side === 'response' && stream !== undefined && stream.response.headers === undefined) {
      throw state.crash('it lets the answer go on before there is one');
    }
    state.defer({ kind: 'continue', side });
    return Status.ok;
  };
  return {
    proxy_get_buffer_bytes: (type: number, start: number, length: number, pointerTo: number, sizeTo: number) => {
      const bytes = readBuffer(state, type >>> 0);
      if (typeof bytes === 'number') return bytes;
      const from = start >>> 0;
      const end = from + (length >>> 0);
      return end > 0xffff_ffff + 1 ? Status.badArgument : memory.give(bytes.subarray(from, end), pointerTo, sizeTo);
    },
    proxy_get_buffer_status: (type: number, lengthTo: number, flagsTo: number) => {
      const bytes = readBuffer(state, type >>> 0);
      if (typeof bytes === 'number') return bytes;
      return written(memory.setUint32(lengthTo, bytes.length) && memory.setUint32(flagsTo, 0));
    },
    proxy_set_buffer_bytes: (type: number, start: number, length: number, pointer: number, size: number) => {
      const refused = refuseWrite(state, type >>> 0);
      if (refused !== undefined) return refused;
      const data = memory.bytes(pointer, size);
      if (data === undefined) return Status.invalidMemoryAccess;
      return writeBuffer(state, type >>> 0, start >>> 0, length >>> 0, data);
    },
    proxy_continue_stream: (type: number) => {
      if (type >>> 0 > LAST_STREAM_TYPE) return Status.badArgument;
      if (type >>> 0 === LAST_STREAM_TYPE) return Status.unimplemented;
      return type > 1 ? Status.ok : goOn(type === 0 ? 'request' : 'response');
    },
    proxy_continue_request: () => goOn('request'),
    proxy_continue_response: () => goOn('response'),
    proxy_close_stream: (type: number) => {
      if (type >>> 0 > LAST_STREAM_TYPE) return Status.badArgument;
      if (type >>> 0 < 2) state.defer({ kind: 'close' });
      return Status.ok;
    },
    proxy_clear_route_cache: () => Status.ok,
    proxy_send_local_response: (
      status: number,
      _details: number,
      _detailsSize: number,
      body: number,
      bodySize: number,
      headers: number,
      headersSize: number,
      grpcStatus: number,
    ) => {
      const [bytes, pairs] = [memory.bytes(body, bodySize), memory.view(headers, headersSize)];
      if (bytes === undefined || pairs === undefined) return Status.invalidMemoryAccess;
      const local = { status: status >>> 0, body: bytes, headers: keptHeaders(memory, pairs), grpcStatus };
      state.defer({ kind: 'answer', local });
      state.stopped = true;
      return Status.ok;
    },
  };
}

/** What a buffer holds now, or the status that says why it cannot be read. */
function readBuffer(state: HostState, type: number): Uint8Array | number {
  if (type > Buffers.last) return Status.badArgument;
  if (type === Buffers.pluginConfiguration) {
    return state.configurationReadable ? new TextEncoder().encode(state.request.configuration) : Status.notFound;
  }
  if (type === Buffers.httpCallBody) return state.callResult.buffers[type] ?? Status.notFound;
  if (type === Buffers.grpcMessage) return state.callResult.buffers[type] ?? NONE;
  // The VM's own configuration is empty: this action sets none.
  return sideOf(state, type)?.body ?? NONE;
}

/** The status for which nothing can be written to a buffer now, if any: only the body of the running callback can be changed. */
function refuseWrite(state: HostState, type: number): number | undefined {
  if (type > Buffers.last) return Status.badArgument;
  if (sideOf(state, type)?.body !== undefined) return undefined;
  return readBuffer(state, type) === Status.notFound ? Status.notFound : Status.badArgument;
}

/**
 * Replaces `length` bytes from `start`: 0 and 0 put the data in front, a start beyond the end puts it behind, as Envoy does.
 * Answers a status.
 */
function writeBuffer(state: HostState, type: number, start: number, length: number, data: Uint8Array): number {
  const side = sideOf(state, type);
  const bytes = side?.body;
  if (side === undefined || bytes === undefined) return refuseWrite(state, type) ?? Status.badArgument;
  side.body = Buffer.concat([bytes.subarray(0, start), data, bytes.subarray(start + length)]);
  return Status.ok;
}

function sideOf({ activeStream: stream }: HostState, type: number): Side | undefined {
  if (type === Buffers.requestBody) return stream?.request;
  return type === Buffers.responseBody ? stream?.response : undefined;
}
