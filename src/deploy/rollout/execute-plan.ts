import { defined } from '../../base/defined.ts';
import { internalProblem, type Problem } from '../../base/problem.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { type FilterResource, kindFor } from '../../mesh/objects/filter-resource.ts';
import { collectGarbage, nameOf } from '../apply/collect-garbage.ts';
import { deleteAdopted } from '../apply/delete-adopted.ts';
import { makeEnsurer } from '../apply/ensure-objects.ts';
import { anyFailed, type WrittenObjects, writeObjects } from '../apply/objects.ts';
import type { WriteContext } from '../apply/workload.ts';
import { type DeployContext, during } from '../context.ts';
import type { ClusterSnapshot } from '../observe/snapshot.ts';
import {
  type Garbage,
  objectKey,
  type Plan,
  type PlannedObject,
  type PlannedWorkload,
  podRevisionsOf,
} from '../plan/plan.ts';
import { verifiedLevel } from '../plan/rollback-target.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { ChangeReport, Collected } from '../report/report.ts';
import { pushSettings } from './push-settings.ts';
import { recordVerification } from './record-verified.ts';
import { RolloutRunner } from './runner.ts';
import { concludeTarget, type RunRecord } from './target-report.ts';
import { succeeded, type WorkloadRollout, writeOf } from './workload-rollout.ts';

/** What carrying a plan out needs to know of the run. */
export interface RunOptions {
  readonly run: string;
  readonly expiresMs?: number;
}

/**
 * Does what a plan says: shared objects, settings of running proxies, workloads wave by wave, and at the end what is superseded.
 * No workload is touched unless every shared object is there, so no pod can start without its file.
 */
export async function executePlan(
  plan: Plan,
  snapshot: ClusterSnapshot,
  policy: RolloutPolicy,
  { run, expiresMs }: RunOptions,
  base: DeployContext,
): Promise<Pick<ChangeReport, 'targets' | 'problems' | 'warnings' | 'collected'>> {
  const context = during(base, 'writing');
  const cleaning = during(base, 'cleaning up');
  const { client, log, signal, date } = context;
  const warnings = new Set(plan.warnings);
  const write: WriteContext = { client, signal, warnings, onWritten: (line) => log.info(line) };
  const writeShared = (): Promise<WrittenObjects> => writeObjects(plan, write);
  const writes = [...plan.configMaps, ...plan.filterResources].some((object) => object.write);
  const planning = { run, wait: policy.wait, now: date(), ...defined({ expiresMs }) };
  const runner = new RolloutRunner(plan.workloads, {
    ...context,
    policy,
    planning,
    write,
    verifiedBefore: (planned) => (isRewritten(planned, plan) ? undefined : weakestRecord(planned, snapshot)),
    isVerified: ({ ref }, filter, id) => verifiedLevel(ref, { filter, id }, snapshot) !== undefined,
    onPatched: makeEnsurer(plan, write),
  });
  const noneReady = !(await runner.anyReady());
  const objects = noneReady
    ? nothingWritten(plan)
    : await (writes ? log.group('Shared objects', writeShared) : writeShared());
  const blocked = anyFailed(objects.configMaps) || anyFailed(objects.filterResources);
  const pushes = blocked || noneReady ? new Map() : await pushSettings(plan, { ...context, policy, write });
  const pushFailed = [...pushes.values()].some(({ problems }) => problems.size > 0);

  // Where nobody is ready there is still to be said why, and what is unchanged may be looked at.
  const goesOn = noneReady || !(blocked || pushFailed);
  const broken: Problem[] = [];
  /** What was written is told, whatever goes wrong after it. */
  const attempt = async <T>(work: () => Promise<T>, instead: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      broken.push(internalProblem(error));
      return instead;
    }
  };
  await attempt(() => (goesOn ? runner.run() : runner.close()), undefined);
  const { states, problems: lost } = runner;
  const rollouts = states.all();
  if (goesOn) await attempt(() => recordVerification(rollouts, pushes, snapshot, cleaning), undefined);
  const ended = rollouts.every(succeeded) && lost.length === 0 && !pushFailed;
  const good = ended && broken.length === 0;
  // Without waiting, old pods still run what ours takes the place of.
  const take = (): Promise<string[]> => deleteAdopted(plan, snapshot, cleaning, { ...write, client: cleaning.client });
  const taken = good && policy.wait ? await attempt(take, []) : [];
  const garbage = good ? plan.garbage : leftovers(plan, rollouts, objects);
  const collected = await attempt(() => collect(garbage, run, policy, cleaning), { deleted: [], left: [] });
  const record: RunRecord = { plan, objects, pushes };
  return {
    targets: plan.workloads.map((planned) => concludeTarget(states.of(planned), record)),
    problems: [...objectProblems(objects), ...lost, ...broken],
    warnings: [...warnings],
    collected: { ...collected, deleted: [...taken, ...collected.deleted] },
  };
}

