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
  | 'crash-loop';

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
  { name, image }: Container,
  state: ContainerState,
  uid: string,
  now: string,
): ContainerReport {
  const id = `sim://${uid}-${name}`;
  const running = ['running', 'not-ready', 'not-started'].includes(state);
  const completed = state === 'completed';
  const crashed = state === 'crash-loop';
  const ready = state === 'running' || completed;
  const started = running && state !== 'not-started';
  const ran = running || completed || crashed;
  const terminated = (exitCode: number, reason: string): JsonMap => ({
    terminated: { exitCode, reason, startedAt: now, finishedAt: now, containerID: id },
  });
  const report = {
    name,
    image,
    imageID: ran ? `sim://${image}` : '',
    ...(ran ? { containerID: id } : {}),
    ready,
    started,
    restartCount: crashed ? 3 : 0,
    lastState: crashed ? terminated(1, 'Error') : {},
    state: running
      ? { running: { startedAt: now } }
      : completed
        ? terminated(0, 'Completed')
        : waiting(name, image, state),
  };
  return { name, ready, started, running, completed, crashed, report };
}

function waiting(name: string, image: string, state: ContainerState): JsonMap {
  const because = (reason: string, message?: string): JsonMap => ({
    waiting: { reason, ...(message === undefined ? {} : { message }) },
  });
  switch (state) {
    case 'pull-back-off':
      return because('ImagePullBackOff', `Back-off pulling image ${JSON.stringify(image)}: ErrImagePull: not found`);
    case 'crash-loop':
      return because('CrashLoopBackOff', `back-off 40s restarting failed container=${name}`);
    case 'waits':
      return because('PodInitializing');
    default:
      return because('ContainerCreating');
  }
}
