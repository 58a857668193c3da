/** Pod statuses in the shape a kubelet writes them. */
import { CONTAINER, type Decision } from './behaviour.ts';
import { type ApiObject, dig, digList, type JsonMap } from './client.ts';
import {
  type Container,
  type ContainerState,
  containerStatus,
  containersOf,
  initContainersOf,
  PROXY,
} from './container-status.ts';

export type Stage = 'creating' | 'settled';

export interface StatusInput {
  readonly pod: ApiObject;
  readonly decision: Decision;
  readonly stage: Stage;
  readonly podIP: string;
  readonly hostIP: string;
  readonly now: Date;
}

function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The states of the pod's own containers and of the sidecar. */
const STATES: Readonly<Record<Decision['behaviour'], { own: ContainerState; proxy: ContainerState }>> = {
  ready: { own: 'running', proxy: 'running' },
  'image-pull-back-off': { own: 'pull-back-off', proxy: 'running' },
  'crash-loop': { own: 'crash-loop', proxy: 'running' },
  'never-ready': { own: 'not-ready', proxy: 'running' },
  'failed-mount': { own: 'creating', proxy: 'creating' },
  unschedulable: { own: 'creating', proxy: 'creating' },
  'proxy-not-ready': { own: 'running', proxy: 'not-started' },
  waiting: { own: 'waiting', proxy: 'running' },
  crashed: { own: 'crashed', proxy: 'running' },
  refused: { own: 'creating', proxy: 'creating' },
};

/** The whole `status` of a pod that is bound to the node (kubernetes: pkg/kubelet/kubelet_pods.go, pkg/kubelet/status/generate.go). */
export function podStatus(input: StatusInput): JsonMap {
  const { pod, decision, stage, podIP, hostIP } = input;
  const { behaviour, reason = 'Error', message } = decision;
  const now = timestamp(input.now);
  // The node gives such a pod back without having made anything of it (kubernetes: pkg/kubelet/kubelet.go, rejectPod).
  if (behaviour === 'refused' && stage === 'settled') return { phase: 'Failed', reason, message, startTime: now };
  const states = stage === 'creating' ? { own: 'creating' as const, proxy: 'creating' as const } : STATES[behaviour];
  const mounted = states.own !== 'creating';
  const first = initContainersOf(pod);
  const uid = pod.metadata.uid ?? '';
  const named = pod.metadata.annotations?.[CONTAINER];
  const statusOf = (container: Container, state: ContainerState): ReturnType<typeof containerStatus> =>
    containerStatus(container, state, uid, now, { reason, message });
  const init = first.map((container) => {
    if (!mounted) return statusOf(container, 'waits');
    if (container.name === named) return statusOf(container, states.own);
    if (!container.restarts) return statusOf(container, 'completed');
    return statusOf(container, container.name === PROXY ? states.proxy : 'running');
  });
  // The next one starts only when a sidecar among the init containers has started.
  const incomplete = init.filter((status) => !status.started && !status.completed).map((status) => status.name);
  const statuses = containersOf(pod, 'containers').map((container) => {
    const isOther = named !== undefined && container.name !== named && mounted;
    const state = isOther ? 'running' : container.name === PROXY && named === undefined ? states.proxy : states.own;
    const waits = incomplete.length > 0 || (first.length > 0 && state === 'creating');
    return statusOf(container, waits ? 'waits' : state);
  });
  const sidecars = init.filter((_, index) => first[index]?.restarts === true);
  const unready = [...sidecars, ...statuses].filter(({ ready }) => !ready).map(({ name }) => name);
  const running = incomplete.length === 0 && statuses.every((status) => status.running || status.crashed);
  const unreadyText = `containers with unready status: [${unready.join(' ')}]`;
  const incompleteText = `containers with incomplete status: [${incomplete.join(' ')}]`;
  const conditions = [
    condition(pod, 'PodReadyToStartContainers', mounted, now),
    condition(pod, 'Initialized', incomplete.length === 0, now, ['ContainersNotInitialized', incompleteText]),
    condition(pod, 'Ready', unready.length === 0, now, ['ContainersNotReady', unreadyText]),
    condition(pod, 'ContainersReady', unready.length === 0, now, ['ContainersNotReady', unreadyText]),
    condition(pod, 'PodScheduled', true, now),
  ];
  return {
    phase: running && mounted ? 'Running' : 'Pending',
    conditions,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(mounted ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: dig(pod, 'status', 'startTime') ?? now,
    containerStatuses: statuses.map(({ report }) => report),
    ...(init.length === 0 ? {} : { initContainerStatuses: init.map(({ report }) => report) }),
    qosClass: dig(pod, 'status', 'qosClass') ?? 'BestEffort',
  };
}

/** Keeps the transition time of a condition that did not change. */
function condition(
  pod: ApiObject,
  type: string,
  isTrue: boolean,
  now: string,
  why: readonly [reason: string, message: string] = ['', ''],
): JsonMap {
  const status = isTrue ? 'True' : 'False';
  const before = digList(pod, 'status', 'conditions').find((item) => dig(item, 'type') === type);
  const lastTransitionTime = dig(before, 'status') === status ? (dig(before, 'lastTransitionTime') ?? now) : now;
  const [reason, message] = why;
  return {
    type,
    status,
    lastProbeTime: null,
    lastTransitionTime,
    ...(isTrue || reason === '' ? {} : { reason, message }),
  };
}
