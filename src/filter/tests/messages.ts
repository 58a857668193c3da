import { HeaderMap } from '../host/header-map.ts';
import type { Header } from '../host/request.ts';
import type { TestMessage } from './filter-test.ts';

const REQUEST: readonly Header[] = [
  [':authority', 'service.example'],
  [':path', '/'],
  [':method', 'GET'],
  [':scheme', 'http'],
];
/** What Envoy itself adds to a request before its filters see it. */
const FROM_ENVOY: readonly Header[] = [
  ['x-forwarded-proto', 'http'],
  ['x-request-id', '5b1d5e0c-6a1e-4f0d-9c55-1d4f6a3f7e21'],
];

/** Returns the headers of a request as its client sends them. */
export function requestHeaders(message: TestMessage): readonly Header[] {
  return withDefaults(REQUEST, message);
}

/** Returns the headers of an answer as its server sends them. */
export function responseHeaders(message: TestMessage): readonly Header[] {
  return withDefaults([[':status', '200']], message);
}

/** Returns the headers of a request as a filter sees them. */
export function arrivedRequest(message: TestMessage): HeaderMap {
  return new HeaderMap([...requestHeaders(message), ...FROM_ENVOY.filter(([name]) => !has(message, name))]);
}

/** Returns the headers of an answer as a filter sees them. */
export function arrivedResponse(message: TestMessage): HeaderMap {
  return new HeaderMap([...responseHeaders(message), ['x-envoy-upstream-service-time', '1']]);
}

/** Returns the pieces of a body; one that is empty is none. */
export function piecesOf({ chunks }: TestMessage): readonly Uint8Array[] {
  return chunks.length === 1 && chunks[0]?.length === 0 ? [] : chunks;
}

/** Returns the trailers of a message; `undefined` if it ends without. */
export function trailersOf({ trailers }: TestMessage): HeaderMap | undefined {
  return trailers.length === 0 ? undefined : new HeaderMap(trailers);
}

/** A body in one piece has a length that is known before. */
function withDefaults(defaults: readonly Header[], message: TestMessage): readonly Header[] {
  const { headers } = message;
  const [only, ...others] = piecesOf(message);
  const length: Header[] =
    only !== undefined && others.length === 0 && !has(message, 'content-length')
      ? [['content-length', String(only.length)]]
      : [];
  const given = headers.map(([name, value]): Header => [name.toLowerCase(), value]);
  const pseudo = defaults.map(([name, value]): Header => given.find(([known]) => known === name) ?? [name, value]);
  return [...pseudo, ...given.filter(([name]) => !defaults.some(([known]) => known === name)), ...length];
}

function has({ headers }: TestMessage, name: string): boolean {
  return headers.some(([known]) => known.toLowerCase() === name);
}
