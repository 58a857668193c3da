/** Labels and annotations of this action start with this. */
const PREFIX = 'deploy-wasm-filter';

/** The workload annotation that records what runs there; see `state.ts`. */
export const STATE_ANNOTATION = `${PREFIX}/state`;
/** On an EnvoyFilter whose settings were replaced in place: the revision that they are of. */
export const PUSHED_ANNOTATION = `${PREFIX}/pushed`;
/** On a ConfigMap: the workloads on which its revision was verified; see `verified.ts`. */
export const VERIFIED_ANNOTATION = `${PREFIX}/verified`;
/** On an object that is about to be deleted as garbage: a run that needs it takes it away. */
export const GARBAGE_ANNOTATION = `${PREFIX}/garbage`;
export const DIGEST_ANNOTATION = `${PREFIX}/digest`;
/** On a ConfigMap: the image that its module came from; see `source.ts`. */
export const SOURCE_ANNOTATION = `${PREFIX}/source`;
/** On a ConfigMap: the image that the proxies pull; omitted when it holds the module itself. */
export const IMAGE_ANNOTATION = `${PREFIX}/image`;
export const FILTER_LABEL = `${PREFIX}/name`;
export const REVISION_LABEL = `${PREFIX}/revision`;
/**
 * On a scout, and on the object that brings a filter to scouts alone: a hash of the run that has made it. No label of a filter begins
 * like this.
 */
export const SCOUT_LABEL = `scout.${PREFIX}/run`;
/** On the same: that run as records name it, `owner/repo/run/attempt` or `local`. */
export const SCOUT_RUN_ANNOTATION = `scout.${PREFIX}/made-by`;
/** Selects the ConfigMaps, EnvoyFilters and WasmPlugins that this action made. */
export const OWNED_SELECTOR = `app.kubernetes.io/managed-by=${PREFIX}`;

/** Istio's injector reads these from the pod template (https://istio.io/latest/docs/reference/config/annotations/). */
export const USER_VOLUME_ANNOTATION = 'sidecar.istio.io/userVolume';
/** The templates that Istio injects a pod with; its usual sidecar when absent. */
export const TEMPLATES_ANNOTATION = 'inject.istio.io/templates';
export const USER_VOLUME_MOUNT_ANNOTATION = 'sidecar.istio.io/userVolumeMount';
/** The two that mount filters into the proxy. */
export const MOUNT_ANNOTATIONS = [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION] as const;
export type MountAnnotation = (typeof MOUNT_ANNOTATIONS)[number];
/** The injector reads this, too: the levels of Envoy's loggers by component, such as `misc:error,wasm:info`. */
export const LOG_LEVEL_ANNOTATION = 'sidecar.istio.io/componentLogLevel';

/** The longest filter name: the volume name made of it must stay a label of 63 characters. */
export const MAX_NAME_CHARACTERS = 50;

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Whether a filter may have this name: it becomes part of object names, a label key and a volume name. */
export function isFilterName(name: string): boolean {
  return NAME.test(name) && name.length <= MAX_NAME_CHARACTERS;
}

/** The pod label whose value is the filter's revision in that pod. */
export function podLabel(filter: string): string {
  return `${PREFIX}/${filter}`;
}

/** The filters that labels name, by `podLabel`. */
export function filtersIn(labels: Readonly<Record<string, unknown>>): string[] {
  const prefix = podLabel('');
  return Object.keys(labels).flatMap((label) => (label.startsWith(prefix) ? [label.slice(prefix.length)] : []));
}

/** The name of a revision's objects. */
export function objectName(filter: string, revision: string): string {
  return `${filter}-${revision}`;
}

/** Whether a ConfigMap of this name holds some revision of the filter. */
export function isRevisionOf(filter: string, configMapName: string): boolean {
  return configMapName.startsWith(`${filter}-`) && /^[0-9a-f]{10}$/.test(configMapName.slice(filter.length + 1));
}

/** The volume that carries a filter into the proxy. It never equals one of Istio's own volume names. */
export function volumeName(filter: string): string {
  return `wasm-filter-${filter}`;
}

/** The module's file name in the ConfigMap and in the mount; another revision has another path. */
export function fileName(filter: string, revision: string): string {
  return `${objectName(filter, revision)}.wasm`;
}

/** The labels every object of a revision carries. */
export function ownedLabels(filter: string, revision: string): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': PREFIX, [FILTER_LABEL]: filter, [REVISION_LABEL]: revision };
}

/** The metadata of an object, as far as it tells whose it is. */
interface Labelled {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Whether this action made an object. */
export function isOwned({ metadata }: Labelled): boolean {
  return metadata.labels?.['app.kubernetes.io/managed-by'] === PREFIX;
}

/** Whether a run means to delete an object as garbage; one that is not there has no mark. */
export function isMarked(object: Labelled | undefined): boolean {
  return object?.metadata.annotations?.[GARBAGE_ANNOTATION] !== undefined;
}
