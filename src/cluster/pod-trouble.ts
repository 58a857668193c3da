import { defined } from '../base/defined.ts';
import type { ContainerStatus, Pod } from './objects.ts';
import { tellingEnd, uncreatedFolder } from './runtime-words.ts';

/** What keeps a pod from running and seldom passes by itself. */
export interface PodTrouble {
  /** The container that has it. */
  readonly container: string;
  /** The word of the kubelet or the runtime: `ErrImagePull`, `OOMKilled`, `Error`. */
  readonly reason: string;
  /** As a clause that names the container: `app keeps crashing (Error, exit code 1)`. */
  readonly words: string;
  /** What the cluster says of the cause; omitted when it says nothing. */
  readonly cause?: string;
  /** The folder in the container that the runtime could not create; omitted where something else failed. */
  readonly folder?: string;
  /** Whether the container has run and ended by itself, so that its log may tell the cause. */
  readonly ended: boolean;
  /** How often the container was started anew. */
  readonly restarts: number;
}

/**
 * What a kubelet says while a container is still to be made. Every other reason for which one waits is a failure: to pull
 * (ErrImagePull, ErrImageNeverPull, InvalidImageName, …), to create (CreateContainerConfigError, …) or to run it
 * (RunContainerError, CrashLoopBackOff, …), also one that is not known here
 * (kubernetes: pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go, pkg/kubelet/kuberuntime/kuberuntime_container.go).
 */
const STARTING: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** The runtime could not start the container's program, so that there is no log of it (containerd, cri-o). */
const NEVER_RAN: ReadonlySet<string> = new Set(['StartError', 'ContainerCannotRun', 'ContainerStatusUnknown']);

/** Whether a container waits as every new one does, or a virtual kubelet gives no reason. */
export function isStarting({ state }: ContainerStatus): boolean {
  return state?.waiting !== undefined && (state.waiting.reason === undefined || STARTING.has(state.waiting.reason));
}

/** The containers of a pod in the order in which they start, those of init first. */
export function containersOf({ status = {} }: Pod): readonly ContainerStatus[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
}

/** The trouble that a pod has now, of the first container that has one: a later one may only wait for it. */
export function troubleOf(pod: Pod): PodTrouble | undefined {
  return firstTrouble(pod, troubleNow);
}

/** The same, also of a container that runs at this moment between two crashes. */
export function recentTroubleOf(pod: Pod): PodTrouble | undefined {
  return firstTrouble(pod, (container) => troubleNow(container) ?? betweenCrashes(container));
}

function firstTrouble(
  pod: Pod,
  troubleIn: (container: ContainerStatus) => PodTroubleOfOne | undefined,
): PodTrouble | undefined {
  const sidecars = nativeSidecars(pod);
  for (const container of containersOf(pod)) {
    const trouble = troubleIn(container) ?? (sidecars.has(container.name) ? endedSidecar(container) : undefined);
    if (trouble !== undefined) return { ...trouble, restarts: container.restartCount ?? 0 };
  }
  return undefined;
}

type PodTroubleOfOne = Omit<PodTrouble, 'restarts'>;

/** Returns the names of the containers of init that run beside the app; none of a pod that is being deleted, which ends them. */
export function nativeSidecars({ metadata, spec = {} }: Pod): ReadonlySet<string> {
  if (metadata.deletionTimestamp !== undefined) return new Set();
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return new Set(sidecars.map(({ name }) => name));
}

/**
 * The trouble of a native sidecar that has ended without a failure: it must not end before the app. The kubelet shows it so while it
 * waits to start it anew, and no CrashLoopBackOff (kubernetes: convertToAPIContainerStatuses in pkg/kubelet/kubelet_pods.go).
 */
function endedSidecar({ name, state }: ContainerStatus): PodTroubleOfOne | undefined {
  const ended = state?.terminated;
  return ended === undefined ? undefined : crash(name, ended, true);
}

function troubleNow(container: ContainerStatus): PodTroubleOfOne | undefined {
  const { name, state = {}, lastState, restartCount = 0 } = container;
  if (state.terminated !== undefined) {
    const failed = state.terminated.exitCode !== 0;
    return failed ? crash(name, state.terminated, restartCount > 0) : undefined;
  }
  if (state.waiting === undefined || isStarting(container)) return undefined;
  const { reason = '', message } = state.waiting;
  if (reason === 'CrashLoopBackOff') {
    if (lastState?.terminated !== undefined) return crash(name, lastState.terminated, true);
    return { container: name, reason, words: `CrashLoopBackOff (${name})`, ended: true };
  }
  const words = `${reason} (${name})`;
  if (message === undefined || onlySaysThatItWaits(message, reason))
    return { container: name, reason, words, ended: false };
  const cause = tellingEnd(message);
  return { container: name, reason, words, ended: false, cause, ...defined({ folder: uncreatedFolder(cause) }) };
}

function betweenCrashes({
  name,
  state,
  lastState,
  ready,
  restartCount = 0,
}: ContainerStatus): PodTroubleOfOne | undefined {
  const ended = lastState?.terminated;
  if (state?.running === undefined || ready === true || restartCount === 0 || ended === undefined) return undefined;
  return crash(name, ended, true);
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

function crash(name: string, { reason = 'Error', exitCode, message }: Terminated, again: boolean): PodTroubleOfOne {
  const neverRan = NEVER_RAN.has(reason);
  const code = exitCode === undefined || exitCode === 0 ? '' : `, exit code ${exitCode}`;
  const verb = neverRan
    ? 'cannot be started'
    : exitCode === 0
      ? 'keeps exiting'
      : again
        ? 'keeps crashing'
        : 'has crashed';
  const said = message?.trim();
  return {
    container: name,
    reason,
    words: `${name} ${verb} (${reason}${code})`,
    // That memory ran out is cause enough; what it logged before has nothing to do with it.
    ended: !neverRan && reason !== 'OOMKilled',
    ...(said ? { cause: tellingEnd(said), ...defined({ folder: neverRan ? uncreatedFolder(said) : undefined }) } : {}),
  };
}

/** `Back-off pulling image "shop/web:3"`, `back-off 40s restarting failed container=app`: says nothing of why. */
function onlySaysThatItWaits(message: string, reason: string): boolean {
  const words = message.replaceAll(/"[^"]*"/g, '').trim();
  return words === reason || /^back-?off [^:]*$/i.test(words);
}

/** A trouble in one line: which container, and why. */
export function describeTrouble({ words, cause }: Pick<PodTrouble, 'words' | 'cause'>): string {
  return cause === undefined ? words : `${words}: ${cause}`;
}
