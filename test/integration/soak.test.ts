import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { verdictOf } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { resultOf } from '../../src/deploy/report/drift.ts';
import type { SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { onlyTarget, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

/** A trap as Envoy 1.40 logs it, of a module with names. */
const TRAP = [
  '2026-11-30T21:19:57.319604Z\terror\tenvoy wasm source/extensions/common/wasm/wasm_vm.cc:38\tFunction: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable',
  'Proxy-Wasm plugin in-VM backtrace:',
  '  0:  0x1db - boom',
  '  1:  0x207 - on_headers\tthread=22',
  '2026-11-30T21:19:57.419604Z\twarning\tenvoy wasm source/extensions/common/wasm/context.cc:1198\twasm log add-header add-header: no such user\tthread=22',
].join('\n');

/** The requests that Istio's proxy counts. */
const istio = (answers: Readonly<Record<string, number>>): string =>
  Object.entries(answers)
    .map(([code, count]) => `istio_requests_total{reporter="destination",response_code="${code}"} ${count}\n`)
    .join('');

/** What is served of the pods of a scene: `old` of those that are there now, `now` of all others, by the number of the asking. */
interface Served {
  readonly log?: (asked: number) => string;
  readonly old?: string;
  readonly now?: (asked: number) => string;
}

async function serve(scene: Scene, { log, old, now }: Served): Promise<void> {
  const before = new Set((await scene.pods()).map(({ metadata }) => metadata.name));
  const asked = new Map<string, number>();
  const turn = (key: string): number => {
    const next = (asked.get(key) ?? 0) + 1;
    asked.set(key, next);
    return next;
  };
  scene.inject(({ path }) => {
    const [, pod = '', what = ''] = /\/pods\/([^/:]+)(:15090\/proxy\/stats|\/log\?)/.exec(path) ?? [];
    if (pod === '') return undefined;
    const isOld = before.has(pod);
    const body =
      what === '/log?' ? (isOld ? '' : log?.(turn(`${pod} log`))) : isOld ? old : now?.(turn(`${pod} stats`));
    return { answer: { status: 200, body: body ?? '' } };
  });
}

const problemOf = (report: SeenReport): string => {
  const { problem } = onlyTarget(report);
  return problem === undefined ? '' : describeProblem(problem);
};

describe('a soak', () => {
  test.concurrent('notices a trap by the log of a new pod, and rolls back', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(scene, { log: (asked) => (asked === 2 ? TRAP : '') });
    const report = await scene.deploy({ soak: '10m' });
    expect(problemOf(report)).toMatch(
      /proxy_on_request_headers of add-header failed \(Uncaught RuntimeError: unreachable, in boom < on_headers\); 1 trap in the log of its proxy, 0 in the old pods\. Its filters logged: "add-header add-header: no such user"\./,
    );
    // No limit makes a crash pass.
    expect(onlyTarget(report).problem?.remedy).not.toContain('max-error-rate');
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back' },
      soak: { verdict: 'breached', crashes: 1, pods: { watched: 1, all: 1 } },
    });
    expect(renderSummary(report.whole)).toContain('### Under traffic');
  });

  test.concurrent('notices VMs that are started anew by the counters, and says whose they are', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const now = (asked: number): string =>
      `envoy_wasm_shop_waf_vm_reload_success{} 0\nenvoy_wasm_add_header_vm_reload_success{} ${asked > 1 ? 2 : 0}\n`;
    await serve(scene, { now });
    const report = await scene.deploy({ soak: '10m' });
    expect(problemOf(report)).toMatch(
      /add-header crashed and its VM was started anew; wasm\.add_header\.vm_reload_success is 2, …_failure 0, …_backoff 0, 0 in the old pods/,
    );
  });

  test.concurrent('compares failed requests with the old pods, and names the counter with both values', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(scene, {
      old: istio({ 200: 5_000, 503: 5 }),
      now: (asked) => istio({ 200: 300 * asked, 503: asked > 1 ? 6 * asked : 0 }),
    });
    const report = await scene.deploy({ soak: '10m' });
    expect(problemOf(report)).toMatch(
      /istio_requests_total: 3\.8% of 312 requests failed \(5xx or reset\) in the new pods, <0\.1% of 5005 requests in the old pods/,
    );
    expect(onlyTarget(report).rollback?.state).toBe('rolled-back');
  });

  test.concurrent('passes a filter that is as good as before', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(scene, {
      old: istio({ 200: 5_000, 503: 50 }),
      now: (asked) => istio({ 200: 200 * asked, 503: 2 * asked }),
    });
    const report = await scene.deploy({ soak: '4s', 'max-error-rate': '+1%', 'soak-requires': 'traffic' });
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'deployed',
      soak: { verdict: 'passed', comparedWith: 'old-pods', counters: 'istio', old: { requests: 5_050, failed: 50 } },
    });
  });

  test.concurrent('fails without traffic where there must be some', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(scene, { now: () => istio({ 200: 3 }) });
    const report = await scene.deploy({ soak: '1s', 'soak-requires': 'traffic' });
    expect(problemOf(report)).toMatch(
      /no traffic seen: 3 requests, "min-requests" is 10, and "soak-requires" is traffic/,
    );
    expect(onlyTarget(report)).toMatchObject({ rollback: { state: 'rolled-back' }, soak: { verdict: 'no-traffic' } });
  });

  test.concurrent('warns that a limit was judged by nothing where the proxies count no requests', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(scene, { now: () => '' });
    const report = await scene.deploy({ soak: '1s', 'max-error-rate': '1%' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', soak: { verdict: 'no-traffic' } });
    expect(report.warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^"max-error-rate" was not judged for Deployment .+: no requests counted: .*soak-requires/),
    ]);
  });

  test.concurrent('warns that more requests failed than the limit allows where that is not sure', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await serve(scene, { now: () => istio({ 200: 1_918, 503: 38 }) });
    const report = await scene.deploy({ soak: '1s', 'max-error-rate': '1%' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', soak: { verdict: 'passed' } });
    expect(report.warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /may have more failed requests than "max-error-rate: 1%" allows: 1\.9% of 1956 requests failed/,
      ),
    ]);
  });

  test.concurrent('sends the probe all the time, and counts what fails', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    let probes = 0;
    scene.inject(({ path }) =>
      path.includes(':9080/proxy') && ++probes > 10 ? { answer: { status: 500, body: 'no' } } : undefined,
    );
    const report = await scene.deploy({ soak: '10m', probe: ':9080/health', traffic: 'probe' });
    expect(problemOf(report)).toMatch(/the probe failed \d+ times of \d+ .*first: pod \S+ answered 500 instead of 200/);
    expect(onlyTarget(report).soak?.probes?.failed).toBeGreaterThanOrEqual(3);
  });

  test.concurrent('notices memory that rises and rises, where the cluster serves metrics', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    let lists = 0;
    scene.inject(({ path }) => {
      if (!path.startsWith('/apis/metrics.k8s.io/')) return undefined;
      lists++;
      const timestamp = new Date(Date.UTC(2026, 0, 1, 0, 0, lists)).toISOString();
      const usage = { cpu: '25m', memory: `${60 * 1024 + 40 * 1024 * lists}Ki` };
      // The pods of a Deployment have names that nobody knows before.
      return {
        answer: {
          status: 200,
          body: JSON.stringify({
            kind: 'PodMetricsList',
            apiVersion: 'metrics.k8s.io/v1beta1',
            metadata: {},
            items: [...names].map((name) => ({
              metadata: { name },
              timestamp,
              containers: [{ name: 'istio-proxy', usage }],
            })),
          }),
        },
      };
    });
    const names = new Set<string>();
    const following = setInterval(() => {
      scene.pods().then(
        (pods) => {
          for (const { metadata } of pods) names.add(metadata.name);
        },
        () => undefined,
      );
    }, 200);
    try {
      const report = await scene.deploy({ soak: '10m' });
      expect(problemOf(report)).toMatch(/the memory of its proxy rises with each look and is [\d.]+ MiB/);
      expect(onlyTarget(report).soak?.new).toMatchObject({ cpu: 0.025 });
    } finally {
      clearInterval(following);
    }
  });

  test.concurrent('watches earlier waves until the end, and no more starts when one of them breaks', async () => {
    const scene = await Scene.open(cluster);
    for (const name of ['a', 'b', 'c']) await scene.workload(name);
    let isLate = false;
    scene.inject(({ method, path }) => {
      if (method === 'PATCH' && /\/deployments\/b\?/.test(path) && !path.includes('dryRun')) isLate = true;
      if (!/\/pods\/a-[^/]+\/log\?/.test(path)) return undefined;
      return { answer: { status: 200, body: isLate ? TRAP : '' } };
    });
    const targets =
      '- {name: a, kind: Deployment, wave: 1}\n- {name: b, kind: Deployment, wave: 2}\n- {name: c, kind: Deployment, wave: 3}';
    const report = await scene.deploy({ soak: '8s', targets });
    const outcomes = Object.fromEntries(report.targets.map(({ ref, outcome }) => [ref.name, outcome]));
    expect(outcomes).toEqual({ a: 'failed', b: 'deployed', c: 'untouched' });
    expect(report.targets.find(({ ref }) => ref.name === 'a')?.rollback?.state).toBe('rolled-back');
  });

  test.concurrent('says what it may not watch', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    scene.inject(({ path }) =>
      /\/log\?|:15090\/|\/exec\?|metrics\.k8s\.io/.test(path)
        ? {
            answer: {
              status: 403,
              headers: { 'content-type': 'application/json' },
              body: '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}',
            },
          }
        : undefined,
    );
    const report = await scene.deploy({ soak: '1s' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed', soak: { verdict: 'not-watched' } });
    expect(onlyTarget(report).soak?.unseen).toEqual([
      'crashes in the log of proxies (get pods/log)',
      'counters of proxies (get pods/proxy, or get and create pods/exec)',
      'memory of proxies (list pods.metrics.k8s.io where it is served or get and create pods/exec)',
    ]);
  });

  test.concurrent('costs nothing where there is none', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    const report = await scene.deploy();
    expect(onlyTarget(report).soak).toBeUndefined();
    expect(scene.requests.filter(({ path }) => /\/log\?|:15090\/|metrics\.k8s\.io/.test(path))).toEqual([]);
  });
});

