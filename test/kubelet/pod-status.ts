/** Pod statuses in the shape a kubelet writes them. */
import type { Behaviour } from './behaviour.ts';
import { type ApiObject, dig, digList, type JsonMap } from './client.ts';
import { type ContainerState, containerStatus, containersOf, initContainersOf, PROXY } from './container-status.ts';

export type Stage = 'creating' | 'settled';

export interface StatusInput {
  readonly pod: ApiObject;
  readonly behaviour: Behaviour;
  readonly stage: Stage;
  readonly podIP: string;
  readonly hostIP: string;
  readonly now: Date;
}

function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The states of the pod's own containers and of the sidecar. */
const STATES: Readonly<Record<Behaviour, { own: ContainerState; proxy: ContainerState }>> = {
  ready: { own: 'running', proxy: 'running' },
  'image-pull-back-off': { own: 'pull-back-off', proxy: 'running' },
  'crash-loop': { own: 'crash-loop', proxy: 'running' },
  'never-ready': { own: 'not-ready', proxy: 'running' },
  'failed-mount': { own: 'creating', proxy: 'creating' },
  unschedulable: { own: 'creating', proxy: 'creating' },
  'proxy-not-ready': { own: 'running', proxy: 'not-started' },
};

/** The whole `status` of a pod that is bound to the node (kubernetes: pkg/kubelet/kubelet_pods.go, pkg/kubelet/status/generate.go). */
export function podStatus(input: StatusInput): JsonMap {
  const { pod, behaviour, stage, podIP, hostIP } = input;
  const now = timestamp(input.now);
  const states = stage === 'creating' ? { own: 'creating' as const, proxy: 'creating' as const } : STATES[behaviour];
  const mounted = states.own !== 'creating';
  const first = initContainersOf(pod);
  const uid = pod.metadata.uid ?? '';
  const init = first.map((container) => {
    if (!mounted) return containerStatus(container, 'waits', uid, now);
    if (!container.restarts) return containerStatus(container, 'completed', uid, now);
    return containerStatus(container, container.name === PROXY ? states.proxy : 'running', uid, now);
  });
  // The next one starts only when a sidecar among the init containers has started.
  const incomplete = init.filter((status) => !status.started && !status.completed).map((status) => status.name);
  const statuses = containersOf(pod, 'containers').map((container) => {
    const state = container.name === PROXY ? states.proxy : states.own;
    const waits = incomplete.length > 0 || (first.length > 0 && state === 'creating');
    return containerStatus(container, waits ? 'waits' : state, uid, now);
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
