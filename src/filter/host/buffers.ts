import type { HostState } from './host-state.ts';
import { Status } from './status.ts';

/** `proxy_buffer_type_t`. */
const Buffers = { requestBody: 0, responseBody: 1, httpCallBody: 4, pluginConfiguration: 7, last: 8 } as const;

const NONE = new Uint8Array();

/** What a buffer holds now, or the status that says why it cannot be read. */
export function readBuffer(state: HostState, type: number): Uint8Array | number {
  if (type > Buffers.last) return Status.badArgument;
  if (type === Buffers.pluginConfiguration) {
    return state.configurationReadable ? new TextEncoder().encode(state.request.configuration) : Status.notFound;
  }
  // No call is ever answered here.
  if (type === Buffers.httpCallBody) return Status.notFound;
  const body = bodyOf(state, type);
  // The VM's own configuration is empty: this action sets none.
  return body?.bytes ?? NONE;
}

/** The status for which nothing can be written to a buffer now, if any: only the body of the running callback can be changed. */
export function refuseWrite(state: HostState, type: number): number | undefined {
  if (type > Buffers.last) return Status.badArgument;
  if (bodyOf(state, type) !== undefined) return undefined;
  return readBuffer(state, type) === Status.notFound ? Status.notFound : Status.badArgument;
}

/**
 * Replaces `length` bytes from `start`: 0 and 0 put the data in front, a start beyond the end puts it behind, as Envoy does.
 * Answers a status.
 */
export function writeBuffer(state: HostState, type: number, start: number, length: number, data: Uint8Array): number {
  const body = bodyOf(state, type);
  if (body === undefined) return refuseWrite(state, type) ?? Status.badArgument;
  body.bytes = Buffer.concat([body.bytes.subarray(0, start), data, body.bytes.subarray(start + length)]);
  return Status.ok;
}

function bodyOf(state: HostState, type: number): { bytes: Uint8Array } | undefined {
  const body = state.activeStream?.body;
  const wanted = type === Buffers.requestBody ? 'request' : type === Buffers.responseBody ? 'response' : undefined;
  return body?.of === wanted ? body : undefined;
}
