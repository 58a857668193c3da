import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { onlyTarget, ownPart, POD_RULES, revisionOf, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const REFUSED = 'Wasm VM failed Failed to configure base Wasm plugin';
/** What Envoy logs when a filter does not take its configuration. */
const REFUSAL_LOG = [
  '2026-01-02T03:04:05.678901Z\tcritical\tenvoy wasm context.cc:1160\twasm log root add-header: the configuration must be "name: value"\tthread=13',
  `2026-01-02T03:04:05.678901Z\terror\tenvoy wasm wasm.cc:104\t${REFUSED}\tthread=13`,
].join('\n');
/** What Envoy logs, as JSON, when the code of a filter traps at its configuration. */
const TRAP_LOG = ['Function: proxy_on_configure failed: Uncaught RuntimeError: unreachable', REFUSED]
  .map((msg) =>
    JSON.stringify({ level: 'error', time: '2026-12-01T13:25:30.835000Z', scope: 'envoy wasm', msg, thread: '13' }),
  )
  .join('\n');
const answerLogs = (scene: Scene, body: string): void =>
  scene.inject(({ path }) => (path.includes('/log?') ? { answer: { status: 200, body } } : undefined));

describe('the evidence that a filter runs', () => {
  test.concurrent('is in every listener of every proxy, and is not asked for again', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { replicas: 2 });
    await scene.workload('ratings', { kind: 'StatefulSet' });
    await scene.workload('agent', { kind: 'DaemonSet' });
    const { outcome, targets } = await scene.deploy();
    expect(outcome).toBe('deployed');
    expect(targets.map(({ verification }) => verification)).toEqual([
      { level: 'listener', pods: 2, wanted: 2 },
      { level: 'listener', pods: 1, wanted: 1 },
      { level: 'listener', pods: 1, wanted: 1 },
    ]);
    expect(scene.execs.length).toBeGreaterThanOrEqual(4);

    scene.forget();
    for (const verify of ['auto', 'required']) {
      const again = await scene.deploy({ verify });
      expect(again.outcome).toBe('unchanged');
    }
    expect(scene.writes).toEqual([]);
    expect(scene.execs).toEqual([]);
  });

  test.concurrent('is in the statistics of the proxies where one may not exec', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { replicas: 2 });
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.proxy);
    const report = await scene.deploy({ kubeconfig });
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification).toEqual({
      level: 'stats',
      pods: 2,
      wanted: 2,
      weakness: 'the kubeconfig user is not allowed to exec into pods',
    });
  });

  test.concurrent.each<[string, readonly object[], string]>([
    [
      'where one may neither exec nor ask for statistics',
      [POD_RULES.list],
      'the kubeconfig user is not allowed to exec into pods',
    ],
    ['where one may not list pods', [], 'the kubeconfig user cannot list pods'],
  ])('is that the pods are ready %s', async (_case, rules, weakness) => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { replicas: 2 });
    const report = await scene.deploy({ kubeconfig: await scene.user(...WRITE_RULES, ...rules) });
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification).toEqual({ level: 'ready', pods: 2, wanted: 2, weakness });
  });

  test.concurrent('is looked for again by a run that insists on more than an earlier one could see', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    await scene.deploy({ kubeconfig: await scene.user(...WRITE_RULES, POD_RULES.list) });
    scene.forget();
    const content = await scene.deploy();
    expect(content.outcome).toBe('unchanged');
    expect(scene.execs).toEqual([]);
    const insisting = await scene.deploy({ verify: 'required' });
    expect(insisting.outcome).toBe('unchanged');
    expect(onlyTarget(insisting).verification).toEqual({ level: 'listener', pods: 1, wanted: 1 });
  });

  test.concurrent('is refused before the first write where it is required and may not be had', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.proxy);
    const report = await scene.deploy({ verify: 'required', kubeconfig });
    expect(report.outcome).toBe('failed');
    expect(report.problems.map(describeProblem)).toEqual(
      ['create', 'get'].map((verb) =>
        expect.stringContaining(`cannot ${verb} pods/exec in namespace "${scene.namespace}"`),
      ),
    );
    expect(onlyTarget(report).outcome).toBe('untouched');
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('is not looked for at all with "verify: off"', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const report = await scene.deploy({ verify: 'off' });
    expect(onlyTarget(report).verification).toEqual({ level: 'ready', pods: 1, wanted: 1 });
    // Before its first write a run may look at what others have put there.
    const since = scene.requests.slice(scene.requests.findIndex(({ method }) => method === 'PATCH'));
    expect(since.length).toBeGreaterThan(1);
    expect(since.filter(({ path }) => /\/(exec|proxy)\b/.test(path))).toEqual([]);
  });

  test.concurrent('may come late: a proxy that does not have the filter yet is waited for', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/xds-delay-ms': '2000' } });
    const report = await scene.deploy();
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification?.level).toBe('listener');
    expect(scene.execs.length).toBeGreaterThan(1);
  });
});

