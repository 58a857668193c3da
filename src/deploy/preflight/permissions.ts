import { defined } from '../../base/defined.ts';
import { describePermission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { permissionOf } from '../../cluster/access.ts';
import type { AccessRequest, Client } from '../../cluster/client.ts';
import { ApiError } from '../../cluster/errors.ts';
import { CONFIG_MAP, ENVOY_FILTER, PLUGINS, POD, type Resource } from '../../cluster/resources.ts';
import { kindFor, resourceOf } from '../../mesh/objects/filter-resource.ts';
import { neededLists } from '../../targets/resolve.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import {
  changesPods,
  GARBAGE_RESOURCES,
  type Garbage,
  type Plan,
  type PlannedWorkload,
  restarts,
} from '../plan/plan.ts';
import type { RolloutPolicy } from '../policy.ts';
import { probeVerb } from '../probe.ts';
import type { DeployRequest } from '../request.ts';

/**
 * The permissions without which a plan cannot be carried out as asked: those of its writes (server-side apply of an object that
 * is not there needs `create` and `patch`), those of the evidence that the policy insists on, and what a run that waits does at
 * its end or when a workload fails: it deletes what is superseded and what a failed revision leaves, and the stuck pods of
 * StatefulSets. With "on-failure: keep" nothing is rolled back, and without waiting nothing is deleted.
 */
