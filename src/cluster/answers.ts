import { isObject, parseJson } from '../base/json.ts';
import { truncate } from '../base/text.ts';
import { ApiError, type StatusBody } from './errors.ts';
import { type HttpResponse, headerOf } from './http.ts';

/** The answer, when its status says that the call worked; else throws the `ApiError` that it stands for. */
export function checked(verb: string, path: string, response: HttpResponse): HttpResponse {
  if (response.status < 300) return response;
  throw apiError(verb, path, response);
}

/** The error that an answer stands for, in the API server's words or those of a gateway before it. */
export function apiError(verb: string, path: string, { status, text }: HttpResponse): ApiError {
  // Proxies and gateways in front of an API server answer with HTML or plain text.
  return new ApiError(verb, path, status, parseObject(text) ?? { message: plainText(text) });
}

/** The object in an answer. Throws `ApiError` for what no API server says: sign-in pages and gateways answer 200, too. */
export function parseAnswer<T>(verb: string, path: string, { status, text }: HttpResponse): T {
  const value = parseObject(text);
  if (value !== undefined) return value as T;
  const message = `the answer is not a Kubernetes API server's (check the server address): ${JSON.stringify(plainText(text))}`;
  throw new ApiError(verb, path, status, { message });
}

/** Whether the API server itself refused, rather than something it forwards to: its refusals are a v1 `Status`. */
export function isFailureStatus(response: HttpResponse): boolean {
  if (!/^application\/json\b/i.test(headerOf(response, 'content-type') ?? '')) return false;
  const body = parseObject(response.text);
  return body?.kind === 'Status' && body.apiVersion === 'v1' && body.status === 'Failure';
}

/** A v1 `Status`, or undefined for a text that is none, as while a part of it is still to come. */
export function parseStatus(text: string): StatusBody | undefined {
  const value = parseObject(text);
  return typeof value?.status === 'string' ? value : undefined;
}

/** The texts of `Warning: 299 - "text"` headers (RFC 7234, 5.5), as the API server sends admission warnings. */
export function parseWarnings(header: string | string[] | undefined): string[] {
  const values = header === undefined ? [] : Array.isArray(header) ? header : [header];
  return values.flatMap((value) =>
    [...value.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text ?? '').replace(/\\(.)/g, '$1')),
  );
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The first words of an HTML page or a text. */
function plainText(text: string): string {
  const words = truncate(text, 10_000)
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  return truncate(words.trim(), 300);
}
