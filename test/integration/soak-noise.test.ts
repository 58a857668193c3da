import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { onlyTarget, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const istio = (code: number, count: number): string =>
  `istio_requests_total{reporter="destination",response_code="${code}"} ${count}\n`;

describe('a soak does not roll back', () => {
  test.concurrent('for a client that writes words of Envoy into the access log', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    scene.inject(({ path }) =>
      /\/log\?/.test(path)
        ? {
            answer: {
              status: 200,
              body: '[2026-11-30T21:19:57.319Z] "GET / HTTP/1.1" 200 - "-" "Function: proxy_on_log failed: Uncaught RuntimeError: unreachable" "-"\n',
            },
          }
        : undefined,
    );
    const report = await scene.deploy({ soak: '4s' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', soak: { crashes: 0 } });
  });

  test.concurrent('for pods that their node has evicted', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const old = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
    const evicted = new Set<string>();
    scene.inject(({ method, path }) => {
      const [, pod = ''] = /\/pods\/(reviews-[^/:]+)[/:].*(?:log\?|15090)/.exec(path) ?? [];
      if (method !== 'GET' || pod === '' || old.has(pod) || evicted.has(pod)) return undefined;
      evicted.add(pod);
      void cluster.api
        .patch(`/api/v1/namespaces/${scene.namespace}/pods/${pod}/status`, {
          status: {
            phase: 'Failed',
            reason: 'Evicted',
            conditions: [{ type: 'Ready', status: 'False', reason: 'PodFailed' }],
          },
        })
        .catch(() => undefined);
      return undefined;
    });
    const report = await scene.deploy({ soak: '14s', 'on-failure': 'keep' });
    expect(evicted.size).toBeGreaterThan(0);
    const { problem, soak } = onlyTarget(report);
    expect([problem === undefined ? '' : describeProblem(problem), soak?.verdict]).not.toContain('breached');
  });

  test.concurrent('for what an app fails before it is up', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const old = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
    let looks = 0;
    scene.inject(({ path }) => {
      const [, pod] = /\/pods\/([^/:]+):15090\//.exec(path) ?? [];
      if (pod === undefined) return undefined;
      const body = old.has(pod) ? istio(200, 100_000) + istio(503, 5) : istio(200, 500 * ++looks) + istio(503, 200);
      return { answer: { status: 200, body } };
    });
    const report = await scene.deploy({ soak: '4s' });
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'deployed',
      soak: { verdict: 'passed', comparedWith: 'old-pods', new: { failed: 200 } },
    });
  });
});

describe('a soak asks', () => {
  test.concurrent('the proxies themselves where the API server does not reach their port, and no port twice', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const old = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
    scene.inject(({ path }) =>
      path.includes(':15090/')
        ? { answer: { status: 503, body: 'error trying to reach service: dial tcp 10.0.0.9:15090: i/o timeout' } }
        : undefined,
    );
    const report = await scene.deploy({ soak: '4s' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed' });
    const asked = (way: RegExp): number => scene.requests.filter(({ path }) => way.test(path)).length;
    expect(asked(/\/exec\?.*stats/)).toBeGreaterThan(2);
    // Those of the first look at most, which begin together.
    expect(asked(/:15090\//)).toBeLessThanOrEqual(old.size);
  });
});
