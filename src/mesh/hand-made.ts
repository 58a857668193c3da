import { isObject, pick } from '../base/json.ts';
import type { PodTemplate } from '../cluster/objects.ts';
import { parseAnnotationList } from './annotation-list.ts';
import { type EnvoyFilter, type ForeignHttpFilter, INSERTIONS } from './envoy-filter.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from './names.ts';

/** A Wasm filter that somebody has put into a workload's sidecars by hand, by the same four steps. */
export interface HandMade extends ForeignHttpFilter {
  /** The EnvoyFilter that inserts it. */
  readonly envoyFilter: string;
  /** The volume of the pod template's annotations that holds its file; undefined where none does. */
  readonly volume: string | undefined;
  /** The module's path in the proxy. */
  readonly file: string;
  readonly configMap: string | undefined;
  /** Whether it is the filter that is to be deployed, as far as names and root ids tell. */
  readonly sameFilter: boolean;
  /** Whether names say so; another filter may well have the same root id. */
  readonly sameName: boolean;
}

/** The filter that is to be deployed. */
export interface OurFilter {
  readonly name: string;
  readonly rootId: string;
}

/** The other contexts, GATEWAY and WAYPOINT, leave sidecars alone. */
const SIDECAR_CONTEXTS = new Set(['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND']);

/**
 * The Wasm filters that EnvoyFilters of others insert into a workload's pods from files. One is the same filter when its own
 * name, or its file's, is ours, or its root id is and says something.
 */
export function findHandMade(
  template: PodTemplate,
  envoyFilters: readonly EnvoyFilter[],
  ours: OurFilter,
): readonly HandMade[] {
  const mounts = mountsOf(template);
  return envoyFilters
    .filter((envoyFilter) => selectsTemplate(envoyFilter, template.metadata?.labels ?? {}))
    .flatMap(({ metadata, spec }) =>
      arrayOf(spec.configPatches).flatMap((patch): HandMade[] => {
        const inserted = insertedWasm(patch);
        if (inserted === undefined) return [];
        const mount = mountOf(inserted.file, mounts);
        const { names, rootId, ...where } = inserted;
        const base = where.file.replace(/^.*\//, '').replace(/\.wasm$/, '');
        const sameName = [...names, base].includes(ours.name);
        const sameFilter = sameName || (ours.rootId !== '' && rootId === ours.rootId);
        const { volume, configMap } = mount ?? {};
        const { priority } = spec;
        return [
          {
            envoyFilter: metadata.name,
            ...where,
            ...(typeof priority === 'number' ? { priority } : {}),
            volume,
            configMap,
            sameFilter,
            sameName,
          },
        ];
      }),
    );
}

/**
 * Whether an EnvoyFilter applies to pods with these labels; one without a selector applies to all of its namespace, and one
 * with `targetRefs` only to gateways and waypoints.
 */
export function selectsTemplate({ spec }: EnvoyFilter, labels: Readonly<Record<string, string>>): boolean {
  if (arrayOf(spec.targetRefs).length > 0) return false;
  const wanted = pick(spec, 'workloadSelector', 'labels');
  return !isObject(wanted) || Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

interface Mount {
  readonly volume: string;
  readonly mountPath: string;
  readonly configMap: string | undefined;
}

function mountsOf({ metadata }: PodTemplate): Mount[] {
  const [volumes, mounts] = [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION].map((key) => {
    const list = parseAnnotationList(metadata?.annotations?.[key]);
    return typeof list === 'string' ? [] : list.entries;
  });
  return (mounts ?? []).flatMap(({ name, value }): Mount[] => {
    if (typeof value.mountPath !== 'string') return [];
    const configMap = pick(volumes?.find((volume) => volume.name === name)?.value, 'configMap', 'name');
    return [
      {
        volume: name,
        mountPath: value.mountPath.replace(/\/+$/, ''),
        configMap: typeof configMap === 'string' ? configMap : undefined,
      },
    ];
  });
}

/** The mount that a file lies in: the innermost, which may be of the file alone (`subPath`). */
function mountOf(file: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts
    .filter(({ mountPath }) => file === mountPath || file.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}

interface Inserted extends ForeignHttpFilter {
  readonly file: string;
  readonly names: readonly string[];
  readonly rootId: string;
}

/** The Wasm filter that one patch of an EnvoyFilter inserts. */
function insertedWasm(patch: unknown): Inserted | undefined {
  if (pick(patch, 'applyTo') !== 'HTTP_FILTER') return undefined;
  if (!INSERTIONS.has(String(pick(patch, 'patch', 'operation')))) return undefined;
  const context = String(pick(patch, 'match', 'context') ?? 'ANY');
  if (!SIDECAR_CONTEXTS.has(context)) return undefined;
  const value = pick(patch, 'patch', 'value');
  const typed = pick(value, 'typed_config') ?? pick(value, 'typedConfig');
  // Older ones wrap the configuration in a udpa TypedStruct.
  const config = pick(typed, 'config') ?? pick(typed, 'value', 'config');
  const file =
    pick(config, 'vm_config', 'code', 'local', 'filename') ?? pick(config, 'vmConfig', 'code', 'local', 'filename');
  const httpFilter = pick(value, 'name');
  if (typeof file !== 'string' || typeof httpFilter !== 'string') return undefined;
  const name = pick(config, 'name');
  const rootId = pick(config, 'root_id') ?? pick(config, 'rootId');
  const portNumber = pick(patch, 'match', 'listener', 'portNumber');
  return {
    file,
    httpFilter,
    context,
    ...(typeof portNumber === 'number' ? { portNumber } : {}),
    names: [httpFilter, ...(typeof name === 'string' ? [name] : [])],
    rootId: typeof rootId === 'string' ? rootId : '',
  };
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