export function requiredPermissions(
  plan: Plan,
  policy: Pick<RolloutPolicy, 'wait' | 'verify' | 'scout' | 'probe' | 'onFailure'>,
): AccessRequest[] {
  const permissions = new Map<string, AccessRequest>();
  const add = (resource: Resource, namespace: string, verbs: readonly string[], subresource?: string): void => {
    for (const verb of verbs) {
      const permission = { verb, resource, namespace, ...defined({ subresource }) };
      permissions.set(describeAccess(permission), permission);
    }
  };
  for (const { namespace, write } of plan.configMaps) if (write) add(CONFIG_MAP, namespace, ['create', 'patch']);
  for (const { podRevision, namespace, write } of plan.filterResources) {
    if (write) add(resourceOf(podRevision), namespace, ['create', 'patch']);
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
  if (!policy.wait) return [...permissions.values()];
  for (const permission of deletionPermissions([...plan.garbage, ...madeBy(plan, policy)])) {
    add(permission.resource, permission.namespace, [permission.verb]);
  }
  if (permissions.size === 0) return [];
  for (const planned of plan.workloads) {
    if (policy.onFailure !== 'keep' && mayLeaveStuckPods(planned)) add(POD, planned.ref.namespace, ['list', 'delete']);
  }
  const pushing = plan.filterResources.filter(({ pushedOver }) => pushedOver !== undefined);
  const verified =
    policy.verify === 'required' ? plan.workloads.map(({ ref }) => ref) : policy.verify === 'off' ? [] : pushing;
  for (const { namespace } of verified) {
    add(POD, namespace, ['list']);
    add(POD, namespace, ['get', 'create'], 'exec');
  }
  if (policy.scout === 'required') {
    for (const planned of plan.workloads) {
      if (changesPods(planned) && planned.revisions.length > 0) add(POD, planned.ref.namespace, SCOUT_VERBS);
    }
    for (const { namespace } of pushing) add(POD, namespace, SCOUT_VERBS);
  }
  if (policy.verify === 'required') {
    // Of a filter that proxies pull, only their logs tell whether Envoy took it.
    for (const { podRevision, namespace } of plan.filterResources) {
      if (podRevision.image !== undefined) add(POD, namespace, ['get'], 'log');
    }
  }
  if (policy.probe !== undefined) {
    for (const { ref } of plan.workloads) {
      add(POD, ref.namespace, ['list']);
      add(POD, ref.namespace, [probeVerb(policy.probe)], 'proxy');
    }
  }
  return [...permissions.values()];
}

/** What a scout takes: it is made, followed and deleted. */
export const SCOUT_VERBS: readonly string[] = ['create', 'list', 'watch', 'delete'];

/**
 * The permissions that a request needs for its targets whatever else is found: for the objects of every namespace that is there,
 * and for each workload that is named.
 */
export function targetPermissions(
  { filters, wait, onFailure }: Pick<DeployRequest, 'filters' | 'wait' | 'onFailure'>,
  snapshot: ClusterSnapshot,
): AccessRequest[] {
  const { workloadIndex, pluginKind } = snapshot;
  const verbs = ['create', 'patch', ...(wait && onFailure !== 'keep' ? ['delete'] : [])];
  return filters.flatMap(({ targets, settings }) => {
    const filterResource = settings.image === undefined ? ENVOY_FILTER : PLUGINS[pluginKind];
    return neededLists(targets)
      .filter(({ namespace }) => workloadIndex.namespaceState(namespace) !== 'missing')
      .flatMap(({ namespace, kind }) => {
        const { binding, resource } = targetKind({ kind });
        const named = targets.some(
          (entry) => entry.type === 'named' && entry.workload.namespace === namespace && entry.workload.kind === kind,
        );
        return [CONFIG_MAP, filterResource]
          .flatMap((resource) => verbs.map((verb) => ({ verb, resource, namespace })))
          .concat(named && !binding.inPlace ? [{ verb: 'patch', resource, namespace }] : []);
      });
  });
}

/** The objects that are new with a plan: what a failed revision leaves once every workload is rolled back from it. */
function madeBy(
  { configMaps, filterResources }: Plan,
  { onFailure }: Pick<RolloutPolicy, 'onFailure'>,
): Pick<Garbage, 'kind' | 'namespace'>[] {
  if (onFailure === 'keep') return [];
  return [
    ...configMaps.flatMap(({ namespace, write, exists }) =>
      write && !exists ? [{ kind: 'ConfigMap' as const, namespace }] : [],
    ),
    ...filterResources.flatMap(({ namespace, podRevision, write, exists }) =>
      write && !exists ? [{ kind: kindFor(podRevision), namespace }] : [],
    ),
  ];
}

/** Whether a rollback has to delete pods, because the controller waits for those that do not become ready. */
function mayLeaveStuckPods(planned: PlannedWorkload): boolean {
  const { ref, observed, revisions } = planned;
  return revisions.length > 0 && restarts(planned) && targetKind(ref).stuckPods(observed) === 'waited-for';
}

/** The permissions to mark objects as garbage and to delete them. */
function deletionPermissions(garbage: readonly Pick<Garbage, 'kind' | 'namespace'>[]): AccessRequest[] {
  const places = new Map(garbage.map((one) => [`${one.kind} ${one.namespace}`, one]));
  return [...places.values()].flatMap(({ kind, namespace }) =>
    ['patch', 'delete'].map((verb) => ({ verb, resource: GARBAGE_RESOURCES[kind], namespace })),
  );
}

/** The permissions to delete objects once it is seen that no pod uses them. */
export function cleanupPermissions(garbage: readonly Pick<Garbage, 'kind' | 'namespace'>[]): AccessRequest[] {
  const namespaces = [...new Set(garbage.map(({ namespace }) => namespace))];
  const toSee = namespaces.map((namespace) => ({ verb: 'list', resource: POD, namespace }));
  return [...deletionPermissions(garbage), ...toSee];
}

/**
 * Asks for permissions, each once, and gives those that are missing. One that cannot be asked for counts as there: the call
 * itself will tell.
 */
export async function missingPermissions(
  wanted: readonly AccessRequest[],
  client: Client,
  log: DeployContext['log'],
): Promise<AccessRequest[]> {
  const permissions = [...new Map(wanted.map((permission) => [describeAccess(permission), permission])).values()];
  const answers = await Promise.all(
    permissions.map(async (permission) => {
      try {
        return await client.isAllowed(permission);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        log.debug(`Cannot check whether the kubeconfig user can ${describeAccess(permission)}: ${error.message}`);
        return true;
      }
    }),
  );
  const missing = permissions.filter((_, index) => answers[index] === false);
  return missing.sort((a, b) => describeAccess(a).localeCompare(describeAccess(b)));
}

/**
 * Whether an account only reads: of the permissions that a plan needs, it has none of those that write an object. That is how a plan is
 * made where others may start it, such as in a pull request, so its account is not to be given more.
 */
export function onlyReads(needed: readonly AccessRequest[], missing: readonly AccessRequest[]): boolean {
  const lacking = new Set(missing.map(describeAccess));
  const writes = needed.filter(({ verb, subresource }) => WRITING.has(verb) && subresource === undefined);
  return writes.length > 0 && writes.every((permission) => lacking.has(describeAccess(permission)));
}

const WRITING: ReadonlySet<string> = new Set(['create', 'patch', 'delete']);

/** `patch deployments.apps in namespace "shop"`, `create pods/exec in namespace "shop"`. */
export function describeAccess(permission: AccessRequest): string {
  return describePermission(permissionOf(permission));
}

/**
 * What a permission is for, where its verb does not say so, or what does without it; `undefined` where there is nothing to say.
 * Only "probe" needs `pods/proxy`, and only verification another subresource.
 */
function noteOf({ verb, resource, subresource }: AccessRequest): string | undefined {
  if (subresource === 'proxy') return 'Without "probe", no pod is sent a request.';
  if (subresource !== undefined) return `With "verify: auto", a run works without ${resource.plural}/${subresource}.`;
  if (verb !== 'delete') return undefined;
  if (resource === POD) return 'Deleting pods is needed for those that a StatefulSet waits for when it is rolled back.';
  return 'Deleting is needed for objects of revisions that failed or were superseded.';
}

/** A missing permission as a problem; `user` is who lacks it, omitted where nobody knows. */
export function permissionProblem(permission: AccessRequest, user?: string): Problem {
  const note = noteOf(permission);
  return {
    kind: 'permission',
    permission: permissionOf(permission),
    message: `The kubeconfig user cannot ${describeAccess(permission)}.`,
    remedy: ['Grant the permission with a Role and a RoleBinding.', note ?? []].flat().join(' '),
    ...defined({ permissionNote: note, user }),
  };
}

/** Returns who lacks permissions, by the name that the API server gives; `undefined` where none is missing, or it does not tell. */
export async function userLacking(
  missing: readonly unknown[],
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<string | undefined> {
  if (missing.length === 0) return undefined;
  try {
    return await client.userName();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.debug(`Who the kubeconfig user is cannot be seen: ${error.message}`);
    return undefined;
  }
}
