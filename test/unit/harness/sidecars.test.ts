import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../harness/api.ts';
import type { ExecAnswer } from '../../harness/exec-client.ts';
import { makeWorkload } from '../../harness/workloads.ts';
import type { ApiObject } from '../../kubelet/client.ts';
import { type SidecarBed, startSidecarBed } from './bed.ts';

let bed: SidecarBed;
beforeAll(async () => {
  bed = await startSidecarBed();
});
afterAll(() => bed.stop());
beforeEach(() => bed.cluster.recorder.reset());

const statusOf = (answer: ExecAnswer): unknown => JSON.parse(answer.channels[3] ?? '{}');

interface Dump {
  readonly configs: readonly {
    readonly name: string;
    readonly active_state?: unknown;
    readonly error_state?: { readonly details: string };
  }[];
}
/** The inbound listener of a pod's dump. */
async function inbound(name: string): Promise<Dump['configs'][number]> {
  const { configs } = JSON.parse((await bed.exec(name)).channels[1] ?? '') as Dump;
  const found = configs.find((listener) => listener.name === 'virtualInbound');
  if (found === undefined) throw new Error('no inbound listener');
  return found;
}
const updates = async (name: string): Promise<unknown> => {
  const { body } = await bed.fetch(`${name}:15090`, '/stats/prometheus');
  return ['success', 'rejected'].map((what) => Number(new RegExp(`lds_update_${what}\\{\\} (\\d+)`).exec(body)?.[1]));
};

describe('a pod with a filter', () => {
  let pod: string;
  beforeAll(async () => {
    await bed.cluster.api.create(bed.filters, bed.filterFor('reviews', 'x-shop: open\n'));
    pod = await bed.startPod('reviews', { 'sim/http-ports': '9080,8080', 'sim/tcp-ports': '3306' });
  });

  test.each(['v5.channel.k8s.io', 'v4.channel.k8s.io'])('shows it over %s', async (protocol) => {
    const answer = await bed.exec(pod, { protocols: ['other', protocol] });
    expect([answer.protocol, answer.closeCode]).toEqual([protocol, 1000]);
    expect(answer.channels[1]).toContain('"x-shop: open\\n"');
    expect(answer.channels[2]).toBeUndefined();
    expect(statusOf(answer)).toEqual({ metadata: {}, status: 'Success' });
    expect(bed.cluster.recorder.requests.map(({ method, status }) => [method, status])).toEqual([['GET', 101]]);
    expect(bed.cluster.recorder.writes).toEqual([]);
  });

  test('answers at its HTTP ports with what the filter adds', async () => {
    for (const port of [9080, 8080]) {
      const answer = await bed.fetch(`${pod}:${port}`, '/health?x=1', { method: 'POST' });
      expect(answer).toMatchObject({ status: 200, headers: { 'x-filter-a': '0123456789', 'x-shop': 'open' } });
    }
    expect(bed.cluster.recorder.requests).toHaveLength(2);
    expect(bed.cluster.recorder.writes).toEqual([]);
  });

  test('does not answer HTTP at other ports', async () => {
    expect((await bed.fetch(`${pod}:3306`)).body).toContain('error trying to reach service: EOF');
    expect((await bed.fetch(`${pod}:1234`)).body).toMatch(/^upstream connect error/);
  });

  test('counts the updates of its listeners', async () => {
    expect(await updates(pod)).toEqual([1, 0]);
    expect((await bed.fetch(`${pod}:15090`, '/ready')).status).toBe(404);
  });

  test.each([
    ['another program', ['ls'], { reason: 'InternalError', message: expect.stringContaining('not found in $PATH') }],
    [
      'a path that Envoy does not know',
      ['pilot-agent', 'request', 'GET', 'nothing'],
      { reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '255' }] } },
    ],
  ])('%s fails', async (_case, command, status) => {
    const answer = await bed.exec(pod, { command });
    expect([answer.httpStatus, answer.channels[1]]).toEqual([101, '']);
    expect(statusOf(answer)).toMatchObject({ status: 'Failure', ...status });
  });

  test.each([
    ['a pod that is not there', 'none', {}, 404, 'pods "none" not found'],
    [
      'a container that is not there',
      'reviews-0',
      { container: 'x' },
      400,
      'container x is not valid for pod reviews-0',
    ],
    ['another protocol', 'reviews-0', { protocols: ['v1.other'] }, 400, expect.stringContaining('sub-protocol')],
  ])('%s: no stream is opened', async (_case, name, options, code, message) => {
    const answer = await bed.exec(name, options);
    expect([answer.httpStatus, JSON.parse(answer.body)]).toEqual([code, expect.objectContaining({ code, message })]);
  });

  test('what is no WebSocket is told so, and a pod that is not there is not found', async () => {
    await expect(bed.api.text(`${bed.podPath(pod)}/exec?container=istio-proxy`)).rejects.toThrow(
      /Upgrade request required/,
    );
    expect((await bed.fetch('none:9080')).status).toBe(404);
  });
});

