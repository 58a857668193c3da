import { describePermission, type Permission } from '../../base/permission.ts';
import type { Problem } from '../../base/problem.ts';
import { count, listWords } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import { ApiError } from '../../cluster/errors.ts';
import type { Pod } from '../../cluster/objects.ts';
import { POD } from '../../cluster/resources.ts';
import { podLabel } from '../../mesh/identity/names.ts';
import type { DeployContext } from '../context.ts';
import { ownerOf, targetKind } from '../kinds/kinds.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import type { FilterInNamespace } from '../plan/garbage.ts';

const MAX_NAMED = 3;

/**
 * Returns the missing permissions to list workloads whose pods run a filter that is to go from every workload of its namespace: a
 * removal would leave it there. None where pods may not be listed either: then nobody knows.
 */
export async function hiddenRunners(
  places: readonly FilterInNamespace[],
  snapshot: ClusterSnapshot,
  context: Pick<DeployContext, 'client' | 'log'>,
): Promise<Problem[]> {
  const unclear = places.filter(({ namespace }) => !snapshot.isComplete(namespace));
  const found = await Promise.all(unclear.map((place) => hiddenIn(place, snapshot, context)));
  return found.flat();
}

async function hiddenIn(
  place: FilterInNamespace,
  snapshot: ClusterSnapshot,
  context: Pick<DeployContext, 'client' | 'log'>,
): Promise<Problem[]> {
  const owners = (await runningPods(place, context)).flatMap((pod) => ownerOf(pod) ?? []);
  const { namespace } = place;
  const hidden = owners.filter(({ kind }) => snapshot.workloadIndex.list({ kind, namespace }) === undefined);
  return [...Map.groupBy(hidden, ({ kind }) => kind)].map(([kind, ofKind]) => {
    const { resource } = targetKind({ kind });
    const permission = permissionOf({ verb: 'list', resource, namespace });
    const names = [...new Set(ofKind.map(({ name }) => `${kind} ${name}`))];
    return hiddenProblem(place, permission, ofKind.length, names);
  });
}

function hiddenProblem(
  { namespace, filter }: FilterInNamespace,
  permission: Permission,
  pods: number,
  workloads: readonly string[],
): Problem {
  const [run, belong] = pods === 1 ? ['runs', 'it belongs'] : ['run', 'they belong'];
  const note = `${count(pods, 'pod')} in namespace "${namespace}" still ${run} ${filter}; ${belong} to ${listWords(workloads, 'and', MAX_NAMED)}, which this user may not read.`;
  return {
    kind: 'permission',
    permission,
    message: `The kubeconfig user cannot ${describePermission(permission)}. ${note}`,
    remedy:
      'Grant the permission with a Role and a RoleBinding, or name the workloads to remove the filter from as targets.',
    permissionNote: note,
  };
}

/** The pods of a filter that stay; none where they may not be listed. */
async function runningPods(
  { namespace, filter }: FilterInNamespace,
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<readonly Pod[]> {
  try {
    const { items } = await client.listMetadata(POD, namespace, { labelSelector: podLabel(filter) });
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.debug(`Which pods run ${filter} in ${namespace} is not known: ${error.message}`);
    return [];
  }
}
