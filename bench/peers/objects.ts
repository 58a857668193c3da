import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workload } from '../../src/cluster/objects.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { specByHand } from '../../test/harness/by-hand.ts';
import type { Lab } from '../lab.ts';

/** What stands for the filter where it is deployed without the action: by the steps that its documentation shows. */
const NAME = 'by-hand';
const FOLDER = `/var/local/lib/wasm-filters/${NAME}`;

/** The pods that have the settings of a round: whoever brings others changes the pod template, so that pods start with them. */
const podLabels = (round: number): Readonly<Record<string, string>> => ({ 'by-hand/filter': `v${round}` });

/** Returns the part of a Deployment that puts the filter of a ConfigMap into its pods, with a round's settings, which is the merge patch, too. */
export function patchByHand(round: number, configMap = NAME): object {
  return {
    spec: {
      template: {
        metadata: {
          labels: podLabels(round),
          annotations: {
            [USER_VOLUME_ANNOTATION]: JSON.stringify([{ name: NAME, configMap: { name: configMap } }]),
            [USER_VOLUME_MOUNT_ANNOTATION]: JSON.stringify([{ name: NAME, mountPath: FOLDER, readOnly: true }]),
          },
        },
      },
    },
  };
}

/** Returns a Deployment's whole manifest without the filter. */
export function plainDeployment({ apiVersion, kind, metadata, spec }: Workload): object {
  return { apiVersion, kind, metadata, spec };
}

/** Returns a Deployment's whole manifest with the filter, and a round's settings. */
export function deploymentByHand({ apiVersion, kind, metadata, spec }: Workload, round: number): object {
  const template = spec?.template;
  const { labels, annotations } = (patchByHand(round) as { spec: { template: { metadata: Record<string, object> } } })
    .spec.template.metadata;
  const merged = {
    ...template?.metadata,
    labels: { ...template?.metadata?.labels, ...labels },
    annotations: { ...template?.metadata?.annotations, ...annotations },
  };
  return { apiVersion, kind, metadata, spec: { ...spec, template: { ...template, metadata: merged } } };
}

/** Returns an EnvoyFilter that inserts the filter with a round's settings: into all pods with their label, or into those of one workload. */
export function envoyFilterByHand(namespace: string, round: number, workload?: Workload): object {
  const name = workload === undefined ? NAME : `${NAME}-${workload.metadata.name}`;
  const labels = workload === undefined ? podLabels(round) : { app: workload.metadata.name };
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace },
    spec: specByHand({
      filter: NAME,
      rootId: NAME,
      file: `${FOLDER}/filter.wasm`,
      configuration: `x: ${round}`,
      labels,
    }),
  };
}

/** Returns the ConfigMap and the EnvoyFilter of each namespace, with a round's settings. */
export async function sharedByHand(
  { workspace }: Lab,
  namespaces: readonly string[],
  round: number,
): Promise<object[]> {
  const wasm = (await readFile(join(workspace, 'filter.wasm'))).toString('base64');
  return namespaces.flatMap((namespace) => [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME, namespace },
      binaryData: { 'filter.wasm': wasm },
    },
    envoyFilterByHand(namespace, round),
  ]);
}

/** Returns objects as one file that kubectl takes. */
export function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}
