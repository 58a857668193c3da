/** API errors with the wording of k8s.io/apimachinery/pkg/api/errors. */
import type { Json, JsonObject } from './json.ts';
import type { Resource } from './resources.ts';

/** One cause inside a 422: the field, the class of fault and its text. */
export interface FieldError {
  readonly field: string;
  readonly type: FieldErrorType;
  /** The text after the field, as `ErrorBody()` of apimachinery gives it. */
  readonly body: string;
}

export type FieldErrorType =
  | 'FieldValueInvalid'
  | 'FieldValueForbidden'
  | 'FieldValueRequired'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate';

/** A failed request: carries the Status body and the HTTP code. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly continueToken: string | undefined;

  constructor(init: {
    code: number;
    reason: string;
    message: string;
    details?: JsonObject | undefined;
    continueToken?: string;
    retryAfterSeconds?: number;
  }) {
    super(init.message);
    this.name = 'StatusError';
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details;
    this.retryAfterSeconds = init.retryAfterSeconds;
    this.continueToken = init.continueToken;
  }

  /** The Status object that goes into the response body. */
  get body(): JsonObject {
    const body: JsonObject = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
    };
    if (this.details !== undefined) body.details = this.details;
    body.code = this.code;
    return body;
  }
}

type ResourceName = Pick<Resource, 'group' | 'plural'>;

/** `deployments.apps`, or `configmaps` for the core group. */
export function qualifiedResource(resource: ResourceName): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function details(resource: ResourceName, name: string): JsonObject {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    ...(resource.plural === '' ? {} : { kind: resource.plural }),
  };
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} not found`,
    details: details(resource, name),
  });
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualifiedResource(resource)} ${JSON.stringify(name)} already exists`,
    details: details(resource, name),
  });
}

/** The message of an optimistic lock that failed. */
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${JSON.stringify(name)}: ${why}`,
    details: details(resource, name),
  });
}

export function forbidden(resource: ResourceName, name: string, why: string): StatusError {
  const subject =
    resource.plural === ''
      ? 'forbidden'
      : `${qualifiedResource(resource)}${name === '' ? '' : ` ${JSON.stringify(name)}`} is forbidden`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject}: ${why}`,
    details: details(resource, name),
  });
}

export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

export function methodNotSupported(resource: ResourceName, verb: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${verb} is not supported on resources of kind ${JSON.stringify(qualifiedResource(resource))}`,
    details: details(resource, ''),
  });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  });
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  });
}

export function tooLarge(limit: number): StatusError {
  return new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${limit}`,
  });
}

export function expired(message: string, continueToken?: string): StatusError {
  return new StatusError({
    code: 410,
    reason: 'Expired',
    message,
    ...(continueToken === undefined ? {} : { continueToken }),
  });
}

export function internalError(message: string): StatusError {
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}

/** 422 with one cause per field error; errors of equal text are named once, as the aggregate of apimachinery does. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.body}`))];
  const subject = `${kind}${group === '' ? '' : `.${group}`} ${JSON.stringify(name)} is invalid`;
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const causes: Json[] = errors.map((error) => ({ reason: error.type, message: error.body, field: error.field }));
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: texts.length === 0 ? subject : `${subject}: ${text}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind,
      ...(causes.length === 0 ? {} : { causes }),
    },
  });
}

/** A field error with the bad value in its text. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  const shown = typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
  return { field, type: 'FieldValueInvalid', body: `Invalid value: ${shown}${detail === '' ? '' : `: ${detail}`}` };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { field, type: 'FieldValueForbidden', body: `Forbidden: ${detail}` };
}

export function requiredField(field: string, detail = ''): FieldError {
  return { field, type: 'FieldValueRequired', body: `Required value${detail === '' ? '' : `: ${detail}`}` };
}

export function tooLongField(field: string, limit: number): FieldError {
  return { field, type: 'FieldValueTooLong', body: `Too long: may not be more than ${limit} bytes` };
}

export function notSupportedField(field: string, value: string, allowed: readonly string[]): FieldError {
  const list = [...allowed]
    .sort()
    .map((item) => JSON.stringify(item))
    .join(', ');
  return {
    field,
    type: 'FieldValueNotSupported',
    body: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  };
}
