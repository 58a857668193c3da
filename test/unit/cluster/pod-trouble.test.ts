import { describe, expect, test } from '@jest/globals';
import { describeRefusal, isRefused } from '../../../src/cluster/node-refusal.ts';
import type { ContainerState, ContainerStatus, Event, Pod } from '../../../src/cluster/objects.ts';
import { creationFailure, describeEvent, tellingEvent, withoutPassed } from '../../../src/cluster/pod-events.ts';
import { describeTrouble, recentTroubleOf, troubleOf } from '../../../src/cluster/pod-trouble.ts';
import { tellingEnd } from '../../../src/cluster/runtime-words.ts';

const pod = (...containerStatuses: ContainerStatus[]): Pod => ({
  metadata: { name: 'p' },
  status: { containerStatuses },
});
const waiting = (reason?: string, message?: string, name = 'app'): ContainerStatus => ({
  name,
  state: { waiting: { ...(reason && { reason }), ...(message && { message }) } },
});
const ended = (reason: string, exitCode: number, message?: string): ContainerState => ({
  terminated: { reason, exitCode, ...(message && { message }) },
});
const looping = (lastState: ContainerState, name = 'app'): ContainerStatus => ({
  name,
  restartCount: 2,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=app' } },
  lastState,
});
const words = (onePod: Pod): string | undefined => {
  const trouble = troubleOf(onePod);
  return trouble && describeTrouble(trouble);
};

const three = (said: string): [string, string, string] => [said, said, said];

