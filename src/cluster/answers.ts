import { headerOf } from '../base/answer.ts';
import { defined } from '../base/defined.ts';
import { isObject, parseJson, pick } from '../base/json.ts';
import { parseRetryAfter } from '../base/retry.ts';
import { truncate } from '../base/text.ts';
import type { AnswerHints } from './answer-remedy.ts';
import { ApiError, InvalidAnswerError, type StatusBody } from './errors.ts';
import type { ApiAnswer, ApiRequest } from './http.ts';
import { withReadFieldSets } from './managed-fields.ts';
import { METADATA_KIND, objectShape } from './object-shapes.ts';
import type { KubernetesObject } from './objects.ts';
import type { Resource } from './resources.ts';
import { describeJson, describeMismatch, just, list, object, optional, type Shape, string } from './shape.ts';

/** A request and what came back. */
export interface Exchange {
  /** The server's address, for messages. */
  readonly server: string;
  /** What the request does, in the words of RBAC. */
  readonly verb: string;
  readonly request: Pick<ApiRequest, 'method' | 'path'>;
  readonly response: ApiAnswer;
}

/** The answer, when its status says that the call worked; else throws the `ApiError` that it stands for. */
export function checked(exchange: Exchange): ApiAnswer {
  const { server, verb, request, response } = exchange;
  if (response.status >= 200 && response.status < 300) return response;
  throw apiError(verb, request.path, response, server.startsWith('http:') ? { withoutTls: true } : {});
}

/** The error that an answer stands for, in the API server's words or those of a gateway before it. */
export function apiError(
  verb: string,
  path: string,
  { status, text, headers = {} }: Pick<ApiAnswer, 'status' | 'text'> & Partial<Pick<ApiAnswer, 'headers'>>,
  asked: Pick<AnswerHints, 'withoutTls'> = {},
): ApiError {
  const leadsTo = URL.parse(headerOf({ headers }, 'location') ?? '')?.host;
  const retryAfterSeconds = parseRetryAfter(headerOf({ headers }, 'retry-after'), Date.now());
  // Proxies and gateways in front of an API server answer with HTML or plain text.
  return new ApiError(verb, path, status, readStatusBody(text) ?? { message: plainText(text) }, {
    ...asked,
    ...defined({ leadsTo, retryAfterSeconds }),
  });
}

/** One page of a list. */
export interface ListPage<T> {
  readonly items?: readonly T[] | null;
  readonly metadata: { readonly resourceVersion?: string | null; readonly continue?: string | null };
}

/**
 * An object in an answer, of a name where one was asked for, all of whose fields that are looked at anywhere are as they should be. Throws `InvalidAnswerError` for what
 * no API server says: sign-in pages and gateways answer 200, too.
 */
export function parseObject<T extends KubernetesObject>(exchange: Exchange, resource: Resource, name?: string): T {
  return withReadFieldSets(parse<T>(exchange, resource.kind, objectShape(resource, name)));
}

/** A page of a list, as `parseObject`. */
export function parsePage<T extends KubernetesObject>(exchange: Exchange, resource: Resource): ListPage<T> {
  const kind = `${resource.kind}List`;
  const fields = { metadata: object({ continue: optional(string), resourceVersion: optional(string) }) };
  const items = list(objectShape(resource));
  const typed = object({ ...fields, kind: optional(just(kind)), items });
  // The API server writes an empty list of metadata as null, and any other one as [] (seen with Kubernetes 1.34.4).
  const ofMetadata = object({ ...fields, items: optional(items) });
  const ofMetadataOnly = `${METADATA_KIND}List`;
  const shape: Shape = (value) => {
    const given = pick(value, 'kind');
    // Some servers leave an empty list out altogether, as k3s 1.30 does (kube-rs/kube#1492); then its kind has to say what it is.
    const leftOut = isObject(value) && !Object.hasOwn(value, 'items') && given === kind;
    return (given === ofMetadataOnly || leftOut ? ofMetadata : typed)(value);
  };
  const page = parse<ListPage<T>>(exchange, kind, shape);
  return page.items ? { ...page, items: page.items.map(withReadFieldSets) } : page;
}

/** What else an API server says, by its shape; `what` is its name for a reader. */
export function parseAs<T>(exchange: Exchange, what: string, shape: Shape): T {
  return parse<T>(exchange, what, shape);
}

