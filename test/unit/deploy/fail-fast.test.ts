import { describe, expect, test } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../src/cluster/objects.ts';
import { fatalTrouble, isCreating, isProxyUnready } from '../../../src/cluster/pods.ts';

const pod = (...containerStatuses: ContainerStatus[]): Pod => ({
  metadata: { name: 'p' },
  status: { containerStatuses },
});
const waiting = (reason: string, name = 'app'): ContainerStatus => ({ name, state: { waiting: { reason } } });
const proxy = (status: Partial<ContainerStatus>): ContainerStatus => ({ name: 'istio-proxy', ...status });

describe('troubles that seldom pass by themselves', () => {
  test.each<[string, ContainerStatus, boolean]>([
    ['CrashLoopBackOff', waiting('CrashLoopBackOff'), true],
    ['ImagePullBackOff', waiting('ImagePullBackOff'), true],
    ['ErrImagePull', waiting('ErrImagePull'), true],
    ['InvalidImageName', waiting('InvalidImageName'), true],
    ['CreateContainerConfigError', waiting('CreateContainerConfigError'), true],
    ['RunContainerError', waiting('RunContainerError'), true],
    ['between two crashes', { name: 'app', restartCount: 1, state: { terminated: { exitCode: 1 } } }, true],
    ['a first crash', { name: 'app', restartCount: 0, state: { terminated: { exitCode: 1 } } }, false],
    [
      'an init container that is done',
      { name: 'init', restartCount: 1, state: { terminated: { exitCode: 0 } } },
      false,
    ],
    ['ContainerCreating', waiting('ContainerCreating'), false],
    ['running, not ready', { name: 'app', ready: false, state: { running: {} } }, false],
  ])('%s', (_, container, fatal) => {
    expect(fatalTrouble(pod(container)) !== undefined).toBe(fatal);
  });
});

describe('a pod whose containers cannot be made', () => {
  test.each<[string, Pod, boolean]>([
    ['all are being created', pod(waiting('ContainerCreating'), waiting('PodInitializing', 'b')), true],
    ['one runs', pod(waiting('PodInitializing'), proxy({ state: { running: {} } })), false],
    ['it has no node yet', pod(), false],
  ])('%s', (_, of, creating) => {
    expect(isCreating(of)).toBe(creating);
  });
});

describe('a proxy that does not get ready', () => {
  test.each<[string, ContainerStatus, boolean]>([
    ['runs, not ready', proxy({ ready: false, state: { running: {} } }), true],
    ['a native sidecar that has not started', proxy({ ready: false, started: false, state: { running: {} } }), true],
    [
      'was restarted',
      proxy({ ready: false, restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }),
      true,
    ],
    ['is ready', proxy({ ready: true, started: true, state: { running: {} } }), false],
    ['is being created', proxy({ ready: false, state: { waiting: { reason: 'PodInitializing' } } }), false],
    ['is another container', { name: 'app', ready: false, state: { running: {} } }, false],
  ])('%s', (_, container, unready) => {
    expect(isProxyUnready(pod(container))).toBe(unready);
  });
});