describe('why a container cannot run', () => {
  // kubernetes: pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go, pkg/kubelet/kuberuntime/kuberuntime_container.go
  test.each([
    'ErrImagePull',
    'ErrImageNeverPull',
    'ImagePullBackOff',
    'ImageInspectError',
    'RegistryUnavailable',
    'InvalidImageName',
    'SignatureValidationFailed',
    'CreateContainerConfigError',
    'CreateContainerError',
    'CreatePodSandboxError',
    'ConfigPodSandboxError',
    'KillPodSandboxError',
    'PreCreateHookError',
    'PreStartHookError',
    'PostStartHookError',
    'RunContainerError',
    'CrashLoopBackOff',
    'AReasonOfNextYear',
  ])('it waits because of %s', (reason) => {
    expect(words(pod(waiting(reason, 'said')))).toMatch(reason);
    expect(words({ ...pod(), status: { initContainerStatuses: [waiting(reason, 'said')] } })).toMatch(reason);
  });

  test.each<[string, ContainerStatus, string | undefined]>([
    ['one is made', waiting('ContainerCreating'), undefined],
    ['one waits for the containers of init', waiting('PodInitializing'), undefined],
    ['a virtual kubelet gives no reason', waiting(), undefined],
    ['one runs and is not ready', { name: 'app', ready: false, state: { running: {} } }, undefined],
    ['one of init is done', { name: 'setup', restartCount: 1, state: ended('Completed', 0) }, undefined],
    [
      'the message says why',
      waiting('ErrImageNeverPull', 'image is not there'),
      'ErrImageNeverPull (app): image is not there',
    ],
    [
      'the message only says that it is tried again',
      waiting('ImagePullBackOff', 'Back-off pulling image "shop/web:3"'),
      'ImagePullBackOff (app)',
    ],
    [
      'the message says both',
      waiting('ImagePullBackOff', 'Back-off pulling image "shop/web:3": ErrImagePull: not found'),
      'ImagePullBackOff (app): Back-off pulling image "shop/web:3": ErrImagePull: not found',
    ],
    ['it crashes, and nothing is known of it', waiting('CrashLoopBackOff', 'back-off 20s'), 'CrashLoopBackOff (app)'],
    ['it crashes', looping(ended('Error', 1)), 'app keeps crashing (Error, exit code 1)'],
    [
      'it crashes with words',
      looping(ended('Error', 3, 'no such table\n')),
      'app keeps crashing (Error, exit code 3): no such table',
    ],
    ['its memory runs out', looping(ended('OOMKilled', 137)), 'app keeps crashing (OOMKilled, exit code 137)'],
    ['its program ends', looping(ended('Completed', 0)), 'app keeps exiting (Completed)'],
    [
      'its program cannot be started',
      looping(ended('StartError', 128, 'mkdir /x: read-only file system'), 'istio-proxy'),
      'istio-proxy cannot be started (StartError, exit code 128): mkdir /x: read-only file system',
    ],
    ['it has crashed once', { name: 'app', state: ended('Error', 2) }, 'app has crashed (Error, exit code 2)'],
    [
      'its node has lost it',
      { name: 'app', state: ended('ContainerStatusUnknown', 137) },
      'app cannot be started (ContainerStatusUnknown, exit code 137)',
    ],
  ])('%s', (_, container, expected) => {
    expect(words(pod(container))).toBe(expected);
  });

  test('the first to start is named, for the others wait for it', () => {
    const status = {
      initContainerStatuses: [
        waiting('ErrImagePull', undefined, 'setup'),
        waiting('PodInitializing', undefined, 'istio-proxy'),
      ],
      containerStatuses: [waiting('CrashLoopBackOff')],
    };
    expect(words({ metadata: { name: 'p' }, status })).toBe('ErrImagePull (setup)');
  });

  test('one that runs between two crashes is in trouble only for who looks back', () => {
    const onePod = pod({ ...looping(ended('Error', 1)), ready: false, state: { running: {} } });
    expect(troubleOf(onePod)).toBeUndefined();
    expect(recentTroubleOf(onePod)?.words).toBe('app keeps crashing (Error, exit code 1)');
    const ready = pod({ ...looping(ended('Error', 1)), ready: true, state: { running: {} } });
    expect(recentTroubleOf(ready)).toBeUndefined();
  });

  // A row is a state, and what is said of a container of the app, a native sidecar and one of init in it. The kubelet shows a native
  // sidecar that ended with 0 as ended, also while it waits to start it anew.
  const backOff = looping(ended('Error', 1));
  test.each<[string, Omit<ContainerStatus, 'name'>, string | undefined, string | undefined, string | undefined]>([
    ['runs', { ready: true, state: { running: {} } }, undefined, undefined, undefined],
    ['runs again', { ready: false, restartCount: 2, state: { running: {} } }, undefined, undefined, undefined],
    ['has ended with 0', { state: ended('Completed', 0) }, undefined, 'c keeps exiting (Completed)', undefined],
    ['has ended with 1', { state: ended('Error', 1) }, ...three('c has crashed (Error, exit code 1)')],
    ['waits to be started anew', backOff, ...three('c keeps crashing (Error, exit code 1)')],
    ['has no image', waiting('ErrImagePull'), ...three('ErrImagePull (c)')],
    ['is being made', waiting('PodInitializing'), undefined, undefined, undefined],
  ])('a container of the app, a native sidecar, one of init that %s', (_, state, app, sidecar, init) => {
    const status: ContainerStatus = { ...state, name: 'c' };
    const of = (initContainers: { name: string; restartPolicy?: string }[]): Pod => ({
      metadata: { name: 'p' },
      spec: { initContainers },
      status: { initContainerStatuses: [status], containerStatuses: [waiting('PodInitializing')] },
    });
    expect(words(pod(status))).toBe(app);
    expect(words(of([{ name: 'c', restartPolicy: 'Always' }]))).toBe(sidecar);
    expect(words(of([{ name: 'c' }]))).toBe(init);
  });

  test('a native sidecar ends with its pod', () => {
    const ending: Pod = {
      metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { initContainers: [{ name: 'c', restartPolicy: 'Always' }] },
      status: { initContainerStatuses: [{ name: 'c', state: ended('Completed', 0) }] },
    };
    expect(troubleOf(ending)).toBeUndefined();
  });

  test.each([
    ['Error', true],
    ['OOMKilled', false],
    ['StartError', false],
  ])('after %s its log may say more: %s', (reason, may) => {
    expect(troubleOf(pod(looping(ended(reason, 1))))?.ended).toBe(may);
  });
});