/** What happens to the shared objects where no workload may be changed. */
function nothingWritten({ configMaps, filterResources }: Plan): WrittenObjects {
  const states = (objects: readonly PlannedObject<ConfigMap | FilterResource>[]): WrittenObjects['configMaps'] =>
    new Map(
      objects.map(({ namespace, podRevision, write }) => [
        objectKey(namespace, podRevision),
        { state: write ? 'skipped' : 'unchanged' },
      ]),
    );
  return { configMaps: states(configMaps), filterResources: states(filterResources) };
}

/** Whether running pods get a filter resource anew that others had edited or deleted: what was verified is to be seen again. */
function isRewritten(planned: PlannedWorkload, { filterResources }: Plan): boolean {
  const rewritten = filterResources.filter(({ write, pushedOver }) => write && pushedOver === undefined);
  const keys = new Set(rewritten.map(({ namespace, podRevision }) => objectKey(namespace, podRevision)));
  return podRevisionsOf(planned).some((podRevision) => keys.has(objectKey(planned.ref.namespace, podRevision)));
}

/** The weakest of the records that an earlier run has left of the wanted revisions; `undefined` if one is missing. */
function weakestRecord(planned: PlannedWorkload, snapshot: ClusterSnapshot): string | undefined {
  const levels = podRevisionsOf(planned).map((podRevision) => verifiedLevel(planned.ref, podRevision, snapshot));
  if (levels.length === 0 || levels.includes(undefined)) return undefined;
  return levels.find((level) => level !== 'listener') ?? 'listener';
}

/**
 * What a failed run has made and nobody uses: the objects of revisions that every workload was rolled back from. One that it
 * could not write may be somebody else's.
 */
function leftovers(
  { configMaps, filterResources }: Plan,
  rollouts: readonly WorkloadRollout[],
  written: WrittenObjects,
): Garbage[] {
  const used = new Set(
    rollouts.flatMap((rollout) => {
      const { planned } = rollout;
      const { state } = writeOf(rollout).result;
      const back = rollout.state === 'rolled-back' && rollout.rollback.state === 'rolled-back';
      const gone = back || state === 'skipped' || state === 'failed';
      return gone ? [] : podRevisionsOf(planned).map((podRevision) => objectKey(planned.ref.namespace, podRevision));
    }),
  );
  const fresh = <T extends ConfigMap | FilterResource>(
    kindIn: (object: PlannedObject<T>) => Garbage['kind'],
    objects: readonly PlannedObject<T>[],
    results: WrittenObjects['configMaps'],
  ): Garbage[] =>
    objects
      .filter(({ exists, namespace, podRevision }) => {
        const key = objectKey(namespace, podRevision);
        return results.get(key)?.state === 'done' && !exists && !used.has(key);
      })
      .map((object) => ({
        kind: kindIn(object),
        namespace: object.namespace,
        name: revisionName(object.podRevision),
        filter: object.podRevision.filter,
        revision: object.podRevision.id,
      }));
  return [
    ...fresh(({ podRevision }) => kindFor(podRevision), filterResources, written.filterResources),
    ...fresh(() => 'ConfigMap' as const, configMaps, written.configMaps),
  ];
}

function collect(
  garbage: readonly Garbage[],
  run: string,
  { wait }: RolloutPolicy,
  context: DeployContext,
): Promise<Collected> {
  if (garbage.length === 0) return Promise.resolve({ deleted: [], left: [] });
  if (!wait) {
    const why = 'the run did not wait until the pods that use it were gone; a later run that waits deletes it';
    return Promise.resolve({ deleted: [], left: garbage.map((one) => ({ object: nameOf(one), why })) });
  }
  return collectGarbage(garbage, run, context);
}

function objectProblems({ configMaps, filterResources }: WrittenObjects): Problem[] {
  return [...configMaps.values(), ...filterResources.values()].flatMap((result) =>
    result.state === 'failed' ? [result.problem] : [],
  );
}
