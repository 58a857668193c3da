import { makeLimiter, mapLimited, pause } from '../../base/concurrency.ts';
import { defined } from '../../base/defined.ts';
import { append } from '../../base/lists.ts';
import { describePermission } from '../../base/permission.ts';
import { messageOf } from '../../base/problem.ts';
import { listWords } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import type { Client } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import { missingPermission } from '../../cluster/missing-permission.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { isPluginKind, POD } from '../../cluster/resources.ts';
import { GARBAGE_ANNOTATION, podLabel } from '../../mesh/identity/names.ts';
import { revisionOn } from '../../mesh/template/template.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { listIfInstalled, ownerOf, targetKind, targetKinds } from '../kinds/kinds.ts';
import { listPlugins } from '../kinds/plugins.ts';
import type { ObservedWorkload } from '../observe/snapshot.ts';
import { GARBAGE_RESOURCES, type Garbage } from '../plan/plan.ts';
import { cleanupPermissions, missingPermissions } from '../preflight/permissions.ts';
import type { Collected, Left } from '../report/report.ts';
import { unmark } from './objects.ts';
import { PARALLEL_WRITES } from './workload.ts';

/** How long pods that are ending may take before what they name is left to the next run, in milliseconds. */
const ENDING_MS = 45_000;
const POLL_MS = 1_000;
const CANCELLED = 'the run was cancelled';

/** What keeps an object. */
type Keeper = Omit<Left, 'object'>;

/** An object that is marked, on the condition that nobody has touched it since. */
interface Marked {
  readonly garbage: Garbage;
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
}

/**
 * Deletes objects of revisions that no pod template and no pod names. Each is marked first, then everything is looked at, then it
 * is deleted on the condition that it is as it was marked: a run that begins to use the revision in between either is seen, or
 * sees the mark and takes it away. Where a permission is missing, nothing is marked. Never throws; what stays is told with the
 * reason.
 */
export async function collectGarbage(
  garbage: readonly Garbage[],
  run: string,
  context: DeployContext,
): Promise<Collected> {
  const namespaces = [...new Set(garbage.map(({ namespace }) => namespace))];
  const limit = makeLimiter(PARALLEL_WRITES);
  const parts = await mapLimited(namespaces, PARALLEL_WRITES, (namespace) =>
    collectIn(
      namespace,
      garbage.filter((object) => object.namespace === namespace),
      (object) => limit(() => mark(object, run, context.client)),
      context,
    ),
  );
  return { deleted: parts.flatMap(({ deleted }) => deleted), left: parts.flatMap(({ left }) => left) };
}

/** The same in one namespace; `marking` marks an object when it is its turn. */
async function collectIn(
  namespace: string,
  garbage: readonly Garbage[],
  marking: (object: Garbage) => ReturnType<typeof mark>,
  context: DeployContext,
): Promise<Collected> {
  const deleted: string[] = [];
  const left: Left[] = [];
  const leave = (why: string, permissions: Pick<Left, 'missing'> = {}): void => {
    const reported = new Set([...deleted, ...left.map(({ object }) => object)]);
    const open = garbage.map(nameOf).filter((object) => !reported.has(object));
    append(
      left,
      open.map((object) => ({ object, why, ...permissions })),
    );
  };
  try {
    if (context.signal.aborted) {
      leave(CANCELLED);
      return { deleted, left };
    }
    const missing = (await missingPermissions(cleanupPermissions(garbage), context.client, context.log)).map(
      permissionOf,
    );
    if (missing.length > 0) {
      leave(`the kubeconfig user cannot ${listWords(missing.map(describePermission), 'and')}`, { missing });
      return { deleted, left };
    }
    const marked = await Promise.all(garbage.map(marking));
    const named = await namedOnceEnded(namespace, garbage, context);
    if (context.signal.aborted) {
      leave(CANCELLED);
      return { deleted, left };
    }
    for (const one of marked) {
      if (one === undefined) continue;
      const keeper = named.get(`${one.garbage.filter} ${one.garbage.revision}`);
      if (keeper !== undefined) {
        await unmark(GARBAGE_RESOURCES[one.garbage.kind], namespace, one.garbage.name, context.client);
        left.push({ object: nameOf(one.garbage), ...keeper });
      } else if (await remove(one, context.client)) {
        deleted.push(nameOf(one.garbage));
      }
    }
  } catch (error) {
    if (!isApiError(error, 403)) leave(messageOf(error));
    else {
      const refusal = missingPermission(error.message);
      leave(`the kubeconfig user cannot ${error.verb} what is needed (${error.message})`, {
        ...(refusal !== undefined && { missing: [refusal.permission] }),
      });
    }
  }
  return { deleted, left };
}

