import type { Workload } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { conditionOf, judgeReadiness, progressing, type ReadinessVerdict } from '../../cluster/readiness.ts';
import { PLUGINS, GATEWAY as RESOURCE } from '../../cluster/resources.ts';
import type { Direction } from '../../filter/settings.ts';
import { GATEWAY_NAME_LABEL } from '../../mesh/gateway/plugin.ts';
import { isGatewayView } from '../../mesh/gateway/view.ts';
import type { Blocker, RolloutNeeds, TargetKind, WantedTarget } from './kind.ts';
import { pluginBinding } from './plugin-binding.ts';

/** A Gateway of the Gateway API: its pods are made by istiod, of a template that nobody else can change. */
export const GATEWAY_KIND: TargetKind = {
  resource: RESOURCE,
  shortNames: ['gtw'],
  // Nobody who selects workloads by a label means the way into the mesh.
  selectedByDefault: false,
  binding: pluginBinding,
  direction: 'gateway',
  podReplacement: 'never',

  // Only its pods tell how many there are.
  readiness: (workload) => judgeReadiness(workload, { ready: 0, wanted: 0 }, verdictOf),
  wantedPods: () => undefined,
  readyPods: () => 0,
  isUnseen: () => false,
  isRolling: () => false,
  /** Its label names it, which is how Istio finds the pods of a Gateway, whoever has made them. */
  ownerOf: ({ metadata }) => metadata.labels?.[GATEWAY_NAME_LABEL],

  blockerOf,
  stuckPods: () => 'replaced',
  manualRollback: ({ namespace }, observed) => {
    const { plural } = PLUGINS[isGatewayView(observed) ? observed.pluginKind : 'WasmPlugin'];
    return { does: 'inspect', command: `kubectl get ${plural} -n ${namespace}` };
  },

  isGateway: () => true,
  // For Envoy the listeners of a gateway are outbound ones, those of a waypoint inbound ones.
  listenerDirection: (workload) => DIRECTIONS.get(isWaypoint(workload)) ?? 'any',
  redirectionOf: () => undefined,
  withoutProxy: {
    message: `its pods have no container ${PROXY_CONTAINER}, so no proxy of Istio runs in them`,
    remedy: 'Name a Gateway whose gatewayClassName is one of Istio.',
  },
  notInstalled: {
    message: 'The cluster has no Gateway resource (gateway.networking.k8s.io), but the target list names one.',
    remedy: 'Install the custom resources of the Gateway API, or name the Deployment of an injected gateway.',
  },
  withoutPods: {
    message: `no pod carries its name in the label ${GATEWAY_NAME_LABEL}, so nothing runs the filter`,
    remedy: 'Name a Gateway whose pods Istio makes, or the Deployment of an injected gateway.',
  },
};

const DIRECTIONS: ReadonlyMap<boolean | undefined, Direction> = new Map([
  [true, 'inbound'],
  [false, 'gateway'],
]);

function isWaypoint(workload: Workload): boolean | undefined {
  return isGatewayView(workload) ? workload.waypoint : undefined;
}

/**
 * Whether a controller has taken a Gateway. That it is programmed is not asked for: without a load balancer it never is, and serves
 * all the same (https://gateway-api.sigs.k8s.io/geps/gep-1364/).
 */
function verdictOf(workload: Workload): ReadinessVerdict {
  const accepted = conditionOf(workload, 'Accepted');
  if (accepted === undefined || accepted.status === 'True') return undefined;
  return progressing(`no controller has accepted it (${accepted.message ?? accepted.reason ?? accepted.status})`);
}

function blockerOf({ observed, revisions }: WantedTarget, { probe }: RolloutNeeds): Blocker | undefined {
  if (revisions.length === 0) return undefined;
  const waypoint = isWaypoint(observed) === true;
  if (waypoint && revisions.some(({ revision }) => revision.settings.port !== undefined)) {
    return {
      message: 'is a waypoint, where Istio ignores filters that are for one port.',
      remedy: 'Give it an entry of the target list without "port".',
      kind: 'no-effect',
    };
  }
  if (waypoint && probe !== undefined) {
    return {
      message: 'is a waypoint, which answers only the proxies of the mesh, so no probe can be sent to it.',
      remedy: 'Leave out the input "probe", or deploy to the waypoint in a step of its own.',
    };
  }
  const { state, message } = GATEWAY_KIND.readiness(observed);
  if (state === 'ready') return undefined;
  return {
    message: `has no pods that could run the filter: ${message}.`,
    remedy: 'Check its gatewayClassName, and that the controller of that class is healthy.',
  };
}
