import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createGateway, routeTo, useWaypoint, WAYPOINT_HEADER } from './gateways.ts';
import { underLoad } from './load.ts';
import { type Answer, call, connectMesh, createApps, type Mesh, makeApp } from './mesh.ts';

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
    expect((await call(gateway.address, gateway.port)).headers[WAYPOINT_HEADER]).toBeUndefined();
    await useWaypoint(mesh, app, waypoint, gateway);
    const seen = (headers: Answer['headers']): string => String(headers[WAYPOINT_HEADER]);
    const { load } = await underLoad(mesh, { ...gateway, describe: seen }, () => mesh.pods(app));
    expect(load.failures).toEqual([]);
    expect([...load.seen.keys()]).toEqual(['inner']);
  });
});
