import { describePermission, type Permission } from '../../base/permission.ts';
import { listWords } from '../../base/text.ts';
import { permissionOf } from '../../cluster/access.ts';
import { nameOf } from '../apply/collect-garbage.ts';
import type { DeployContext } from '../context.ts';
import type { Garbage } from '../plan/plan.ts';
import { cleanupPermissions, missingPermissions } from '../preflight/permissions.ts';
import type { Left } from '../report/report.ts';

const MAX_NAMED = 3;

/**
 * Returns what stays of a removal because nobody saw whether something else uses it, with the reason, and all the permissions without
 * which no run can delete it: `missingToSee`, and those to delete it then. @throws what the client throws for no answer
 */
export async function leaveUnclear(
  unclear: readonly Garbage[],
  missingToSee: readonly Permission[],
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<readonly Left[]> {
  const lacking = (await missingPermissions(cleanupPermissions(unclear), client, log)).map(permissionOf);
  return unclear.map((garbage) => {
    const isHere = ({ namespace }: Permission): boolean => namespace === undefined || namespace === garbage.namespace;
    const toSee = missingToSee.filter(isHere);
    const why =
      toSee.length === 0
        ? 'the API server does not show every kind of workload to the kubeconfig user, so no run can tell whether another one uses it'
        : `the kubeconfig user cannot ${listWords(toSee.map(describePermission), 'and', MAX_NAMED)}, so no run can tell whether another workload uses it`;
    const missing = [...toSee, ...lacking.filter(isHere)];
    return { object: nameOf(garbage), why, ...(missing.length > 0 && { missing }) };
  });
}
