/** The status of one container, as a kubelet reports it. */
import { type ApiObject, dig, digList, type JsonMap } from './client.ts';

/** The sidecar's container name, among the containers or, as a native sidecar, among the init containers. */
export const PROXY = 'istio-proxy';

export interface Container {
  readonly name: string;
  readonly image: string;
  /** A native sidecar: an init container that goes on running (`restartPolicy: Always`). */
  readonly restarts: boolean;
}

/**
 * What a container does. `creating` has no init container before it, `waits` has; `not-ready` fails its readiness probe and
 * `not-started` its startup probe.
 */
export type ContainerState =
  | 'creating'
  | 'waits'
  | 'running'
  | 'not-ready'
  | 'not-started'
  | 'completed'
  | 'pull-back-off'
  | 'crash-loop'
  | 'waiting'
  | 'crashed';

/** What a kubelet gives as the reason of a trouble. */
export interface Fault {
  readonly reason: string;
  readonly message: string;
}

/** What is told of a container, and what follows from it for the pod. */
export interface ContainerReport {
  readonly name: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly running: boolean;
  readonly completed: boolean;
  readonly crashed: boolean;
  /** Goes into the pod's status. */
  readonly report: JsonMap;
}

/** The containers of a list of the pod's spec. */
export function containersOf(pod: ApiObject, list: 'containers' | 'initContainers'): Container[] {
  return digList(pod, 'spec', list).map((container) => ({
    name: String(dig(container, 'name')),
    image: String(dig(container, 'image')),
    restarts: dig(container, 'restartPolicy') === 'Always',
  }));
}

export function initContainersOf(pod: ApiObject): Container[] {
  return containersOf(pod, 'initContainers');
}

/** Whether the pod has a sidecar: only then does Istio's injector mount what the pod's annotations name. */
export function hasProxy(pod: ApiObject): boolean {
  return [...initContainersOf(pod), ...containersOf(pod, 'containers')].some(({ name }) => name === PROXY);
}

/** @param uid the pod's */
export function containerStatus(
  { name, image, restarts }: Container,
  state: ContainerState,
  uid: string,
  now: string,
  fault: Fault = { reason: 'Error', message: '' },
): ContainerReport {
  const id = `sim://${uid}-${name}`;
  const running = ['running', 'not-ready', 'not-started'].includes(state);
  const completed = state === 'completed';
  const crashed = state === 'crash-loop' || state === 'crashed';
  const ready = state === 'running' || completed;
  const started = running && state !== 'not-started';
  const ran = running || completed || crashed;
  const terminated = (exitCode: number, reason: string, message = ''): JsonMap => ({
    terminated: {
      exitCode,
      reason,
      ...(message === '' ? {} : { message }),
      startedAt: now,
      finishedAt: now,
      containerID: id,
    },
  });
  const report = {
    name,
    image,
    imageID: ran ? `sim://${image}` : '',
    ...(ran ? { containerID: id } : {}),
    ready,
    started,
    restartCount: crashed ? 3 : 0,
    lastState: crashed ? terminated(EXIT_CODES[fault.reason] ?? 1, fault.reason, fault.message) : {},
    state: running
      ? { running: { startedAt: now } }
      : // A native sidecar that ended with 0 is shown so, also while it waits to be started anew.
        completed || (restarts && crashed && EXIT_CODES[fault.reason] === 0)
        ? terminated(0, 'Completed')
        : waiting(name, image, state, fault),
  };
  return { name, ready, started, running, completed, crashed, report };
}

/** With what code a container ends, by the reason that is given for it. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  Completed: 0,
  OOMKilled: 137,
  ContainerStatusUnknown: 137,
  StartError: 128,
  ContainerCannotRun: 128,
};

function waiting(name: string, image: string, state: ContainerState, fault: Fault): JsonMap {
  const because = (reason: string, message = ''): JsonMap => ({
    waiting: { reason, ...(message === '' ? {} : { message }) },
  });
  switch (state) {
    case 'pull-back-off':
      return because('ImagePullBackOff', `Back-off pulling image ${JSON.stringify(image)}: ErrImagePull: not found`);
    case 'waiting':
      return because(fault.reason, fault.message);
    case 'crash-loop':
    case 'crashed':
      return because('CrashLoopBackOff', `back-off 40s restarting failed container=${name}`);
    case 'waits':
      return because('PodInitializing');
    default:
      return because('ContainerCreating');
  }
}
