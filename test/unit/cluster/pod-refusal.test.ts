import { expect, test } from '@jest/globals';
import { type PodRefusal, readPodRefusal } from '../../../src/cluster/pod-refusal.ts';

test.each<[string, string, PodRefusal | undefined]>([
  [
    'a quota on pods',
    'pods cannot be created: pods "reviews-7d4f-" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=3, limited: pods=3',
    { by: 'quota', name: 'compute', uses: [{ resource: 'pods', requested: '1', used: '3', limited: '3' }] },
  ],
  [
    'a quota on several resources',
    'Error creating: pods "a" is forbidden: exceeded quota: q, requested: limits.memory=1Gi,requests.cpu=100m, used: limits.memory=4Gi,requests.cpu=1900m, limited: limits.memory=4Gi,requests.cpu=1950m',
    {
      by: 'quota',
      name: 'q',
      uses: [
        { resource: 'limits.memory', requested: '1Gi', used: '4Gi', limited: '4Gi' },
        { resource: 'requests.cpu', requested: '100m', used: '1900m', limited: '1950m' },
      ],
    },
  ],
  [
    'a quota that needs values',
    'pods "a" is forbidden: failed quota: compute: must specify limits.cpu for: app,istio-proxy; limits.memory for: app',
    { by: 'quota-without-values', name: 'compute', missing: 'limits.cpu for: app,istio-proxy; limits.memory for: app' },
  ],
  [
    'a LimitRange',
    'pods "a" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    { by: 'limit-range', bounds: 'maximum memory usage per Container is 1Gi, but limit is 2Gi' },
  ],
  [
    'several bounds of a LimitRange',
    'pods "a" is forbidden: [maximum cpu usage per Pod is 2, but limit is 3, minimum memory usage per Container is 1Gi.  No request is specified]',
    {
      by: 'limit-range',
      bounds:
        'maximum cpu usage per Pod is 2, but limit is 3, minimum memory usage per Container is 1Gi.  No request is specified',
    },
  ],
  [
    'a ratio of a LimitRange',
    'pods "a" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 20.000000',
    { by: 'limit-range', bounds: 'cpu max limit to request ratio per Container is 2, but provided ratio is 20.000000' },
  ],
  [
    'several bounds, a ratio first',
    'pods "a" is forbidden: [cpu max limit to request ratio per Container is 2, but provided ratio is 30.000000, maximum cpu usage per Container is 100m, but limit is 300m]',
    {
      by: 'limit-range',
      bounds:
        'cpu max limit to request ratio per Container is 2, but provided ratio is 30.000000, maximum cpu usage per Container is 100m, but limit is 300m',
    },
  ],
  [
    'Pod Security, for what Istio adds',
    'pods "a" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (container "istio-init" must not include "NET_ADMIN", "NET_RAW" in securityContext.capabilities.add)',
    { by: 'pod-security', level: 'baseline', needsNetAdmin: true },
  ],
  [
    'Pod Security, for the app',
    'pods "a" is forbidden: violates PodSecurity "restricted:v1.34": runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true)',
    { by: 'pod-security', level: 'restricted', needsNetAdmin: false },
  ],
  [
    'a webhook',
    'admission webhook "validate.kyverno.svc-fail" denied the request: label team is required',
    { by: 'webhook', name: 'validate.kyverno.svc-fail' },
  ],
  [
    'a webhook that does not answer',
    'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": no endpoints available for service "istiod"',
    {
      by: 'silent-webhook',
      name: 'namespace.sidecar-injector.istio.io',
      service: { namespace: 'istio-system', name: 'istiod' },
    },
  ],
  [
    'a webhook outside the cluster that does not answer',
    'Internal error occurred: failed calling webhook "x.example": Post "https://hooks.example:443/x": EOF',
    { by: 'silent-webhook', name: 'x.example' },
  ],
  [
    'an admission policy',
    "pods \"a\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: no tag",
    { by: 'admission-policy', name: 'no-latest' },
  ],
  [
    'an admission policy that cannot be evaluated',
    'pods "a" is forbidden: ValidatingAdmissionPolicy \'no-latest\' denied request: failed to configure policy: no such parameter',
    { by: 'admission-policy', name: 'no-latest' },
  ],
  [
    'a webhook whose Service is gone',
    'Internal error occurred: failed calling webhook "dead.example.com": failed to call webhook: Post "https://gone.hook.svc:443/x?timeout=10s": service "gone" not found',
    { by: 'silent-webhook', name: 'dead.example.com', service: { namespace: 'hook', name: 'gone' } },
  ],
  [
    'full nodes',
    '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
    { by: 'nodes-full' },
  ],
  [
    'a node that is full',
    'nodes do not run its pods: OutOfcpu: Node did not have enough resource',
    { by: 'nodes-full' },
  ],
  [
    'taints',
    '0/3 nodes are available: 3 node(s) had untolerated taint {gpu: true}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    { by: 'nodes' },
  ],
  ['progress', '1 of 3 pods updated', undefined],
  ['nothing', '', undefined],
])('%s', (_, message, expected) => {
  expect(readPodRefusal(message)).toEqual(expected);
});
