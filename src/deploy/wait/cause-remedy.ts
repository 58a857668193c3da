import type { Workload } from '../../cluster/objects.ts';
import { type PodRefusal, readPodRefusal } from '../../cluster/pod-refusal.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { admissionRemedy } from '../../cluster/refusal-remedy.ts';
import type { WorkloadRef } from '../../targets/target.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { Diagnosis, TroubledContainer } from './diagnose.ts';

/** A workload that does not become ready. */
export interface UnreadyWorkload {
  readonly ref: WorkloadRef;
  readonly observed: Workload;
  readonly change: UnreadyChange;
}

/**
 * What the run has done to the pods: only a filter that they have may be to blame, and only a rollout needs room for one more.
 * `filter-added`: they got it, and the workload is rolled back; `filter-kept`: they got it and keep it; `filter-there`: they had it before,
 * and the run leaves it; `none`: they do not have it.
 */
export type UnreadyChange = 'filter-added' | 'filter-kept' | 'filter-there' | 'filter-removed' | 'none';

/** What of a diagnosis tells what helps. */
type Evidence = Pick<Diagnosis, 'cause' | 'causeOf' | 'event' | 'troubled'>;

/**
 * Returns what helps against that the cluster does not take the new pods of a workload, or does not start a container of theirs, in
 * whole sentences, without the re-run; `undefined` where the cause is another or not known. `message` is how far the rollout came.
 */
export function causeRemedy(workload: UnreadyWorkload, message: string, diagnosis: Evidence): string | undefined {
  const { cause = '', causeOf, troubled } = diagnosis;
  // What a container logged is nothing that the cluster says.
  if (troubled !== undefined && cause !== '') return containerRemedy(troubled, workload, causeOf);
  const refusal = refusalOf(message, diagnosis);
  if (refusal !== undefined) return refusalRemedy(refusal, workload);
  return troubled && containerRemedy(troubled, workload, causeOf);
}

/** Whether what keeps new pods from being ready is in the cluster for sure: what admission and nodes take, or what the app needs to start. */
export function isCauseInCluster(message: string, diagnosis: Evidence): boolean {
  const { troubled, cause = '' } = diagnosis;
  if (troubled !== undefined && cause !== '') return isOwnTrouble(troubled);
  return refusalOf(message, diagnosis) !== undefined || (troubled !== undefined && isOwnTrouble(troubled));
}

function refusalOf(message: string, { cause = '', event }: Pick<Diagnosis, 'cause' | 'event'>): PodRefusal | undefined {
  return [message, cause, event?.message ?? ''].map(readPodRefusal).find((found) => found !== undefined);
}

function refusalRemedy(refusal: PodRefusal, workload: UnreadyWorkload): string {
  const { namespace } = workload.ref;
  switch (refusal.by) {
    case 'quota':
      return `${admissionRemedy(refusal, 'pod', namespace)}${orOldFirst(workload)}`;
    case 'webhook':
    case 'silent-webhook':
    case 'admission-policy':
      return admissionRemedy(refusal, 'pod', namespace);
    case 'quota-without-values':
      return `The ResourceQuota "${refusal.name}" takes only pods that say how much they need. Set ${refusal.missing} in the pod template (${PROXY_RESOURCES}), or give the namespace a LimitRange with default values.`;
    case 'limit-range':
      return `A LimitRange of the namespace does not allow the pod: ${refusal.bounds}. Change the resources of the container in the pod template (${PROXY_RESOURCES}), or the LimitRange (\`kubectl edit limitrange -n ${namespace}\`).`;
    case 'pod-security':
      return `The namespace enforces the Pod Security level "${refusal.level}". ${
        refusal.needsNetAdmin
          ? 'Install the Istio CNI plugin, so that pods need no container istio-init with more rights'
          : 'Change in the pod template what the message names'
      }, or lower the level (\`kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=… --overwrite\`). The filter is not what it rejects: it adds no more than a read-only volume, which every level allows.`;
    case 'nodes-full':
      return `No node has room for one more pod (\`kubectl describe nodes\` shows what is taken). Add a node or lower the requests in the pod template; where an autoscaler adds nodes, set a longer "timeout".${orOldFirst(workload)}`;
    case 'nodes':
      return 'Change what keeps the pod off every node: its node selector, affinity, tolerations or volumes, or the taints of the nodes (`kubectl describe nodes`).';
  }
}

