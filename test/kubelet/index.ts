/**
 * A kubelet and scheduler in small: a client of any API server that makes pods look as if a node ran them.
 * Pods with `schedulerName: sim-scheduler` are bound to one simulated node; their state follows `sim/` annotations and what they mount.
 */
import type { Dispatcher } from 'undici';
import { Cache } from './cache.ts';
import { ApiClient } from './client.ts';
import { registerNode, removeNode, renewNode } from './node.ts';
import { PodWorker } from './pod-worker.ts';

export { BEHAVIOUR, READY_AFTER } from './behaviour.ts';
export { TOLERATION } from './node.ts';

export interface KubeletOptions {
  /** YAML text of a user who may do all that a kubelet and a scheduler do. */
  readonly kubeconfig: string;
  /** Another way to the API server than the network; it is closed at the end. */
  readonly dispatcher?: Dispatcher;
  /** `sim-node` when absent. */
  readonly nodeName?: string;
  /** `sim-scheduler` when absent. */
  readonly schedulerName?: string;
  /** The time a pod takes to become ready, in milliseconds, when it does not say; 5 when absent. */
  readonly readyAfterMs?: number;
  /** How often the node reports itself, in milliseconds; 10,000 when absent. */
  readonly heartbeatMs?: number;
}

export interface Kubelet {
  stop(): Promise<void>;
}

const HEARTBEAT_MS = 10_000;
const READY_AFTER_MS = 5;

/** Registers the node and starts to serve pods; resolves when the node is ready and the first pods were seen. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const nodeName = options.nodeName ?? 'sim-node';
  const client = new ApiClient(options.kubeconfig, options.dispatcher);
  const aborter = new AbortController();
  const { signal } = aborter;
  await registerNode(client, nodeName);
  const worker: PodWorker = new PodWorker({
    client,
    nodeName,
    schedulerName: options.schedulerName ?? 'sim-scheduler',
    readyAfterMs: options.readyAfterMs ?? READY_AFTER_MS,
    configMap: (namespace, name) => configMaps.get(namespace, name),
    pod: (namespace, name) => pods.get(namespace, name),
  });
  const configMaps: Cache = new Cache(client, {
    path: '/api/v1/configmaps',
    signal,
    onChange: (object) => worker.configMapChanged(object, pods.values()),
  });
  const pods: Cache = new Cache(client, {
    path: '/api/v1/pods',
    signal,
    onChange: (pod, deleted) => worker.podChanged(pod, deleted),
  });
  const followed = [await configMaps.start(), await pods.start()];
  const heartbeat = setInterval(() => {
    void renewNode(client, nodeName).catch(() => undefined);
  }, options.heartbeatMs ?? HEARTBEAT_MS);
  return {
    async stop() {
      clearInterval(heartbeat);
      worker.stop();
      aborter.abort();
      await Promise.all(followed.map(({ done }) => done));
      await worker.settled();
      await removeNode(client, nodeName).catch(() => undefined);
      await client.close();
    },
  };
}
