import type { Problem } from '../base/problem.ts';
import type { Client, Right } from '../cluster/client.ts';
import { ApiError } from '../cluster/errors.ts';
import {
  CONFIG_MAP,
  ENVOY_FILTER,
  PLUGINS,
  POD,
  type Resource,
  resourceName,
  WORKLOADS,
} from '../cluster/resources.ts';
import { isGatewayView } from '../mesh/gateway-view.ts';
import { resourceOf } from '../mesh/inserter.ts';
import { neededLists } from '../targets/resolve.ts';
import type { DeployContext } from './context.ts';
import type { Observation } from './observe.ts';
import { GARBAGE_RESOURCES, type Garbage, type Plan } from './plan.ts';
import type { RolloutPolicy } from './policy.ts';
import { probeVerb } from './probe.ts';
import type { DeployRequest } from './request.ts';

/**
 * The rights without which a plan cannot be carried out as asked: those of its writes (server-side apply of an object that
 * is not there needs `create` and `patch`), and those of the evidence that the policy insists on. Taking a workload back needs
 * no more than patching it.
 */
export function neededRights(plan: Plan, policy: Pick<RolloutPolicy, 'wait' | 'verify' | 'probe'>): Right[] {
  const rights = new Map<string, Right>();
  const add = (resource: Resource, namespace: string, verbs: readonly string[], subresource?: string): void => {
    for (const verb of verbs) {
      const right = { verb, resource, namespace, ...(subresource === undefined ? {} : { subresource }) };
      rights.set(describeRight(right), right);
    }
  };
  for (const { namespace, write } of plan.configMaps) if (write) add(CONFIG_MAP, namespace, ['create', 'patch']);
  for (const { carrier, namespace, write } of plan.inserters) {
    if (write) add(resourceOf(carrier), namespace, ['create', 'patch']);
  }
  for (const { ref, observed, patch, adopted } of plan.workloads) {
    if (patch === undefined) continue;
    // Taking a Gateway back may mean to delete what was made.
    if (isGatewayView(observed)) add(PLUGINS[observed.pluginKind], ref.namespace, ['create', 'patch', 'delete']);
    else add(WORKLOADS[ref.kind], ref.namespace, ['patch']);
    // What ours takes the place of is taken out once it runs.
    const leaving = adopted.some(({ envoyFilter }) => envoyFilter.namespace === ref.namespace);
    if (leaving && policy.wait) add(ENVOY_FILTER, ref.namespace, ['patch', 'delete']);
  }
  if (!policy.wait || rights.size === 0) return [...rights.values()];
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
export function rightsOfTargets({ filters }: Pick<DeployRequest, 'filters'>, observation: Observation): Right[] {
  const { catalogue, pluginKind } = observation;
  return filters.flatMap(({ targets, settings }) => {
    const inserter = settings.image === undefined ? ENVOY_FILTER : PLUGINS[pluginKind];
    return neededLists(targets)
      .filter(({ namespace }) => catalogue.namespaceExists(namespace) !== false)
      .flatMap(({ namespace, kind }) => {
        const named = targets.some(
          (entry) => entry.type === 'named' && entry.workload.namespace === namespace && entry.workload.kind === kind,
        );
        return [CONFIG_MAP, inserter]
          .flatMap((resource) => ['create', 'patch'].map((verb) => ({ verb, resource, namespace })))
          .concat(named && kind !== 'Gateway' ? [{ verb: 'patch', resource: WORKLOADS[kind], namespace }] : []);
      });
  });
}

/** The rights to mark objects as garbage and to delete them. */
export function deletionRights(garbage: readonly Garbage[]): Right[] {
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
        log.debug(`Cannot ask whether one may ${describeRight(right)}: ${error.message}`);
        return true;
      }
    }),
  );
  const missing = rights.filter((_, index) => answers[index] === false);
  return missing.sort((a, b) => describeRight(a).localeCompare(describeRight(b)));
}

/** `patch deployments.apps in namespace "shop"`, `create pods/exec in namespace "shop"`. */
export function describeRight({ verb, resource, namespace, subresource }: Right): string {
  const name = `${resourceName(resource)}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${name} in namespace "${namespace}"`;
}

/** A missing right as a problem. */
export function rightProblem(right: Right): Problem {
  return {
    kind: 'permission',
    message: `The user of the kubeconfig may not ${describeRight(right)}.`,
    remedy:
      right.subresource === undefined
        ? 'Grant the right with a Role and a RoleBinding; nothing was written.'
        : 'Grant the right, or ask for less evidence with the inputs "verify" and "probe"; nothing was written.',
  };
}
