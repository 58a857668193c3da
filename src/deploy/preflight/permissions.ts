import { defined } from '../../base/defined.ts';
import { describePermission, type Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import type { Client, Right } from '../../cluster/client.ts';
import { ApiError } from '../../cluster/errors.ts';
import { CONFIG_MAP, ENVOY_FILTER, PLUGINS, POD, type Resource } from '../../cluster/resources.ts';
import { neededKind, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { neededLists } from '../../targets/resolve.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { Observation } from '../observe/snapshot.ts';
import { GARBAGE_RESOURCES, type Garbage, type Plan, type PlannedWorkload, restarts } from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import { probeVerb } from '../probe.ts';
import type { DeployRequest } from '../request.ts';

/**
 * The rights without which a plan cannot be carried out as asked: those of its writes (server-side apply of an object that
 * is not there needs `create` and `patch`), those of the evidence that the policy insists on, and what a run that waits does at its
 * end or when a workload fails: it deletes what is superseded and what a failed revision leaves, and the stuck pods of StatefulSets.
 * With "on-failure: keep" nothing is rolled back, and without waiting nothing is deleted.
 */
export function neededRights(
  plan: Plan,
  policy: Pick<RolloutPolicy, 'wait' | 'verify' | 'probe' | 'onFailure'>,
): Right[] {
  const rights = new Map<string, Right>();
  const add = (resource: Resource, namespace: string, verbs: readonly string[], subresource?: string): void => {
    for (const verb of verbs) {
      const right = { verb, resource, namespace, ...defined({ subresource }) };
      rights.set(describeRight(right), right);
    }
  };
  for (const { namespace, write } of plan.configMaps) if (write) add(CONFIG_MAP, namespace, ['create', 'patch']);
  for (const { carrier, namespace, write } of plan.inserters) {
    if (write) add(resourceOf(carrier), namespace, ['create', 'patch']);
  }
  for (const { ref, observed, patch, adopted } of plan.workloads) {
    if (patch === undefined) continue;
    const kind = targetKind(ref);
    const { resource, verbs } = kind.binding.permissions(kind.resource, observed);
    add(resource, ref.namespace, verbs);
    // What ours takes the place of is taken out once it runs.
    const leaving = adopted.some(({ envoyFilter }) => envoyFilter.namespace === ref.namespace);
    if (leaving && policy.wait) add(ENVOY_FILTER, ref.namespace, ['patch', 'delete']);
  }
  if (!policy.wait) return [...rights.values()];
  for (const right of deletionRights([...plan.garbage, ...madeBy(plan, policy)])) {
    add(right.resource, right.namespace, [right.verb]);
  }
  if (rights.size === 0) return [];
  for (const planned of plan.workloads) {
    if (policy.onFailure !== 'keep' && mayLeaveStuckPods(planned)) add(POD, planned.ref.namespace, ['list', 'delete']);
  }
  const pushing = plan.inserters.filter(({ pushedOver }) => pushedOver !== undefined);
  const proven =
    policy.verify === 'required' ? plan.workloads.map(({ ref }) => ref) : policy.verify === 'off' ? [] : pushing;
  for (const { namespace } of proven) {
    add(POD, namespace, ['list']);
    add(POD, namespace, ['get', 'create'], 'exec');
  }
  if (policy.verify === 'required') {
    // Of a filter that proxies pull, only their logs tell whether Envoy took it.
    for (const { carrier, namespace } of plan.inserters) {
      if (carrier.image !== undefined) add(POD, namespace, ['get'], 'log');
    }
  }
  if (policy.probe !== undefined) {
    for (const { ref } of plan.workloads) {
      add(POD, ref.namespace, ['list']);
      add(POD, ref.namespace, [probeVerb(policy.probe)], 'proxy');
    }
  }
  return [...rights.values()];
}

/**
 * The rights that a request needs for its targets whatever else is found: for the objects of every namespace that is there, and
 * for each workload that is named.
 */
export function rightsOfTargets(
  { filters, wait, onFailure }: Pick<DeployRequest, 'filters' | 'wait' | 'onFailure'>,
  observation: Observation,
): Right[] {
  const { catalogue, pluginKind } = observation;
  const verbs = ['create', 'patch', ...(wait && onFailure !== 'keep' ? ['delete'] : [])];
  return filters.flatMap(({ targets, settings }) => {
    const inserter = settings.image === undefined ? ENVOY_FILTER : PLUGINS[pluginKind];
    return neededLists(targets)
      .filter(({ namespace }) => catalogue.namespaceExists(namespace) !== false)
      .flatMap(({ namespace, kind }) => {
        const { binding, resource } = targetKind({ kind });
        const named = targets.some(
          (entry) => entry.type === 'named' && entry.workload.namespace === namespace && entry.workload.kind === kind,
        );
        return [CONFIG_MAP, inserter]
          .flatMap((resource) => verbs.map((verb) => ({ verb, resource, namespace })))
          .concat(named && !binding.inPlace ? [{ verb: 'patch', resource, namespace }] : []);
      });
  });
}

/** The objects that are new with a plan: what a failed revision leaves once every workload is rolled back from it. */
function madeBy(
  { configMaps, inserters }: Plan,
  { onFailure }: Pick<RolloutPolicy, 'onFailure'>,
): Pick<Garbage, 'kind' | 'namespace'>[] {
  if (onFailure === 'keep') return [];
  return [
    ...configMaps.flatMap(({ namespace, write, exists }) =>
      write && !exists ? [{ kind: 'ConfigMap' as const, namespace }] : [],
    ),
    ...inserters.flatMap(({ namespace, carrier, write, exists }) =>
      write && !exists ? [{ kind: neededKind(carrier), namespace }] : [],
    ),
  ];
}

/** Whether a rollback has to delete pods, because the controller waits for those that do not become ready. */
function mayLeaveStuckPods(planned: PlannedWorkload): boolean {
  const { ref, observed, revisions } = planned;
  return revisions.length > 0 && restarts(planned) && targetKind(ref).stuckPods(observed) === 'waited-for';
}

/** The rights to mark objects as garbage and to delete them. */
export function deletionRights(garbage: readonly Pick<Garbage, 'kind' | 'namespace'>[]): Right[] {
  const places = new Map(garbage.map((one) => [`${one.kind} ${one.namespace}`, one]));
  return [...places.values()].flatMap(({ kind, namespace }) =>
    ['patch', 'delete'].map((verb) => ({ verb, resource: GARBAGE_RESOURCES[kind], namespace })),
  );
}

/** Asks for rights, each once, and gives those that are missing. One that cannot be asked for counts as there: the call itself will tell. */
export async function missingRights(
  wanted: readonly Right[],
  client: Client,
  log: DeployContext['log'],
): Promise<Right[]> {
  const rights = [...new Map(wanted.map((right) => [describeRight(right), right])).values()];
  const answers = await Promise.all(
    rights.map(async (right) => {
      try {
        return await client.allows(right);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        log.debug(`Cannot check whether the kubeconfig user can ${describeRight(right)}: ${error.message}`);
        return true;
      }
    }),
  );
  const missing = rights.filter((_, index) => answers[index] === false);
  return missing.sort((a, b) => describeRight(a).localeCompare(describeRight(b)));
}

/** `patch deployments.apps in namespace "shop"`, `create pods/exec in namespace "shop"`. */
export function describeRight(right: Right): string {
  return describePermission(permissionOf(right));
}

/** A right as a rule of a Role grants it. */
export function permissionOf({ verb, resource, namespace, subresource }: Right): Permission {
  const { group, plural } = resource;
  return { verb, group, resource: subresource === undefined ? plural : `${plural}/${subresource}`, namespace };
}

/** What a right is for, where its verb does not say so; empty where it does. */
function purposeOf({ verb, resource, subresource }: Right): string {
  if (verb !== 'delete' || subresource !== undefined) return '';
  if (resource === POD) return 'A StatefulSet that is rolled back waits for its stuck pods until they are deleted. ';
  return 'Objects of revisions that fail or are superseded are deleted. ';
}

/** A missing right as a problem. */
export function rightProblem(right: Right): Problem {
  return {
    kind: 'permission',
    permission: permissionOf(right),
    message: `The kubeconfig user cannot ${describeRight(right)}.`,
    remedy:
      right.subresource === undefined
        ? `${purposeOf(right)}Grant the permission with a Role and a RoleBinding; nothing was written.`
        : 'Grant the permission, or ask for less evidence with the inputs "verify" and "probe"; nothing was written.',
  };
}
