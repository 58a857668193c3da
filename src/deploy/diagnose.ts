import type { Event, Pod } from '../cluster/objects.ts';
import { describePod, hasStartedProxy, tellingEvent } from '../cluster/pods.ts';
import type { EnvoyReason } from '../mesh/envoy-log.ts';
import { type WorkloadRef, workloadKey } from '../targets/target.ts';
import { type EvidenceSource, listUnreadyPods, listWarnings, readEnvoyReason } from './evidence.ts';
import type { PlannedWorkload } from './plan.ts';

/** What the cluster says about a rollout that does not get ready. */
export interface Diagnosis {
  /** One line per pod that is not ready: `reviews-7d4f: istio-proxy not ready`. */
  readonly pods: readonly string[];
  /** The most telling warning event. */
  readonly event?: string;
  /** Envoy's own reason, from the log of a pod's proxy. */
  readonly envoy?: EnvoyReason;
}

/** Collects, for workloads that did not get ready, what their pods, events and proxies say. By `workloadKey`. */
export async function diagnose(
  workloads: readonly PlannedWorkload[],
  source: EvidenceSource,
): Promise<ReadonlyMap<string, Diagnosis>> {
  const unready = await listUnreadyPods(workloads, source);
  const namespaces = [...new Set(workloads.map(({ ref }) => ref.namespace))];
  const events = new Map(
    await Promise.all(
      namespaces.map(async (namespace): Promise<[string, readonly Event[]]> => {
        return [namespace, await listWarnings(namespace, source)];
      }),
    ),
  );
  const diagnoses = await Promise.all(
    workloads.map(async ({ ref }): Promise<[string, Diagnosis]> => {
      const key = workloadKey(ref);
      return [key, await diagnoseOne(ref, unready.get(key) ?? [], events.get(ref.namespace) ?? [], source)];
    }),
  );
  return new Map(diagnoses);
}

async function diagnoseOne(
  ref: WorkloadRef,
  pods: readonly Pod[],
  events: readonly Event[],
  source: EvidenceSource,
): Promise<Diagnosis> {
  const event = tellingEvent(events, new Set([ref.name, ...pods.map(({ metadata }) => metadata.name)]));
  const withProxy = pods.find(hasStartedProxy);
  const envoy = withProxy && (await readEnvoyReason(withProxy, ref.namespace, source));
  return {
    pods: pods.map((pod) => `${pod.metadata.name}: ${describePod(pod)}`),
    ...(event === undefined ? {} : { event }),
    ...(envoy === undefined ? {} : { envoy }),
  };
}