describe('how pods are told to behave', () => {
  test('a pod that starts with a filter that is refused has no inbound listener', async () => {
    await bed.cluster.api.create(bed.filters, bed.filterFor('fresh', 'bad: 1'));
    const pod = await bed.startPod('fresh', { 'sim/refuses': 'bad' });
    expect(await inbound(pod)).toMatchObject({ error_state: { details: 'Unable to create Wasm plugin a' } });
    expect((await inbound(pod)).active_state).toBeUndefined();
    expect(await updates(pod)).toEqual([0, 1]);
    expect((await bed.fetch(`${pod}:9080`)).body).toContain('connection refused');
  });

  test('a running one keeps what it had, though nobody asked before', async () => {
    await bed.cluster.api.create(bed.filters, bed.filterFor('running', 'x-v: 1'));
    const pod = await bed.startPod('running', { 'sim/refuses': 'bad' });
    const { spec } = bed.filterFor('running', 'bad: 1');
    await bed.cluster.api.patch(`${bed.filters}/running`, { spec });
    const refused = await inbound(pod);
    expect(refused.error_state?.details).toBe('Unable to create Wasm plugin a');
    expect(JSON.stringify(refused.active_state)).toContain('x-v: 1');
    expect(await updates(pod)).toEqual([1, 1]);
    expect((await bed.fetch(`${pod}:9080`)).headers).toMatchObject({ 'x-v': '1' });

    await bed.cluster.api.delete(`${bed.filters}/running`);
    expect((await inbound(pod)).error_state).toBeUndefined();
    expect(await updates(pod)).toEqual([2, 1]);
    expect((await bed.fetch(`${pod}:9080`)).headers).not.toHaveProperty('x-v');
  });

  test('a pod that is made anew has a history of its own', async () => {
    await bed.cluster.api.create(bed.filters, bed.filterFor('anew', 'x-v: 1'));
    const pod = await bed.startPod('anew', { 'sim/refuses': 'bad' });
    await bed.cluster.api.patch(`${bed.filters}/anew`, { spec: bed.filterFor('anew', 'bad: 1').spec });
    expect((await inbound(pod)).active_state).toBeDefined();
    await bed.cluster.api.delete(bed.podPath(pod));
    const fresh = await eventually('the new pod refuses', async () => {
      const [rejected] = (await updates(pod).catch(() => [])) as number[];
      return rejected === 0 ? inbound(pod) : undefined;
    });
    expect(fresh.active_state).toBeUndefined();
  });

  test('the mesh may take its time', async () => {
    const pod = await bed.startPod('slow', { 'sim/xds-delay-ms': '300' });
    const asked = Date.now();
    await bed.cluster.api.create(bed.filters, bed.filterFor('slow', 'x-v: 1'));
    await eventually('the filter', async () => {
      const { headers } = await bed.fetch(`${pod}:9080`);
      return 'x-v' in headers || undefined;
    });
    expect(Date.now() - asked).toBeGreaterThanOrEqual(300);
  });

  test('an app may answer with another status', async () => {
    const pod = await bed.startPod('sick', { 'sim/probe-status': '503' });
    expect((await bed.fetch(`${pod}:9080`)).status).toBe(503);
  });

  test('a file that is not mounted is refused', async () => {
    await bed.cluster.api.create(bed.filters, bed.filterFor('fileless', 'x-v: 1', '/var/lib/a/other.wasm'));
    const pod = await bed.startPod('fileless');
    expect((await inbound(pod)).error_state?.details).toBe('Invalid path: /var/lib/a/other.wasm');
  });

  test('without a sidecar there is nothing to ask, and only the app answers', async () => {
    await bed.cluster.api.create(bed.filters, bed.filterFor('bare', 'x-v: 1'));
    const pod = await bed.startPod('bare', {}, false);
    expect((await bed.exec(pod)).httpStatus).toBe(400);
    expect((await bed.fetch(`${pod}:15090`, '/stats/prometheus')).status).toBe(503);
    const answer = await bed.fetch(`${pod}:9080`);
    expect([answer.status, answer.headers['x-v']]).toEqual([200, undefined]);
  });

  test('a proxy that does not run yet cannot be asked', async () => {
    await bed.cluster.api.create(
      `/apis/apps/v1/namespaces/${bed.namespace}/statefulsets`,
      makeWorkload(bed.namespace, 'creating', {
        kind: 'StatefulSet',
        podAnnotations: { 'sim/behaviour': 'failed-mount' },
      }),
    );
    await eventually('the pod on its node', async () => {
      const pod = await bed.cluster.api.get<ApiObject>(bed.podPath('creating-0')).catch(() => undefined);
      return pod?.status !== undefined && 'hostIP' in (pod.status as object) ? pod : undefined;
    });
    expect(statusOf(await bed.exec('creating-0'))).toMatchObject({
      message: expect.stringContaining('container not found ("istio-proxy")'),
    });
    expect((await bed.fetch('creating-0:9080')).body).toContain('address not allowed');
  });
});
