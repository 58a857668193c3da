/** What the controller of Argo Rollouts says of a Rollout (argo-rollouts: utils/rollout/rolloututil.go, CalculateRolloutPhase). */
import { isObject, type Json, type JsonObject, objectAt, stringAt } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { numberAt, omitEmpty } from './pods.ts';

/** What is remembered of a Rollout between two looks, beyond the counts of its pods. */
export interface Course {
  readonly currentPodHash: string;
  readonly stableRS: string;
  readonly abort: boolean;
  /** Why it was aborted, where an analysis did it. */
  readonly abortedFor: string;
  /** The AnalysisRun of the step it is at. */
  readonly analysis: JsonObject | undefined;
  readonly controllerPause: boolean;
  readonly pauses: readonly Json[];
  /** Of a canary with steps. */
  readonly step: number | undefined;
}

const ABORTED = 'RolloutAborted: Rollout aborted update to revision 2';

/** What is remembered by the status of a Rollout. */
export function courseOf(rollout: KubeObject): Course {
  const status = objectAt(rollout, 'status');
  const run = objectAt(status, 'canary').currentStepAnalysisRunStatus;
  return {
    currentPodHash: stringAt(status, 'currentPodHash'),
    stableRS: stringAt(status, 'stableRS'),
    abort: status.abort === true,
    abortedFor: status.abort === true ? stringAt(status, 'message').slice(ABORTED.length) : '',
    analysis: isObject(run) ? run : undefined,
    controllerPause: status.controllerPause === true,
    pauses: Array.isArray(status.pauseConditions) ? status.pauseConditions : [],
    step: typeof status.currentStepIndex === 'number' ? status.currentStepIndex : undefined,
  };
}

/** The whole status. `sets`: all ReplicaSets; `active`: those whose pods serve, and count as ready and available. */
export function rolloutStatus(
  rollout: KubeObject,
  course: Course,
  {
    sets,
    newest,
    active,
  }: { sets: readonly KubeObject[]; newest: KubeObject | undefined; active: readonly KubeObject[] },
  workloadGeneration: string | undefined,
): JsonObject {
  const sum = (some: readonly KubeObject[], field: string): number =>
    some.reduce((total, set) => total + numberAt(set, ['status', field]), 0);
  const counts = {
    replicas: sum(sets, 'replicas'),
    updatedReplicas: numberAt(newest, ['status', 'replicas']),
    readyReplicas: sum(active, 'readyReplicas'),
    availableReplicas: sum(active, 'availableReplicas'),
  };
  const [phase, message] = phaseOf(rollout, course, counts);
  return {
    ...omitEmpty({
      ...counts,
      phase,
      message,
      observedGeneration: String(rollout.metadata.generation ?? 0),
      workloadObservedGeneration: workloadGeneration ?? '',
      currentPodHash: course.currentPodHash,
      stableRS: course.stableRS,
      pauseConditions: [...course.pauses],
    }),
    ...(course.abort && { abort: true }),
    ...(course.controllerPause && { controllerPause: true }),
    ...(course.analysis !== undefined && { canary: { currentStepAnalysisRunStatus: course.analysis } }),
    ...(course.step !== undefined && { currentStepIndex: course.step }),
  };
}

type Counts = Record<'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas', number>;

function phaseOf(rollout: KubeObject, course: Course, counts: Counts): [phase: string, message: string] {
  const wanted = numberAt(rollout, ['spec', 'replicas'], 1);
  const isBlueGreen = isObject(objectAt(rollout, 'spec', 'strategy').blueGreen);
  const [pause] = course.pauses;
  if (course.abort) return ['Degraded', `${ABORTED}${course.abortedFor}`];
  if (objectAt(rollout, 'spec').paused === true) return ['Paused', 'manually paused'];
  if (pause !== undefined) return ['Paused', stringAt(pause, 'reason')];
  if (counts.updatedReplicas < wanted) return ['Progressing', 'more replicas need to be updated'];
  if (counts.availableReplicas < Math.min(wanted, counts.updatedReplicas)) {
    return ['Progressing', 'updated replicas are still becoming available'];
  }
  if (!isBlueGreen && counts.replicas > counts.updatedReplicas) {
    return ['Progressing', 'old replicas are pending termination'];
  }
  if (course.stableRS !== course.currentPodHash) {
    return ['Progressing', isBlueGreen ? 'active service cutover pending' : 'waiting for all steps to complete'];
  }
  return ['Healthy', ''];
}
