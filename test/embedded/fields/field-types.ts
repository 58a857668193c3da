/**
 * How each field merges: struct, map, atomic map, atomic list, set or keyed list.
 * Taken from the x-kubernetes-list-type, -list-map-keys and -map-type marks of Kubernetes' OpenAPI document
 * (api/openapi-spec/swagger.json, v1.34) for the kinds in the resource table. Field names are unambiguous there,
 * but for `ports`, whose key depends on the kind of port.
 */
import { canonicalJson, isObject, type Json, type JsonObject } from '../json.ts';

export type MapType = 'struct' | 'map' | 'atomic';
export type ListType = 'atomic' | 'set' | 'keyed';

/** The type of one field. For a keyed list `item` is the type of its items. */
export interface FieldType {
  readonly map: MapType;
  readonly list: ListType;
  readonly keys: readonly string[];
  /** The rules below this field. */
  readonly rules: Rules;
}

type Rules = 'built-in' | 'custom' | 'custom-root' | 'atomic-items' | 'unknown';

const STRUCT: FieldType = { map: 'struct', list: 'atomic', keys: [], rules: 'built-in' };
const UNKNOWN: FieldType = { map: 'map', list: 'atomic', keys: [], rules: 'unknown' };
const ATOMIC: FieldType = { map: 'atomic', list: 'atomic', keys: [], rules: 'unknown' };

/** Maps whose keys are data, not fields. */
const MAPS = new Set(
  'labels annotations data binaryData stringData limits requests capacity allocatable allocatedResources overhead volumeAttributes options'.split(
    ' ',
  ),
);
/** Objects that have one owner as a whole. */
const ATOMIC_OBJECTS = new Set(
  'selector labelSelector nodeSelector fieldRef resourceFieldRef configMapKeyRef secretKeyRef fileKeyRef roleRef involvedObject related requiredDuringSchedulingIgnoredDuringExecution preference'.split(
    ' ',
  ),
);
const SETS = new Set(['finalizers', 'podCIDRs']);
/** Lists whose items are found by key. */
const KEYED: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  conditions: ['type'],
  addresses: ['type'],
  ownerReferences: ['uid'],
  imagePullSecrets: ['name'],
  secrets: ['name'],
  hostAliases: ['ip'],
  podIPs: ['ip'],
  resourceClaims: ['name'],
  schedulingGates: ['name'],
  claims: ['name'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  ports: ['containerPort', 'protocol'],
};
/** Keyed lists whose items have one owner as a whole. */
const ATOMIC_ITEMS = new Set(['ownerReferences', 'imagePullSecrets', 'secrets']);

/** The type of a whole object. */
export function rootType(custom: boolean): FieldType {
  return custom ? { ...STRUCT, rules: 'custom-root' } : STRUCT;
}

/** The type of a member of an object. */
export function memberType(parent: FieldType, name: string): FieldType {
  switch (parent.rules) {
    case 'unknown':
      return UNKNOWN;
    case 'atomic-items':
      return ATOMIC;
    case 'custom-root':
      if (name === 'metadata') return STRUCT;
      return name === 'status' ? { ...UNKNOWN, map: 'struct' } : { ...STRUCT, rules: 'custom' };
    case 'custom':
      return name === 'labels' || name === 'matchLabels' ? UNKNOWN : { ...STRUCT, rules: 'custom' };
    case 'built-in':
      return builtIn(parent, name);
  }
}

function builtIn(parent: FieldType, name: string): FieldType {
  if (parent.map === 'map') return STRUCT;
  if (MAPS.has(name)) return { ...UNKNOWN, rules: 'unknown' };
  if (ATOMIC_OBJECTS.has(name)) return ATOMIC;
  if (SETS.has(name)) return { ...STRUCT, list: 'set' };
  const keys = KEYED[name];
  if (keys === undefined) return STRUCT;
  return { ...STRUCT, list: 'keyed', keys, rules: ATOMIC_ITEMS.has(name) ? 'atomic-items' : 'built-in' };
}

/** The type of the items of a keyed list. */
export function itemType(list: FieldType): FieldType {
  return list.rules === 'atomic-items' ? ATOMIC : { ...STRUCT, rules: list.rules };
}

/** True when the member is a field of its own and not a key of a map. */
export function isNamedField(parent: FieldType): boolean {
  return parent.map === 'struct';
}

/** The path element of one item of a set or a keyed list. */
export function itemElement(type: FieldType, item: Json): string {
  if (type.list === 'set' || !isObject(item)) return `v:${JSON.stringify(item)}`;
  const keys: JsonObject = {};
  const names = type.keys.includes('containerPort') && !('containerPort' in item) ? ['port', 'protocol'] : type.keys;
  for (const name of names) {
    const value = item[name];
    if (value !== undefined) keys[name] = value;
    else if (name === 'protocol') keys[name] = 'TCP';
  }
  return `k:${canonicalJson(keys)}`;
}
