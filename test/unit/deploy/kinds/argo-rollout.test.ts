import { describe, expect, test } from '@jest/globals';
import type { ArgoRollout } from '../../../../src/cluster/argo-rollout.ts';
import type { Pod, Workload } from '../../../../src/cluster/objects.ts';
import { ARGO_ROLLOUT_KIND } from '../../../../src/deploy/kinds/argo-rollout.ts';
import { ownerOf } from '../../../../src/deploy/kinds/kinds.ts';

type Spec = NonNullable<ArgoRollout['spec']>;
type Status = NonNullable<ArgoRollout['status']>;

const CANARY: Spec['strategy'] = { canary: { steps: [{}, { pause: {} }, {}, { pause: { duration: '30s' } }] } };
const BLUE_GREEN: Spec['strategy'] = { blueGreen: { autoPromotionEnabled: false } };
const SOURCE: Workload = {
  metadata: { name: 'source', generation: 3, annotations: { ours: 'recorded' } },
  spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } } },
};

const make = (spec: Spec, status?: Status, metadata: Partial<Workload['metadata']> = {}): ArgoRollout => ({
  metadata: { name: 'web', generation: 7, ...metadata },
  spec: { replicas: 3, strategy: CANARY, ...spec },
  ...(status !== undefined && { status }),
});

// As the controller writes them (Argo Rollouts 1.10), with the fields that are looked at.
const healthy: Status = {
  observedGeneration: '7',
  phase: 'Healthy',
  currentPodHash: 'new',
  stableRS: 'new',
  currentStepIndex: 4,
  replicas: 3,
  updatedReplicas: 3,
  readyReplicas: 3,
};
const begun: Status = {
  observedGeneration: '7',
  phase: 'Progressing',
  message: 'more replicas need to be updated',
  currentPodHash: 'new',
  stableRS: 'old',
  currentStepIndex: 0,
  replicas: 4,
  updatedReplicas: 1,
  readyReplicas: 3,
};
const paused: Status = {
  ...begun,
  phase: 'Paused',
  message: 'CanaryPauseStep',
  controllerPause: true,
  pauseConditions: [{ reason: 'CanaryPauseStep' }],
  currentStepIndex: 1,
  replicas: 3,
};
const aborted: Status = {
  ...begun,
  phase: 'Degraded',
  message: 'RolloutAborted: Rollout aborted update to revision 2',
  abort: true,
};
const preview: Status = {
  ...begun,
  phase: 'Paused',
  message: 'BlueGreenPause',
  controllerPause: true,
  pauseConditions: [{ reason: 'BlueGreenPause' }],
  replicas: 6,
  updatedReplicas: 3,
};

/** Recorded of a canary that Istio routes a fifth to: all stable pods stay, also for a while after the promotion. */
const ROUTED: Spec = {
  strategy: { canary: { steps: [{}, {}, { pause: {} }] } },
};
const routed: Status = {
  ...paused,
  currentStepIndex: 2,
  replicas: 4,
  updatedReplicas: 1,
  readyReplicas: 4,
  availableReplicas: 4,
};
const routedThrough: Status = {
  ...healthy,
  currentStepIndex: 3,
  replicas: 6,
  updatedReplicas: 3,
  readyReplicas: 6,
  availableReplicas: 6,
};

const FAILED = 'Metric "version" assessed Failed due to failed (1) > failureLimit (0)';
const INCONCLUSIVE = 'Metric "version" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)';
const ERROR =
  'Metric "version" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: Get "https://10.88.0.1:1/x": dial tcp 10.88.0.1:1: connect: connection refused"';
const analysis = (templateName: string) => ({ templates: [{ templateName }] });

