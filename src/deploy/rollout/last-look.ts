import { makeLimiter } from '../../base/concurrency.ts';
import type { Workload } from '../../cluster/objects.ts';
import { type WorkloadRef, workloadKey } from '../../targets/target.ts';
import { PARALLEL_WRITES } from '../apply/workload.ts';
import type { DeployContext } from '../context.ts';
import { targetKind } from '../kinds/kinds.ts';
import { readTarget } from '../kinds/target-access.ts';
import type { PlannedWorkload } from '../plan/plan.ts';

/**
 * Returns workloads as they are now, by `workloadKey`, with one list for each kind and namespace; those that other objects tell what to
 * run are read one by one. What cannot be read, or is not there any more, is left out. Never throws.
 */
export async function lookAt(
  workloads: readonly PlannedWorkload[],
  { client, log }: Pick<DeployContext, 'client' | 'log'>,
): Promise<ReadonlyMap<string, Workload>> {
  const seen = new Map<string, Workload>();
  const limit = makeLimiter(PARALLEL_WRITES);
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await limit(work);
    } catch (error) {
      log.debug(`Looking once more at ${what}: ${String(error)}`);
    }
  };
  const [alone, listed] = [workloads.filter(isReadAlone), workloads.filter((one) => !isReadAlone(one))];
  const lists = Map.groupBy(listed, ({ ref: { namespace, kind } }) => `${namespace}/${kind}`);
  await Promise.all([
    ...alone.map(({ ref, observed }) =>
      attempt(workloadKey(ref), async () => {
        seen.set(workloadKey(ref), await readTarget(client, ref, observed));
      }),
    ),
    ...[...lists].map(([what, [first, ...others]]) =>
      attempt(what, async () => {
        if (first === undefined) return;
        const wanted = new Map([first, ...others].map(({ ref }): [string, WorkloadRef] => [ref.name, ref]));
        const { items } = await client.list<Workload>(targetKind(first.ref).resource, first.ref.namespace);
        for (const workload of items) {
          const ref = wanted.get(workload.metadata.name);
          if (ref !== undefined) seen.set(workloadKey(ref), workload);
        }
      }),
    ),
  ]);
  return seen;
}

/** Whether a list of its kind does not tell what its pods are to run. */
function isReadAlone({ ref, observed }: PlannedWorkload): boolean {
  const { binding } = targetKind(ref);
  return binding.inPlace || binding.sourceOf(observed) !== undefined;
}
