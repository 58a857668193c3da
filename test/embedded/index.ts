/** A Kubernetes API server with its workload controllers inside the calling process, for tests and the demo. */
import type { Dispatcher } from 'undici';
import { ADMIN, Tokens, userNamed } from './authn.ts';
import { makeCertificates } from './certs.ts';
import { startControllers } from './controllers/index.ts';
import { InProcessDispatcher } from './in-process.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { Lister } from './list.ts';
import { Rbac } from './rbac.ts';
import { Registry } from './registry.ts';
import { ARGO_ROLLOUTS, BUILT_IN, GATEWAY_API, ISTIO, type Resource, ResourceTable, resourceKey } from './resources.ts';
import { seedCluster } from './seed.ts';
import { startServer } from './server.ts';
import { Store } from './store.ts';

export interface EmbeddedClusterOptions {
  /** Created at the start, beside `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
  /** Whether Istio's CRDs are there; true when absent. */
  readonly istio?: boolean;
  /** Names of CRDs of Istio, Gateway API or Argo Rollouts that are not installed, such as `wasmplugins.extensions.istio.io`. */
  readonly without?: readonly string[];
  /** The admin's bearer token; a random one when absent. */
  readonly token?: string;
  /** How many events the watch history keeps; a watch from before it answers 410 Gone. 20,000 when absent. */
  readonly historyLimit?: number;
  /** Further custom resources. */
  readonly resources?: readonly Resource[];
}

export interface EmbeddedCluster {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  readonly caPem: string;
  /** YAML text: the admin with a bearer token, context `embedded`. */
  readonly kubeconfig: string;
  /** The kubeconfig of another user, who may do what RBAC objects allow; context `embedded`. */
  kubeconfigFor(user: string): string;
  /** A way to the server without a network, for what tests do beside the code under test. */
  dispatcher(): Dispatcher;
  /** Forgets the watch history and all list continuations, as etcd's compaction does. */
  compact(): void;
  stop(): Promise<void>;
}

const HISTORY_LIMIT = 20_000;

/** Starts an empty cluster on a free port of 127.0.0.1. It runs no pods: see `startKubelet`. */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
  const table = new ResourceTable([
    ...BUILT_IN,
    ...[...(options.istio === false ? [] : ISTIO), ...GATEWAY_API, ...ARGO_ROLLOUTS].filter(
      (resource) => options.without?.includes(resourceKey(resource)) !== true,
    ),
    ...(options.resources ?? []),
  ]);
  const store = new Store(options.historyLimit ?? HISTORY_LIMIT);
  const registry = new Registry(store, table);
  const tokens = new Tokens();
  const adminToken = tokens.issue(ADMIN, options.token);
  const certificates = makeCertificates();
  const lister = new Lister(store);
  const controllers = startControllers(registry, certificates.caPem);
  seedCluster(registry, options.namespaces ?? []);
  const running = await startServer({
    certificates,
    registry,
    lister,
    rbac: new Rbac(store, table),
    tokens,
  });
  const server = `https://127.0.0.1:${running.port}`;
  return {
    server,
    caPem: certificates.caPem,
    kubeconfig: kubeconfigText(server, certificates.caPem, ADMIN.name, adminToken),
    kubeconfigFor: (user) => kubeconfigText(server, certificates.caPem, user, tokens.issue(userNamed(user))),
    dispatcher: () => new InProcessDispatcher(running.serve),
    compact: () => {
      store.compact();
      lister.forget();
    },
    stop: async () => {
      controllers.stop();
      await running.stop();
    },
  };
}
