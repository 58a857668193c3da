import type { Explanation } from '../../../src/base/problem.ts';
import type { PodTemplate, Workload } from '../../../src/cluster/objects.ts';
import { PROXY_CONTAINER } from '../../../src/cluster/pods.ts';
import type { WantedTarget } from '../../../src/deploy/kinds/kind.ts';
import { onDeleteBlocker, templateBlocker } from '../../../src/deploy/kinds/template-blockers.ts';
import { causeRemedy, type UnreadyChange } from '../../../src/deploy/wait/cause-remedy.ts';
import type { TroubledContainer } from '../../../src/deploy/wait/diagnose.ts';
import { rolloutProblem } from '../../../src/deploy/wait/rollout-problem.ts';
import { explainMissingMount, explainNoSidecar } from '../../../src/mesh/template/injection.ts';
import { pathProblems } from '../../../src/mesh/template/mount-problems.ts';
import { type Entry, ofProblem, ofWords, type Section, withoutStop } from './entry.ts';

const REF = { kind: 'Deployment', namespace: 'shop', name: 'web' };
const WORKLOAD: Workload = { kind: REF.kind, metadata: { name: REF.name, namespace: REF.namespace }, spec: {} };
const APP = 'app';
const TIMEOUT_MS = 300_000;

/** Why new pods are not taken, or do not start. */
export function podEvents(): Section {
  return {
    title: 'Events and pods: a rollout does not become ready',
    intro: [
      'Seen in `kubectl events`, in `kubectl describe pod`, and in the job summary, which names the cause that it finds. The run rolls such a',
      'workload back, unless `on-failure: keep` says otherwise. In the examples it is Deployment `web` in namespace `shop`, with container `app`.',
    ].join('\n'),
    entries: [
      refused('exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10'),
      refused('failed quota: compute: must specify limits.cpu for: app'),
      refused('maximum memory usage per Container is 1Gi, but limit is 2Gi'),
      refused(
        'violates PodSecurity "baseline:latest": non-default capabilities (container "istio-init" must not include "NET_ADMIN")',
      ),
      refused('violates PodSecurity "restricted:latest": runAsNonRoot != true'),
      refused('admission webhook "policy.example" denied the request'),
      refused(
        'failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject"',
      ),
      refused("ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request"),
      refused('FailedScheduling: 0/3 nodes are available: 3 Insufficient cpu.'),
      refused("FailedScheduling: 0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."),
      broken('OOMKilled', 'of istio-proxy', { name: PROXY_CONTAINER, reason: 'OOMKilled', failure: 'ended' }),
      broken('OOMKilled', 'of another container', { name: APP, reason: 'OOMKilled', failure: 'ended' }),
      broken('ErrImagePull', 'or `ImagePullBackOff`', { name: APP, reason: 'ErrImagePull', failure: 'not-started' }),
      broken('CreateContainerConfigError', '', {
        name: APP,
        reason: 'CreateContainerConfigError',
        failure: 'not-started',
      }),
      broken('CrashLoopBackOff', 'after the filter was added', { name: APP, reason: 'Error', failure: 'ended' }),
      broken('Readiness probe failed', 'after the filter was added', { name: APP, reason: '', failure: 'not-ready' }),
      broken(
        'CrashLoopBackOff',
        'of pods that had the filter before',
        { name: APP, reason: 'Error', failure: 'ended' },
        'filter-there',
      ),
      notReady(),
      folderless(),
      ...takenPaths(),
    ],
  };
}

function refused(says: string): Entry {
  return ofWords(says, remedyOf('pods cannot be created', says));
}

function broken(says: string, of: string, troubled: TroubledContainer, change: UnreadyChange = 'filter-added'): Entry {
  const unready = { ref: REF, observed: WORKLOAD, change };
  return ofWords(says, causeRemedy(unready, '', { troubled, cause: says }), of === '' ? {} : { of });
}

function remedyOf(message: string, cause: string): string | undefined {
  return causeRemedy({ ref: REF, observed: WORKLOAD, change: 'filter-added' }, message, { cause });
}

function notReady(): Entry {
  const rollout = {
    state: 'timeout',
    message: '1 of 3 pods updated',
    ready: 1,
    wanted: 3,
    durationMs: TIMEOUT_MS,
  } as const;
  const planned = { ref: REF, observed: WORKLOAD, revisions: [] };
  return ofProblem('not ready after', rolloutProblem(planned, rollout, undefined, TIMEOUT_MS, 'filter-added'));
}

/** The runtime cannot make the folder that the filter is mounted at. */
function folderless(): Entry {
  const says = 'mkdir /etc/shared/add-header: read-only file system';
  const rollout = { state: 'stuck', message: says, ready: 0, wanted: 3, durationMs: TIMEOUT_MS } as const;
  const planned = { ref: REF, observed: WORKLOAD, revisions: [] };
  const diagnosis = { pods: [], cause: says, cannotMount: 'add-header' };
  return ofProblem(says, rolloutProblem(planned, rollout, diagnosis, TIMEOUT_MS, 'filter-added'));
}

function takenPaths(): Entry[] {
  const revision = { filter: 'add-header', id: '0123456789', mountPath: '/etc/istio/proxy/filters' };
  return [ofProblem('which belongs to the proxy itself', pathProblems(revision, [], 'Deployment shop/web')[0])];
}

/** A filter needs a sidecar that mounts it. */
export function sidecars(): Section {
  const { namespace } = REF;
  const uninjected = { 'sidecar.istio.io/inject': 'false' };
  const explanations = [
    explainNoSidecar({}, { name: namespace, labels: {} }),
    explainNoSidecar({}, { name: namespace, labels: { 'istio-injection': 'disabled' } }),
    explainNoSidecar({}, { name: namespace, labels: { 'istio.io/dataplane-mode': 'ambient' } }),
    explainNoSidecar({}, { name: namespace, labels: { 'istio-injection': 'enabled' } }),
    explainNoSidecar({ metadata: { labels: uninjected } }, { name: namespace, labels: {} }),
    explainNoSidecar({ spec: { hostNetwork: true } }, { name: namespace, labels: {} }),
    explainMissingMount({}, 'add-header'),
    explainMissingMount(injectedWith('my-template'), 'add-header'),
  ];
  return {
    title: 'Job summary: no sidecar, or none that is replaced',
    intro: 'The pods of a target must have a sidecar that Istio injects, because the filter runs in it.',
    entries: [...explanations, ...blockers()].map(({ message, remedy }) => ofWords(withoutStop(message), remedy)),
  };
}

/** Why a run does not begin with a workload at all. */
function blockers(): Explanation[] {
  const kept = { annotations: { 'sidecar.istio.io/status': '{}' }, labels: { 'sidecar.istio.io/inject': 'false' } };
  const onDelete = { ...WORKLOAD, spec: { updateStrategy: { type: 'OnDelete' } } };
  const revision = { podRevision: {}, revision: { settings: { direction: 'inbound' } } };
  const revisions = [revision] as unknown as WantedTarget['revisions'];
  const containers = [{ name: PROXY_CONTAINER, image: 'istio/proxyv2:1.31.0' }];
  const injected = { ...WORKLOAD, spec: { template: { metadata: kept, spec: { containers } } } };
  return [
    templateBlocker({ ref: REF, observed: injected, revisions }),
    onDeleteBlocker({ ref: REF, observed: onDelete, revisions: [] }, { wait: true }),
  ].flatMap((blocker) => blocker ?? []);
}

function injectedWith(templates: string): PodTemplate {
  return { metadata: { annotations: { 'inject.istio.io/templates': templates } } };
}
