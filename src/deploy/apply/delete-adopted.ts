import { pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { type Json, sameJson } from '../../base/json.ts';
import { type Fault, faulty, messageOf, ok, type Result } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import type { WarningList } from '../../base/warning.ts';
import { isApiError } from '../../cluster/errors.ts';
import type { KubernetesObject, Pod } from '../../cluster/objects.ts';
import { ENVOY_FILTER, POD } from '../../cluster/resources.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { resourceOf } from '../../mesh/objects/filter-resource.ts';
import { describeSource } from '../../mesh/unmanaged/adoption-choice.ts';
import { remainingPatches } from '../../mesh/unmanaged/adoption-limits.ts';
import { type UnmanagedFilter, unmanagedKey } from '../../mesh/unmanaged/unmanaged.ts';
import type { DeployContext } from '../context.ts';
import { keepAdmission } from '../kinds/admission-warnings.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import { type AdoptedEnvoyFilter, adoptedEnvoyFilters, shortList, staysFor } from '../plan/adopted-envoy-filters.ts';
import type { Plan } from '../plan/plan.ts';
import type { WriteContext } from './workload.ts';
import { isConflict } from './write-problem.ts';

/** How long pods that run an adopted filter may take to end, in milliseconds. */
const ENDING_MS = 60_000;
const POLL_MS = 1_000;
/** Others write EnvoyFilters seldom. */
const CONFLICT_TRIES = 5;
const CONFLICT_PAUSE_MS = 50;

/** What was taken out, and how it was before. */
interface TakenOut {
  readonly before: EnvoyFilter;
  /** What is left of it; `undefined` if it was deleted. */
  readonly after: EnvoyFilter | undefined;
}

/**
 * Takes out of others' EnvoyFilters what ours runs in the place of; one that nothing is left of is deleted. While both were there,
 * our EnvoyFilter took the other's filter out of the pods that carry ours, so each pod had exactly one of them at any time; pods that
 * are ending have it to their end. What still serves others stays, and ours keeps taking it out; ConfigMaps of others are never
 * deleted, but named. If our own EnvoyFilter cannot be brought to its plain form afterwards, everything is put back to the letter.
 * Gives what was deleted. Never throws.
 */
export async function deleteAdopted(
  plan: Plan,
  snapshot: ClusterSnapshot,
  context: DeployContext,
  { warnings }: WriteContext,
): Promise<string[]> {
  const { log, signal } = context;
  const deleted: string[] = [];
  const gone = new Set<string>();
  for (const adopted of adoptedEnvoyFilters(plan, snapshot)) {
    if (signal.aborted) break;
    const { ref, filters, taken, configMaps } = adopted;
    const called = describeSource(ref);
    const warn = (text: string): void => warnings.add({ topic: 'Adopted filter', subject: called, text });
    for (const one of filters) if (one.others.length > 0) warnings.add(staysFor(one));
    if (taken.length === 0) continue;
    try {
      const running = await lastPods(adopted, context);
      if (signal.aborted) break;
      if (running.length > 0) {
        warn(`${called} still runs in ${shortList(running)} and was left there for the next run.`);
        continue;
      }
      const done = await takeOut(adopted, context);
      if (!done.ok) {
        warn(`${called} ${done.fault}; it was left as it is, and has no effect on the adopted workloads.`);
        continue;
      }
      const what = listWords(
        taken.map(({ httpFilter }) => `"${httpFilter}"`),
        'and',
      );
      try {
        for (const one of taken) gone.add(unmanagedKey(one));
        await writeWithout(plan, gone, context, warnings);
      } catch (error) {
        await undoRemoval(done.value, context);
        for (const one of taken) gone.delete(unmanagedKey(one));
        warn(
          `${called} was put back as it was: the EnvoyFilter of this action could not be written (${messageOf(error)}).`,
        );
        continue;
      }
      if (done.value.after === undefined) deleted.push(called);
      log.info(
        `${called}: ${done.value.after === undefined ? 'deleted' : `${what} removed, the rest stays`}; the filter of this action runs in its place.`,
      );
      for (const configMap of configMaps) {
        warn(
          `ConfigMap ${ref.namespace}/${configMap} held the file of ${what}, which the adopted workloads no longer use; delete it once nothing else does.`,
        );
      }
    } catch (error) {
      warn(
        `${called} could not be changed (${messageOf(error)}). What was taken over has no effect on the adopted workloads.`,
      );
    }
  }
  return deleted;
}

/** The pods that run it once those that are ending have had their time; none where pods may not be listed. */
async function lastPods(
  { ref: { namespace }, runsIn }: AdoptedEnvoyFilter,
  { client, now, signal }: DeployContext,
): Promise<readonly string[]> {
  const started = now();
  for (;;) {
    const pods = await listPods(client, namespace);
    const running = pods.filter(runsIn).map(({ metadata }) => metadata.name);
    if (running.length === 0 || signal.aborted || now() - started >= Math.min(ENDING_MS, client.mayWaitMs))
      return running;
    await pause(POLL_MS, signal);
  }
}

async function listPods(client: DeployContext['client'], namespace: string): Promise<readonly Pod[]> {
  try {
    return (await client.list<Pod>(POD, namespace)).items;
  } catch (error) {
    if (isApiError(error, 403)) return [];
    throw error;
  }
}

/**
 * Takes the adopted patches out of an EnvoyFilter as it is now, on the condition that it still is when the write arrives; what
 * others have changed meanwhile stays. At fault where that is not safe any more.
 */
async function takeOut(
  { ref: { namespace, name }, observed, taken }: AdoptedEnvoyFilter,
  { client, signal }: DeployContext,
): Promise<Result<TakenOut, Fault>> {
  let current = observed;
  for (let attempt = 1; ; attempt++) {
    const keeps = withoutTaken(current, taken);
    if (keeps === undefined) return faulty('was modified by another client since this run read it');
    if (!sameJson(withoutPatches(current), withoutPatches(observed)))
      return faulty('selects other pods than when this run read it');
    try {
      return ok({ before: current, after: await write(current, keeps) });
    } catch (error) {
      if (!isConflict(error) || attempt === CONFLICT_TRIES) throw error;
    }
    await pause(CONFLICT_PAUSE_MS * attempt, signal);
    if (signal.aborted) return faulty('was not changed, because the run was cancelled');
    try {
      current = await client.get<EnvoyFilter>(ENVOY_FILTER, namespace, name);
    } catch (error) {
      if (isApiError(error, 404)) return faulty('was deleted by another client during the run');
      throw error;
    }
  }

  async function write({ metadata }: EnvoyFilter, keeps: readonly Json[]): Promise<EnvoyFilter | undefined> {
    const { uid, resourceVersion } = metadata;
    const version = resourceVersion === undefined ? {} : { resourceVersion };
    if (keeps.length === 0) {
      await client.delete(ENVOY_FILTER, namespace, name, { ...defined({ uid }), ...version });
      return undefined;
    }
    const patch = { metadata: version, spec: { configPatches: keeps } };
    return (await client.mergePatch<EnvoyFilter>(ENVOY_FILTER, namespace, name, patch)).object;
  }
}

/** What of an EnvoyFilter says which pods it is for, and when it is applied. */
function withoutPatches({ spec: { configPatches: _, ...others } }: EnvoyFilter): unknown {
  return others;
}

/** Makes an EnvoyFilter what it was, unless others have changed it since. @throws ApiError */
async function undoRemoval({ before, after }: TakenOut, { client }: DeployContext): Promise<void> {
  const { name, namespace = '', labels, annotations, ownerReferences } = before.metadata;
  if (after !== undefined) {
    const { resourceVersion } = after.metadata;
    const metadata = resourceVersion === undefined ? {} : { resourceVersion };
    await client.mergePatch(ENVOY_FILTER, namespace, name, {
      metadata,
      spec: { configPatches: before.spec.configPatches },
    });
    return;
  }
  const metadata = {
    name,
    namespace,
    ...defined({ labels, annotations, ownerReferences }),
  };
  await client.apply<KubernetesObject>(ENVOY_FILTER, namespace, { metadata, spec: before.spec } as KubernetesObject);
}

/** Brings our EnvoyFilters to the form that they have where there is nothing of these filters to take out. @throws ApiError */
async function writeWithout(
  { filterResources }: Plan,
  gone: ReadonlySet<string>,
  { client }: DeployContext,
  warnings: WarningList,
): Promise<void> {
  for (const { namespace, podRevision, replaced, render } of filterResources) {
    if (!replaced.some((filter) => gone.has(unmanagedKey(filter)))) continue;
    const plain = render(gone);
    const written = await client.apply<KubernetesObject>(resourceOf(podRevision), namespace, plain, { force: true });
    keepAdmission(written.warnings, warnings);
  }
}

/**
 * What is left of an EnvoyFilter as it is now, others' changes included; `undefined` if an adopted patch is not in it any more.
 */
function withoutTaken(current: EnvoyFilter, taken: readonly UnmanagedFilter[]): readonly Json[] | undefined {
  const patches = Array.isArray(current.spec.configPatches) ? current.spec.configPatches : [];
  const all = taken.flatMap((filter) => filter.patches);
  const whole = all.every((patch) => patches.some((one: Json) => sameJson(one, patch)));
  return whole ? remainingPatches(current, taken) : undefined;
}