describe('the analyses of a Rollout', () => {
  const steps: Spec = { strategy: { canary: { steps: [{}, { analysis: analysis('errors') }] } } };
  const background: Spec = { strategy: { canary: { analysis: analysis('errors') } } };
  const before: Spec = { strategy: { blueGreen: { prePromotionAnalysis: analysis('errors') } } };
  const after: Spec = { strategy: { blueGreen: { postPromotionAnalysis: analysis('errors') } } };
  const abortedBy = (sort: string, measured: string): Status => ({
    ...aborted,
    message: `RolloutAborted: Rollout aborted update to revision 2: ${sort} analysis phase error/failed: ${measured}`,
  });
  const inconclusive: Status = {
    ...paused,
    message: 'InconclusiveAnalysisRun',
    pauseConditions: [{ reason: 'InconclusiveAnalysisRun' }],
  };
  const run = (name: string, status: string, message = '') => ({ name, status, message });

  test.each<[string, Spec, Status, string, string]>([
    [
      'failed at a step',
      steps,
      abortedBy('Step-based', FAILED),
      'failed',
      `its analysis of a canary step (AnalysisTemplate errors) failed: ${FAILED}`,
    ],
    [
      'without an answer',
      steps,
      abortedBy('Step-based', ERROR),
      'failed',
      `its analysis of a canary step (AnalysisTemplate errors) failed: ${ERROR}`,
    ],
    [
      'failed in the background',
      background,
      abortedBy('Background', FAILED),
      'failed',
      `its background analysis (AnalysisTemplate errors) failed: ${FAILED}`,
    ],
    [
      'failed before promotion',
      before,
      {
        ...abortedBy('Blue/green pre-promotion', FAILED),
        blueGreen: { prePromotionAnalysisRunStatus: run('web-new-2-pre', 'Failed', FAILED) },
      },
      'failed',
      `its analysis before promotion (AnalysisRun web-new-2-pre) failed: ${FAILED}`,
    ],
    [
      'failed after promotion',
      after,
      {
        ...abortedBy('Blue/green post-promotion', FAILED),
        blueGreen: { postPromotionAnalysisRunStatus: run('web-new-2-post', 'Failed', FAILED) },
      },
      'failed',
      `its analysis after promotion (AnalysisRun web-new-2-post) failed: ${FAILED}`,
    ],
    [
      'inconclusive at a step',
      steps,
      { ...inconclusive, canary: { currentStepAnalysisRunStatus: run('web-new-2-1', 'Inconclusive', INCONCLUSIVE) } },
      'waiting',
      `AnalysisRun web-new-2-1 was inconclusive: ${INCONCLUSIVE}`,
    ],
    [
      'inconclusive in the background, during a pause',
      background,
      {
        ...paused,
        pauseConditions: [{ reason: 'CanaryPauseStep' }, { reason: 'InconclusiveAnalysisRun' }],
        canary: { currentBackgroundAnalysisRunStatus: run('web-new-2', 'Inconclusive', INCONCLUSIVE) },
      },
      'waiting',
      `AnalysisRun web-new-2 was inconclusive: ${INCONCLUSIVE}`,
    ],
    [
      'inconclusive before promotion',
      before,
      {
        ...inconclusive,
        blueGreen: { prePromotionAnalysisRunStatus: run('web-new-2-pre', 'Inconclusive', INCONCLUSIVE) },
      },
      'waiting',
      `AnalysisRun web-new-2-pre was inconclusive: ${INCONCLUSIVE}`,
    ],
    [
      'in an experiment without a result',
      steps,
      {
        ...paused,
        pauseConditions: [{ reason: 'InconclusiveExperiment' }],
        canary: { currentExperiment: 'web-new-2-0' },
      },
      'waiting',
      'Experiment web-new-2-0 was inconclusive',
    ],
    [
      'under way at a step',
      steps,
      { ...begun, canary: { currentStepAnalysisRunStatus: run('web-new-2-1', 'Running') } },
      'progressing',
      'AnalysisRun web-new-2-1 is running',
    ],
    [
      'under way in the background',
      background,
      { ...begun, canary: { currentBackgroundAnalysisRunStatus: run('web-new-2', 'Running') } },
      'progressing',
      '1 of 3 pods updated',
    ],
  ])('%s', (_, spec, status, state, message) => {
    expect(ARGO_ROLLOUT_KIND.readiness(make(spec, status))).toMatchObject({ state, message });
  });
});

const REFUSED = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' };