describe('a pod that its node does not run', () => {
  test.each(['UnexpectedAdmissionError', 'NodeAffinity', 'OutOfcpu', 'Evicted', 'Preempting', 'SysctlForbidden'])(
    '%s',
    (reason) => {
      const refused: Pod = { metadata: { name: 'p' }, status: { phase: 'Failed', reason, message: 'said' } };
      expect(isRefused(refused)).toBe(true);
      expect(describeRefusal(refused)).toBe(`${reason}: said`);
    },
  );
});

test.each<[string, string | undefined]>([
  ['FailedMount', 'FailedMount: said'],
  ['FailedCreatePodSandBox', 'FailedCreatePodSandBox: said'],
  ['FailedPrepareDynamicResources', 'FailedPrepareDynamicResources: said'],
  // Another pod lets go of the disk, or another node comes.
  ['FailedAttachVolume', undefined],
  ['FailedScheduling', undefined],
  ['FailedToRetrieveImagePullSecret', undefined],
  ['Unhealthy', undefined],
])('containers that are not made, with the event %s', (reason, expected) => {
  const event = { metadata: { name: 'e' }, type: 'Warning', reason, message: 'said', involvedObject: { name: 'p' } };
  expect(creationFailure([event], 'p')).toBe(expected);
});

test.each(['configmap', 'secret'])('a kubelet that has not read a %s yet tries again', (kind) => {
  const message = `MountVolume.SetUp failed for volume "wasm-filter-bench" : failed to sync ${kind} cache: timed out waiting for the condition`;
  const event = { metadata: { name: 'e' }, type: 'Warning', reason: 'FailedMount', involvedObject: { name: 'p' } };
  expect(creationFailure([{ ...event, message }], 'p')).toBeUndefined();
  expect(
    creationFailure(
      [
        { ...event, message },
        { ...event, message: 'said' },
      ],
      'p',
    ),
  ).toBe('FailedMount: said');
});

describe('tellingEvent', () => {
  const event = (reason: string, name = 'pod-1', over: Partial<Event> = {}): Event => ({
    metadata: { name: `${name}.1` },
    type: 'Warning',
    reason,
    message: `${reason} of ${name}`,
    involvedObject: { kind: 'Pod', name },
    ...over,
  });
  const names = new Set(['pod-1', 'reviews']);

  test.each<[string, Event[], string | undefined]>([
    ['there are none', [], undefined],
    [
      'the cause goes before what follows from it',
      [event('Unhealthy'), event('BackOff'), event('FailedMount')],
      'FailedMount: FailedMount of pod-1',
    ],
    [
      'the order of the causes',
      [event('Failed'), event('FailedScheduling'), event('FailedCreate', 'reviews')],
      'FailedCreate: FailedCreate of reviews',
    ],
    ['unknown reasons come last', [event('Strange'), event('Unhealthy')], 'Unhealthy: Unhealthy of pod-1'],
    ['one of another object', [event('FailedMount', 'pod-2'), event('BackOff')], 'BackOff: BackOff of pod-1'],
    ['one that is no warning', [event('FailedMount', 'pod-1', { type: 'Normal' })], undefined],
    ['one about nothing', [{ metadata: { name: 'x' }, type: 'Warning', reason: 'FailedMount' }], undefined],
    [
      'one that says why goes before the one that repeats the reason',
      [
        event('Failed', 'pod-1', { message: 'Error: ErrImagePull' }),
        event('Failed', 'pod-1', { message: 'Failed to pull image "a": not found' }),
      ],
      'Failed: Failed to pull image "a": not found',
    ],
    ['the first of equals', [event('Failed', 'reviews'), event('Failed')], 'Failed: Failed of reviews'],
    [
      'the latest of equals',
      [
        event('Unhealthy', 'pod-1', { message: 'old', lastTimestamp: '2026-01-01T00:00:00Z' }),
        event('Unhealthy', 'pod-1', { message: 'new', lastTimestamp: null, eventTime: '2026-01-01T00:05:00.000000Z' }),
      ],
      'Unhealthy: new',
    ],
  ])('%s', (_, events, telling) => {
    const found = tellingEvent(events, names);
    expect(found && describeEvent(found)).toBe(telling);
  });
});

