import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Certificates, makeCertificates, writeKubeconfig } from './certificates.ts';
import { KubeApi } from './kube.ts';
import { network } from './network.ts';
import { type Component, onTheMachine, type Place, type Supervisor, waitFor } from './processes.ts';

/** Where a control plane listens. */
export interface ControlPlaneSite {
  readonly place: Place;
  /** The address of etcd and of the API server. */
  readonly address: string;
  readonly apiServerPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
}

export interface ControlPlane {
  readonly api: KubeApi;
  /** The admin's, absolute. */
  readonly kubeconfig: string;
  readonly certificates: Certificates;
  readonly apiServer: Component;
}

export interface ControlPlaneOptions {
  /** The cluster's folder. */
  readonly state: string;
  /** The `controlplane` program. */
  readonly program: string;
  readonly supervisor: Supervisor;
  readonly site: ControlPlaneSite;
  readonly signal?: AbortSignal | undefined;
}

const START_TIMEOUT_MS = 90_000;

/** A site on loopback with free ports: several of them run beside each other, and none needs root. */
export async function loopbackSite(): Promise<ControlPlaneSite> {
  const [apiServerPort, etcdPort, etcdPeerPort] = await freePorts(3);
  if (apiServerPort === undefined || etcdPort === undefined || etcdPeerPort === undefined) {
    throw new Error('the machine has no free ports on 127.0.0.1');
  }
  return { place: onTheMachine, address: '127.0.0.1', apiServerPort, etcdPort, etcdPeerPort };
}

/** The site inside the node's own network, where every port is free. */
export function nodeSite(place: Place): ControlPlaneSite {
  return {
    place,
    address: network.nodeAddress,
    apiServerPort: network.apiServerPort,
    etcdPort: 2379,
    etcdPeerPort: 2380,
  };
}

/** Starts etcd and the API server, waits until it is ready, and writes the admin's kubeconfig. */
export async function startApiServer(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { state, program, supervisor, site, signal } = options;
  const etcdUrl = `http://${site.address}:${site.etcdPort}`;
  const etcd = supervisor.start(
    'etcd',
    [
      program,
      'etcd',
      `--data-dir=${join(state, 'etcd')}`,
      `--listen-client-url=${etcdUrl}`,
      `--listen-peer-url=http://${site.address}:${site.etcdPeerPort}`,
    ],
    site.place,
  );
  const certificates = await makeCertificates(join(state, 'pki'), {
    apiServerAddresses: [...new Set(['127.0.0.1', site.address, network.kubernetesService])],
    nodeName: network.nodeName,
    nodeAddress: network.nodeAddress,
  });
  const server = `https://${site.address}:${site.apiServerPort}`;
  const kubeconfig = join(state, 'admin.kubeconfig');
  await writeKubeconfig(kubeconfig, server, certificates.authority, certificates.admin);
  await waitFor(async () => (await fetch(`${etcdUrl}/health`)).ok, {
    what: 'etcd is healthy',
    timeoutMs: START_TIMEOUT_MS,
    components: [etcd],
    signal,
  });

  const apiServer = supervisor.start(
    'kube-apiserver',
    [program, 'kube-apiserver', ...apiServerFlags(site, etcdUrl, certificates)],
    site.place,
  );
  const api = await KubeApi.open(kubeconfig);
  try {
    await waitFor(async () => (await api.send('GET', '/readyz')) === 'ok', {
      what: 'the API server is ready',
      timeoutMs: START_TIMEOUT_MS,
      components: [apiServer, etcd],
      signal,
    });
  } catch (error) {
    await api.close();
    throw error;
  }
  return { api, kubeconfig, certificates, apiServer };
}

function apiServerFlags(site: ControlPlaneSite, etcdUrl: string, certificates: Certificates): readonly string[] {
  // Nobody looks for the API server's address in a cluster without pods, and Kubernetes refuses to publish loopback.
  const endpoints = site.address === '127.0.0.1' ? ['--endpoint-reconciler-type=none'] : [];
  return [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${site.address}`,
    `--advertise-address=${site.address}`,
    `--secure-port=${site.apiServerPort}`,
    ...endpoints,
    `--tls-cert-file=${certificates.apiServer.certificate}`,
    `--tls-private-key-file=${certificates.apiServer.key}`,
    `--client-ca-file=${certificates.authority.certificate}`,
    `--service-account-key-file=${certificates.serviceAccounts.publicKey}`,
    `--service-account-signing-key-file=${certificates.serviceAccounts.key}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-cluster-ip-range=${network.services}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged', // istio-init sets up the pod's packet filter
    // The way to the kubelet, for logs, exec and the pods' proxy.
    `--kubelet-client-certificate=${certificates.admin.certificate}`,
    `--kubelet-client-key=${certificates.admin.key}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

/** Starts the controllers and waits until they work. They hold no port: nobody asks them anything. */
export async function startControllers(plane: ControlPlane, options: ControlPlaneOptions): Promise<void> {
  const { program, supervisor, site, signal } = options;
  const controllers = supervisor.start(
    'kube-controller-manager',
    [
      program,
      'kube-controller-manager',
      `--kubeconfig=${plane.kubeconfig}`,
      '--secure-port=0',
      '--leader-elect=false',
      // The default of 20 requests a second makes its own start last 5 s, and the rollout of many workloads minutes.
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${plane.certificates.serviceAccounts.key}`,
      `--root-ca-file=${plane.certificates.authority.certificate}`,
    ],
    site.place,
  );
  // Its controllers make this account in every namespace, and no pod can be created before it is there.
  await waitFor(() => plane.api.get('/api/v1/namespaces/default/serviceaccounts/default'), {
    what: 'the controllers have made the service account default/default',
    timeoutMs: START_TIMEOUT_MS,
    components: [controllers, plane.apiServer],
    signal,
  });
}

/** Starts the scheduler, which only a cluster with a node needs. */
export function startScheduler(plane: ControlPlane, options: ControlPlaneOptions): Component {
  return options.supervisor.start(
    'kube-scheduler',
    [options.program, 'kube-scheduler', `--kubeconfig=${plane.kubeconfig}`, '--secure-port=0', '--leader-elect=false'],
    options.site.place,
  );
}

/** Starts the controller of Argo Rollouts, once its custom resources are served. Nobody asks for its metrics, so any ports will do. */
export function startRollouts(program: string, plane: ControlPlane, options: ControlPlaneOptions): Component {
  return options.supervisor.start(
    'argo-rollouts',
    [
      program,
      `--kubeconfig=${plane.kubeconfig}`,
      '--leader-elect=false',
      '--metricsPort=0',
      '--healthzPort=0',
      // As for the other controllers.
      '--qps=500',
      '--burst=1000',
    ],
    options.site.place,
  );
}

/** Asks the kernel for ports that nobody listens on, all at once so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject).listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address === null || typeof address === 'string') reject(new Error('the listener has no port'));
            else resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
