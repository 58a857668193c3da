import { cloneImageStore, startContainerd } from './containerd.ts';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  loopbackSite,
  nodeSite,
  startApiServer,
  startControllers,
  startRollouts,
  startScheduler,
} from './control-plane.ts';
import { createIstiod, type InstallOptions, installResources, waitForIstiod } from './istio.ts';
import { startNode, writePodNetwork } from './node.ts';
import type { Component, Supervisor } from './processes.ts';
import type { BuiltPrograms } from './programs.ts';
import { connectSandbox, createSandbox, type Sandbox } from './sandbox.ts';
import { layoutOf } from './state.ts';
import { type Steps, together } from './steps.ts';
import { nodeFolders, recordTraces } from './traces.ts';

/** What a start needs. */
export interface Start {
  /** The cluster's folder. */
  readonly state: string;
  readonly steps: Steps;
  readonly supervisor: Supervisor;
  readonly programs: BuiltPrograms;
  /** Aborted from outside to give up, and from inside when one branch has failed. */
  readonly abort: AbortController;
}

/**
 * Starts etcd, the API server and the controllers on loopback, with the custom resources of Istio, the Gateway API and Argo Rollouts, and
 * the controller of these.
 */
export async function startControlPlaneOnly(start: Start): Promise<void> {
  const { steps, abort } = start;
  const options = controlPlaneOptions(start, await loopbackSite());
  const plane = await steps.step('etcd and API server', () => startApiServer(options));
  try {
    await together(
      abort,
      steps.step('controllers', () => startControllers(plane, options)),
      steps.step('custom resources', () => installResources(start.programs.crds, installOptions(start, plane))),
    );
    startRollouts(start.programs.rollouts, plane, options);
  } finally {
    await plane.api.close();
  }
}

/** Starts a control plane and a node in namespaces of their own, and Istio on it. */
export async function startMesh(start: Start): Promise<void> {
  const { state, steps, supervisor, abort } = start;
  const { signal } = abort;
  const program = start.programs.controlPlane;
  await recordTraces(layoutOf(state).traces);
  const sandbox = await steps.step("the node's namespaces", async () => {
    const made = await createSandbox({ supervisor, program, privateFolders: nodeFolders, signal });
    await connectSandbox(made, signal);
    return made;
  });

  const options = controlPlaneOptions(start, nodeSite(sandbox.place));
  const [plane, containerd] = await together(
    abort,
    steps.step('etcd and API server', () => startApiServer(options)),
    steps.step('containerd with its images', () => startImages(start, sandbox)),
  );
  try {
    startScheduler(plane, options);
    await together(
      abort,
      steps.step('controllers', () => startControllers(plane, options)),
      steps.step('kubelet, kube-proxy and DNS', () =>
        startNode(plane, containerd, { state, program, supervisor, sandbox, signal }),
      ),
      steps.step("Istio's objects", () => createIstio(start, plane)),
    );
    startRollouts(start.programs.rollouts, plane, options);
    await steps.step('istiod', () => waitForIstiod(installOptions(start, plane)));
  } finally {
    await plane.api.close();
  }
}

async function startImages(start: Start, sandbox: Sandbox): Promise<Component> {
  const { state, supervisor, abort } = start;
  const { containerd: root, cni } = layoutOf(state);
  await writePodNetwork(cni, state);
  await cloneImageStore(meshPrograms(start).images, root);
  return await startContainerd({ supervisor, sandbox, root, folder: state, cniFolder: cni, signal: abort.signal });
}

async function createIstio(start: Start, plane: ControlPlane): Promise<void> {
  const options = installOptions(start, plane);
  await installResources(start.programs.crds, options);
  await createIstiod(meshPrograms(start).istioctl, options);
}

function meshPrograms({ programs }: Start): NonNullable<BuiltPrograms['mesh']> {
  if (programs.mesh === undefined) throw new Error('the programs of the mesh level were not built');
  return programs.mesh;
}

function controlPlaneOptions(start: Start, site: ControlPlaneOptions['site']): ControlPlaneOptions {
  const { state, supervisor, programs, abort } = start;
  return { state, program: programs.controlPlane, supervisor, site, signal: abort.signal };
}

function installOptions(start: Start, plane: ControlPlane): InstallOptions {
  return { api: plane.api, state: start.state, components: [plane.apiServer], signal: start.abort.signal };
}