/** One event of a watch. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly code: number };

const CHANGES = new Set(['ADDED', 'MODIFIED', 'DELETED']);

/** The event in a line of a watch, or what the line is instead, in words for the end of a sentence. */
export function parseWatchEvent<T extends KubernetesObject>(
  line: string,
  resource: Resource,
): WatchEvent<T> | { readonly invalid: string } {
  const value = readJson(line);
  if (!isObject(value) || typeof value.type !== 'string')
    return { invalid: `${describeText(line)} instead of an event` };
  if (value.type === 'ERROR') {
    const code = isObject(value.object) ? value.object.code : undefined;
    return { type: 'ERROR', code: typeof code === 'number' ? code : 0 };
  }
  // Of a bookmark only the version counts.
  const shape = value.type === 'BOOKMARK' ? BOOKMARK : objectShape(resource);
  if (value.type !== 'BOOKMARK' && !CHANGES.has(value.type)) return { invalid: 'an event of an unknown type' };
  const mismatch = object({ object: shape })(value);
  if (mismatch !== undefined) return { invalid: `an event whose ${describeMismatch(mismatch)}` };
  const event = value as unknown as WatchEvent<T>;
  return event.type === 'ERROR' || event.type === 'BOOKMARK'
    ? event
    : { ...event, object: withReadFieldSets(event.object) };
}

const BOOKMARK = object({ metadata: object({ resourceVersion: string }) });

/** Whether the API server itself refused, rather than something it forwards to: its refusals are a v1 `Status`. */
export function isFailureStatus(response: ApiAnswer): boolean {
  if (!/^application\/json\b/i.test(headerOf(response, 'content-type') ?? '')) return false;
  const body = readStatusBody(response.text);
  return body?.kind === 'Status' && body.apiVersion === 'v1' && body.status === 'Failure';
}

/** A v1 `Status`, or `undefined` for a text that is none, as while a part of it is still to come. */
export function parseStatus(text: string): StatusBody | undefined {
  const value = readStatusBody(text);
  return typeof value?.status === 'string' ? value : undefined;
}

/** The texts of `Warning: 299 - "text"` headers (RFC 7234, 5.5), as the API server sends admission warnings. */
export function parseWarnings(header: string | string[] | undefined): string[] {
  const values = header === undefined ? [] : Array.isArray(header) ? header : [header];
  return values.flatMap((value) =>
    [...value.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => (text ?? '').replace(/\\(.)/g, '$1')),
  );
}

function parse<T>({ server, request, response }: Exchange, wanted: string, shape: Shape): T {
  const invalid = (found: string): InvalidAnswerError =>
    new InvalidAnswerError({ server, ...request, status: response.status, found, wanted });
  const encoding = headerOf(response, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw invalid(`in the encoding ${truncate(encoding, 60)}, which was not requested`);
  const value = readJson(response.text);
  if (!isObject(value)) throw invalid(describeText(response.text));
  const mismatch = shape(value);
  if (mismatch === undefined) return value as T;
  if (value.kind === 'Status' && wanted !== 'Status') {
    throw invalid(`a Status${typeof value.message === 'string' ? `, ${quote(value.message)}` : ''}`);
  }
  throw invalid(`JSON of which ${describeMismatch(mismatch)}`);
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const STATUS_FIELDS = optional(string);
/** What is looked at of an error; a field of another type is left out. */
const STATUS_BODY = {
  kind: STATUS_FIELDS,
  apiVersion: STATUS_FIELDS,
  status: STATUS_FIELDS,
  message: STATUS_FIELDS,
  reason: STATUS_FIELDS,
  code: optional((value) =>
    typeof value === 'number' ? undefined : { at: '', found: describeJson(value), wanted: 'a number' },
  ),
  details: optional(
    object({
      name: optional(string),
      kind: optional(string),
      causes: optional(list(object({ reason: optional(string), message: optional(string), field: optional(string) }))),
    }),
  ),
} satisfies Readonly<Record<string, Shape>>;

function readStatusBody(text: string): (StatusBody & { kind?: string; apiVersion?: string }) | undefined {
  const value = readJson(text);
  if (!isObject(value)) return undefined;
  const fields = Object.entries(STATUS_BODY).flatMap(([name, shape]) => {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    return field === undefined || field === null || shape(field) !== undefined ? [] : [[name, field]];
  });
  return Object.fromEntries(fields);
}

/** What a text is that is no JSON object: a page, some other text, nothing. */
function describeText(text: string): string {
  if (text.trim() === '') return 'empty';
  const value = readJson(text);
  if (value !== undefined) return `JSON that is ${describeJson(value)}`;
  const words = plainText(text);
  return `${/^\s*</.test(text) ? 'an HTML page' : 'not JSON'}${words === '' ? '' : `, ${quote(words)}`}`;
}

function quote(text: string): string {
  return JSON.stringify(truncate(text, 100));
}

/** The first words of an HTML page or a text. */
function plainText(text: string): string {
  const words = truncate(text, 10_000)
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  return truncate(words.trim(), 300);
}
