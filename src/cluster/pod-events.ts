import type { Event, Pod } from './objects.ts';
import { containersOf } from './pod-trouble.ts';
import { tellingEnd } from './runtime-words.ts';

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

/** A kubelet that is busy has not read a ConfigMap or Secret yet; it tries again (kubernetes, pkg/kubelet/util/manager). */
const NOT_READ_YET = /^(?!.*not found).*failed to sync (?:configmap|secret) cache: /s;

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
  const lasting = events.filter(
    ({ reason = '', message = '' }) =>
      reason.startsWith('Failed') && !PASSING.has(reason) && !NOT_READ_YET.test(message),
  );
  const event = tellingEvent(lasting, new Set([pod]));
  return event && describeEvent(event);
}
