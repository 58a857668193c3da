import { defined } from '../base/defined.ts';
import type { ContainerStatus, Event, Pod } from './objects.ts';

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
  troubleIn: (container: ContainerStatus) => PodTrouble | undefined,
): PodTrouble | undefined {
  for (const container of containersOf(pod)) {
    const trouble = troubleIn(container);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function troubleNow(container: ContainerStatus): PodTrouble | undefined {
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

function betweenCrashes({ name, state, lastState, ready, restartCount = 0 }: ContainerStatus): PodTrouble | undefined {
  const ended = lastState?.terminated;
  if (state?.running === undefined || ready === true || restartCount === 0 || ended === undefined) return undefined;
  return crash(name, ended, true);
}

type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

function crash(name: string, { reason = 'Error', exitCode, message }: Terminated, again: boolean): PodTrouble {
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

const MAX_RUNTIME_CHARACTERS = 4_000;
/** What containerd and runc put before what went wrong, each around the next. */
const RUNTIME_PREFIXES = ['unable to start container process: ', 'error during container init: '];

/**
 * What a container runtime says went wrong, without the layers that it puts around it and its own folders: of `failed to create
 * containerd task: … runc create failed: unable to start container process: … mkdir /run/containerd/…/rootfs/data: read-only file system:
 * unknown` the end, `mkdir /data: read-only file system`. Any other text as it is.
 */
export function tellingEnd(message: string): string {
  if (message.length > MAX_RUNTIME_CHARACTERS || !/\b(?:runc|crun|OCI runtime)\b/.test(message)) return message;
  let end = message;
  for (const prefix of RUNTIME_PREFIXES) {
    const at = end.lastIndexOf(prefix);
    if (at !== -1) end = end.slice(at + prefix.length);
  }
  const made = end.lastIndexOf(': mkdir ');
  if (made !== -1) end = end.slice(made + 2);
  return end
    .split(/([\s"])/)
    .map(withoutRootfs)
    .join('')
    .replace(/: unknown$/, '');
}

/**
 * Returns the folder that a container runtime's words say it could not create, as Go writes the system call that failed (io/fs
 * PathError: `mkdir /data: read-only file system`); `undefined` if they say something else.
 */
export function uncreatedFolder(message: string): string | undefined {
  return /^mkdir (\/[^:]*): /.exec(tellingEnd(message))?.[1];
}

/** A path without the runtime's own folder around the container's files. */
function withoutRootfs(word: string): string {
  const start = word.indexOf('/run/');
  const end = word.lastIndexOf('/rootfs/');
  return start === -1 || end <= start ? word : word.slice(0, start) + word.slice(end + '/rootfs'.length);
}

/** `Back-off pulling image "shop/web:3"`, `back-off 40s restarting failed container=app`: says nothing of why. */
function onlySaysThatItWaits(message: string, reason: string): boolean {
  const words = message.replaceAll(/"[^"]*"/g, '').trim();
  return words === reason || /^back-?off [^:]*$/i.test(words);
}

/** A trouble in one line: which container, and why. */
export function describeTrouble({ words, cause }: PodTrouble): string {
  return cause === undefined ? words : `${words}: ${cause}`;
}

/**
 * Whether a pod that no node runs any more was refused or ended by its node, which is no matter of its containers: for want
 * of what it asks for (OutOfcpu, UnexpectedAdmissionError, NodeAffinity, SysctlForbidden, …), evicted, or preempted.
 */
export function isRefused({ metadata, status }: Pod): boolean {
  return status?.phase === 'Failed' && metadata.deletionTimestamp === undefined;
}

/** Why its node refused or ended a pod: `UnexpectedAdmissionError: Allocate failed`. */
export function describeRefusal({ status = {} }: Pod): string {
  return [status.reason ?? 'Failed', status.message].filter(Boolean).join(': ');
}

/**
 * Reasons of warning events that name a cause, the most telling first; others only say that something is not ready yet. A pod
 * that waits for a node or a disk may get it: an autoscaler brings nodes within minutes, and a disk is let go by another pod.
 */
const TELLING_EVENTS = [
  'FailedMount',
  'FailedMapVolume',
  'FailedCreatePodSandBox',
  'FailedCreate',
  'FailedAttachVolume',
  'FailedScheduling',
  'Failed',
  'BackOff',
  'Unhealthy',
];
/** Failures that pass by themselves more often than not, or do not keep a container from being made. */
const PASSING = new Set(['FailedScheduling', 'FailedAttachVolume', 'FailedToRetrieveImagePullSecret']);

/** What a warning event says. */
export interface TellingEvent {
  /** The word of the component that wrote it, as `FailedMount`. */
  readonly reason: string;
  /** The part of its message that tells most. */
  readonly message: string;
}

/** Returns an event as `reason: message`. */
export function describeEvent({ reason, message }: TellingEvent): string {
  return `${reason}: ${message}`;
}

/** Returns the most telling warning event about one of the given objects (by name), the latest of equals; `undefined` if there is none. */
export function tellingEvent(events: readonly Event[], names: ReadonlySet<string>): TellingEvent | undefined {
  const rank = ({ reason = '', message = '' }: Event): number => {
    const at = TELLING_EVENTS.indexOf(reason);
    // "Error: ErrImagePull" stands beside the event that says why.
    return (at === -1 ? TELLING_EVENTS.length : at) + (/^Error: \w+$/.test(message) ? 0.5 : 0);
  };
  const [first] = events
    .filter(({ type, involvedObject }) => type === 'Warning' && names.has(involvedObject?.name ?? ''))
    .sort((a, b) => rank(a) - rank(b) || lastSeen(b) - lastSeen(a));
  return first && { reason: first.reason ?? 'Warning', message: tellingEnd(first.message ?? '') };
}

/** When an event was seen last, in milliseconds; 0 where it does not say. */
function lastSeen({ lastTimestamp, eventTime }: Event): number {
  return Date.parse(lastTimestamp ?? eventTime ?? '') || 0;
}

/** Returns the container that an event is about; `undefined` if it is about its pod as a whole, or something else. */
export function containerOfEvent({ involvedObject }: Event): string | undefined {
  return /^spec\.\w*[cC]ontainers\{([^}]+)\}$/.exec(involvedObject?.fieldPath ?? '')?.[1];
}

/** What keeps containers from being made; it has passed where one was started. */
const BEFORE_START = new Set([
  'FailedMount',
  'FailedMapVolume',
  'FailedCreatePodSandBox',
  'FailedAttachVolume',
  'FailedScheduling',
]);

/**
 * The events without those that have passed, as their pods show: what kept a pod from starting that has started since, and what was
 * wrong with a container that is ready now.
 */
export function withoutPassed(events: readonly Event[], pods: readonly Pod[]): readonly Event[] {
  const started = new Set(pods.filter(hasStarted).map(({ metadata }) => metadata.name));
  const ready = new Map(pods.map((pod) => [pod.metadata.name, readyContainers(pod)]));
  return events.filter((event) => {
    const { reason = '', involvedObject: { name = '' } = {} } = event;
    const container = containerOfEvent(event);
    const isOver = container !== undefined && ready.get(name)?.has(container) === true;
    return !isOver && (!BEFORE_START.has(reason) || !started.has(name));
  });
}

function readyContainers(pod: Pod): ReadonlySet<string> {
  return new Set(containersOf(pod).flatMap(({ name, ready }) => (ready === true ? [name] : [])));
}

function hasStarted(pod: Pod): boolean {
  return containersOf(pod).some(({ state = {} }) => state.running !== undefined || state.terminated !== undefined);
}

/** Why no container of a pod can be made, by its events: a volume, its sandbox, its devices. `undefined` if it may still pass. */
export function creationFailure(events: readonly Event[], pod: string): string | undefined {
  const lasting = events.filter(({ reason = '' }) => reason.startsWith('Failed') && !PASSING.has(reason));
  const event = tellingEvent(lasting, new Set([pod]));
  return event && describeEvent(event);
}
