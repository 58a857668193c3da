/** Labels and annotations of ours start with this. */
const PREFIX = 'deploy-wasm-filter';

/** The workload annotation that records what runs there; see `state.ts`. */
export const STATE_ANNOTATION = `${PREFIX}/state`;
export const DIGEST_ANNOTATION = `${PREFIX}/digest`;
export const FILTER_LABEL = `${PREFIX}/name`;
export const REVISION_LABEL = `${PREFIX}/revision`;
/** Selects the ConfigMaps and EnvoyFilters that this action made. */
export const OWNED_SELECTOR = `app.kubernetes.io/managed-by=${PREFIX}`;

/** Istio's injector reads these from the pod template (https://istio.io/latest/docs/reference/config/annotations/). */
export const USER_VOLUME_ANNOTATION = 'sidecar.istio.io/userVolume';
export const USER_VOLUME_MOUNT_ANNOTATION = 'sidecar.istio.io/userVolumeMount';

/** The longest filter name: the volume name made of it must stay a label of 63 characters. */
export const MOST_NAME_CHARACTERS = 50;

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Whether a filter may have this name: it becomes part of object names, a label key and a volume name. */
export function isFilterName(name: string): boolean {
  return NAME.test(name) && name.length <= MOST_NAME_CHARACTERS;
}

/** The pod label whose value is the filter's revision in that pod. */
export function podLabel(filter: string): string {
  return `${PREFIX}/${filter}`;
}

/** The name of a revision's ConfigMap and EnvoyFilter. */
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
