import { describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { causeRemedy, type UnreadyWorkload } from '../../../../src/deploy/wait/cause-remedy.ts';
import type { Diagnosis, TroubledContainer } from '../../../../src/deploy/wait/diagnose.ts';
import { refOf } from '../../builders.ts';

const FORBIDDEN = 'pods cannot be created: pods "reviews-1" is forbidden: ';
const QUOTA = `${FORBIDDEN}exceeded quota: compute, requested: limits.memory=1Gi,pods=1, used: limits.memory=4Gi,pods=5, limited: limits.memory=4Gi,pods=5`;
const QUOTA_REMEDY =
  'The ResourceQuota "compute" has no room for one more pod, which needs limits.memory 1Gi (4Gi of 4Gi is used) and pods 1 (5 of 5 is used). Raise the ResourceQuota (`kubectl edit resourcequota compute -n shop`) or delete something that counts against it';
const SURGE =
  '. Or set "maxSurge: 0" and "maxUnavailable: 1" in spec.strategy.rollingUpdate of the workload. Then an old pod ends before a new one is created: a rollout needs no extra room, but one pod fewer serves during it.';

interface Case {
  readonly path?: string;
  readonly spec?: object;
  readonly message?: string;
  readonly diagnosis?: Partial<Diagnosis>;
  readonly change?: UnreadyWorkload['change'];
}

function remedyOf({
  path = 'shop/deploy/reviews',
  spec = {},
  message = '',
  diagnosis = {},
  change = 'filter-added',
}: Case) {
  const ref = refOf(path);
  const observed = { kind: ref.kind, metadata: { name: ref.name }, spec } as Workload;
  return causeRemedy({ ref, observed, change }, message, diagnosis);
}

describe('new pods that the cluster does not take', () => {
  test.each<[string, Case, string]>([
    ['a Deployment', { message: QUOTA }, `${QUOTA_REMEDY}${SURGE}`],
    [
      'a Deployment that ends all its pods first',
      { message: QUOTA, spec: { strategy: { type: 'Recreate' } } },
      `${QUOTA_REMEDY}.`,
    ],
    ['a Deployment that the run has not changed', { message: QUOTA, change: 'none' }, `${QUOTA_REMEDY}.`],
    [
      'a StatefulSet, which ends an old pod first, and of which only an event tells',
      { path: 'shop/sts/reviews', diagnosis: { event: { reason: 'FailedCreate', message: QUOTA } } },
      `${QUOTA_REMEDY}.`,
    ],
  ])('a quota: %s', (_, given, expected) => {
    expect(remedyOf(given)).toBe(expected);
  });

  test.each<[string, string, RegExp]>([
    ['a canary', '{"canary":{}}', / in spec\.strategy\.canary of the workload/],
    ['blue-green', '{"blueGreen":{}}', /counts against it\.$/],
  ])('a quota: a Rollout with %s', (_, strategy, expected) => {
    expect(
      remedyOf({ path: 'shop/rollout/reviews', spec: { strategy: JSON.parse(strategy) }, message: QUOTA }),
    ).toMatch(expected);
  });

  test.each<[string, string]>([
    [
      `${FORBIDDEN}failed quota: compute: must specify limits.cpu for: istio-proxy`,
      'The ResourceQuota "compute" takes only pods that say how much they need. Set limits.cpu for: istio-proxy in the pod template (those of istio-proxy by',
    ],
    [
      `${FORBIDDEN}maximum memory usage per Container is 1Gi, but limit is 2Gi`,
      'A LimitRange of the namespace does not allow the pod: maximum memory usage per Container is 1Gi, but limit is 2Gi. Change the resources of the container in the pod template',
    ],
    [
      `${FORBIDDEN}violates PodSecurity "baseline:latest": non-default capabilities (container "istio-init" must not include "NET_ADMIN")`,
      'The namespace enforces the Pod Security level "baseline". Install the Istio CNI plugin',
    ],
    [
      `${FORBIDDEN}violates PodSecurity "restricted:latest": runAsNonRoot != true (container "app")`,
      'The namespace enforces the Pod Security level "restricted". Change in the pod template what the message names, or lower the level (`kubectl label namespace shop ',
    ],
    [
      'pods cannot be created: admission webhook "policy.example" denied the request: no',
      'Change in the pod template what the webhook "policy.example" objects to, or ask its owner for an exception.',
    ],
    [
      'pods cannot be created: Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject": EOF',
      'No pod can be made until the webhook "namespace.sidecar-injector.istio.io" answers. Check the pods of its Service istio-system/istiod (`kubectl get endpointslices -n istio-system -l kubernetes.io/service-name=istiod`).',
    ],
    [
      `${FORBIDDEN}ValidatingAdmissionPolicy 'strict' with binding 'all' denied request: no`,
      'Change in the pod template what the ValidatingAdmissionPolicy "strict" objects to, or the policy (`kubectl get validatingadmissionpolicy strict -o yaml`).',
    ],
  ])('%s', (message, expected) => {
    expect(remedyOf({ message })).toContain(expected);
  });

  test.each<[string, RegExp]>([
    ['0/3 nodes are available: 3 Insufficient cpu.', /^No node has room for one more pod .*Add a node .*maxSurge/],
    ["0/1 nodes are available: 1 node(s) didn't match node selector.", /^Change what keeps the pod off every node/],
  ])('of which the scheduler says: %s', (message, expected) => {
    const diagnosis = { pods: ['reviews-1: Pending'], event: { reason: 'FailedScheduling', message } };
    expect(remedyOf({ message: '1 of 3 pods updated', diagnosis })).toMatch(expected);
  });
});

describe('a container that keeps the pod from being ready', () => {
  const app = (reason: string, failure: TroubledContainer['failure']): Partial<Diagnosis> => ({
    cause: 'app: …',
    troubled: { name: 'app', reason, failure },
  });

  test('an app that crashes: how to tell whether the filter is to blame', () => {
    expect(remedyOf({ diagnosis: app('Error', 'ended') })).toBe(
      'To see whether the filter is to blame: once the workload is rolled back, restart its pods (`kubectl rollout restart -n shop deployment/reviews`). If app crashes again, the filter is not the cause: fix app. If not, the filter changes or rejects a request that app sends or gets as it starts.',
    );
  });

  test.each<[string, Case, RegExp | undefined]>([
    [
      'that runs and is not ready',
      { diagnosis: { troubled: { name: 'app', reason: '', failure: 'not-ready' } } },
      /If app does not become ready again/,
    ],
    [
      'of a Rollout',
      { path: 'shop/rollout/reviews', diagnosis: app('Error', 'ended') },
      /`kubectl argo rollouts restart reviews -n shop`, or without that plugin `kubectl patch rollout reviews -n shop --type=merge -p /,
    ],
    ['in whose log a quota is named', { diagnosis: { ...app('Error', 'ended'), cause: QUOTA } }, /^To see whether/],
    [
      'that crashes with a filter that stays there',
      { diagnosis: app('Error', 'ended'), change: 'filter-kept' },
      /^Restarted pods have the filter, too, because of "on-failure: keep"\. .*\("command: remove"\).* If app crashes all the same, the filter is not the cause: fix app\.$/,
    ],
    [
      'that crashes with a filter that it had before the run',
      { diagnosis: { ...app('Error', 'ended'), causeOf: 'reviews-1' }, change: 'filter-there' },
      /^This run changed nothing there and rolls nothing back.*\("command: remove"\).*`kubectl logs -n shop reviews-1 -c app --previous`\.$/,
    ],
    [
      'that is not ready with a filter that it had before the run',
      { diagnosis: { troubled: { name: 'app', reason: '', failure: 'not-ready' } }, change: 'filter-there' },
      / If app does not become ready all the same, the filter is not the cause: fix app\.$/,
    ],
    ['that crashed before the run', { diagnosis: app('Error', 'ended'), change: 'none' }, undefined],
    ['that crashes without the filter', { diagnosis: app('Error', 'ended'), change: 'filter-removed' }, undefined],
    ['without memory', { diagnosis: app('OOMKilled', 'not-started') }, /^The container app has too little memory/],
    ['whose image is not there', { diagnosis: app('ErrImagePull', 'not-started') }, /^The filter has nothing to do/],
    [
      'whose Secret is not there',
      { diagnosis: app('CreateContainerConfigError', 'not-started') },
      /create the ConfigMap, Secret or key that the message names/,
    ],
    ['that cannot be started', { diagnosis: app('StartError', 'not-started') }, undefined],
    [
      'of Istio, without memory',
      { diagnosis: { cause: '…', troubled: { name: 'istio-proxy', reason: 'OOMKilled', failure: 'not-started' } } },
      /^The proxy has too little memory/,
    ],
    [
      'of Istio that crashes',
      { diagnosis: { cause: '…', troubled: { name: 'istio-init', reason: 'Error', failure: 'ended' } } },
      undefined,
    ],
  ])('one %s', (_, given, expected) => {
    const remedy = remedyOf(given);
    if (expected === undefined) expect(remedy).toBeUndefined();
    else expect(remedy).toMatch(expected);
  });
});
