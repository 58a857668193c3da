import { join } from 'node:path';
import {
  envoyProgram,
  gatewayResources,
  istioPrograms,
  istioResources,
  kubernetesPrograms,
  rolloutsController,
} from './build.ts';
import { type Artefact, locate, obtain } from './cache.ts';
import type { PendingWork } from './doctor.ts';
import { imageStore } from './image-store.ts';
import type { Steps } from './steps.ts';
import type { Level } from './versions.ts';

/** The paths of everything a cluster is started from. */
export interface BuiltPrograms {
  /** etcd and Kubernetes. */
  readonly controlPlane: string;
  /** The controller of Argo Rollouts. */
  readonly rollouts: string;
  /** The files with the custom resource definitions of Istio, of the Gateway API and of Argo Rollouts. */
  readonly crds: readonly string[];
  /** Only at the mesh level. */
  readonly mesh?: {
    readonly istioctl: string;
    /** containerd's folder with all images. */
    readonly images: string;
  };
}

/** The `controlplane` program of the versions in force, built or not. */
export function controlPlaneProgram(cache: string): string {
  return join(locate(cache, kubernetesPrograms()).folder, 'controlplane');
}

/** What bringing up a level in that folder would have to do now. */
export function pendingWork(level: Level, cache: string, state: string): PendingWork {
  const isMissing = (artefact: Artefact): boolean => !locate(cache, artefact).present;
  const mesh = level === 'mesh';
  return {
    cache,
    state,
    buildsGo: [
      kubernetesPrograms(),
      istioResources(),
      gatewayResources(),
      rolloutsController(),
      ...(mesh ? [istioPrograms()] : []),
    ].some(isMissing),
    downloadsEnvoy: mesh && isMissing(envoyProgram()),
  };
}

/** Takes everything a level needs from the cache and builds what is missing. Throws `CommandError` when a build fails. */
export async function buildPrograms(
  level: Level,
  cache: string,
  steps: Steps,
  signal?: AbortSignal,
): Promise<BuiltPrograms> {
  // One after the other: each Go build uses all processors by itself.
  const take = async (artefact: Artefact, cost = ''): Promise<string> => {
    signal?.throwIfAborted();
    if (locate(cache, artefact).present) return await obtain(cache, artefact);
    steps.note(`          building ${artefact.name}${cost}`);
    return await steps.step(`${artefact.name} built`, () => obtain(cache, artefact));
  };
  const goCost = (minutes: number): string =>
    `: about ${minutes} minutes on two cores unless Go has parts of it in its own cache`;
  const controlPlane = join(await take(kubernetesPrograms(signal), goCost(6)), 'controlplane');
  const argo = await take(rolloutsController(signal), goCost(4));
  const rollouts = join(argo, 'rollouts-controller');
  const crds = [
    join(await take(istioResources(signal)), 'istio-crds.yaml'),
    join(await take(gatewayResources(signal)), 'gateway-crds.yaml'),
    join(argo, 'rollouts-crds.yaml'),
  ];
  if (level === 'control-plane') return { controlPlane, rollouts, crds };

  const envoy = await take(envoyProgram(signal));
  const istio = await take(istioPrograms(signal), goCost(6));
  const images = await take(await imageStore({ programs: { istio, envoy }, controlPlane, signal }));
  const mesh = { istioctl: join(istio, 'istioctl'), images: join(images, 'containerd') };
  return { controlPlane, rollouts, crds, mesh };
}
