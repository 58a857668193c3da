import type { Client } from '../cluster/client.ts';
import { ApiError } from '../cluster/errors.ts';
import type { Event, Pod } from '../cluster/objects.ts';
import { describePod, isReady, ownerOf, PROXY_CONTAINER, tellingEvent } from '../cluster/pods.ts';
import { EVENT, POD } from '../cluster/resources.ts';
import { type EnvoyReason, findEnvoyReason } from '../mesh/envoy-log.ts';
import { podLabel } from '../mesh/names.ts';
import { type WorkloadRef, workloadKey } from '../targets/target.ts';
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

export interface DiagnoseContext {
  readonly client: Client;
  readonly debug: (line: string) => void;
}

/** Envoy refuses a filter as it starts; later lines only repeat that the proxy is not ready. */
const LOG_BYTES = 256 * 1024;
const NO_PODS: readonly Pod[] = [];

/** The pods of the planned revisions that are not ready, by `workloadKey`. Reading pods is optional: a refusal gives none. */
export async function listUnreadyPods(
  workloads: readonly PlannedWorkload[],
  { client, debug }: DiagnoseContext,
): Promise<ReadonlyMap<string, readonly Pod[]>> {
  const selectors = new Map<string, Set<string>>();
  for (const { ref, revisions } of workloads) {
    for (const { filter, id } of revisions) {
      const key = `${ref.namespace} ${podLabel(filter)}`;
      selectors.set(key, (selectors.get(key) ?? new Set()).add(id));
    }
  }
  const found = new Map<string, Pod[]>();
  const seen = new Set<string>();
  await Promise.all(
    [...selectors].map(async ([key, revisions]) => {
      const [namespace = '', label = ''] = key.split(' ');
      const list = await optional(debug, () =>
        client.list<Pod>(POD, namespace, { labelSelector: `${label} in (${[...revisions].join(',')})` }),
      );
      for (const pod of list?.items ?? []) {
        const owner = ownerOf(pod);
        const uid = pod.metadata.uid ?? pod.metadata.name;
        if (owner === undefined || isReady(pod) || seen.has(uid)) continue;
        seen.add(uid);
        const workload = workloadKey({ ...owner, namespace });
        found.set(workload, [...(found.get(workload) ?? []), pod]);
      }
    }),
  );
  return found;
}

/** Collects, for workloads that did not get ready, what their pods, events and proxies say. By `workloadKey`. */
export async function diagnose(
  workloads: readonly PlannedWorkload[],
  context: DiagnoseContext,
): Promise<ReadonlyMap<string, Diagnosis>> {
  const unready = await listUnreadyPods(workloads, context);
  const namespaces = [...new Set(workloads.map(({ ref }) => ref.namespace))];
  const events = new Map(
    await Promise.all(
      namespaces.map(async (namespace): Promise<[string, readonly Event[]]> => {
        const list = await optional(context.debug, () =>
          context.client.list<Event>(EVENT, namespace, { fieldSelector: 'type=Warning' }),
        );
        return [namespace, list?.items ?? []];
      }),
    ),
  );
  const diagnoses = await Promise.all(
    workloads.map(async ({ ref }): Promise<[string, Diagnosis]> => {
      const pods = unready.get(workloadKey(ref)) ?? NO_PODS;
      return [workloadKey(ref), await diagnoseOne(ref, pods, events.get(ref.namespace) ?? [], context)];
    }),
  );
  return new Map(diagnoses);
}

async function diagnoseOne(
  ref: WorkloadRef,
  pods: readonly Pod[],
  events: readonly Event[],
  context: DiagnoseContext,
): Promise<Diagnosis> {
  const event = tellingEvent(events, new Set([ref.name, ...pods.map(({ metadata }) => metadata.name)]));
  const [withProxy] = pods.filter(hasStartedProxy);
  const log = withProxy && (await proxyLog(withProxy, ref.namespace, context));
  const envoy = log === undefined ? undefined : findEnvoyReason(log);
  return {
    pods: pods.map((pod) => `${pod.metadata.name}: ${describePod(pod)}`),
    ...(event === undefined ? {} : { event }),
    ...(envoy === undefined ? {} : { envoy }),
  };
}

function hasStartedProxy({ status = {} }: Pod): boolean {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].some(
    ({ name, state, restartCount = 0 }) =>
      name === PROXY_CONTAINER && (state?.running !== undefined || restartCount > 0),
  );
}

function proxyLog(
  { metadata }: Pod,
  namespace: string,
  { client, debug }: DiagnoseContext,
): Promise<string | undefined> {
  return optional(debug, () => client.podLog(namespace, metadata.name, PROXY_CONTAINER, LOG_BYTES));
}

/** Evidence is optional: what may not be read, or is gone meanwhile, is left out of the report. */
async function optional<T>(debug: (line: string) => void, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    debug(`No evidence from ${error instanceof ApiError ? error.path : 'the API server'}: ${String(error)}`);
    return undefined;
  }
}
