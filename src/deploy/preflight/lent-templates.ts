import { mapLimited } from '../../base/concurrency.ts';
import type { Problem } from '../../base/problem.ts';
import type { Workload } from '../../cluster/objects.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import type { TargetKind } from '../kinds/kind.ts';
import { listIfInstalled, targetKinds } from '../kinds/kinds.ts';
import { listingProblem } from '../observe/list-problem.ts';
import type { RunningProxies } from '../observe/running-proxies.ts';
import { unseenReferrerWarnings } from '../observe/unseen.ts';
import { lentTemplate } from '../plan/lent-template.ts';
import { changesPods, type PlannedDeployment } from '../plan/plan.ts';
import type { Preflight } from './revision-checks.ts';

const PARALLEL = 8;

/** Kinds that refer to pod templates, in a namespace that has pods of them, and the targets which may lend theirs. */
interface Place {
  readonly referring: TargetKind;
  readonly namespace: string;
  readonly lenders: readonly WorkloadRef[];
}

/**
 * Looks whether targets with pods of their own lend their pod templates to other workloads, whose pods would get the change. Planning
 * asks for such workloads only beside targets without pods; here those are asked for whose pods are there, which were listed anyway.
 */
export async function checkLentTemplates(
  { plan, request: { wait, verify }, problems: before, proxies }: PlannedDeployment,
  { client }: Pick<DeployContext, 'client'>,
): Promise<Preflight> {
  if (!wait || verify === 'off') return { problems: [], warnings: [] };
  const reported = new Set(before.map(({ subject }) => subject));
  const changing = plan.workloads.filter((one) => changesPods(one) && !reported.has(describeWorkload(one.ref)));
  const unseen: Problem[] = [];
  const problems = await mapLimited(
    await placesOf(
      changing.map(({ ref }) => ref),
      proxies,
    ),
    PARALLEL,
    async (place): Promise<Problem[]> => {
      const { referring, namespace, lenders } = place;
      try {
        const listed = await listIfInstalled(client, referring, namespace);
        return lenders.flatMap((ref) => lentTo(listed, referring, ref));
      } catch (error) {
        unseen.push(listingProblem(error, referring.resource, namespace));
        return [];
      }
    },
  );
  return { problems: problems.flat(), warnings: unseenReferrerWarnings(unseen) };
}

async function placesOf(refs: readonly WorkloadRef[], proxies: Pick<RunningProxies, 'podsIn'>): Promise<Place[]> {
  const found = targetKinds().flatMap((referring) => {
    const { templateSource } = referring.binding;
    const lenders = refs.filter(({ kind }) => kind === templateSource?.kind);
    return [...Map.groupBy(lenders, ({ namespace }) => namespace)].map(
      ([namespace, those]): Place => ({ referring, namespace, lenders: those }),
    );
  });
  const withPods = await Promise.all(
    found.map(async ({ referring, namespace }) => {
      const pods = await proxies.podsIn(namespace);
      return pods.ok && pods.value.some((pod) => referring.ownerOf(pod) !== undefined);
    }),
  );
  return found.filter((_, index) => withPods[index]);
}

/** That a target lends its pod template to one of the listed workloads. */
function lentTo(listed: readonly Workload[], { binding, resource }: TargetKind, ref: WorkloadRef): Problem[] {
  const referrer = listed.find((workload) => binding.sourceOf(workload) === ref.name);
  if (referrer === undefined) return [];
  const { kind } = resource;
  return [lentTemplate(ref, { kind, namespace: ref.namespace, name: referrer.metadata.name })];
}
