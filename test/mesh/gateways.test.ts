import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../harness/api.ts';
import { createGateway, routeTo, useWaypoint } from './gateways.ts';
import { underLoad } from './load.ts';
import { APP_PORT, call, connectMesh, createApps, type Mesh, makeApp } from './mesh.ts';

describe('the proxies that Istio runs for Gateways', () => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await connectMesh();
  });
  afterAll(() => mesh?.stop());

  test('a gateway serves an app, by its Service and by each of its pods', async () => {
    const namespace = await mesh.namespace();
    const app = makeApp(namespace, 'reviews');
    const [gateway] = await Promise.all([
      createGateway(mesh, namespace, 'web', { replicas: 2, podLabels: { team: 'red' } }),
      createApps(mesh, app),
    ]);
    await routeTo(mesh, gateway, app);
    expect((await call(gateway.address, gateway.port)).status).toBe(200);
    expect(gateway.workload.spec?.template?.metadata?.labels).toMatchObject({ team: 'red' });
    const { load } = await underLoad(mesh, gateway, () => mesh.pods(app));
    expect(load.failures).toEqual([]);
  });

  test('a waypoint serves what a gateway sends to an app', async () => {
    const namespace = await mesh.namespace({});
    const app = makeApp(namespace, 'reviews');
    const [gateway, waypoint] = await Promise.all([
      createGateway(mesh, namespace, 'web'),
      createGateway(mesh, namespace, 'inner', { gatewayClass: 'istio-waypoint' }),
      createApps(mesh, app),
    ]);
    await routeTo(mesh, gateway, app);
    // A route of the Service itself is the waypoint's; gateways pass it by.
    await mesh.api.create(`/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes`, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'reviews' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'reviews' }],
        rules: [
          {
            filters: [
              {
                type: 'ResponseHeaderModifier',
                responseHeaderModifier: { set: [{ name: 'x-waypoint', value: waypoint.name }] },
              },
            ],
            backendRefs: [{ name: 'reviews', port: APP_PORT }],
          },
        ],
      },
    } as never);
    expect((await call(gateway.address, gateway.port)).headers['x-waypoint']).toBeUndefined();
    await useWaypoint(mesh, app, waypoint);
    const answer = await eventually('an answer by way of the waypoint', async () => {
      const { status, headers } = await call(gateway.address, gateway.port);
      return headers['x-waypoint'] === undefined ? undefined : { status, waypoint: headers['x-waypoint'] };
    });
    expect(answer).toEqual({ status: 200, waypoint: 'inner' });
  });
});
