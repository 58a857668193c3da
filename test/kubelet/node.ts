/** The simulated node: created once, kept ready, its start-up taints removed. */
import { type ApiClient, type ApiObject, dig, digList, type JsonMap } from './client.ts';

/** The label that pods and DaemonSets of the tests select. */
export const NODE_LABELS: Readonly<Record<string, string>> = {
  'deploy-wasm-filter/test-node': 'true',
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
};

/** Keeps every pod away that does not ask for the simulated node: a real scheduler would put them there. */
const TAINT = { key: 'deploy-wasm-filter/simulated', effect: 'NoSchedule' };
/** What a pod needs in its `tolerations` to be put on the simulated node. */
export const TOLERATION = { key: TAINT.key, operator: 'Exists' };

export const HOST_IP = '127.0.0.1';
const MERGE = 'application/merge-patch+json';

function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/** True when the pod may run on the node: its `nodeSelector` and the node that a DaemonSet's affinity names both allow it. */
export function mayRunOn(nodeName: string, pod: ApiObject): boolean {
  const labels: Readonly<Record<string, string>> = { ...NODE_LABELS, 'kubernetes.io/hostname': nodeName };
  const selector = (dig(pod, 'spec', 'nodeSelector') as Record<string, string> | undefined) ?? {};
  if (!Object.entries(selector).every(([key, value]) => labels[key] === value)) return false;
  const terms = digList(
    pod,
    'spec',
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  const named = terms
    .flatMap((term) => digList(term, 'matchFields'))
    .filter((field) => dig(field, 'key') === 'metadata.name');
  return named.length === 0 || named.some((field) => digList(field, 'values').includes(nodeName));
}

/** Creates the node when it is not there and makes it ready. */
export async function registerNode(client: ApiClient, name: string): Promise<void> {
  const labels = { ...NODE_LABELS, 'kubernetes.io/hostname': name };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints: [TAINT] } };
  const created = await client.call('POST', '/api/v1/nodes', node);
  if (created.status !== 201 && created.status !== 409) {
    throw new Error(`creating node ${name}: HTTP ${created.status}: ${String(dig(created.body, 'message'))}`);
  }
  await renewNode(client, name);
}

/** Takes the node away, so that nothing is put on it when nobody plays its kubelet. */
export async function removeNode(client: ApiClient, name: string): Promise<void> {
  await client.call('DELETE', `/api/v1/nodes/${name}`);
}

/** Reports the node ready as of now and takes off the taints that keep pods away. */
export async function renewNode(client: ApiClient, name: string): Promise<void> {
  const now = timestamp();
  const path = `/api/v1/nodes/${name}`;
  const ready = (type: string, status: string, reason: string): JsonMap => ({
    type,
    status,
    reason,
    message: '',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  const amounts = { cpu: '64', memory: '256Gi', pods: '5000', 'ephemeral-storage': '1Ti' };
  const status = {
    conditions: [
      ready('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
      ready('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
      ready('PIDPressure', 'False', 'KubeletHasSufficientPID'),
      ready('Ready', 'True', 'KubeletReady'),
    ],
    addresses: [
      { type: 'InternalIP', address: HOST_IP },
      { type: 'Hostname', address: name },
    ],
    capacity: amounts,
    allocatable: amounts,
  };
  await client.call('PATCH', `${path}/status`, { status }, MERGE);
  const node = await client.call('GET', path);
  const taints = digList(node.body, 'spec', 'taints');
  const kept = taints.filter((taint) => !String(dig(taint, 'key')).startsWith('node.kubernetes.io/'));
  if (kept.length < taints.length)
    await client.call('PATCH', path, { spec: { taints: kept.length === 0 ? null : kept } }, MERGE);
}
