import { describe, expect, test } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../../src/cluster/objects.ts';
import { isCreating, isProxyUnready } from '../../../../src/cluster/pods.ts';

const pod = (...containerStatuses: ContainerStatus[]): Pod => ({
  metadata: { name: 'p' },
  status: { containerStatuses },
});
const waiting = (reason: string, name = 'app'): ContainerStatus => ({ name, state: { waiting: { reason } } });
const proxy = (status: Partial<ContainerStatus>): ContainerStatus => ({ name: 'istio-proxy', ...status });

describe('a pod whose containers cannot be made', () => {
  test.each<[string, Pod, boolean]>([
    ['all are being created', pod(waiting('ContainerCreating'), waiting('PodInitializing', 'b')), true],
    ['one runs', pod(waiting('PodInitializing'), proxy({ state: { running: {} } })), false],
    ['it has no node yet', pod(), false],
    ['a virtual kubelet gives no reason', pod({ name: 'app', state: { waiting: {} } }), true],
    ['one cannot be pulled', pod(waiting('ContainerCreating'), waiting('ErrImageNeverPull', 'b')), false],
  ])('%s', (_, of, creating) => {
    expect(isCreating(of)).toBe(creating);
  });
});

describe('a proxy that does not become ready', () => {
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
