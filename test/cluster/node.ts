import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeKubeconfig } from './certificates.ts';
import { containerdSocket } from './containerd.ts';
import type { ControlPlane } from './control-plane.ts';
import { network } from './network.ts';
import { type Component, type Supervisor, waitFor } from './processes.ts';
import type { Sandbox } from './sandbox.ts';

export interface NodeOptions {
  /** The cluster's folder. */
  readonly state: string;
  /** The `controlplane` program. */
  readonly program: string;
  readonly supervisor: Supervisor;
  readonly sandbox: Sandbox;
  readonly signal?: AbortSignal | undefined;
}

/** The part of a Node that tells whether it takes pods. */
interface KubeNode {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/**
 * Writes the pods' network for containerd, which reads it when it starts. `ptp` gives each pod a link of its own to the
 * node, so that all traffic is routed there and passes kube-proxy's rules; behind a bridge, answers from Services
 * would go from pod to pod past them unless the machine has br_netfilter.
 */
export async function writePodNetwork(folder: string, state: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const plugin = {
    type: 'ptp',
    ipam: {
      type: 'host-local',
      dataDir: join(state, 'addresses'),
      ranges: [[{ subnet: network.pods }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const list = { cniVersion: '0.4.0', name: 'pods', plugins: [plugin] };
  await writeFile(join(folder, '10-pods.conflist'), JSON.stringify(list));
}

/** Starts the kubelet, waits until the node takes pods, then starts kube-proxy and the node's DNS. */
export async function startNode(plane: ControlPlane, containerd: Component, options: NodeOptions): Promise<void> {
  const { state, program, supervisor, sandbox, signal } = options;
  const { kubelet: pair, authority } = plane.certificates;
  const server = `https://${network.nodeAddress}:${network.apiServerPort}`;
  const kubeconfig = await writeKubeconfig(join(state, 'kubelet.kubeconfig'), server, authority, pair);
  const config = join(state, 'kubelet.json');
  await writeFile(config, JSON.stringify(kubeletConfig(plane)));
  const kubelet = supervisor.start(
    'kubelet',
    [
      program,
      'kubelet',
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${network.nodeName}`,
      `--node-ip=${network.nodeAddress}`,
      `--root-dir=${join(state, 'kubelet')}`,
    ],
    sandbox.place,
  );
  startDns(options);
  await waitFor(() => isReady(plane), {
    what: `the node ${network.nodeName} is ready`,
    timeoutMs: 60_000,
    components: [kubelet, containerd, plane.apiServer],
    signal,
  });
  // Not earlier: without its Node, kube-proxy falls back to waiting longer and longer.
  await startKubeProxy(plane, options);
}

async function isReady(plane: ControlPlane): Promise<boolean> {
  const node = await plane.api.get<KubeNode>(`/api/v1/nodes/${network.nodeName}`);
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
function kubeletConfig(plane: ControlPlane): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: plane.certificates.authority.certificate },
    },
    tlsCertFile: plane.certificates.kubelet.certificate,
    tlsPrivateKeyFile: plane.certificates.kubelet.key,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    // Nothing is asked of systemd, which a container or a small virtual machine may not have.
    cgroupDriver: 'cgroupfs',
    enforceNodeAllocatable: [],
    failSwapOn: false,
    clusterDNS: [network.nodeAddress],
    clusterDomain: network.clusterDomain,
    resolvConf: '/dev/null',
    // Images are not pulled, so one that is collected would be gone for good.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1Mi', 'imagefs.available': '1Mi' },
    maxPods: 250,
  };
}

async function startKubeProxy(plane: ControlPlane, options: NodeOptions): Promise<void> {
  const config = join(options.state, 'kube-proxy.json');
  const content = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: plane.kubeconfig },
    mode: 'nftables',
    clusterCIDR: network.pods,
    hostnameOverride: network.nodeName,
    // Changes of Services are applied at once; tests do not want to wait out the second of the default.
    nftables: { minSyncPeriod: '100ms' },
    // Left as they are: these kernel settings may not be writable.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
  await writeFile(config, JSON.stringify(content));
  options.supervisor.start('kube-proxy', [options.program, 'kube-proxy', `--config=${config}`], options.sandbox.place);
}

/** The sidecars look up one name only: istiod's. */
function startDns({ supervisor, sandbox }: NodeOptions): void {
  const istiod = `/istiod.istio-system.svc.${network.clusterDomain}/${network.istiodService}`;
  const options = [
    '--no-daemon',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--pid-file=',
    '--conf-file=/dev/null',
  ];
  const command = ['dnsmasq', ...options, `--listen-address=${network.nodeAddress}`, `--address=${istiod}`];
  supervisor.start('dns', command, sandbox.place);
}
