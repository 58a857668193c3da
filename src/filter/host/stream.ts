import { HeaderMap } from './header-map.ts';
import type { Header } from './request.ts';

/** The body of the trial's request and of its answer. */
export const REQUEST_BODY = new TextEncoder().encode('{"trial":true}');
export const RESPONSE_BODY = new TextEncoder().encode('{"status":"ok"}');

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

/** One answer that a filter gave in place of the workload. */
export interface LocalResponse {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

/** One HTTP request and its answer, as far as they have come. */
export class Stream {
  readonly requestHeaders = new HeaderMap(REQUEST_HEADERS);
  responseHeaders: HeaderMap | undefined;
  requestTrailers: HeaderMap | undefined;
  responseTrailers: HeaderMap | undefined;
  /**
   * Whether headers of a side can be reached: from when they come until the filter lets them go on. Envoy takes them away
   * then, and a callback for the body does not see them any more.
   */
  readonly open = { request: false, response: false };
  /** Nothing passes through any more. */
  over = false;
  /** While the request is logged, all headers can be read and none can be changed. */
  logging = false;
  /** The body that the running callback may read and change. */
  body: { readonly of: 'request' | 'response'; bytes: Uint8Array } | undefined;
  /** Set by `proxy_continue_…`: what the filter holds back may go on after all. */
  readonly continued = { request: false, response: false };
  closed = false;
  local: LocalResponse | undefined;

  /** The answer begins: the filter's own, or the workload's. */
  respond(): { readonly body: Uint8Array } {
    const { local } = this;
    this.responseHeaders = new HeaderMap(
      local === undefined
        ? RESPONSE_HEADERS
        : [[':status', String(local.status)], ['content-length', String(local.body.length)], ...local.headers],
    );
    return { body: local?.body ?? RESPONSE_BODY };
  }
}
