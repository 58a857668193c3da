import type { Workload } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { readinessOf } from '../../src/deploy/kinds/kinds.ts';
import { TOLERATION } from '../kubelet/index.ts';
import { type Api, eventually } from './api.ts';
import { WORKLOADS, type WorkloadKind } from './kinds.ts';

/** What a test workload is like; the rest is the same for all. */
export interface WorkloadOptions {
  readonly kind?: WorkloadKind;
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of the pod template. */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** Whether the pods have a sidecar; true when absent. */
  readonly sidecar?: boolean;
  /** The image of the sidecar, whose tag tells its version. */
  readonly proxyImage?: string;
  /** Whether it is a gateway, whose only container is the proxy. */
  readonly gateway?: boolean;
  /** Further fields of the spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** The native sidecar, as the injector writes it; by hand here, for no injector sees these pods. */
export const SIDECAR = { name: 'istio-proxy', image: 'example.test/proxyv2:1.31.0', restartPolicy: 'Always' };

/** A workload whose pods the simulated kubelet runs. */
export function makeWorkload(namespace: string, name: string, options: WorkloadOptions = {}): Workload {
  const { kind = 'Deployment', replicas = 1, labels = {}, sidecar = true, gateway = false, spec = {} } = options;
  const podAnnotations = {
    ...(gateway ? { 'inject.istio.io/templates': 'gateway' } : {}),
    ...options.podAnnotations,
  };
  const proxy = { ...SIDECAR, image: options.proxyImage ?? SIDECAR.image };
  const { apiVersion } = WORKLOADS[kind];
  const podLabels = { app: name };
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, labels },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: podLabels },
      template: {
        metadata: { labels: podLabels, annotations: podAnnotations },
        spec: {
          schedulerName: 'sim-scheduler',
          terminationGracePeriodSeconds: 0,
          tolerations: [TOLERATION],
          nodeSelector: { 'deploy-wasm-filter/test-node': 'true' },
          ...(sidecar && !gateway ? { initContainers: [proxy] } : {}),
          containers: [
            gateway ? { name: proxy.name, image: proxy.image } : { name: 'app', image: 'example.test/app:1' },
          ],
        },
      },
      ...spec,
    },
  } as unknown as Workload;
}

/** Creates workloads and waits until they are ready. */
export async function createWorkloads(api: Api, ...workloads: readonly Workload[]): Promise<void> {
  for (const workload of workloads) await api.create(collectionOf(workload), workload);
  for (const workload of workloads) await awaitReady(api, workload);
}

export async function awaitReady(api: Api, workload: Workload): Promise<Workload> {
  return eventually(`${workload.metadata.name} ready`, async () => {
    const now = await api.get<Workload>(pathOf(workload));
    return readinessOf({ kind: kindOf(workload) }, now).state === 'ready' ? now : undefined;
  });
}

export function pathOf(workload: Workload): string {
  return resourcePath(WORKLOADS[kindOf(workload)], workload.metadata.namespace, workload.metadata.name);
}

function collectionOf(workload: Workload): string {
  return resourcePath(WORKLOADS[kindOf(workload)], workload.metadata.namespace);
}

function kindOf({ kind }: Workload): WorkloadKind {
  return kind as WorkloadKind;
}
