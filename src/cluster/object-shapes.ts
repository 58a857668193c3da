import type { Resource } from './resources.ts';
import { all, boolean, just, list, map, number, object, optional, type Shape, string } from './shape.ts';

/** The types of `objects.ts` as checks, field by field: what passes them can be read without a look at each step. */

const text = optional(string);
const amount = optional(number);
const flag = optional(boolean);
const texts = optional(map(string));

const META_FIELDS = {
  namespace: text,
  uid: text,
  resourceVersion: text,
  generation: amount,
  creationTimestamp: text,
  deletionTimestamp: text,
  labels: texts,
  annotations: texts,
  ownerReferences: optional(list(object({ apiVersion: text, kind: string, name: string, controller: flag }))),
  managedFields: optional(list(object({ manager: text, operation: text, time: text }))),
};
const CONDITIONS = optional(list(object({ type: string, status: string, reason: text, message: text })));

const CONTAINERS = optional(
  list(
    object({
      name: string,
      image: text,
      ports: optional(list(object({ name: text, containerPort: number }))),
      volumeMounts: optional(list(object({ name: string, mountPath: string, readOnly: flag }))),
      args: optional(list(string)),
      restartPolicy: text,
      env: optional(list(object({ name: string, value: text }))),
    }),
  ),
);
const TEMPLATE = object({
  metadata: optional(object({ ...META_FIELDS, name: text })),
  spec: optional(
    object({
      containers: CONTAINERS,
      initContainers: CONTAINERS,
      volumes: optional(list(object({ name: string }))),
      hostNetwork: flag,
    }),
  ),
});
const SELECTOR = object({
  matchLabels: texts,
  matchExpressions: optional(list(object({ key: string, operator: string, values: optional(list(string)) }))),
});

const COUNTS = [
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'currentReplicas',
  'desiredNumberScheduled',
  'currentNumberScheduled',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberReady',
];
const WORKLOAD_SPEC = {
  replicas: amount,
  paused: flag,
  progressDeadlineSeconds: amount,
  selector: optional(SELECTOR),
  strategy: optional(object({ type: text })),
  updateStrategy: optional(object({ type: text, rollingUpdate: optional(object({ partition: amount })) })),
  template: optional(TEMPLATE),
};
const WORKLOAD_STATUS = {
  ...Object.fromEntries(COUNTS.map((name) => [name, amount])),
  observedGeneration: amount,
  currentRevision: text,
  updateRevision: text,
  conditions: CONDITIONS,
};
const WORKLOAD = object({ spec: optional(object(WORKLOAD_SPEC)), status: optional(object(WORKLOAD_STATUS)) });

const DURATION: Shape = (value) => (typeof value === 'number' ? undefined : string(value));
const ANALYSIS = optional(object({ templates: optional(list(object({ templateName: text }))) }));
const ANALYSIS_RUN = optional(object({ name: string, status: string, message: text }));
const STEP = object({ pause: optional(object({ duration: optional(DURATION) })), analysis: ANALYSIS });
const ROLLOUT = object({
  spec: optional(
    object({
      ...WORKLOAD_SPEC,
      workloadRef: optional(object({ apiVersion: text, kind: text, name: string })),
      strategy: optional(
        object({
          canary: optional(object({ steps: optional(list(STEP)), analysis: ANALYSIS })),
          blueGreen: optional(
            object({ autoPromotionEnabled: flag, prePromotionAnalysis: ANALYSIS, postPromotionAnalysis: ANALYSIS }),
          ),
        }),
      ),
    }),
  ),
  status: optional(
    object({
      ...WORKLOAD_STATUS,
      observedGeneration: text,
      workloadObservedGeneration: text,
      phase: text,
      message: text,
      abort: flag,
      controllerPause: flag,
      pauseConditions: optional(list(object({ reason: string }))),
      currentStepIndex: amount,
      currentPodHash: text,
      stableRS: text,
      canary: optional(
        object({
          currentStepAnalysisRunStatus: ANALYSIS_RUN,
          currentBackgroundAnalysisRunStatus: ANALYSIS_RUN,
          currentExperiment: text,
        }),
      ),
      blueGreen: optional(
        object({ prePromotionAnalysisRunStatus: ANALYSIS_RUN, postPromotionAnalysisRunStatus: ANALYSIS_RUN }),
      ),
    }),
  ),
});

const ENDED = object({ reason: text, message: text, exitCode: amount });
const STATE = optional(
  object({ waiting: optional(object({ reason: text, message: text })), terminated: optional(ENDED) }),
);
const CONTAINER_STATUSES = optional(
  list(object({ name: string, ready: flag, started: flag, restartCount: amount, state: STATE, lastState: STATE })),
);
const POD = object({
  spec: optional(object({ containers: CONTAINERS, initContainers: CONTAINERS, nodeName: text })),
  status: optional(
    object({
      podIP: text,
      phase: text,
      reason: text,
      message: text,
      conditions: CONDITIONS,
      containerStatuses: CONTAINER_STATUSES,
      initContainerStatuses: CONTAINER_STATUSES,
    }),
  ),
});

const EVENT = object({
  type: text,
  reason: text,
  message: text,
  count: amount,
  lastTimestamp: text,
  eventTime: text,
  involvedObject: optional(object({ kind: text, name: text, uid: text, fieldPath: text })),
});
const CONFIG_MAP = object({ data: texts, binaryData: texts });
/** What is in it is read where it is needed. */
const WITH_SPEC = object({ spec: optional(object({})) });

const KINDS: Readonly<Record<string, Shape>> = {
  Pod: POD,
  Event: EVENT,
  ConfigMap: CONFIG_MAP,
  Rollout: ROLLOUT,
};

/** Of which kinds objects are told in an answer: a list of metadata alone has one of its own. */
export const METADATA_KIND = 'PartialObjectMetadata';

/** What an object of a resource has to be like; of a name, where one was asked for. */
export function objectShape({ kind, isWorkload }: Resource, name?: string): Shape {
  const ofKind: Shape = (value) => (value === METADATA_KIND ? undefined : just(kind)(value));
  return all(
    object({
      kind: optional(ofKind),
      apiVersion: text,
      metadata: object({
        ...META_FIELDS,
        name: name === undefined ? string : just(name),
      }),
    }),
    KINDS[kind] ?? (isWorkload ? WORKLOAD : WITH_SPEC),
  );
}
