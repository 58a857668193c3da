import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { run } from './commands.ts';
import { gatewayClassObjects } from './gateway-classes.ts';
import { imageNames } from './images.ts';
import type { KubeApi, KubeObject } from './kube.ts';
import { network } from './network.ts';
import { type Component, waitFor } from './processes.ts';
import { versions } from './versions.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const NAMESPACE = 'istio-system';

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly unknown[];
    readonly initContainers?: readonly unknown[];
  };
  readonly status: { readonly containerStatuses?: unknown };
}

export interface InstallOptions {
  readonly api: KubeApi;
  /** The cluster's folder. */
  readonly state: string;
  readonly components: readonly Component[];
  readonly signal?: AbortSignal | undefined;
}

/** Creates the custom resource definitions of some files and waits until the API server serves them. */
export async function installResources(crdFiles: readonly string[], options: InstallOptions): Promise<void> {
  const { api, components, signal } = options;
  const contents = await Promise.all(crdFiles.map((file) => readFile(file, 'utf8')));
  const crds = contents.flatMap(parseObjects);
  await Promise.all(crds.map((crd) => api.create(crd)));
  await waitFor(
    async () => {
      const { items } = await api.get<{ items: readonly Conditioned[] }>(CRDS);
      return items.length >= crds.length && items.every((crd) => hasCondition(crd, 'Established'));
    },
    { what: 'the custom resources are served', timeoutMs: 30_000, components, signal },
  );
}

/** Creates istiod with all that belongs to it, except the custom resource definitions. */
export async function createIstiod(istioctl: string, options: InstallOptions): Promise<void> {
  const { api, state, signal } = options;
  const settings = join(state, 'istio.json');
  await writeFile(settings, JSON.stringify(istioSettings()));
  // `istioctl install` would do the same and then look every two seconds whether it worked.
  const manifest = await run(istioctl, ['manifest', 'generate', '--filename', settings], { signal });
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const object of [...parseObjects(manifest), ...gatewayClassObjects(NAMESPACE)]) {
    if (object.kind !== 'CustomResourceDefinition') await api.create(object);
  }
}

/** Waits until istiod runs, pods get their sidecar and Istio's own objects are validated. */
export async function waitForIstiod(options: InstallOptions): Promise<void> {
  try {
    await waitForWebhooks(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new Error(`istiod does not come up. Its pods:\n${await describePods(options.api)}`, { cause: error });
  }
}

async function waitForWebhooks({ api, components, signal }: InstallOptions): Promise<void> {
  const wait = { timeoutMs: 120_000, components, signal };
  await waitFor(
    async () => {
      const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/istiod`;
      return hasCondition(await api.get<Conditioned>(path), 'Available');
    },
    { ...wait, what: 'istiod is available' },
  );
  // A pod that is only tried tells what no status shows: that the API server reaches istiod through its Service.
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'injected', namespace: 'default', labels: { 'sidecar.istio.io/inject': 'true' } },
    spec: { containers: [{ name: 'app', image: imageNames.app }] },
  };
  await waitFor(
    async () => {
      const { spec } = (await api.create(pod, { dryRun: true })) as unknown as Pod;
      return spec.containers.length + (spec.initContainers?.length ?? 0) > 1;
    },
    { ...wait, what: 'istiod adds the sidecar to pods' },
  );
  await waitFor(
    async () => {
      const path = `${ADMISSION}/validatingwebhookconfigurations/istio-validator-${NAMESPACE}`;
      const { webhooks } = await api.get<{ webhooks: readonly { failurePolicy: string }[] }>(path);
      // istiod sets it when it has seen its own validation work; until then invalid objects are let through.
      return webhooks.every(({ failurePolicy }) => failurePolicy === 'Fail');
    },
    { ...wait, what: "istiod validates Istio's objects" },
  );
}

/** What the pods of istiod say about themselves: state and the end of the log. Never throws. */
async function describePods(api: KubeApi): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
  try {
    const { items } = await api.get<{ items: readonly Pod[] }>(path);
    const descriptions = items.map(async ({ metadata, status }) => {
      const log = await api
        .send('GET', `${path}/${metadata.name}/log?tailLines=20`)
        .catch((error: unknown) => `${error}`);
      return `${metadata.name}: ${JSON.stringify(status.containerStatuses ?? status)}\n${log}`;
    });
    return (await Promise.all(descriptions)).join('\n') || 'none was created';
  } catch (error) {
    return `the API server does not tell: ${error}`;
  }
}

/** What istioctl is told. Fields: https://istio.io/latest/docs/reference/config/istio.operator.v1alpha1/ */
export function istioSettings(): Record<string, unknown> {
  return {
    apiVersion: 'install.istio.io/v1alpha1',
    kind: 'IstioOperator',
    spec: {
      hub: 'localhost',
      tag: versions.istio.release,
      profile: 'minimal',
      components: {
        pilot: {
          k8s: {
            resources: { requests: { cpu: '10m', memory: '100Mi' } },
            overlays: [
              {
                kind: 'Service',
                name: 'istiod',
                patches: [{ path: 'spec.clusterIP', value: network.istiodService }],
              },
              {
                kind: 'Deployment',
                name: 'istiod',
                patches: [
                  { path: 'spec.template.spec.containers.[name:discovery].readinessProbe.periodSeconds', value: 1 },
                ],
              },
            ],
          },
        },
      },
      values: {
        global: {
          imagePullPolicy: 'Never',
          proxy: {
            // Small, so that many sidecars fit on one machine.
            resources: { requests: { cpu: '10m', memory: '40Mi' } },
            // A kubelet that is younger than the period (15 s by default) puts the first probe off by a random part of it.
            readinessPeriodSeconds: 1,
          },
          proxy_init: { resources: { requests: { cpu: '10m', memory: '10Mi' } } },
          waypoint: { resources: { requests: { cpu: '10m', memory: '40Mi' } } },
        },
        // Envoy as its own project builds it lacks Istio's extensions; a proxy would reject any configuration that names them.
        telemetry: { enabled: false },
        pilot: {
          autoscaleEnabled: false,
          env: {
            PILOT_ENABLE_METADATA_EXCHANGE: 'false',
            PILOT_ENABLE_ALPN_FILTER: 'false',
            // Without it there are no waypoints, and with the other on they want more of Istio's extensions.
            PILOT_ENABLE_AMBIENT: 'true',
            AMBIENT_ENABLE_MULTI_NETWORK_WAYPOINT: 'false',
          },
        },
      },
    },
  };
}

function parseObjects(yaml: string): readonly KubeObject[] {
  return loadAll(yaml).filter((object) => object !== null && object !== undefined) as KubeObject[];
}

function hasCondition({ status }: Conditioned, type: string): boolean {
  return status?.conditions?.some((each) => each.type === type && each.status === 'True') ?? false;
}