describe('what a container runtime says', () => {
  // As containerd 2 and runc say it on Kubernetes 1.34.
  const dump =
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/var/lib/kubelet/pods/f6c14971/volumes/kubernetes.io~configmap/wasm-filter-add-header" to rootfs at "/var/wasm/add-header": mkdir /run/containerd/io.containerd.runtime.v2.task/k8s.io/50569d4ee325/rootfs/var/wasm/add-header: read-only file system: unknown';

  test.each([
    ['its telling end', dump, 'mkdir /var/wasm/add-header: read-only file system'],
    [
      'a program that is not there',
      'failed to create containerd task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/app": stat /app: no such file or directory: unknown',
      'exec: "/app": stat /app: no such file or directory',
    ],
    ['the words of others', 'secret "x" not found: mkdir it', 'secret "x" not found: mkdir it'],
  ])('%s', (_, message, end) => {
    expect(tellingEnd(message)).toBe(end);
  });

  test('in a trouble, and in an event', () => {
    const end = 'mkdir /var/wasm/add-header: read-only file system';
    const crashed = { name: 'istio-proxy', restartCount: 1, state: ended('StartError', 128, dump) };
    expect(words(pod(crashed))).toBe(`istio-proxy cannot be started (StartError, exit code 128): ${end}`);
    const event = { metadata: { name: 'e' }, type: 'Warning', reason: 'Failed', involvedObject: { name: 'p' } };
    expect(tellingEvent([{ ...event, message: dump }], new Set(['p']))).toEqual({ reason: 'Failed', message: end });
  });
});

test.each<[string, ContainerStatus, string | undefined]>([
  ['it cannot be started', looping(ended('StartError', 128, 'mkdir /x/y: read-only file system')), '/x/y'],
  [
    'it waits to be run again',
    { name: 'app', state: { waiting: { reason: 'RunContainerError', message: 'mkdir /x: read-only file system' } } },
    '/x',
  ],
  ['it has said so itself', looping(ended('Error', 1, 'mkdir /x: read-only file system')), undefined],
  ['something else failed', looping(ended('StartError', 128, 'stat /x: no such file or directory')), undefined],
])('the folder that the runtime could not create in a container, where %s', (_, container, folder) => {
  expect(troubleOf(pod(container))?.folder).toBe(folder);
});

test('what kept a pod from starting has passed once it has started', () => {
  const event = (reason: string, name: string): Event => ({
    metadata: { name: 'e' },
    type: 'Warning',
    reason,
    involvedObject: { name },
  });
  const events = [event('FailedMount', 'p'), event('Unhealthy', 'p'), event('FailedMount', 'q')];
  const left = withoutPassed(events, [pod({ name: 'app', state: { running: {} } })]);
  expect(left).toEqual([event('Unhealthy', 'p'), event('FailedMount', 'q')]);
  expect(withoutPassed(events, [pod(waiting('ContainerCreating'))])).toEqual(events);
});

test.each<[string, string | undefined, boolean]>([
  ['a container that is ready now', 'spec.initContainers{istio-proxy}', true],
  ['a container that is not', 'spec.containers{app}', false],
  ['no container', undefined, false],
  ['a path of another kind', 'status.phase', false],
])('what was wrong with a container has passed once it is ready: %s', (_, fieldPath, passed) => {
  const onePod: Pod = {
    metadata: { name: 'p' },
    status: {
      initContainerStatuses: [{ name: 'istio-proxy', ready: true, state: { running: {} } }],
      containerStatuses: [{ name: 'app', ready: false, state: { running: {} } }],
    },
  };
  const involvedObject = { kind: 'Pod', name: 'p', ...(fieldPath !== undefined && { fieldPath }) };
  const event: Event = { metadata: { name: 'e' }, type: 'Warning', reason: 'Unhealthy', involvedObject };
  expect(withoutPassed([event], [onePod])).toEqual(passed ? [] : [event]);
});
