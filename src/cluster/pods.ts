import { count } from '../base/text.ts';
import { describeRefusal, isRefused } from './node-refusal.ts';
import type { ContainerSpec, ContainerStatus, Pod } from './objects.ts';
import { containersOf, describeTrouble, isStarting, nativeSidecars, troubleOf } from './pod-trouble.ts';
import type { Resource } from './resources.ts';

/** The name that Istio gives to the proxy's container, in `containers` or, as a native sidecar, in `initContainers`. */
export const PROXY_CONTAINER = 'istio-proxy';

/**
 * Returns the name of the object of a kind that controls a pod, by its owner references; `undefined` if none of that kind does. Other
 * API groups may have kinds of the same name; the version says nothing of what an object is.
 */
export function controllerOf({ metadata }: Pod, { group, kind }: Pick<Resource, 'group' | 'kind'>): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === kind && owner.apiVersion?.startsWith(`${group}/`) ? owner.name : undefined;
}

/** Whether the pod's Ready condition holds. */
export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') ?? false;
}

/** Whether the pod is being deleted: it still may serve, but no longer counts. */
export function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** What the kubelet says of containers that are not started yet (kubernetes: pkg/kubelet/kubelet_pods.go). */
const WAITS_FOR_OTHERS: ReadonlySet<string | undefined> = new Set(['ContainerCreating', 'PodInitializing']);

/** Why a pod is not ready, short: `ErrImageNeverPull (app): …`, `app keeps crashing (Error, exit code 1)`, `Unschedulable: …`, `container istio-proxy not ready`. Empty when ready. */
export function describePod(pod: Pod): string {
  if (isReady(pod)) return '';
  if (isTerminating(pod)) return 'Terminating';
  const { status = {} } = pod;
  if (isRefused(pod)) return describeRefusal(pod);
  const unscheduled = status.conditions?.find(
    ({ type, status: state }) => type === 'PodScheduled' && state === 'False',
  );
  if (unscheduled !== undefined) return `${unscheduled.reason ?? 'Unschedulable'}: ${unscheduled.message ?? 'no node'}`;
  const trouble = troubleOf(pod);
  if (trouble !== undefined) return describeTrouble(trouble);
  const containers = containersOf(pod);
  const troubled = containers.filter((container) => describeContainer(container) !== '');
  // Many containers wait only because an earlier one does; say what is special first.
  const told = troubled.find(({ state }) => !WAITS_FOR_OTHERS.has(state?.waiting?.reason)) ?? troubled[0];
  if (told !== undefined) return describeContainer(told);
  return containers.length === 0 ? 'Pending' : 'not ready';
}

/**
 * What keeps a pod from being ready, as `CONTAINER: CLASS`; equal troubles have equal classes, though kubelet's reasons for
 * one alternate (ErrImagePull and ImagePullBackOff, Error and CrashLoopBackOff).
 */
export function troubledContainers(pod: Pod): string[] {
  const { status = {} } = pod;
  if (status.phase === 'Failed') return [`pod: ${status.reason ?? 'Failed'}`];
  const unscheduled = status.conditions?.some(
    ({ type, status: state }) => type === 'PodScheduled' && state === 'False',
  );
  if (unscheduled) return ['pod: unschedulable'];
  const sidecars = nativeSidecars(pod);
  return containersOf(pod).flatMap((container) => {
    const endedSidecar = sidecars.has(container.name) && container.state?.terminated !== undefined;
    const trouble = endedSidecar ? 'crash' : troubleClass(container);
    return trouble === undefined ? [] : [`${container.name}: ${trouble}`];
  });
}

function troubleClass({ ready, started, state, restartCount = 0 }: ContainerStatus): string | undefined {
  const reason = state?.waiting?.reason;
  const failed = state?.terminated !== undefined && state.terminated.exitCode !== 0;
  if (failed || reason === 'CrashLoopBackOff') return 'crash';
  if (reason !== undefined) return /Image/.test(reason) ? 'image' : reason;
  if (state?.running === undefined || (ready !== false && started !== false)) return undefined;
  return restartCount > 0 ? 'crash' : 'not ready';
}

/** Returns the first container of a pod that runs and is not ready; `undefined` if each is ready or does not run. */
export function unreadyContainer(pod: Pod): string | undefined {
  return containersOf(pod).find(({ ready, state }) => state?.running !== undefined && ready === false)?.name;
}

/** Whether a pod was made with a proxy in it. */
export function hasProxyContainer(pod: Pod): boolean {
  return proxyOf(pod) !== undefined;
}

/** The image of a pod's proxy; `undefined` without one. */
export function proxyImageOf(pod: Pod): string | undefined {
  return proxyOf(pod)?.image;
}

/** Whether the proxy of a pod was started at least once, so that it has a log. */
export function hasStartedProxy(pod: Pod): boolean {
  return containersOf(pod).some(
    ({ name, state, restartCount = 0 }) =>
      name === PROXY_CONTAINER && (state?.running !== undefined || restartCount > 0),
  );
}

/** Whether the proxy of a pod runs, or is started again and again, without becoming ready. */
export function isProxyUnready(pod: Pod): boolean {
  const proxy = containersOf(pod).find(({ name }) => name === PROXY_CONTAINER);
  return proxy !== undefined && hasStartedProxy(pod) && !(proxy.ready === true && proxy.started !== false);
}

/** Whether a pod has a node but none of its containers could be made yet, as while a volume cannot be mounted. */
export function isCreating(pod: Pod): boolean {
  const containers = containersOf(pod);
  return containers.length > 0 && containers.every(isStarting);
}

function proxyOf({ spec = {} }: Pod): ContainerSpec | undefined {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])].find(({ name }) => name === PROXY_CONTAINER);
}

function describeContainer(container: ContainerStatus): string {
  const { name, ready, state, started, restartCount = 0 } = container;
  if (state?.waiting !== undefined && isStarting(container)) return state.waiting.reason ?? `Waiting (${name})`;
  if (state?.running !== undefined && (ready === false || started === false))
    return `container ${name} not ready${restartCount === 0 ? '' : ` after ${count(restartCount, 'restart')}`}`;
  return '';
}
