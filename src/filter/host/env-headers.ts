import type { HostImplementation } from './engine.ts';
import { written } from './env-general.ts';
import { HeaderMap } from './header-map.ts';
import type { HostState } from './host-state.ts';
import { keptHeaders, serializeHeaders } from './pairs.ts';
import { Status } from './status.ts';

/** `proxy_map_type_t`; the types from 4 to 7 belong to calls of the filter. */
const Maps = { requestHeaders: 0, requestTrailers: 1, responseHeaders: 2, responseTrailers: 3, last: 7 } as const;

/** Headers and trailers. A map that cannot be reached at the moment is a bad argument, as in Envoy. */
export function headerFunctions(state: HostState): Record<string, HostImplementation> {
  const { memory } = state;

  /** Runs `change` on a map with the texts at the given places. */
  const change = (
    type: number,
    places: readonly (readonly [pointer: number, size: number])[],
    apply: (map: HeaderMap, texts: readonly string[]) => void,
  ): number => {
    if (type >>> 0 > Maps.last) return Status.badArgument;
    const texts = places.map(([pointer, size]) => memory.keptText(pointer, size));
    if (!texts.every((text) => text !== undefined)) return Status.invalidMemoryAccess;
    const map = changeableMap(state, type);
    if (map === undefined) return Status.badArgument;
    apply(map, texts);
    return Status.ok;
  };

  return {
    proxy_add_header_map_value: (type: number, key: number, keySize: number, value: number, valueSize: number) =>
      change(
        type,
        [
          [key, keySize],
          [value, valueSize],
        ],
        (map, [name = '', text = '']) => map.add(name, text),
      ),
    proxy_replace_header_map_value: (type: number, key: number, keySize: number, value: number, valueSize: number) =>
      change(
        type,
        [
          [key, keySize],
          [value, valueSize],
        ],
        (map, [name = '', text = '']) => map.replace(name, text),
      ),
    proxy_remove_header_map_value: (type: number, key: number, keySize: number) =>
      change(type, [[key, keySize]], (map, [name = '']) => map.remove(name)),
    proxy_get_header_map_value: (type: number, key: number, keySize: number, valueTo: number, sizeTo: number) => {
      if (type >>> 0 > Maps.last) return Status.badArgument;
      const name = memory.text(key, keySize);
      if (name === undefined) return Status.invalidMemoryAccess;
      const map = readableMap(state, type);
      if (map === undefined && state.activeStream?.logging !== true) return Status.badArgument;
      const value = map?.get(name);
      // The first ABI does not tell a missing header from an empty one.
      if (value === undefined && state.abi !== '0.1.0') return Status.notFound;
      return memory.give(new TextEncoder().encode(value ?? ''), valueTo, sizeTo);
    },
    proxy_get_header_map_pairs: (type: number, pointerTo: number, sizeTo: number) => {
      if (type >>> 0 > Maps.last) return Status.badArgument;
      return memory.give(serializeHeaders(readableMap(state, type)?.headers ?? []), pointerTo, sizeTo);
    },
    proxy_set_header_map_pairs: (type: number, pointer: number, size: number) => {
      if (type >>> 0 > Maps.last) return Status.badArgument;
      const bytes = memory.view(pointer, size);
      if (bytes === undefined) return Status.invalidMemoryAccess;
      const map = changeableMap(state, type);
      map?.replaceAll(keptHeaders(memory, bytes));
      return map === undefined ? Status.badArgument : Status.ok;
    },
    proxy_get_header_map_size: (type: number, sizeTo: number) => {
      // Envoy measures only what could be changed.
      const map = changeableMap(state, type);
      return map === undefined ? Status.badArgument : written(memory.setUint32(sizeTo, map.byteSize));
    },
  };
}

function readableMap({ activeStream: stream, callResult }: HostState, type: number): HeaderMap | undefined {
  if (type > Maps.responseTrailers) {
    const headers = callResult.maps[type];
    return headers && new HeaderMap(headers);
  }
  if (stream === undefined) return undefined;
  const { request, response, logging } = stream;
  const { headers, trailers, open, trailersOpen } = type <= Maps.requestTrailers ? request : response;
  if (type === Maps.requestHeaders || type === Maps.responseHeaders) return open || logging ? headers : undefined;
  return trailersOpen || (logging && type === Maps.responseTrailers) ? trailers : undefined;
}

/** As `readableMap`; nothing can be changed while the request is logged, and trailers can be added with the end of a body. */
function changeableMap(state: HostState, type: number): HeaderMap | undefined {
  const stream = state.activeStream;
  if (stream === undefined || stream.logging || type > Maps.responseTrailers) return undefined;
  if (type === Maps.requestTrailers || type === Maps.responseTrailers) {
    const side = type === Maps.requestTrailers ? stream.request : stream.response;
    if (side.lastPiece && !side.trailersOpen) {
      side.trailers ??= new HeaderMap();
      side.trailersOpen = true;
    }
  }
  return readableMap(state, type);
}
