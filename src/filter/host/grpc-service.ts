const DECODER = new TextDecoder();
/** Fields of envoy.config.core.v3.GrpcService, of its `envoy_grpc` and of its `google_grpc`; all are length-delimited. */
const ENVOY_GRPC = 1;
const GOOGLE_GRPC = 2;
const NAME = 1;
const WIRE_LENGTH = 2;

/**
 * The cluster that a filter names for a gRPC call: in a `GrpcService` message, the target of Google's client there, or the bytes
 * themselves as a text, as Envoy takes them, too.
 */
export function grpcCluster(service: Uint8Array): string {
  const message = fieldsOf(service);
  const kind = message?.get(ENVOY_GRPC) ?? message?.get(GOOGLE_GRPC);
  const name = kind && fieldsOf(kind)?.get(NAME);
  return DECODER.decode(name ?? service);
}

/** The length-delimited fields of a protobuf message by number, the last of each; `undefined` if it is none. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const fields = new Map<number, Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35 && at < bytes.length; shift += 7) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else if ((tag & 7) === WIRE_LENGTH) {
      const length = varint();
      if (!(at + length <= bytes.length)) return undefined;
      fields.set(Math.floor(tag / 8), bytes.subarray(at, at + length));
      at += length;
    } else return undefined;
  }
  return fields;
}
