import { untilAborted } from '../base/concurrency.ts';
import type { Event, Pod } from '../cluster/objects.ts';
import { describePod, hasStartedProxy, tellingEvent } from '../cluster/pods.ts';
import type { EnvoyReason } from '../mesh/envoy-log.ts';
import { type WorkloadRef, workloadKey } from '../targets/target.ts';
import { type DeployContext, evidenceSource } from './context.ts';
import { type EvidenceSource, listUnreadyPods, listWarnings, readEnvoyReason } from './evidence.ts';
import type { Followed } from './rollout-watch.ts';

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
  workloads: readonly Followed[],
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

/** How long evidence for the report may take, in milliseconds. */
const DIAGNOSE_MS = 15_000;

/** As `diagnose` for one workload; evidence must not hold up the report of a failure, so a server that hangs is not waited for long. */
export async function diagnoseInTime(followed: Followed, context: DeployContext): Promise<Diagnosis> {
  const inTime = AbortSignal.any([context.signal, AbortSignal.timeout(DIAGNOSE_MS)]);
  const found = await untilAborted(diagnose([followed], evidenceSource(context)), inTime).catch(() => undefined);
  return found?.get(workloadKey(followed.ref)) ?? { pods: [] };
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
