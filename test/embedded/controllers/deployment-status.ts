/** The status of a Deployment: counts, Available, Progressing and its deadline (kubernetes: pkg/controller/deployment/progress.go, sync.go). */
import { at, isList, isObject, type Json, type JsonObject, stringAt } from '../json.ts';
import { type KubeObject, timestamp } from '../objects.ts';
import { conditionOf, numberAt, omitEmpty } from './pods.ts';
import { limitsOf, sizeOf } from './rollout.ts';

/** A deadline of this many seconds means none. */
const NO_DEADLINE = 2 ** 31 - 1;

function condition(type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string): JsonObject {
  const now = timestamp();
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** The condition a rollout starts with. */
export function progressOnNew(set: KubeObject): JsonObject {
  return condition(
    'Progressing',
    'True',
    'NewReplicaSetCreated',
    `Created new replica set ${JSON.stringify(set.metadata.name)}`,
  );
}

/** The condition for a ReplicaSet that was there already, when there is no Progressing condition yet. */
export function progressOnFound(conditions: unknown, set: KubeObject | undefined): JsonObject | undefined {
  if (set === undefined) return undefined;
  if (isList(conditions) && conditions.some((item) => stringAt(item, 'type') === 'Progressing')) return undefined;
  return condition(
    'Progressing',
    'True',
    'FoundNewReplicaSet',
    `Found new replica set ${JSON.stringify(set.metadata.name)}`,
  );
}

/** The condition when a Deployment has just been paused or resumed; a missed deadline is not overwritten. */
export function progressOnPause(deployment: KubeObject, paused: boolean): JsonObject | undefined {
  const reason = conditionOf(deployment, 'Progressing')?.reason;
  if (reason === 'ProgressDeadlineExceeded' || paused === (reason === 'DeploymentPaused')) return undefined;
  return paused
    ? condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused')
    : condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed');
}

export interface StatusResult {
  readonly status: JsonObject;
  /** When to look again, in milliseconds, for the deadline. */
  readonly againMs: number | undefined;
}

interface Counts {
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
}

function countsOf(newest: KubeObject | undefined, sets: readonly KubeObject[]): Counts {
  const total = (field: string): number => sets.reduce((sum, set) => sum + numberAt(set, ['status', field]), 0);
  const availableReplicas = total('availableReplicas');
  const wanted = sets.reduce((sum, set) => sum + sizeOf(set), 0);
  return {
    replicas: total('replicas'),
    updatedReplicas: numberAt(newest, ['status', 'replicas']),
    readyReplicas: total('readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, wanted - availableReplicas),
  };
}

/** Computes the status; `first` replaces the Progressing condition before progress is judged. */
export function deploymentStatus(
  deployment: KubeObject,
  newest: KubeObject | undefined,
  sets: readonly KubeObject[],
  first?: JsonObject,
): StatusResult {
  const counts = countsOf(newest, sets);
  const limits = limitsOf(deployment);
  const conditions = new Map<string, JsonObject>();
  const existing = at(deployment, 'status', 'conditions');
  for (const item of isList(existing) ? existing : []) if (isObject(item)) conditions.set(stringAt(item, 'type'), item);
  const available = counts.availableReplicas >= limits.replicas - limits.maxUnavailable;
  set(
    conditions,
    available
      ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
      : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'),
  );
  if (first !== undefined) set(conditions, first);
  const againMs = judgeProgress(deployment, newest, counts, conditions);
  const failure = [newest, ...sets]
    .map((item) => conditionOf(item, 'ReplicaFailure'))
    .find((item) => item !== undefined);
  if (failure === undefined) conditions.delete('ReplicaFailure');
  else
    set(conditions, {
      ...condition('ReplicaFailure', 'True', stringAt(failure, 'reason'), stringAt(failure, 'message')),
    });
  const list: Json[] = [...conditions.values()];
  return {
    status: omitEmpty({ observedGeneration: deployment.metadata.generation ?? 0, ...counts, conditions: list }),
    againMs,
  };
}

/** A condition of the same status and reason stays as it is; one of the same status keeps its transition time. */
function set(conditions: Map<string, JsonObject>, next: JsonObject): void {
  const type = String(next.type);
  const current = conditions.get(type);
  if (current !== undefined && current.status === next.status && current.reason === next.reason) return;
  const kept =
    current !== undefined && current.status === next.status
      ? { lastTransitionTime: current.lastTransitionTime ?? null }
      : {};
  conditions.delete(type);
  conditions.set(type, { ...next, ...kept });
}

function judgeProgress(
  deployment: KubeObject,
  newest: KubeObject | undefined,
  counts: Counts,
  conditions: Map<string, JsonObject>,
): number | undefined {
  const deadline = numberAt(deployment, ['spec', 'progressDeadlineSeconds'], NO_DEADLINE);
  if (deadline === NO_DEADLINE) {
    conditions.delete('Progressing');
    return undefined;
  }
  const current = conditions.get('Progressing');
  const reason = current?.reason;
  if (counts.replicas === counts.updatedReplicas && reason === 'NewReplicaSetAvailable') return undefined;
  const subject =
    newest === undefined
      ? `Deployment ${JSON.stringify(deployment.metadata.name)}`
      : `ReplicaSet ${JSON.stringify(newest.metadata.name)}`;
  if (isComplete(deployment, counts)) {
    set(
      conditions,
      condition('Progressing', 'True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`),
    );
    return undefined;
  }
  // A paused rollout makes no progress and misses no deadline.
  if (at(deployment, 'spec', 'paused') === true) return undefined;
  if (hasProgressed(deployment, counts)) {
    const next = condition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`);
    conditions.delete('Progressing');
    conditions.set(
      'Progressing',
      current?.status === 'True' ? { ...next, lastTransitionTime: current.lastTransitionTime ?? null } : next,
    );
    return deadline * 1000;
  }
  if (current === undefined || reason === 'NewReplicaSetAvailable' || reason === 'ProgressDeadlineExceeded')
    return undefined;
  const end = Date.parse(stringAt(current, 'lastUpdateTime')) + deadline * 1000;
  if (Date.now() <= end) return end - Date.now() + 1;
  set(
    conditions,
    condition('Progressing', 'False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`),
  );
  return undefined;
}

function isComplete(deployment: KubeObject, counts: Counts): boolean {
  const replicas = numberAt(deployment, ['spec', 'replicas'], 1);
  return counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas;
}

function hasProgressed(deployment: KubeObject, counts: Counts): boolean {
  const before = (field: string): number => numberAt(deployment, ['status', field]);
  return (
    counts.updatedReplicas > before('updatedReplicas') ||
    counts.replicas - counts.updatedReplicas < before('replicas') - before('updatedReplicas') ||
    counts.readyReplicas > before('readyReplicas') ||
    counts.availableReplicas > before('availableReplicas')
  );
}