describe('status', () => {
  test.concurrent('tells of crashes since the proxies began, and fails for them where it is told to', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.deploy();
    scene.inject(({ path }) => {
      if (/\/pods\/reviews-[^/]+\/log\?/.test(path)) return { answer: { status: 200, body: TRAP } };
      return path.includes(':15090/') ? { answer: { status: 200, body: istio({ 200: 90, 503: 10 }) } } : undefined;
    });
    const report = await scene.deploy({ command: 'status', filter: '' });
    expect([report.outcome, resultOf(report.whole)]).toEqual(['reported', 'reported']);
    expect(report.status?.workloads[0]?.soak).toMatchObject({ crashes: 1, new: { requests: 100, failed: 10 } });
    expect(verdictOf(report.whole)).toMatch(/^⚠️ .*; a filter has crashed on 1 workload$/);
    expect(renderSummary(report.whole)).toMatch(/❌ crashed \| 100 \| 10 \(10 %\)/);
    const failing = await scene.deploy({ command: 'status', filter: '', 'fail-on-crash': 'true' });
    expect(resultOf(failing.whole)).toBe('failed');
    expect(verdictOf(failing.whole)).toMatch(
      /^❌ .*the run fails by "fail-on-crash", as a filter has crashed on 1 workload$/,
    );
  });
});
