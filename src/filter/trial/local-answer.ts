import { HeaderMap } from '../host/header-map.ts';
import type { LocalResponse } from '../host/stream.ts';

/** An answer that Envoy gives by itself, or a filter. */
export interface LocalAnswer {
  readonly headers: HeaderMap;
  /** Without one, the headers end it. */
  readonly body: Uint8Array | undefined;
}

/** gRPC's codes for those of HTTP (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md). */
const GRPC_CODES: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const GRPC_UNKNOWN = 2;
const MAX_GRPC_CODE = 16;

/** Returns gRPC's code for a status of HTTP. */
export function grpcCodeOf(status: number): number {
  return GRPC_CODES[status] ?? GRPC_UNKNOWN;
}

/**
 * Returns the answer as Envoy writes it (source/common/http/utility.cc, prepareLocalReply): to a gRPC request headers alone with the
 * status of gRPC, else the status, the filter's headers and the body, with its length, and as text where nothing else is said.
 */
export function localAnswer(
  { status, headers, body, grpcStatus }: LocalResponse,
  request: HeaderMap | undefined,
): LocalAnswer {
  const map = new HeaderMap([[':status', String(status)], ...headers]);
  if (/^application\/grpc(\+|$)/.test(request?.get('content-type') ?? '')) {
    map.replace(':status', '200');
    map.replace('content-type', 'application/grpc');
    if (map.get('grpc-status') === undefined) {
      const given = grpcStatus >= 0 && grpcStatus <= MAX_GRPC_CODE;
      map.replace('grpc-status', String(given ? grpcStatus : grpcCodeOf(status)));
    }
    if (body.length > 0) map.replace('grpc-message', percentEncoded(body));
    map.remove('content-length');
    return { headers: map, body: undefined };
  }
  if (body.length === 0) {
    map.remove('content-length');
    map.remove('content-type');
    return { headers: map, body: undefined };
  }
  map.replace('content-length', String(body.length));
  if (map.get('content-type') === undefined) map.replace('content-type', 'text/plain');
  return { headers: map, body: request?.get(':method') === 'HEAD' ? undefined : body };
}

/** As gRPC writes a message into a header: what is no printable ASCII, and `%`, as `%` and two digits. */
function percentEncoded(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}
