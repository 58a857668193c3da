import { describe, expect, test } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../src/cluster/objects.ts';
import { describePod, hasProxyContainer, isReady, isTerminating, proxyImageOf } from '../../../src/cluster/pods.ts';

type Metadata = Partial<Pod['metadata']>;

const pod = (status: Pod['status'], metadata: Metadata = {}): Pod => ({
  metadata: { name: 'pod', ...metadata },
  ...(status === undefined ? {} : { status }),
});
const container = (
  name: string,
  state: ContainerStatus['state'],
  more: Partial<ContainerStatus> = {},
): ContainerStatus => ({
  name,
  ...(state === undefined ? {} : { state }),
  ...more,
});
const waiting = (name: string, reason?: string, message?: string): ContainerStatus =>
  container(name, { waiting: { ...(reason && { reason }), ...(message && { message }) } });
const running = (name: string, ready: boolean, started = ready): ContainerStatus =>
  container(name, { running: {} }, { ready, started });
const READY = { type: 'Ready', status: 'True' };

describe('describePod', () => {
  test.each<[string, Pod]>([
    ['', pod({ conditions: [READY], containerStatuses: [running('app', false)] })],
    ['Terminating', pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['Pending', pod(undefined)],
    ['Pending', pod({ phase: 'Pending', conditions: [{ type: 'Ready', status: 'False' }] })],
    ['Evicted: out of memory', pod({ phase: 'Failed', reason: 'Evicted', message: 'out of memory' })],
    ['Failed', pod({ phase: 'Failed' })],
    [
      'Unschedulable: 0/3 nodes are available',
      pod({
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
        ],
      }),
    ],
    ['Unschedulable: no node', pod({ conditions: [{ type: 'PodScheduled', status: 'False' }] })],
    [
      'ContainerCreating',
      pod({ containerStatuses: [waiting('app', 'ContainerCreating'), waiting('b', 'PodInitializing')] }),
    ],
    [
      'ImagePullBackOff (app): no such image',
      pod({ containerStatuses: [waiting('app', 'ImagePullBackOff', 'no such image')] }),
    ],
    [
      'ErrImagePull (b)',
      pod({ containerStatuses: [waiting('app', 'ContainerCreating'), waiting('b', 'ErrImagePull')] }),
    ],
    ['Waiting (app)', pod({ containerStatuses: [waiting('app')] })],
    ['NotInTheBook (app): odd', pod({ containerStatuses: [waiting('app', 'NotInTheBook', 'odd')] })],
    [
      'container istio-proxy not ready',
      pod({
        initContainerStatuses: [running('istio-proxy', false)],
        containerStatuses: [waiting('app', 'PodInitializing')],
      }),
    ],
    ['container istio-proxy not ready', pod({ initContainerStatuses: [running('istio-proxy', true, false)] })],
    [
      'CrashLoopBackOff (app)',
      pod({
        initContainerStatuses: [running('istio-proxy', true)],
        containerStatuses: [waiting('app', 'CrashLoopBackOff')],
      }),
    ],
    [
      'app has crashed (OOMKilled, exit code 137)',
      pod({ containerStatuses: [container('app', { terminated: { reason: 'OOMKilled', exitCode: 137 } })] }),
    ],
    [
      'app has crashed (Error, exit code 1): no configuration',
      pod({
        containerStatuses: [
          container('app', { terminated: { reason: 'Error', exitCode: 1, message: 'no configuration' } }),
        ],
      }),
    ],
    [
      'not ready',
      pod({
        initContainerStatuses: [container('init', { terminated: { exitCode: 0 } })],
        containerStatuses: [running('app', true)],
        conditions: [{ type: 'Ready', status: 'False' }],
      }),
    ],
  ])('"%s"', (description, of) => {
    expect(describePod(of)).toBe(description);
    expect(isReady(of)).toBe(description === '');
  });
});

describe('the proxy in the spec of a pod', () => {
  const APP = { name: 'app', image: 'shop/web:3' };
  const proxy = (image?: string) => ({ name: 'istio-proxy', ...(image === undefined ? {} : { image }) });

  test.each<[string, Pod['spec'], boolean, string | undefined]>([
    ['no spec', undefined, false, undefined],
    [
      'no proxy',
      { containers: [APP], initContainers: [{ name: 'istio-init', image: 'proxyv2:1.31.0' }] },
      false,
      undefined,
    ],
    [
      'a container',
      { containers: [APP, proxy('docker.io/istio/proxyv2:1.31.0')] },
      true,
      'docker.io/istio/proxyv2:1.31.0',
    ],
    [
      'a native sidecar',
      { containers: [APP], initContainers: [proxy('docker.io/istio/proxyv2:1.31.0-distroless')] },
      true,
      'docker.io/istio/proxyv2:1.31.0-distroless',
    ],
    ['an image that is not said', { containers: [proxy()] }, true, undefined],
  ])('%s', (_, spec, has, image) => {
    const one: Pod = { metadata: { name: 'pod' }, ...(spec === undefined ? {} : { spec }) };
    expect(hasProxyContainer(one)).toBe(has);
    expect(proxyImageOf(one)).toBe(image);
  });
});

test('a pod that is being deleted is terminating', () => {
  expect(isTerminating(pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe(true);
  expect(isTerminating(pod({ conditions: [READY] }))).toBe(false);
});