const PROXY_RESOURCES =
  "those of istio-proxy by the pod's annotations sidecar.istio.io/proxyCPU, proxyCPULimit, proxyMemory and proxyMemoryLimit";

/** That a rollout needs no room for one more pod where an old one goes first, and how to have that; empty where it is so already. */
function orOldFirst({ ref, observed, change }: UnreadyWorkload): string {
  const field = change === 'none' ? undefined : targetKind(ref).surgeField?.(observed);
  if (field === undefined) return '';
  return ` Or set "maxSurge: 0" and "maxUnavailable: 1" in ${field} of the workload. Then an old pod ends before a new one is created: a rollout needs no extra room, but one pod fewer serves during it.`;
}

/** What the kubelet says of an image that it cannot get (kubernetes: pkg/kubelet/images/types.go). */
const IMAGE = /^(?:ImagePullBackOff|ErrImage\w+|InvalidImageName|ImageInspectError|RegistryUnavailable)$/;

/** Whether a container of the app cannot run for what the filter has no part in. */
function isOwnTrouble({ name, reason }: TroubledContainer): boolean {
  if (name === PROXY_CONTAINER || name.startsWith('istio-')) return false;
  return reason === 'OOMKilled' || reason === 'CreateContainerConfigError' || IMAGE.test(reason);
}

function containerRemedy(
  { name, reason, failure }: TroubledContainer,
  { ref, change }: UnreadyWorkload,
  pod: string | undefined,
): string | undefined {
  if (name === PROXY_CONTAINER) {
    return reason === 'OOMKilled'
      ? "The proxy has too little memory: raise its limit by the pod's annotation sidecar.istio.io/proxyMemoryLimit, or make the filter keep less."
      : undefined;
  }
  // What Istio adds beside the proxy is nobody's app.
  if (name.startsWith('istio-')) return undefined;
  if (reason === 'OOMKilled') {
    return `The container ${name} has too little memory: raise its resources.limits.memory in the pod template. The filter takes none of it: it runs in ${PROXY_CONTAINER}.`;
  }
  if (IMAGE.test(reason)) {
    return `The filter has nothing to do with the image of container ${name}: correct its name or tag in the pod template, or the imagePullSecrets that are used for it.`;
  }
  if (reason === 'CreateContainerConfigError') {
    return `The filter has nothing to do with it: create the ConfigMap, Secret or key that the message names, or correct the pod template.`;
  }
  if (failure === 'not-started') return undefined;
  const fails = failure === 'ended' ? 'crashes' : 'does not become ready';
  switch (change) {
    case 'filter-added':
      return suspectRemedy(name, fails, ref);
    case 'filter-kept':
      return `Restarted pods have the filter, too, because of "on-failure: keep". ${withoutFilter(name, fails)}`;
    case 'filter-there':
      return [
        `This run changed nothing there and rolls nothing back, so restarted pods have the filter, too. ${withoutFilter(name, fails)}`,
        ...(failure === 'ended' && pod !== undefined
          ? [`What ${name} logged last: \`kubectl logs -n ${ref.namespace} ${pod} -c ${name} --previous\`.`]
          : []),
      ].join(' ');
    default:
      return undefined;
  }
}

/** How to see what a workload does without a filter that stays there. */
function withoutFilter(name: string, fails: string): string {
  return `To see whether the filter is to blame, take it away from this workload ("command: remove"), or deploy the earlier filter file and settings. If ${name} ${fails} all the same, the filter is not the cause: fix ${name}.`;
}

/** How to tell whether the filter or the app is to blame: old pods may have started when something else was still there. */
function suspectRemedy(name: string, fails: string, ref: WorkloadRef): string | undefined {
  const command = targetKind(ref).restart?.(ref);
  if (command === undefined) return undefined;
  return `To see whether the filter is to blame: once the workload is rolled back, restart its pods (${command}). If ${name} ${fails} again, the filter is not the cause: fix ${name}. If not, the filter changes or rejects a request that ${name} sends or gets as it starts.`;
}
