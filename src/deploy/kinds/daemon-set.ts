import type { Workload } from '../../cluster/objects.ts';
import { controllerOf } from '../../cluster/pods.ts';
import { progressing, type ReadinessVerdict } from '../../cluster/readiness.ts';
import { resource } from '../../cluster/resources.ts';
import { isOnDelete, onDeleteBlocker, templateBlocker } from './template-blockers.ts';
import { workloadKind } from './workload-kind.ts';

const RESOURCE = resource('apps/v1', 'DaemonSet', 'daemonsets');

export const DAEMON_SET_KIND = workloadKind({
  resource: RESOURCE,
  shortNames: ['ds'],
  podReplacement: 'old-first',

  podCounts: ({ status = {} }) => ({
    wanted: status.desiredNumberScheduled ?? 0,
    all: status.currentNumberScheduled,
    updated: status.updatedNumberScheduled,
    ready: status.numberReady,
    hasOld: true,
  }),
  verdictOf,

  hasOldPods: (workload) => {
    const { updatedNumberScheduled = 0, desiredNumberScheduled = 0 } = workload.status ?? {};
    return updatedNumberScheduled < desiredNumberScheduled && !isOnDelete(workload);
  },

  ownerOf: (pod) => controllerOf(pod, RESOURCE),

  blockerOf: (wanted, needs) => templateBlocker(wanted, () => onDeleteBlocker(wanted, needs)),
});

function verdictOf(workload: Workload): ReadinessVerdict {
  const { status = {} } = workload;
  const { desiredNumberScheduled: wanted, currentNumberScheduled = 0, updatedNumberScheduled = 0 } = status;
  const { numberAvailable = 0, numberReady = 0 } = status;
  if (status.observedGeneration === undefined || wanted === undefined)
    return progressing('the controller has not seen it yet');
  if (currentNumberScheduled < wanted) return progressing(`${currentNumberScheduled} of ${wanted} pods exist`);
  if (!isOnDelete(workload) && updatedNumberScheduled < wanted) {
    return progressing(`${updatedNumberScheduled} of ${wanted} pods updated`);
  }
  if (numberAvailable < wanted) return progressing(`${numberAvailable} of ${wanted} pods available`);
  if (numberReady < wanted) return progressing(`${numberReady} of ${wanted} pods ready`);
  return undefined;
}
