/** POST, PUT, PATCH and DELETE on resources. */

import { type ExpectedType, parseApply, parseJson, parseObject } from './body.ts';
import { deleteObject, deleteOptions } from './deletion.ts';
import { encodeList, encodeObject, type Representation } from './encode.ts';
import { rootType } from './fields/field-types.ts';
import { isObject, type Json, type JsonObject, toJsonObject } from './json.ts';
import { selectionOf } from './list.ts';
import { mergePatch } from './merge-patch.ts';
import { type KubeObject, toJson, toObject } from './objects.ts';
import { bindPod } from './pod-binding.ts';
import type { Registry } from './registry.ts';
import type { RequestInfo } from './request-info.ts';
import { groupVersion, type Resource } from './resources.ts';
import { badRequest, invalid, methodNotSupported, requiredField, unsupportedMediaType } from './status-error.ts';
import { strategicMerge } from './strategic-merge.ts';
import { asWriteOptions, type WriteQuery } from './write-query.ts';

export interface WriteRequest {
  readonly info: RequestInfo;
  readonly resource: Resource;
  readonly mediaType: string;
  readonly text: string;
  readonly userAgent: string;
  readonly representation: Representation;
  /** Called before an apply creates an object; throws 403 when the caller may not create it. */
  readonly authorizeCreate: () => void;
}

export interface Answer {
  readonly code: number;
  readonly text: string;
}

const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** Runs a write. @throws StatusError for anything the API server rejects */
export function serveWrite(registry: Registry, request: WriteRequest): Answer {
  const { info, resource } = request;
  const namespace = resource.namespaced ? info.namespace : '';
  if (resource.namespaced && namespace === '' && info.verb !== 'deletecollection')
    throw methodNotSupported(resource, info.method);
  switch (info.verb) {
    case 'create':
      return create(registry, request, namespace);
    case 'update':
      return update(registry, request, namespace);
    case 'patch':
      return patch(registry, request, namespace);
    case 'delete':
      // Only to refuse a dry run that is none.
      options(request);
      return {
        code: 200,
        text: JSON.stringify(
          deleteObject(registry, resource, namespace, info.name, deleteOptions(optionalBody(request), info.query)),
        ),
      };
    case 'deletecollection':
      return deleteCollection(registry, request, namespace);
    default:
      throw methodNotSupported(resource, info.method);
  }
}

function optionalBody(request: WriteRequest): Json {
  return request.text.trim() === '' ? {} : parseJson(request.text, 'error decoding DeleteOptions');
}

function options(request: WriteRequest): WriteQuery {
  return asWriteOptions(request.info, request.userAgent);
}

function answer(code: number, object: KubeObject, request: WriteRequest): Answer {
  return { code, text: encodeObject(object, request.representation) };
}

function create(registry: Registry, request: WriteRequest, namespace: string): Answer {
  const { info, resource } = request;
  const body = toObject(parseObject(request.mediaType, request.text, expectedType(resource, info.subresource)));
  if (resource.kind === 'Pod' && info.subresource === 'binding') {
    return { code: 201, text: JSON.stringify(bindPod(registry, namespace, info.name, body, options(request))) };
  }
  if (info.name !== '') throw methodNotSupported(resource, info.method);
  return answer(201, registry.create(resource, namespace, body, options(request)), request);
}

function update(registry: Registry, request: WriteRequest, namespace: string): Answer {
  const { info, resource } = request;
  const body = toObject(parseObject(request.mediaType, request.text, expectedType(resource, info.subresource)));
  if (!body.metadata.name) {
    throw badRequest('the name of the object ("") could not be determined: name must be provided');
  }
  return answer(
    200,
    registry.update(resource, namespace, info.name, options(request), () => body),
    request,
  );
}

function expectedType(resource: Resource, subresource: string): ExpectedType | undefined {
  if (resource.custom) return undefined;
  return { apiVersion: groupVersion(resource), kind: subresource === 'binding' ? 'Binding' : resource.kind };
}

function patch(registry: Registry, request: WriteRequest, namespace: string): Answer {
  const { info, resource, mediaType } = request;
  const types = PATCH_TYPES.filter((type) => !(resource.custom && type.includes('strategic')));
  if (!types.includes(mediaType)) throw unsupportedMediaType(types);
  if (mediaType === 'application/apply-patch+yaml') return apply(registry, request, namespace);
  if (mediaType === 'application/json-patch+json') throw unsupportedMediaType(types.slice(1));
  const writeOptions = options(request);
  if (info.query.get('force') !== null) {
    throw invalid('meta.k8s.io', 'PatchOptions', '', [
      { field: 'force', type: 'FieldValueForbidden', body: 'Forbidden: may not be specified for non-apply patch' },
    ]);
  }
  const body = parseJson(request.text, 'error decoding patch');
  if (!isObject(body)) throw badRequest('Invalid JSON Patch');
  const change = (object: KubeObject): KubeObject => toObject(patched(resource, toJson(object), body, mediaType));
  return answer(200, registry.update(resource, namespace, info.name, writeOptions, change), request);
}

function patched(resource: Resource, target: JsonObject, body: JsonObject, mediaType: string): JsonObject {
  const result =
    mediaType === 'application/merge-patch+json'
      ? mergePatch(target, body)
      : strategicMerge(target, body, rootType(resource.custom));
  return toJsonObject(result);
}

function apply(registry: Registry, request: WriteRequest, namespace: string): Answer {
  const { info, resource } = request;
  const writeOptions = options(request);
  if (!info.query.get('fieldManager')) {
    throw invalid('meta.k8s.io', 'PatchOptions', '', [requiredField('fieldManager', 'is required for apply patch')]);
  }
  const config = parseApply(request.text);
  if (registry.store.get(resource, namespace, info.name) === undefined) request.authorizeCreate();
  const force = info.query.get('force') === 'true';
  const applied = registry.apply(resource, namespace, info.name, config, { ...writeOptions, force });
  return answer(applied.created ? 201 : 200, applied.object, request);
}

function deleteCollection(registry: Registry, request: WriteRequest, namespace: string): Answer {
  const { info, resource } = request;
  const given = deleteOptions(optionalBody(request), info.query);
  const selection = selectionOf(resource, info.query);
  const found = registry.store.list(resource, namespace).filter((object) => selection.match(object));
  for (const object of found)
    deleteObject(registry, resource, object.metadata.namespace ?? '', object.metadata.name, given);
  return {
    code: 200,
    text: encodeList(resource, found, { resourceVersion: String(registry.store.revision) }, request.representation),
  };
}
