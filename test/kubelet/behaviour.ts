/** How a simulated pod behaves: chosen by its annotations, and by what its sidecar mounts. A pure function. */
import { type ApiObject, dig, digList } from './client.ts';
import { hasProxy } from './container-status.ts';

export type Behaviour =
  | 'ready'
  | 'image-pull-back-off'
  | 'crash-loop'
  | 'never-ready'
  | 'failed-mount'
  | 'unschedulable'
  | 'proxy-not-ready'
  | 'waiting'
  | 'crashed'
  | 'refused';

export interface Decision {
  readonly behaviour: Behaviour;
  /** How long the pod takes to become ready, in milliseconds. */
  readonly readyAfterMs: number;
  /** Names the fault where the behaviour has one. */
  readonly message: string;
  /** Of `waiting`, `crashed` and `refused`: the reason that is reported. */
  readonly reason?: string;
}

/**
 * The annotation that chooses the behaviour. Three take a reason, any that a kubelet may give: `waiting ErrImageNeverPull`,
 * `crashed OOMKilled` and, of a pod that the node does not run, `refused UnexpectedAdmissionError`.
 */
export const BEHAVIOUR = 'sim/behaviour';
/** The same for pods that run a deployed filter: such pods turn bad with the deployment, those before them stay well. */
export const BEHAVIOUR_WITH_FILTER = 'sim/behaviour-with-filter';
/** The annotation that sets the time to ready, in milliseconds. */
export const READY_AFTER = 'sim/ready-after-ms';
/** The annotation with what is said of the reason. */
export const MESSAGE = 'sim/message';
/** The annotation that names the container that has the trouble; else it is the pod's own. */
export const CONTAINER = 'sim/container';
/** Istio's annotation with further volumes of the sidecar: a JSON array, or an object by volume name. */
export const USER_VOLUME = 'sidecar.istio.io/userVolume';
/** Istio's annotation with the places where the sidecar mounts them, in the same two forms. */
export const USER_VOLUME_MOUNT = 'sidecar.istio.io/userVolumeMount';

const NAMES: readonly Behaviour[] = [
  'ready',
  'image-pull-back-off',
  'crash-loop',
  'never-ready',
  'failed-mount',
  'unschedulable',
  'proxy-not-ready',
  'waiting',
  'crashed',
  'refused',
];
const WASM_MAGIC = Buffer.from([0x00, 0x61, 0x73, 0x6d]);

interface MountedConfigMap {
  readonly volume: string;
  readonly configMap: string;
  readonly optional: boolean;
  /** The path of each key that the volume picks; undefined when it takes all under their own names. */
  readonly paths: ReadonlyMap<string, string> | undefined;
}

/** The ConfigMaps that the sidecar, if there is one, mounts by Istio's annotation, and the pod by its own volumes. */
export function mountedConfigMaps(pod: ApiObject): MountedConfigMap[] {
  const text = pod.metadata.annotations?.[USER_VOLUME];
  const own = digList(pod, 'spec', 'volumes').map((value) => ({ name: String(dig(value, 'name')), value }));
  const injected = text === undefined || !hasProxy(pod) ? [] : namedList(text);
  return [...own, ...injected].flatMap(({ name, value }) => {
    const configMap = dig(value, 'configMap', 'name');
    if (typeof configMap !== 'string') return [];
    const items = dig(value, 'configMap', 'items');
    const paths = Array.isArray(items)
      ? new Map(items.map((item) => [String(dig(item, 'key')), String(dig(item, 'path'))]))
      : undefined;
    return [{ volume: name, configMap, optional: dig(value, 'configMap', 'optional') === true, paths }];
  });
}

/** The entries of such an annotation by volume name: a JSON array, or an object by name. */
export function namedList(text: string): { name: string; value: unknown }[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The injector refuses such a pod; here it gets no volume and shows nothing worse.
    return [];
  }
  if (Array.isArray(parsed)) return parsed.map((value: unknown) => ({ name: String(dig(value, 'name')), value }));
  if (typeof parsed !== 'object' || parsed === null) return [];
  return Object.entries(parsed).map(([name, value]: [string, unknown]) => ({ name, value }));
}

/**
 * Decides how the pod behaves.
 * @param configMap gives a ConfigMap of the pod's namespace, or undefined when there is none
 */
export function decide(
  pod: ApiObject,
  configMap: (name: string) => ApiObject | undefined,
  defaultReadyAfterMs: number,
): Decision {
  const annotations = pod.metadata.annotations ?? {};
  const delay = Number(annotations[READY_AFTER] ?? Number.NaN);
  const readyAfterMs = Number.isFinite(delay) ? delay : defaultReadyAfterMs;
  const runsFilter = Object.keys(pod.metadata.labels ?? {}).some((label) => label.startsWith('deploy-wasm-filter/'));
  const wanted = (runsFilter ? annotations[BEHAVIOUR_WITH_FILTER] : undefined) ?? annotations[BEHAVIOUR];
  const [named, reason] = (wanted ?? '').split(' ');
  const chosen = NAMES.find((name) => name === named) ?? 'ready';
  if (chosen === 'failed-mount') {
    return {
      behaviour: chosen,
      readyAfterMs,
      message: 'MountVolume.SetUp failed for volume "data" : configmap "missing" not found',
    };
  }
  if (chosen !== 'ready') {
    const message = annotations[MESSAGE] ?? '';
    return { behaviour: chosen, readyAfterMs, message, ...(reason === undefined ? {} : { reason }) };
  }
  for (const mount of mountedConfigMaps(pod)) {
    const found = configMap(mount.configMap);
    if (found === undefined) {
      if (mount.optional) continue;
      const message = `MountVolume.SetUp failed for volume ${JSON.stringify(mount.volume)} : configmap ${JSON.stringify(mount.configMap)} not found`;
      return { behaviour: 'failed-mount', readyAfterMs, message };
    }
    if (!holdsWasm(found))
      return { behaviour: 'proxy-not-ready', readyAfterMs, message: `${mount.configMap} holds no valid wasm` };
  }
  return { behaviour: 'ready', readyAfterMs, message: '' };
}

/** A ConfigMap with no binary data is no filter and harms nothing; else the first value has to be a wasm module. */
function holdsWasm(configMap: ApiObject): boolean {
  const [first] = Object.values((dig(configMap, 'binaryData') as Record<string, string> | undefined) ?? {});
  if (first === undefined) return true;
  return Buffer.from(first.slice(0, 8), 'base64').subarray(0, 4).equals(WASM_MAGIC);
}
