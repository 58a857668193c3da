import { defined } from '../../base/defined.ts';
import { internalProblem, type Problem } from '../../base/problem.ts';
import { count } from '../../base/text.ts';
import { revisionName } from '../../mesh/identity/revision.ts';
import type { ConfigMap } from '../../mesh/objects/config-map.ts';
import { type Inserter, neededKind } from '../../mesh/objects/filter-resource.ts';
import { collectGarbage, nameOf } from '../apply/collect-garbage.ts';
import { deleteAdopted } from '../apply/delete-adopted.ts';
import { makeEnsurer } from '../apply/ensure-objects.ts';
import { anyFailed, type WrittenObjects, writeObjects } from '../apply/objects.ts';
import type { WriteContext } from '../apply/workload.ts';
import { type DeployContext, during } from '../context.ts';
import type { Observation } from '../observe/snapshot.ts';
import {
  type Garbage,
  objectKey,
  type Plan,
  type PlannedObject,
  type PlannedWorkload,
  placementsOf,
} from '../plan/plan.ts';
import { provenLevel } from '../plan/rollback-target.ts';
import type { RolloutPolicy } from '../policy.ts';
import type { Collected, Report } from '../report/report.ts';
import { pushSettings } from './push-settings.ts';
import { recordProof } from './record-verified.ts';
import { Roller } from './runner.ts';
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
export async function carryOut(
  plan: Plan,
  observation: Observation,
  policy: RolloutPolicy,
  { run, expiresMs }: RunOptions,
  world: DeployContext,
): Promise<Pick<Report, 'targets' | 'problems' | 'warnings' | 'collected'>> {
  const context = during(world, 'writing');
  const cleaning = during(world, 'cleaning up');
  const { client, log, signal, date } = context;
  const warnings = new Set(plan.warnings);
  const write: WriteContext = { client, signal, warnings, onWritten: (line) => log.info(line) };
  const writeShared = (): Promise<WrittenObjects> => writeObjects(plan, write);
  const writes = [...plan.configMaps, ...plan.inserters].some((object) => object.write);
  const planning = { run, wait: policy.wait, now: date(), ...defined({ expiresMs }) };
  const roller = new Roller(plan.workloads, {
    ...context,
    policy,
    planning,
    write,
    provenBy: (planned) => (isRewritten(planned, plan) ? undefined : weakestRecord(planned, observation)),
    isVerified: ({ ref }, filter, id) => provenLevel(ref, { filter, id }, observation) !== undefined,
    onPatched: makeEnsurer(plan, write),
  });
  const nobodyReady = !(await roller.anyReady());
  const objects = nobodyReady
    ? nothingWritten(plan)
    : await (writes ? log.group('Shared objects', writeShared) : writeShared());
  const blocked = anyFailed(objects.configMaps) || anyFailed(objects.inserters);
  const pushes = blocked || nobodyReady ? new Map() : await pushSettings(plan, { ...context, policy, write });
  const pushFailed = [...pushes.values()].some(({ problems }) => problems.size > 0);

  // Where nobody is ready there is still to be said why, and what is unchanged may be looked at.
  const goesOn = nobodyReady || !(blocked || pushFailed);
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
  await attempt(() => (goesOn ? roller.run() : roller.close()), undefined);
  const { states, problems: lost } = roller;
  const rollouts = states.all();
  if (goesOn) await attempt(() => recordProof(rollouts, pushes, observation, cleaning), undefined);
  const ended = rollouts.every(succeeded) && lost.length === 0 && !pushFailed;
  const good = ended && broken.length === 0;
  // Without waiting, old pods still run what ours takes the place of.
  const take = (): Promise<string[]> =>
    deleteAdopted(plan, observation, cleaning, { ...write, client: cleaning.client });
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

/** What becomes of the shared objects where no workload may be changed. */
function nothingWritten({ configMaps, inserters }: Plan): WrittenObjects {
  const states = (objects: readonly PlannedObject<ConfigMap | Inserter>[]): WrittenObjects['configMaps'] =>
    new Map(
      objects.map(({ namespace, carrier, write }) => [
        objectKey(namespace, carrier),
        { state: write ? 'skipped' : 'unchanged' },
      ]),
    );
  return { configMaps: states(configMaps), inserters: states(inserters) };
}

/** Whether running pods get an inserter anew that others had edited or deleted: what was proven is to be seen again. */
function isRewritten(planned: PlannedWorkload, { inserters }: Plan): boolean {
  const rewritten = inserters.filter(({ write, pushedOver }) => write && pushedOver === undefined);
  const keys = new Set(rewritten.map(({ namespace, carrier }) => objectKey(namespace, carrier)));
  return placementsOf(planned).some((placement) => keys.has(objectKey(planned.ref.namespace, placement)));
}

/** The weakest of the records that an earlier run has left of the wanted revisions; undefined where one is missing. */
function weakestRecord(planned: PlannedWorkload, observation: Observation): string | undefined {
  const levels = placementsOf(planned).map((placement) => provenLevel(planned.ref, placement, observation));
  if (levels.length === 0 || levels.includes(undefined)) return undefined;
  return levels.find((level) => level !== 'listener') ?? 'listener';
}

/**
 * What a failed run has made and nobody uses: the objects of revisions that every workload was taken back from. One that it could
 * not write may be somebody else's.
 */
function leftovers(
  { configMaps, inserters }: Plan,
  rollouts: readonly WorkloadRollout[],
  written: WrittenObjects,
): Garbage[] {
  const used = new Set(
    rollouts.flatMap((rollout) => {
      const { planned } = rollout;
      const { state } = writeOf(rollout).result;
      const back = rollout.state === 'rolled-back' && rollout.rollback.state === 'restored';
      const gone = back || state === 'skipped' || state === 'failed';
      return gone ? [] : placementsOf(planned).map((placement) => objectKey(planned.ref.namespace, placement));
    }),
  );
  const fresh = <T extends ConfigMap | Inserter>(
    kindIn: (object: PlannedObject<T>) => Garbage['kind'],
    objects: readonly PlannedObject<T>[],
    results: WrittenObjects['configMaps'],
  ): Garbage[] =>
    objects
      .filter(({ exists, namespace, carrier }) => {
        const key = objectKey(namespace, carrier);
        return results.get(key)?.state === 'done' && !exists && !used.has(key);
      })
      .map((object) => ({
        kind: kindIn(object),
        namespace: object.namespace,
        name: revisionName(object.carrier),
        filter: object.carrier.filter,
        revision: object.carrier.id,
      }));
  return [
    ...fresh(({ carrier }) => neededKind(carrier), inserters, written.inserters),
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
  return context.log.group(`Delete ${count(garbage.length, 'superseded object')}`, () =>
    collectGarbage(garbage, run, context),
  );
}

function objectProblems({ configMaps, inserters }: WrittenObjects): Problem[] {
  return [...configMaps.values(), ...inserters.values()].flatMap((result) =>
    result.state === 'failed' ? [result.problem] : [],
  );
}
