import { HeaderMap } from '../host/header-map.ts';
import type { Header } from '../host/request.ts';
import { type Callbacks, type Trap, Trapped } from './calls.ts';
import { Exchange } from './exchange.ts';
import type { TrialHeaders } from './verdict.ts';

/** The body of the trial's request and of its answer. */
const REQUEST_BODY = new TextEncoder().encode('{"trial":true}');
const RESPONSE_BODY = new TextEncoder().encode('{"status":"ok"}');

/** Headers as a sidecar sees them on a small JSON request between two services. */
const REQUEST_HEADERS: readonly Header[] = [
  [':authority', 'service.example:8080'],
  [':path', '/trial?run=1'],
  [':method', 'POST'],
  [':scheme', 'http'],
  ['user-agent', 'deploy-wasm-filter-trial'],
  ['accept', '*/*'],
  ['content-type', 'application/json'],
  ['content-length', String(REQUEST_BODY.length)],
  ['x-forwarded-proto', 'http'],
  ['x-forwarded-for', '10.0.0.1'],
  ['x-request-id', '5b1d5e0c-6a1e-4f0d-9c55-1d4f6a3f7e21'],
];

const RESPONSE_HEADERS: readonly Header[] = [
  [':status', '200'],
  ['content-type', 'application/json'],
  ['content-length', String(RESPONSE_BODY.length)],
  ['server', 'istio-envoy'],
  ['date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
  ['x-envoy-upstream-service-time', '1'],
];

/**
 * Sends one request and its answer through the filter, as Envoy does, up to where the filter holds it back; then ends it.
 * Gives the headers that came out, or the trap in which it stopped.
 */
export function serveRequest(callbacks: Callbacks): TrialHeaders | Trap {
  try {
    const exchange = new Exchange(callbacks);
    exchange.send('request', new HeaderMap(REQUEST_HEADERS), [REQUEST_BODY]);
    if (exchange.request?.complete) exchange.send('response', new HeaderMap(RESPONSE_HEADERS), [RESPONSE_BODY]);
    exchange.finish();
    const { stream, response } = exchange;
    const request = stream.request.headers?.headers ?? [];
    return response === undefined ? { request } : { request, response: response.headers };
  } catch (error) {
    if (error instanceof Trapped) return error.trap;
    throw error;
  }
}