describe('a proxy that rejects the filter although its pod is ready', () => {
  test.concurrent.each<[string, string, RegExp]>([
    [
      'the log that says why',
      REFUSAL_LOG,
      /rejects the filter: the filter said: the configuration must be "name: value" \(Failed to configure base Wasm plugin\)\. /,
    ],
    [
      'a log that says that it crashed',
      TRAP_LOG,
      /rejects the filter: Function: proxy_on_configure failed: Uncaught RuntimeError: unreachable\. Reproduce it with /,
    ],
    [
      'a log that says nothing',
      '',
      /Envoy of pod reviews-\S+ rejects the filter: Unable to create Wasm plugin add-header\. /,
    ],
  ])('fails with its words: %s', async (_case, log, sentence) => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'x-test' } });
    const before = ownPart(await scene.now(workload));
    answerLogs(scene, log);
    const report = await scene.deploy();
    const { outcome, problem, verification, rollback } = onlyTarget(report);
    expect(report.outcome).toBe('failed');
    expect(outcome).toBe('failed');
    expect(problem?.kind).toBe('verification');
    expect(problem && describeProblem(problem)).toMatch(sentence);
    expect(verification).toBeUndefined();
    expect(rollback?.state).toBe('rolled-back');
    expect(ownPart(await scene.now(workload))).toEqual(before);
  });

  test.concurrent('fails by its statistics and its log where one may not exec', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'x-test' } });
    answerLogs(scene, REFUSAL_LOG);
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.proxy);
    const { problem, rollback } = onlyTarget(await scene.deploy({ kubeconfig }));
    expect(problem?.kind).toBe('verification');
    expect(problem?.message).toMatch(
      /rejected a listener: the filter said: .* \(Failed to configure base Wasm plugin\)/,
    );
    expect(rollback?.state).toBe('rolled-back');
  });
});

