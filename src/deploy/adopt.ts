import { pause } from '../base/concurrency.ts';
import { sameJson } from '../base/json.ts';
import { messageOf } from '../base/problem.ts';
import { ApiError } from '../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../cluster/objects.ts';
import { ENVOY_FILTER, POD } from '../cluster/resources.ts';
import { selectsTemplate } from '../mesh/hand-made.ts';
import { renderInserter, resourceOf } from '../mesh/inserter.ts';
import { podLabel } from '../mesh/names.ts';
import { workloadKey } from '../targets/target.ts';
import type { DeployContext } from './context.ts';
import type { Observation } from './observe.ts';
import type { Plan } from './plan.ts';
import { keepWarnings, type WriteContext } from './write.ts';

/** How long pods that run the filter made by hand may take to end, in milliseconds. */
const ENDING_MS = 60_000;
const LOOK_MS = 1_000;

/** An EnvoyFilter that was put in by hand and whose workloads ours serves. */
export interface Retired {
  readonly namespace: string;
  readonly name: string;
  /** Other workloads that it still serves, in words: as long as there are any, it stays. */
  readonly others: readonly string[];
  /** What held its files. */
  readonly configMaps: readonly string[];
  /** Whether a pod of the namespace runs it still: it is selected, and carries none of ours in its place. */
  readonly runsIn: (pod: Pod) => boolean;
}

/** What of the things put in by hand has no use once a plan is done. */
export function handMadeToRetire({ workloads }: Pick<Plan, 'workloads'>, observation: Observation): Retired[] {
  const adopted = workloads.flatMap(({ ref, revisions, adopted: found }) =>
    found.map((one) => ({ ref, revisions, ...one })),
  );
  const groups = Map.groupBy(adopted, ({ ref, envoyFilter }) => `${ref.namespace} ${envoyFilter}`);
  return [...groups].flatMap(([key, found]): Retired[] => {
    const [namespace = '', name = ''] = key.split(' ');
    const envoyFilter = observation.foreignEnvoyFilters(namespace).find(({ metadata }) => metadata.name === name);
    if (envoyFilter === undefined) return [];
    const taken = new Set(found.map(({ ref }) => workloadKey(ref)));
    const others = observation
      .workloads(namespace)
      .filter(
        ({ ref, workload }) =>
          !taken.has(workloadKey(ref)) && selectsTemplate(envoyFilter, workload.spec?.template?.metadata?.labels ?? {}),
      );
    return [
      {
        namespace,
        name,
        others: others.map(({ ref }) => `${ref.kind} ${ref.name}`),
        configMaps: [...new Set(found.flatMap(({ configMap }) => configMap ?? []))],
        runsIn: ({ metadata: { labels = {} }, status }) =>
          status?.phase !== 'Succeeded' &&
          status?.phase !== 'Failed' &&
          selectsTemplate(envoyFilter, labels) &&
          !found.some(({ revisions }) =>
            revisions.some(({ carrier }) => labels[podLabel(carrier.filter)] === carrier.id),
          ),
      },
    ];
  });
}

/**
 * Takes away what was put in by hand once ours runs in its place. While both were there, our EnvoyFilter took the other's filter
 * out of the pods that carry ours, so each pod had exactly one of them at any time; pods that are ending have it to their end.
 * An EnvoyFilter that still serves other workloads stays, and ours keeps taking its filter out; ConfigMaps of others are never
 * deleted, but named. Gives what was deleted.
 */
export async function retireHandMade(
  plan: Plan,
  observation: Observation,
  context: DeployContext,
  { warnings }: WriteContext,
): Promise<string[]> {
  const { client, log, signal } = context;
  const deleted: string[] = [];
  for (const retired of handMadeToRetire(plan, observation)) {
    if (signal.aborted) break;
    const { namespace, name, others, configMaps } = retired;
    const called = `EnvoyFilter ${namespace}/${name}`;
    if (others.length > 0) {
      warnings.add(`${called}, made by hand, still serves ${others.join(', ')} and was left there.`);
      continue;
    }
    try {
      const running = await lastPods(retired, context);
      if (signal.aborted) break;
      if (running.length > 0) {
        warnings.add(
          `${called}, made by hand, still runs in ${running.join(', ')} and was left there for the next run.`,
        );
        continue;
      }
      await client.delete(ENVOY_FILTER, namespace, name);
      deleted.push(called);
      log.info(`${called}, made by hand, deleted: ours runs in its place.`);
      await writePlain(plan, namespace, client, warnings);
      for (const configMap of configMaps) {
        warnings.add(
          `ConfigMap ${namespace}/${configMap}, made by hand, is not used by the adopted workloads any more; delete it when nothing else does.`,
        );
      }
    } catch (error) {
      warnings.add(
        `${called}, made by hand, could not be deleted (${messageOf(error)}). It has no effect on the adopted workloads.`,
      );
    }
  }
  return deleted;
}

/** The pods that run it once those that are ending have had their time; none where pods may not be listed. */
async function lastPods(
  { namespace, runsIn }: Retired,
  { client, now, signal }: DeployContext,
): Promise<readonly string[]> {
  const started = now();
  for (;;) {
    const pods = await listPods(client, namespace);
    const running = pods.filter(runsIn).map(({ metadata }) => metadata.name);
    if (running.length === 0 || signal.aborted || now() - started >= ENDING_MS) return running;
    await pause(LOOK_MS, signal);
  }
}

async function listPods(client: DeployContext['client'], namespace: string): Promise<readonly Pod[]> {
  try {
    return (await client.list<Pod>(POD, namespace)).items;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return [];
    throw error;
  }
}

/** Brings our EnvoyFilters to the form that they have without anything to take out. */
async function writePlain(
  { inserters }: Plan,
  namespace: string,
  client: DeployContext['client'],
  warnings: Set<string>,
): Promise<void> {
  for (const planned of inserters.filter((one) => one.namespace === namespace)) {
    const plain = renderInserter(planned.revision, namespace, planned.carrier);
    if (sameJson(plain.spec, planned.render().spec)) continue;
    const written = await client.apply<KubernetesObject>(resourceOf(planned.carrier), namespace, plain, {
      force: true,
    });
    keepWarnings(written.warnings, warnings);
  }
}
