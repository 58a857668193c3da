/** The shape of bodies: members the server does not know, and values of the wrong type. */
import { isObject, type JsonObject } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import type { Resource } from '../resources.ts';
import { StatusError } from '../status-error.ts';

const METADATA =
  'name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields'.split(
    ' ',
  );
const SPEC_AND_STATUS = ['spec', 'status'];
/** The members of the kinds that clients under test write. Other kinds are taken as they come. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ['data', 'binaryData', 'immutable'],
  Namespace: SPEC_AND_STATUS,
  Pod: SPEC_AND_STATUS,
  Deployment: SPEC_AND_STATUS,
  StatefulSet: SPEC_AND_STATUS,
  DaemonSet: SPEC_AND_STATUS,
  ReplicaSet: SPEC_AND_STATUS,
  EnvoyFilter: SPEC_AND_STATUS,
  WasmPlugin: SPEC_AND_STATUS,
  TrafficExtension: SPEC_AND_STATUS,
  Gateway: SPEC_AND_STATUS,
};
const STRING_MAPS: Readonly<Record<string, readonly string[]>> = { ConfigMap: ['data', 'binaryData'] };

/** The paths of members that the kind does not have. */
export function unknownFields(resource: Resource, object: KubeObject): string[] {
  const members = MEMBERS[resource.kind];
  const top = Object.keys(object).filter((key) => !['apiVersion', 'kind', 'metadata'].includes(key));
  return [
    ...Object.keys(object.metadata)
      .filter((key) => !METADATA.includes(key))
      .map((key) => `metadata.${key}`),
    ...(members === undefined ? [] : top.filter((key) => !members.includes(key))),
  ];
}

/** The object without the members that the kind does not have: the server drops them. */
export function withoutUnknown(resource: Resource, object: KubeObject): KubeObject {
  const unknown = new Set(unknownFields(resource, object));
  if (unknown.size === 0) return object;
  const keep = (prefix: string, value: object): JsonObject =>
    Object.fromEntries(Object.entries(value).filter(([key]) => !unknown.has(prefix + key)));
  return { ...keep('', object), metadata: keep('metadata.', object.metadata) } as unknown as KubeObject;
}

/** An apply names no unknown member. @throws StatusError 500, as structured-merge-diff's error is answered */
export function refuseUnknown(resource: Resource, object: KubeObject, namespace: string): void {
  const [first] = unknownFields(resource, object);
  if (first === undefined) return;
  const version = `${resource.group === '' ? '' : resource.group}/${resource.version}, Kind=${resource.kind}`;
  const subject = `${namespace === '' ? '' : `${namespace}/`}${object.metadata.name}; ${version}`;
  throw new StatusError({
    code: 500,
    reason: '',
    message: `failed to create typed patch object (${subject}): .${first}: field not declared in schema`,
  });
}

/** The first value that cannot be decoded, in the words of Go's JSON decoder, or undefined. */
export function typeFault(resource: Resource, object: KubeObject): string | undefined {
  const maps: (readonly [string, unknown])[] = [
    ['metadata.labels', object.metadata.labels],
    ['metadata.annotations', object.metadata.annotations],
    ...(STRING_MAPS[resource.kind] ?? []).map((key) => [key, object[key]] as const),
  ];
  for (const [field, value] of maps) {
    if (value === undefined || value === null) continue;
    const wrong = isObject(value)
      ? Object.values(value).find((item) => typeof item !== 'string' && item !== null)
      : value;
    if (wrong !== undefined) {
      return `json: cannot unmarshal ${goType(wrong)} into Go struct field ${resource.kind}.${field} of type string`;
    }
  }
  for (const value of Object.values((object.binaryData ?? {}) as Record<string, string>)) {
    const at = value === null ? -1 : illegalBase64(value);
    if (at >= 0) return `illegal base64 data at input byte ${at}`;
  }
  return undefined;
}

function goType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The position of the first byte that is no base64, or -1. */
function illegalBase64(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/=\r\n]/);
  if (bad >= 0) return bad;
  return text.replaceAll(/[\r\n]/g, '').length % 4 === 0 ? -1 : text.length;
}
