import { mapLimited } from '../../base/concurrency.ts';
import type { Pod } from '../../cluster/objects.ts';
import { selectorOf } from '../../cluster/pod-selector.ts';
import { hasProxyContainer, isReady, isTerminating } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import type { DeployContext } from '../context.ts';
import { belongsTo, targetKind } from '../kinds/kinds.ts';
import { evidenceSource, readIfPossible } from '../observe/evidence-source.ts';
import type { ObservedWorkload } from '../observe/snapshot.ts';
import { DEFAULT_SOAK_LIMITS } from '../policy.ts';
import type { SoakReport } from '../report/soak-report.ts';
import { unseenIn } from './cluster-watch.ts';
import { PodSampler } from './sampler.ts';
import { MAX_WATCHED, WorkloadWatch } from './workload-watch.ts';

const PARALLEL = 4;
/** So many pods are looked at in all, the first of each workload before any second one. */
const MAX_PODS = 200;

/**
 * Looks once at what the proxies of workloads have counted and logged since they began; returns that in the order of the workloads, of
 * those that have pods. Nothing is thrown.
 */
export async function lookAtTraffic(
  workloads: readonly ObservedWorkload[],
  context: DeployContext,
): Promise<readonly (SoakReport | undefined)[]> {
  const source = evidenceSource(context);
  const sampler = new PodSampler(context);
  const each = Math.min(MAX_WATCHED, Math.max(1, Math.floor(MAX_PODS / Math.max(1, workloads.length))));
  return mapLimited(workloads, PARALLEL, async ({ ref, workload }, index) => {
    if (index >= MAX_PODS || targetKind(ref).wantedPods(workload) === 0) return undefined;
    const pods = await readIfPossible(source.debug, async () => {
      const { items } = await context.client.list<Pod>(POD, ref.namespace, { labelSelector: selectorOf(workload) });
      return items.filter((pod) => belongsTo(pod, ref) && !isTerminating(pod) && hasProxyContainer(pod));
    });
    if (pods === undefined || pods.length === 0) return undefined;
    const watch = new WorkloadWatch(ref, DEFAULT_SOAK_LIMITS);
    const way = targetKind(ref).isGateway(workload) ? 'outbound' : 'inbound';
    const watched = watch.show(pods.filter(isReady)).slice(0, each);
    const usages = watched.length === 0 ? undefined : await sampler.usagesIn(ref.namespace);
    for (const record of watched) {
      record.add(await sampler.look(record.pod, ref.namespace, way, usages?.get(record.name)));
    }
    watch.judge(context.now());
    return watch.report(unseenIn(sampler, ref.namespace));
  });
}