describe('a probe', () => {
  /** What the proxies say, from some seconds before they are asked, and which filters they count VMs of. */
  const answerCrashes = (
    scene: Scene,
    crashes: readonly (readonly [callback: string, ago: number])[],
    plugins = '',
  ): void => {
    scene.inject(({ path }) => {
      if (path.includes(':15090/proxy/stats')) return { answer: { status: 200, body: plugins } };
      if (!path.includes('/log?')) return undefined;
      const lines = crashes.map(([callback, ago]) => {
        const at = new Date(Date.now() - ago).toISOString().replace('Z', '000Z');
        return `${at}\terror\tenvoy wasm\tFunction: ${callback} failed: Uncaught RuntimeError: unreachable\tthread=22`;
      });
      return { answer: { status: 200, body: lines.join('\n') } };
    });
  };
  const COMPARE = 'Compare the probe with what the app and the filter should answer.';

  test.concurrent.each<[string, (readonly [string, number])[], RegExp, RegExp]>([
    [
      'a request, though something else crashed, too',
      [
        ['proxy_on_log', 0],
        ['proxy_on_request_headers', 0],
      ],
      /^pod reviews-\S+: a filter crashed while the probe was asked: proxy_on_request_headers of add-header failed \(Uncaught RuntimeError: unreachable\), as the log of its proxy says\. It answered 503 instead of 200 to the probe/,
      /^Reproduce it with .* it crashed\.$/,
    ],
    [
      'no request',
      [['proxy_on_tick', 0]],
      /: a filter crashed while the probe was asked: proxy_on_tick of add-header failed/,
      new RegExp(`^Reproduce it with .* it crashed\\. ${COMPARE}$`),
    ],
    [
      'a request long before',
      [['proxy_on_request_headers', 45_000]],
      /^pod reviews-\S+ answered 503 instead of 200 to the probe/,
      new RegExp(`^${COMPARE}$`),
    ],
  ])('that a filter fails which crashes at %s', async (_case, crashes, message, remedy) => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/probe-status': '503' } });
    answerCrashes(scene, crashes);
    const { problem } = onlyTarget(await scene.deploy({ probe: probe({ status: 200 }) }));
    expect(problem?.message).toMatch(message);
    expect(problem?.remedy).toMatch(remedy);
  });

  test.concurrent('of a pod with other filters does not say whose the crash was', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/probe-status': '503' } });
    const plugins = ['shop_waf', 'add_header'].map((name) => `envoy_wasm_${name}_vm_reload_success{} 0\n`).join('');
    answerCrashes(scene, [['proxy_on_request_headers', 0]], plugins);
    const { problem } = onlyTarget(await scene.deploy({ probe: probe({ status: 200 }) }));
    expect(problem?.message).toMatch(
      /proxy_on_request_headers of add-header or shop_waf \(not of this action\) \(Envoy does not say which\) failed/,
    );
  });

  const probe = (expectation: object): string => JSON.stringify({ port: 9080, path: '/health', expect: expectation });
  const probes = (scene: Scene): number => scene.requests.filter(({ path }) => path.includes(':9080/proxy')).length;

  test.concurrent('is sent to every pod, and compares status, headers and body', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { replicas: 2, podAnnotations: { 'sim/probe-status': '418' } });
    const report = await scene.deploy({
      probe: probe({
        status: [200, 418],
        headers: { 'x-test': '1', 'X-Filter-Add-Header': '*', 'x-other': null },
        body: 'reviews-',
      }),
    });
    expect(report.outcome).toBe('deployed');
    expect(onlyTarget(report).verification).toEqual({ level: 'listener', pods: 2, wanted: 2, probed: true });
    expect(probes(scene)).toBe(2);
  });

  test.concurrent.each<[string, object, RegExp]>([
    [
      'status',
      { status: 204 },
      /^pod reviews-\S+ answered 200 instead of 204 to the probe GET :9080\/health\. The answer was 200 with .*server: istio-envoy.*x-test: 1/,
    ],
    ['header value', { headers: { 'x-test': '2' } }, /the header x-test: "1" instead of "2" to the probe/],
    ['missing header', { headers: { 'x-other': '*' } }, /without the header x-other to the probe/],
    ['forbidden header', { headers: { 'x-test': null } }, /the header x-test: 1, which must not be there to the probe/],
    ['body', { body: 'ratings' }, /a body that does not contain "ratings" to the probe/],
  ])('with another %s than expected fails the workload and rolls it back', async (_case, expectation, sentence) => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload();
    const before = ownPart(await scene.now(workload));
    const report = await scene.deploy({ probe: probe(expectation) });
    const { problem, rollback } = onlyTarget(report);
    expect(problem?.kind).toBe('verification');
    expect(problem?.message).toMatch(sentence);
    expect(problem?.remedy).toBe('Compare the probe with what the app and the filter should answer.');
    expect(rollback?.state).toBe('rolled-back');
    expect(ownPart(await scene.now(workload))).toEqual(before);
  });

  test.concurrent('that nobody answers may have met strict mutual TLS', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: 503,
      message: 'error trying to reach service',
    };
    const answer = { status: 503, body: JSON.stringify(status) };
    scene.inject(({ path }) => (path.includes(':9080/proxy/') ? { answer } : undefined));
    const { problem } = onlyTarget(await scene.deploy({ probe: ':9080/health' }));
    expect(problem?.message).toMatch(/did not answer \(/);
    expect(problem?.remedy).toMatch(/Under strict mTLS/);
  });

  test.concurrent('that may not be sent is refused before the first write', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.exec);
    const report = await scene.deploy({ probe: ':9080/health', kubeconfig });
    expect(report.problems.map(describeProblem)).toEqual([expect.stringContaining('cannot get pods/proxy in')]);
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('of another method needs the verb of that method', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.exec, POD_RULES.proxy);
    const post = JSON.stringify({ port: 9080, method: 'POST', path: '/health' });
    const refused = await scene.deploy({ probe: post, kubeconfig });
    expect(refused.problems.map(describeProblem)).toEqual([expect.stringContaining('cannot create pods/proxy in')]);
    expect(scene.writes).toEqual([]);
    const rule = { ...POD_RULES.proxy, verbs: ['create'] };
    const allowed = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.exec, rule);
    expect(onlyTarget(await scene.deploy({ probe: post, kubeconfig: allowed })).verification?.probed).toBe(true);
  });

  test.concurrent('that strict mutual TLS would refuse is said before the first write', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/mtls': 'STRICT' } });
    const report = await scene.deploy({ probe: ':9080/health' });
    expect(report.problems).toEqual([
      expect.objectContaining({
        kind: 'verification',
        message: expect.stringMatching(
          /^the probe GET :9080\/health cannot get through: its sidecar takes only mutual TLS on port 9080 \(PeerAuthentication STRICT\)/,
        ),
        remedy: expect.stringMatching(/PERMISSIVE for that port .*takes plaintext from everyone/),
      }),
    ]);
    expect(scene.writes).toEqual([]);
    // The filter itself can be seen all the same.
    expect(onlyTarget(await scene.deploy()).verification?.level).toBe('listener');
  });

  test.concurrent('is asked again where nothing changes; its failure rolls nothing back that was verified', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload();
    const revision = revisionOf(onlyTarget(await scene.deploy({ probe: probe({ headers: { 'x-test': '1' } }) })));
    scene.forget();
    const again = await scene.deploy({ probe: probe({ headers: { 'x-test': '1' } }) });
    expect(again.outcome).toBe('unchanged');
    expect(onlyTarget(again).verification?.probed).toBe(true);
    expect(probes(scene)).toBe(1);
    const other = await scene.deploy({ probe: probe({ status: 500 }) });
    expect(other.outcome).toBe('failed');
    expect(onlyTarget(other).problem?.message).toMatch(/answered 200 instead of 500/);
    expect(onlyTarget(other).rollback).toBeUndefined();
    expect(scene.writes).toEqual([]);
    const { labels } = (await scene.now(workload)).spec?.template?.metadata ?? {};
    expect(labels?.['deploy-wasm-filter/add-header']).toBe(revision);
  });
});