describe('the rollout of a Rollout', () => {
  test.each<[string, Spec, Status | undefined, string, string | RegExp, number]>([
    ['without a status', {}, undefined, 'progressing', /has not seen it yet \(does Argo Rollouts run/, 0],
    ['of another generation', {}, { ...healthy, observedGeneration: '6' }, 'progressing', /not seen the change yet/, 3],
    ['whose generation is called by a hash', {}, { ...healthy, observedGeneration: '5f8d' }, 'ready', '', 3],
    ['that is healthy', {}, healthy, 'ready', '', 3],
    ['that is healthy by its old template', {}, { ...healthy, stableRS: 'old' }, 'progressing', /not promoted/, 3],
    ['that has begun', {}, begun, 'progressing', '1 of 3 pods updated', 0],
    [
      'whose old pods end',
      {},
      { ...begun, message: 'old replicas are pending termination', updatedReplicas: 3, readyReplicas: 4 },
      'progressing',
      'old replicas are pending termination',
      3,
    ],
    ['whose pods are refused', {}, { ...begun, conditions: [REFUSED] }, 'progressing', /cannot be created: quota/, 0],
    ['at a pause without end', {}, paused, 'waiting', 'paused at step 2 of 4 of its canary', 1],
    ['at a pause for a time', {}, { ...paused, currentStepIndex: 3 }, 'progressing', /pauses at step 4.*\(30s\)/, 1],
    ['promoted a moment ago', {}, { ...paused, pauseConditions: [] }, 'progressing', /promoted/, 1],
    ['aborted a moment ago', {}, { ...paused, abort: true }, 'progressing', /being aborted/, 1],
    [
      'with an inconclusive analysis',
      {},
      { ...paused, pauseConditions: [{ reason: 'InconclusiveAnalysisRun' }] },
      'waiting',
      /inconclusive/,
      1,
    ],
    [
      'that somebody has paused before it began',
      { paused: true },
      { ...begun, phase: 'Paused', message: 'manually paused' },
      'waiting',
      /spec\.paused/,
      0,
    ],
    ['with a preview', { strategy: BLUE_GREEN }, preview, 'waiting', 'its preview is ready', 3],
    [
      'with a preview that is promoted by itself',
      { strategy: { blueGreen: {} } },
      preview,
      'progressing',
      /after autoPromotionSeconds/,
      0,
    ],
    ['that was aborted', {}, aborted, 'failed', /^RolloutAborted: /, 0],
    ['that somebody retries', {}, { ...aborted, abort: false }, 'progressing', /retried after its abort/, 0],
    [
      'that makes no progress',
      {},
      { ...begun, phase: 'Degraded', message: 'ProgressDeadlineExceeded: ReplicaSet "web-new" has timed out.' },
      'failed',
      /^ProgressDeadlineExceeded/,
      0,
    ],
    ['that Istio routes a share to', ROUTED, routed, 'waiting', 'paused at step 3 of 3 of its canary', 1],
    ['that Istio routes all to', ROUTED, routedThrough, 'ready', '', 3],
    [
      'changed while it was paused',
      { ...ROUTED, paused: true },
      {
        ...routedThrough,
        phase: 'Paused',
        message: 'manually paused',
        currentPodHash: 'newer',
        currentStepIndex: 0,
        updatedReplicas: 0,
      },
      'waiting',
      /^it is paused \(spec\.paused\) until somebody resumes it \(`kubectl argo rollouts promote web/,
      0,
    ],
    ['after which old pods stay a while', {}, { ...healthy, replicas: 6, readyReplicas: 3 }, 'ready', '', 3],
    [
      'that wants no pods',
      { replicas: 0 },
      { ...healthy, replicas: 0, updatedReplicas: 0, readyReplicas: 0 },
      'ready',
      '',
      0,
    ],
  ])('%s', (_, spec, status, state, message, ready) => {
    const rollout = make(spec, status);
    const said = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(ARGO_ROLLOUT_KIND.readiness(rollout)).toMatchObject({
      state,
      message: said,
      ready,
      wanted: spec.replicas ?? 3,
    });
  });

  test('is over only once the controller has seen the Deployment that has its pod template', () => {
    const rollout = make({ workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' } }, healthy);
    const seenAt = (generation: string): Workload | undefined =>
      ARGO_ROLLOUT_KIND.binding.view(
        [{ ...rollout, status: { ...healthy, workloadObservedGeneration: generation } } as Workload],
        {
          plugins: { items: [], kind: 'WasmPlugin' },
          templateSources: [SOURCE],
        },
      )[0];
    expect(ARGO_ROLLOUT_KIND.readiness(seenAt('2') as Workload)).toMatchObject({
      state: 'progressing',
      message: 'the controller has not seen the change of Deployment source yet',
    });
    expect(ARGO_ROLLOUT_KIND.readiness(seenAt('3') as Workload).state).toBe('ready');
  });

  test('has old pods that its controller ends by itself, after a delay', () => {
    const retires = (status: Status): boolean | undefined => ARGO_ROLLOUT_KIND.retiresPods?.(make({}, status));
    expect(retires({ ...healthy, replicas: 6 })).toBe(true);
    expect(retires(healthy)).toBe(false);
    expect(retires(begun)).toBe(false);
  });
});

test('its pods are those of ReplicaSets that are named after it and a hash of its own', () => {
  const pod = (label: string): Pod => ({
    metadata: {
      name: 'pod',
      labels: { [label]: '7d4f' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4f', controller: true }],
    },
  });
  expect(ownerOf(pod('rollouts-pod-template-hash'))).toEqual({ kind: 'Rollout', name: 'web' });
  expect(ownerOf(pod('pod-template-hash'))).toEqual({ kind: 'Deployment', name: 'web' });
});

describe('what stands in the way of a change', () => {
  const blocked = (spec: Spec): string | undefined => {
    const ref = { kind: 'Rollout', namespace: 'shop', name: 'web' };
    return ARGO_ROLLOUT_KIND.blockerOf({ ref, observed: make(spec), revisions: [] }, { wait: true })?.message;
  };

  test.each<[string, Spec, RegExp | undefined]>([
    ['nothing', {}, undefined],
    ['a pause', { paused: true }, /is paused/],
    [
      'a workload that is not there',
      { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'w' } },
      /does not exist/,
    ],
    [
      'a ReplicaSet',
      { workloadRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'w' } },
      /only that of a Deployment/,
    ],
    ['a PodTemplate', { workloadRef: { apiVersion: 'v1', kind: 'PodTemplate', name: 'w' } }, /PodTemplate w/],
  ])('%s', (_, spec, message) => {
    if (message === undefined) expect(blocked(spec)).toBeUndefined();
    else expect(blocked(spec)).toMatch(message);
  });
});

describe("a pod template that is a Deployment's", () => {
  const rollout = make({ workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'source' } }, healthy, {
    labels: { team: 'shop' },
    annotations: { 'rollout.argoproj.io/revision': '2' },
  });
  const around = { plugins: { items: [], kind: 'WasmPlugin' as const }, templateSources: [SOURCE] };
  const [view] = ARGO_ROLLOUT_KIND.binding.view([rollout], around) as [Workload];
  const ref = { kind: 'Rollout', namespace: 'shop', name: 'web' };

  test('is looked at as if it were its own, with what is recorded beside it', () => {
    expect(view).toMatchObject({
      metadata: {
        name: 'web',
        labels: { team: 'shop' },
        annotations: { ours: 'recorded', 'rollout.argoproj.io/revision': '2' },
      },
      spec: { ...SOURCE.spec, replicas: 3 },
      status: healthy,
    });
    expect(ARGO_ROLLOUT_KIND.binding.sourceOf(view)).toBe('source');
  });

  test('tells by the Deployment who else writes it, and which pods it has beside the Rollout', () => {
    const { templateHolder, alsoRestarts } = ARGO_ROLLOUT_KIND.binding;
    expect(templateHolder(view)).toBe(SOURCE);
    expect(templateHolder(make({}))).toEqual(make({}));
    const keeping = (replicas?: number): Workload => {
      const source = { ...SOURCE, spec: { ...SOURCE.spec, ...(replicas !== undefined && { replicas }) } } as Workload;
      return ARGO_ROLLOUT_KIND.binding.view([rollout], { ...around, templateSources: [source] })[0] as Workload;
    };
    expect(alsoRestarts(keeping(2))).toEqual({ kind: 'Deployment', name: 'source', count: 2 });
    // Kubernetes makes one where nobody says how many.
    expect(alsoRestarts(keeping())).toMatchObject({ count: 1 });
    expect(alsoRestarts(keeping(0))).toBeUndefined();
    expect(alsoRestarts(make({}))).toBeUndefined();
  });

  test('is what is written', () => {
    const patch = { spec: { template: {} } };
    expect(ARGO_ROLLOUT_KIND.binding.writes(ref, view, patch)).toEqual([
      { action: 'change', kind: 'Deployment', name: 'source' },
    ]);
    expect(ARGO_ROLLOUT_KIND.binding.permissions(ARGO_ROLLOUT_KIND.resource, view).resource.plural).toBe('deployments');
    expect(ARGO_ROLLOUT_KIND.binding.permissions(ARGO_ROLLOUT_KIND.resource, make({})).resource.plural).toBe(
      'rollouts',
    );
  });

  test('stays known while a watch shows the Rollout alone', () => {
    const shown = { ...rollout, status: { ...healthy, phase: 'Progressing' } };
    expect(ARGO_ROLLOUT_KIND.binding.refresh(shown, view)).toMatchObject({
      spec: { template: SOURCE.spec?.template },
      status: { phase: 'Progressing' },
    });
    expect(ARGO_ROLLOUT_KIND.binding.refresh(view, rollout)).toBe(view);
  });
});
