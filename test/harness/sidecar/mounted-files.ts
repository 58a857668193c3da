/** The files that a pod's volumes put before its proxy. */
import { mountedConfigMaps, namedList, USER_VOLUME_MOUNT } from '../../kubelet/behaviour.ts';
import { type ApiObject, dig, digList } from '../../kubelet/client.ts';
import { PROXY } from '../../kubelet/container-status.ts';
import { isGatewayPod } from './proxy.ts';

/** Tells what is at a path: a module, something else, or nothing. */
export type MountedFiles = (path: string) => 'wasm' | 'other' | 'absent';

const WASM_MAGIC = Buffer.from([0x00, 0x61, 0x73, 0x6d]);

/**
 * Reads the ConfigMaps that a pod mounts. What is in other volumes, or was in a ConfigMap that is gone, counts as a module.
 * @param configMap gives a ConfigMap of the pod's namespace, or undefined when there is none
 */
export async function readMountedFiles(
  pod: ApiObject,
  configMap: (name: string) => Promise<ApiObject | undefined>,
): Promise<MountedFiles> {
  const contents = new Map<string, ReadonlyMap<string, boolean> | undefined>();
  for (const { volume, configMap: name, paths } of mountedConfigMaps(pod)) {
    contents.set(volume, filesOf(await configMap(name), paths));
  }
  // A mount inside another one covers it, whatever their order.
  const depth = (mount: unknown): number => String(dig(mount, 'mountPath')).length;
  const mounts = mountsOf(pod).sort((a, b) => depth(b) - depth(a));
  return (path) => {
    for (const mount of mounts) {
      const directory = String(dig(mount, 'mountPath')).replace(/\/+$/, '');
      const single = dig(mount, 'subPath');
      const file = single === undefined ? below(directory, path) : path === directory ? String(single) : undefined;
      if (file === undefined) continue;
      const content = contents.get(String(dig(mount, 'name')));
      if (content === undefined) return 'wasm';
      const isWasm = content.get(file);
      return isWasm === undefined ? 'absent' : isWasm ? 'wasm' : 'other';
    }
    return 'absent';
  };
}

function below(directory: string, path: string): string | undefined {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined;
}

/** The sidecar's mounts by Istio's annotation and those of its container. */
function mountsOf(pod: ApiObject): unknown[] {
  const containers = [...digList(pod, 'spec', 'initContainers'), ...digList(pod, 'spec', 'containers')];
  const proxy = containers.find((container) => dig(container, 'name') === PROXY);
  const injected = isGatewayPod(pod) ? [] : namedList(pod.metadata.annotations?.[USER_VOLUME_MOUNT] ?? '');
  return [...injected.map(({ name, value }) => ({ ...(value as object), name })), ...digList(proxy, 'volumeMounts')];
}

/** By path below the mount: whether the file is a module. Undefined when the ConfigMap is not there any more. */
function filesOf(
  configMap: ApiObject | undefined,
  paths: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, boolean> | undefined {
  if (configMap === undefined) return undefined;
  const binary = Object.entries((configMap.binaryData ?? {}) as Record<string, string>).map(
    ([key, value]) => [key, Buffer.from(value.slice(0, 8), 'base64').subarray(0, 4).equals(WASM_MAGIC)] as const,
  );
  const text = Object.keys((configMap.data ?? {}) as Record<string, string>).map((key) => [key, false] as const);
  const all = [...binary, ...text];
  if (paths === undefined) return new Map(all);
  return new Map(all.flatMap(([key, isWasm]) => (paths.has(key) ? [[paths.get(key) ?? key, isWasm]] : [])));
}
