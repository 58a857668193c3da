import { readFile } from 'node:fs/promises';
import type { Workload } from '../../src/cluster/objects.ts';
import { specByHand } from '../harness/by-hand.ts';
import type { Mesh } from './mesh.ts';

/** A filter put in by hand, as the documented procedure does it. */
export interface ByHand {
  readonly namespace: string;
  /** The name of its ConfigMap, EnvoyFilter and HTTP filter. */
  readonly name: string;
  /** The compiled module. */
  readonly file: string;
  readonly configuration: string;
  /** The pods that the EnvoyFilter selects. */
  readonly labels: Readonly<Record<string, string>>;
}

const FOLDER = '/var/local/lib/wasm-filters';

/** The annotations that mount ConfigMaps made by hand, each in a folder of its own. */
export function mountsByHand(...names: readonly string[]): Record<string, string> {
  const volumes = names.map((name) => ({ name: `wasmfilters-${name}`, configMap: { name } }));
  const mounts = names.map((name) => ({ name: `wasmfilters-${name}`, mountPath: `${FOLDER}/${name}` }));
  return {
    'sidecar.istio.io/userVolume': JSON.stringify(volumes),
    'sidecar.istio.io/userVolumeMount': JSON.stringify(mounts),
  };
}

/** The ConfigMap, to be made before the workload. */
export async function createConfigMapByHand(mesh: Mesh, { namespace, name, file }: ByHand): Promise<void> {
  await mesh.api.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name },
    binaryData: { [`${name}.wasm`]: (await readFile(file)).toString('base64') },
  } as never);
}

/** The EnvoyFilter, to be made once the workload's pods mount the files; further filters become patches of the same one. */
export async function createEnvoyFilterByHand(
  mesh: Mesh,
  byHand: ByHand,
  ...further: readonly ByHand[]
): Promise<Workload> {
  const { namespace, name, labels } = byHand;
  const specs = [byHand, ...further].map((one) =>
    specByHand({
      filter: one.name,
      rootId: 'add_header',
      file: `${FOLDER}/${one.name}/${one.name}.wasm`,
      labels,
      configuration: one.configuration,
      vmId: one.name,
    }),
  );
  return mesh.api.create(`/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`, {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name },
    spec: { ...specs[0], configPatches: specs.flatMap(({ configPatches }) => configPatches) },
  } as never);
}