/** The object is `shop/add-header-0123456789`, with its kind. */
export function nameOf({ kind, namespace, name }: Pick<Garbage, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace}/${name}`;
}

async function mark(garbage: Garbage, run: string, client: Client): Promise<Marked | undefined> {
  try {
    const { object } = await client.mergePatch<KubernetesObject>(
      GARBAGE_RESOURCES[garbage.kind],
      garbage.namespace,
      garbage.name,
      {
        metadata: { annotations: { [GARBAGE_ANNOTATION]: run } },
      },
    );
    const { uid, resourceVersion } = object.metadata;
    return {
      garbage,
      preconditions: {
        ...defined({ uid, resourceVersion }),
      },
    };
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

async function remove({ garbage, preconditions }: Marked, client: Client): Promise<boolean> {
  try {
    await client.delete(GARBAGE_RESOURCES[garbage.kind], garbage.namespace, garbage.name, preconditions);
    return true;
  } catch (error) {
    // Somebody has taken it into use again.
    if (isApiError(error, 409)) return false;
    throw error;
  }
}

/** What names each revision (`filter id`), once pods that are ending have had their time. */
async function namedOnceEnded(
  namespace: string,
  garbage: readonly Garbage[],
  context: DeployContext,
): Promise<ReadonlyMap<string, Keeper>> {
  const started = context.now();
  for (;;) {
    const { named, ending } = await lookFor(namespace, garbage, context.client);
    const maxMs = Math.min(ENDING_MS, context.client.mayWaitMs);
    if (!ending || context.signal.aborted || context.now() - started >= maxMs) return named;
    await pause(POLL_MS, context.signal);
  }
}

async function lookFor(
  namespace: string,
  garbage: readonly Garbage[],
  client: Client,
): Promise<{ named: Map<string, Keeper>; ending: boolean }> {
  const named = new Map<string, Keeper>();
  const filters = [...new Set(garbage.map(({ filter }) => filter))];
  const isGarbage = new Set(garbage.map(({ filter, revision }) => `${filter} ${revision}`));
  let ending = false;
  const [pods, candidates] = await Promise.all([
    Promise.all(
      filters.map(async (filter) => {
        const { items } = await client.listMetadata(POD, namespace, { labelSelector: podLabel(filter) });
        return items.map((pod) => ({ filter, pod }));
      }),
    ),
    listCandidates(garbage, namespace, client),
  ]);
  const retiring = new Set(candidates.filter(retiresPods).map(({ ref }) => workloadKey(ref)));
  for (const { filter, pod } of pods.flat()) {
    const key = `${filter} ${pod.metadata.labels?.[podLabel(filter)]}`;
    if (!isGarbage.has(key)) continue;
    const isEnding = pod.metadata.deletionTimestamp !== undefined;
    const { name } = pod.metadata;
    const owner = ownerOf(pod);
    const runOn = owner === undefined ? {} : { runOn: { ...owner, namespace } };
    const retires = owner !== undefined && retiring.has(workloadKey({ ...owner, namespace }));
    named.set(key, keeperOf(name, isEnding ? 'ending' : retires ? 'retiring' : 'running', runOn));
    ending ||= isEnding || retires;
  }
  for (const { ref, workload } of candidates) {
    for (const filter of filters) {
      const key = `${filter} ${revisionOn(workload, filter)}`;
      const where = targetKind(ref).binding.inPlace ? '' : ' in its pod template';
      if (isGarbage.has(key)) named.set(key, { why: `${ref.kind} ${ref.name} has it${where}` });
    }
  }
  return { named, ending };
}

/** What a pod that runs a revision says of its objects. */
function keeperOf(pod: string, state: 'ending' | 'retiring' | 'running', runOn: Pick<Left, 'runOn'>): Keeper {
  switch (state) {
    case 'ending':
      return { why: `the pod ${pod} is still terminating` };
    case 'retiring':
      return { why: `the old pod ${pod} runs it until its scale-down delay is over` };
    case 'running':
      return { why: `the pod ${pod} runs it`, runBy: pod, ...runOn };
  }
}

/** Whether the controller of a workload still has to end old pods of a rollout that is done. */
function retiresPods({ ref, workload }: ObservedWorkload): boolean {
  return targetKind(ref).retiresPods?.(workload) ?? false;
}

/** The targets of a namespace that may run a filter. Only what proxies pull is brought by plugins that name a target. */
async function listCandidates(
  garbage: readonly Garbage[],
  namespace: string,
  client: Client,
): Promise<ObservedWorkload[]> {
  const kind = garbage.map((one) => one.kind).find(isPluginKind);
  const [items, lists] = await Promise.all([
    kind === undefined ? [] : listPlugins(client, kind, namespace),
    Promise.all(
      targetKinds().map(async (target) => ({
        target,
        listed: target.binding.inPlace ? undefined : await listIfInstalled(client, target, namespace),
      })),
    ),
  ]);
  // What has the pod template of another target is listed as what it is itself.
  const around = { plugins: { items, kind: kind ?? ('WasmPlugin' as const) }, templateSources: [] };
  return lists.flatMap(({ target: { binding, resource }, listed }) =>
    binding.candidates(namespace, listed, around).map((workload) => ({
      ref: { kind: resource.kind, namespace, name: workload.metadata.name },
      workload,
    })),
  );
}
