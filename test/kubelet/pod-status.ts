/** Pod statuses in the shape a kubelet writes them. */

import type { Behaviour } from './behaviour.ts';
import { type ApiObject, dig, digList, type JsonMap } from './client.ts';

/** The sidecar's container name; it is reported beside the pod's own containers when the pod has Istio's annotations. */
export const PROXY = 'istio-proxy';

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

type State = 'creating' | 'running' | 'not-ready' | 'pull-back-off' | 'crash-loop';

/** The states of the pod's own containers and of the sidecar. */
const STATES: Readonly<Record<Behaviour, { own: State; proxy: State }>> = {
  ready: { own: 'running', proxy: 'running' },
  'image-pull-back-off': { own: 'pull-back-off', proxy: 'running' },
  'crash-loop': { own: 'crash-loop', proxy: 'running' },
  'never-ready': { own: 'not-ready', proxy: 'running' },
  'failed-mount': { own: 'creating', proxy: 'creating' },
  unschedulable: { own: 'creating', proxy: 'creating' },
  'proxy-not-ready': { own: 'running', proxy: 'not-ready' },
};

/** The whole `status` of a pod that is bound to the node. */
export function podStatus(input: StatusInput): JsonMap {
  const { pod, behaviour, stage, podIP, hostIP } = input;
  const now = timestamp(input.now);
  const states = stage === 'creating' ? { own: 'creating' as const, proxy: 'creating' as const } : STATES[behaviour];
  const containers = digList(pod, 'spec', 'containers').map((container) => ({
    name: String(dig(container, 'name')),
    image: String(dig(container, 'image')),
  }));
  const initContainers = digList(pod, 'spec', 'initContainers').map((container) => ({
    name: String(dig(container, 'name')),
    image: String(dig(container, 'image')),
  }));
  const uid = pod.metadata.uid ?? '';
  const sidecar = hasSidecar(pod) && ![...containers, ...initContainers].some(({ name }) => name === PROXY);
  const statuses = containers.map(({ name, image }) =>
    containerStatus(name, image, name === PROXY ? states.proxy : states.own, uid, now),
  );
  if (sidecar) statuses.push(containerStatus(PROXY, PROXY, states.proxy, uid, now));
  const running = statuses.every((status) => status.started || status.crashed);
  const unready = statuses.filter((status) => !status.ready).map((status) => status.name);
  const mounted = states.own !== 'creating';
  const conditions = [
    condition(pod, 'PodReadyToStartContainers', mounted, now),
    condition(pod, 'Initialized', initContainers.length === 0 || mounted, now),
    condition(pod, 'Ready', unready.length === 0, now, unready),
    condition(pod, 'ContainersReady', unready.length === 0, now, unready),
    condition(pod, 'PodScheduled', true, now),
  ];
  return {
    phase: running && mounted ? 'Running' : 'Pending',
    conditions,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(mounted ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: dig(pod, 'status', 'startTime') ?? now,
    containerStatuses: statuses.map(({ crashed: _crashed, ...status }) => status),
    ...(initContainers.length === 0
      ? {}
      : { initContainerStatuses: initContainers.map((item) => initStatus(item.name, item.image, mounted, uid, now)) }),
    qosClass: dig(pod, 'status', 'qosClass') ?? 'BestEffort',
  };
}

function hasSidecar(pod: ApiObject): boolean {
  return Object.keys(pod.metadata.annotations ?? {}).some((key) => key.startsWith('sidecar.istio.io/userVolume'));
}

/** Keeps the transition time of a condition that did not change. */
function condition(
  pod: ApiObject,
  type: string,
  isTrue: boolean,
  now: string,
  unready: readonly string[] = [],
): JsonMap {
  const status = isTrue ? 'True' : 'False';
  const before = digList(pod, 'status', 'conditions').find((item) => dig(item, 'type') === type);
  const lastTransitionTime = dig(before, 'status') === status ? (dig(before, 'lastTransitionTime') ?? now) : now;
  const why =
    isTrue || unready.length === 0
      ? {}
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  return { type, status, lastProbeTime: null, lastTransitionTime, ...why };
}

interface ContainerStatus extends JsonMap {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly crashed: boolean;
}

function containerStatus(name: string, image: string, state: State, uid: string, now: string): ContainerStatus {
  const id = `sim://${uid}-${name}`;
  const base = {
    name,
    image,
    imageID: '',
    restartCount: 0,
    lastState: {},
    ready: false,
    started: false,
    crashed: false,
  };
  const waiting = (reason: string, message: string): JsonMap => ({
    waiting: { reason, ...(message === '' ? {} : { message }) },
  });
  switch (state) {
    case 'creating':
      return { ...base, state: waiting('ContainerCreating', '') };
    case 'running':
      return {
        ...base,
        imageID: `sim://${image}`,
        containerID: id,
        ready: true,
        started: true,
        state: { running: { startedAt: now } },
      };
    case 'not-ready':
      return {
        ...base,
        imageID: `sim://${image}`,
        containerID: id,
        started: true,
        state: { running: { startedAt: now } },
      };
    case 'pull-back-off':
      return {
        ...base,
        state: waiting('ImagePullBackOff', `Back-off pulling image ${JSON.stringify(image)}: ErrImagePull: not found`),
      };
    case 'crash-loop':
      return {
        ...base,
        imageID: `sim://${image}`,
        containerID: id,
        crashed: true,
        restartCount: 3,
        state: waiting('CrashLoopBackOff', `back-off 40s restarting failed container=${name}`),
        lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: now, finishedAt: now, containerID: id } },
      };
  }
}

function initStatus(name: string, image: string, done: boolean, uid: string, now: string): JsonMap {
  const id = `sim://${uid}-${name}`;
  const sidecar = name === PROXY;
  const state = !done
    ? { waiting: { reason: 'PodInitializing' } }
    : sidecar
      ? { running: { startedAt: now } }
      : { terminated: { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now, containerID: id } };
  return {
    name,
    image,
    imageID: `sim://${image}`,
    ready: done,
    started: done && sidecar,
    restartCount: 0,
    lastState: {},
    state,
  };
}
