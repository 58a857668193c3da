/**
 * A Gateway, and what istiod makes of it (istio: manifests/charts/istio-control/istio-discovery/files/kube-gateway.yaml and
 * waypoint.yaml, pilot/pkg/config/kube/gateway/conversion.go), as far as a filter matters.
 */
import type { KubernetesObject, Workload } from '../../src/cluster/objects.ts';
import { type ApiObject, dig, digList } from '../kubelet/client.ts';
import { TOLERATION } from '../kubelet/index.ts';
import { GATEWAY_CLASS_LABEL, GATEWAY_NAME_LABEL, WAYPOINT_CLASS } from './sidecar/gateway-plugin.ts';
import { HTTP_PORTS, TCP_PORTS } from './sidecar/proxy.ts';
import { SIDECAR } from './workloads.ts';

export const GATEWAY_CLASS = 'istio';
export { WAYPOINT_CLASS } from './sidecar/gateway-plugin.ts';
/** On a Gateway: `False` when no load balancer gives it an address. */
export const PROGRAMMED = 'sim/programmed';

const CONTROLLERS: Readonly<Record<string, string>> = {
  [GATEWAY_CLASS]: 'istio.io-gateway-controller',
  [WAYPOINT_CLASS]: 'istio.io-mesh-controller',
};

export interface Gateway extends KubernetesObject {
  readonly kind: 'Gateway';
  readonly spec: {
    readonly gatewayClassName: string;
    readonly listeners: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

/** What a test's Gateway is like. */
export interface GatewayOptions {
  /** The class `istio` when absent. */
  readonly className?: string;
  /** How many pods its Deployment is scaled to; 1 when absent. */
  readonly replicas?: number;
  /** The ports that it listens to for HTTP, or, of a waypoint, those of the Services that use it; 80 or 9080 when absent. */
  readonly ports?: readonly number[];
  /** Of the Gateway and, as istiod passes them on, of its pods: those named `sim/` choose how they behave. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** The image of the proxies, whose tag tells their version. */
  readonly proxyImage?: string;
  /** Whether it has an address; true when absent. */
  readonly programmed?: boolean;
}

export function makeGateway(namespace: string, name: string, options: GatewayOptions = {}): Gateway {
  const { className = GATEWAY_CLASS, labels = {}, ports = className === WAYPOINT_CLASS ? [9080] : [80] } = options;
  const waypoint = className === WAYPOINT_CLASS;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: {
      name,
      namespace,
      labels,
      annotations: {
        ...(waypoint ? { [HTTP_PORTS]: ports.join(',') } : {}),
        ...(options.proxyImage === undefined ? {} : { 'sidecar.istio.io/proxyImage': options.proxyImage }),
        ...(options.programmed === false ? { [PROGRAMMED]: 'False' } : {}),
        ...options.annotations,
      },
    },
    spec: {
      gatewayClassName: className,
      listeners: waypoint
        ? [{ name: 'mesh', port: 15008, protocol: 'HBONE' }]
        : ports.map((port) => ({ name: `http-${port}`, port, protocol: 'HTTP' })),
    },
  };
}

/** Whether istiod makes pods for it. */
export function isManaged(gateway: ApiObject): boolean {
  return classOf(gateway) in CONTROLLERS;
}

/** The name of the Deployment that istiod makes for it. */
export function deploymentName(gateway: ApiObject): string {
  const { name, annotations = {} } = gateway.metadata;
  const usual = classOf(gateway) === WAYPOINT_CLASS ? name : `${name}-${classOf(gateway)}`;
  return annotations['gateway.istio.io/name-override'] ?? usual;
}

/** The Deployment, whose pods the simulated kubelet runs. Its ports are told to the simulated proxies by annotations. */
export function gatewayDeployment(gateway: ApiObject): Workload {
  const { name, namespace, uid } = gateway.metadata;
  const passedOn = infrastructure(gateway, 'annotations');
  const own = {
    ...infrastructure(gateway, 'labels'),
    [GATEWAY_NAME_LABEL]: name,
    [GATEWAY_CLASS_LABEL]: classOf(gateway),
    'gateway.istio.io/managed': CONTROLLERS[classOf(gateway)],
  };
  const deployment = deploymentName(gateway);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: deployment,
      namespace,
      labels: own,
      annotations: passedOn,
      ownerReferences: [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name, uid }],
    },
    spec: {
      selector: { matchLabels: { [GATEWAY_NAME_LABEL]: name } },
      template: {
        metadata: {
          labels: {
            'sidecar.istio.io/inject': 'false',
            'service.istio.io/canonical-name': deployment,
            'service.istio.io/canonical-revision': 'latest',
            'istio.io/dataplane-mode': 'none',
            ...own,
          },
          annotations: { 'istio.io/rev': 'default', ...portsOf(gateway), ...passedOn },
        },
        spec: {
          schedulerName: 'sim-scheduler',
          terminationGracePeriodSeconds: 0,
          tolerations: [TOLERATION],
          nodeSelector: { 'deploy-wasm-filter/test-node': 'true' },
          containers: [{ name: SIDECAR.name, image: passedOn['sidecar.istio.io/proxyImage'] ?? SIDECAR.image }],
        },
      },
    },
  } as unknown as Workload;
}

/** What the Gateway's pods carry: what its `spec.infrastructure` says or, where that says nothing, what itself has. */
function infrastructure(gateway: ApiObject, of: 'labels' | 'annotations'): Readonly<Record<string, string>> {
  const set = dig(gateway, 'spec', 'infrastructure', of) as Record<string, string> | undefined;
  return set ?? gateway.metadata[of] ?? {};
}

function portsOf(gateway: ApiObject): Readonly<Record<string, string>> {
  if (classOf(gateway) === WAYPOINT_CLASS) return {};
  const listeners = digList(gateway, 'spec', 'listeners');
  const of = (...protocols: readonly string[]): string =>
    [
      ...new Set(
        listeners.filter((one) => protocols.includes(String(dig(one, 'protocol')))).map((one) => dig(one, 'port')),
      ),
    ].join(',');
  return { [HTTP_PORTS]: of('HTTP', 'HTTPS'), [TCP_PORTS]: of('TCP', 'TLS') };
}

/** The status that istiod writes: it tells nothing of the pods. */
export function gatewayStatus(gateway: ApiObject, now = Date.now()): object {
  const host = `${deploymentName(gateway)}.${gateway.metadata.namespace}.svc.cluster.local`;
  const port = classOf(gateway) === WAYPOINT_CLASS ? 15008 : dig(gateway, 'spec', 'listeners', 0, 'port');
  const condition = (type: string, message: string, reason = type, status = 'True'): object => ({
    type,
    status,
    reason,
    message,
    observedGeneration: dig(gateway, 'metadata', 'generation'),
    lastTransitionTime: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
  });
  const programmed =
    gateway.metadata.annotations?.[PROGRAMMED] === 'False'
      ? condition(
          'Programmed',
          `Assigned to service(s) ${host}:${port}, but failed to assign to all requested addresses: address pending for hostname ${JSON.stringify(host)}`,
          'AddressNotAssigned',
          'False',
        )
      : condition('Programmed', `Resource programmed, assigned to service(s) ${host}:${port}`);
  return {
    conditions: [
      condition('Accepted', 'Resource accepted'),
      programmed,
      condition('ResolvedRefs', 'All references resolved'),
    ],
  };
}

function classOf(gateway: ApiObject): string {
  return String(dig(gateway, 'spec', 'gatewayClassName'));
}
