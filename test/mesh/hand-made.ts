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

/** The annotations that mount a ConfigMap made by hand. */
export function mountsByHand(name: string): Record<string, string> {
  return {
    'sidecar.istio.io/userVolume': `[{"name":"wasmfilters-dir","configMap":{"name":"${name}"}}]`,
    'sidecar.istio.io/userVolumeMount': `[{"name":"wasmfilters-dir","mountPath":"${FOLDER}"}]`,
  };
}

/** The ConfigMap, to be made before the workload. */
export async function createConfigMapByHand(mesh: Mesh, { namespace, name, file }: ByHand): Promise<void> {
  await mesh.api.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name },
    binaryData: { [`${name}.wasm`]: (await readFile(file)).toString('base64') },
  } as never);
}

/** The EnvoyFilter, to be made once the workload's pods mount the file. */
export async function createEnvoyFilterByHand(mesh: Mesh, byHand: ByHand): Promise<Workload> {
  const { namespace, name, configuration, labels } = byHand;
  return mesh.api.create(`/apis/networking.istio.io/v1alpha3/namespaces/${namespace}/envoyfilters`, {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name },
    spec: specByHand({
      filter: name,
      rootId: 'add_header',
      file: `${FOLDER}/${name}.wasm`,
      labels,
      configuration,
      vmId: name,
    }),
  } as never);
}
