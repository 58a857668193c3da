/** Reading request bodies. */
import { load } from 'js-yaml';
import type { Incoming } from './exchange.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { badRequest, tooLarge, unsupportedMediaType } from './status-error.ts';

/** The largest body the API server takes, in bytes. */
export const BODY_LIMIT = 3 * 1024 * 1024;

/** The whole body. @throws StatusError 413 above the limit */
export async function readBody(request: Incoming): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const bytes of request) {
    size += bytes.length;
    if (size <= BODY_LIMIT) chunks.push(bytes);
  }
  if (size > BODY_LIMIT) throw tooLarge(BODY_LIMIT);
  return Buffer.concat(chunks).toString('utf8');
}

/** The media type of a request without its parameters. */
export function mediaType(request: Incoming): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
}

/**
 * An object sent by POST or PUT: JSON or YAML. A built-in kind may leave out its type; a custom resource may not.
 * @throws StatusError 400 or 415
 */
export function parseObject(type: string, text: string, expected?: ExpectedType): JsonObject {
  if (type === 'application/yaml') return objectOrError(parseYaml(text), text, expected);
  if (type !== '' && type !== 'application/json') {
    throw unsupportedMediaType(['application/json', 'application/yaml']);
  }
  return objectOrError(parseJson(text, "couldn't get version/kind; json parse error"), text, expected);
}

/** The type a body has when it does not say. */
export interface ExpectedType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** An apply configuration: YAML, hence also JSON. */
export function parseApply(text: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    value = parseYaml(text);
  }
  if (!isObject(value))
    throw badRequest('error decoding YAML: json: cannot unmarshal value into Go value of type map[string]interface {}');
  return value;
}

/** Parses JSON. @throws StatusError 400 */
export function parseJson(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseYaml(text: string): Json {
  try {
    return load(text) as Json;
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function objectOrError(value: Json, text: string, expected: ExpectedType | undefined): JsonObject {
  if (isObject(value)) {
    if (expected !== undefined)
      return { ...value, apiVersion: value.apiVersion ?? expected.apiVersion, kind: value.kind ?? expected.kind };
    if (typeof value.kind === 'string' && value.kind !== '') return value;
    throw badRequest(`Object 'Kind' is missing in '${text.slice(0, 200)}'`);
  }
  throw badRequest(
    "couldn't get version/kind; json parse error: json: cannot unmarshal value into Go value of type struct",
  );
}
