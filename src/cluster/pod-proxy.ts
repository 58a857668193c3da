import { defined } from '../base/defined.ts';
import { apiError, isFailureStatus } from './answers.ts';
import type { ApiRequest } from './http.ts';
import { MAX_BYTES } from './limits.ts';
import type { Budget } from './patience.ts';
import { POD, resourcePath } from './resources.ts';
import type { Transport } from './transport.ts';

/** A request to a port of a pod. */
export interface PodRequest {
  readonly method?: ApiRequest['method'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest time to the end of the answer, 10 s by default. */
  readonly timeoutMs?: number;
  /** The most bytes of the answer, 1 MiB by default. */
  readonly maxBytes?: number;
}

/** A pod's own answer. */
export interface PodResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends a request to a pod through the API server, once, and gives the pod's answer whatever its status. `path` may hold a
 * query. Throws `ApiError` when the API server itself refuses, or cannot reach the pod (503), and what `Transport` throws.
 */
export async function requestPod(
  transport: Transport,
  { namespace, pod, port }: { readonly namespace: string; readonly pod: string; readonly port: number },
  path: string,
  { method = 'GET', headers = {}, body, timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES.words }: PodRequest = {},
  budget?: Budget,
): Promise<PodResponse> {
  const url = `${resourcePath(POD, namespace, pod)}:${port}/proxy/${path.replace(/^\//, '')}`;
  const request = {
    method,
    path: url,
    headers: { accept: '*/*', ...headers },
    ...defined({ body }),
  };
  const response = await transport.send(request, {
    forwarded: true,
    timeoutMs,
    maxBytes,
    ...defined({ budget }),
  });
  if (isFailureStatus(response)) throw apiError(method.toLowerCase(), url, response);
  return response;
}
