import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { makeModule } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { awaitReady, pathOf } from '../harness/workloads.ts';
import { onlyTarget, ownPart, POD_RULES, revisionOf, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const NEW = { configuration: 'x-test: 2', settings: 'push' };
/** Each pod must answer with the header that its proxy's configuration is. */
const probe = (value: string): string =>
  JSON.stringify({ port: 9080, path: '/', expect: { headers: { 'x-test': value } } });

const podsOf = async (scene: Scene): Promise<(string | undefined)[]> =>
  (await scene.pods()).map(({ metadata }) => metadata.uid).sort();
const envoyFilterOf = (scene: Scene, revision: string): Promise<EnvoyFilter> =>
  cluster.api.get<EnvoyFilter>(
    `/apis/networking.istio.io/v1alpha3/namespaces/${scene.namespace}/envoyfilters/add-header-${revision}`,
  );

describe('settings that are pushed', () => {
  test.concurrent('reach the running pods and are verified there, and the same again is nothing', async () => {
    const scene = await Scene.open(cluster);
    const workloads = [await scene.workload('reviews', { replicas: 2 }), await scene.workload('ratings')];
    const [first] = (await scene.deploy()).targets.map(revisionOf);
    const before = await Promise.all(workloads.map(async (workload) => ownPart(await scene.now(workload))));
    const pods = await podsOf(scene);
    scene.forget();

    const report = await scene.deploy({ ...NEW, probe: probe('2') });
    expect(report.outcome).toBe('deployed');
    expect(
      report.targets.map(({ outcome, verification, steps }) => [
        outcome,
        verification,
        steps.filterResource,
        steps.template,
      ]),
    ).toEqual([
      ['deployed', { level: 'listener', pods: 2, wanted: 2, probed: true }, 'done', 'unchanged'],
      ['deployed', { level: 'listener', pods: 1, wanted: 1, probed: true }, 'done', 'unchanged'],
    ]);
    for (const { revisions } of report.targets) {
      expect(revisions).toEqual([
        { filter: 'add-header', revision: expect.not.stringMatching(`^${first}$`), before: first, pushed: true },
      ]);
    }
    // A scout with the settings of its own, then these, and the record that they are verified.
    expect(scene.writes.map(({ path }) => path.replace(/\?.*/, '').split('/').slice(-2).join('/'))).toEqual([
      expect.stringMatching(/^envoyfilters\/add-header-[0-9a-f]{10}$/),
      `${scene.namespace}/pods`,
      expect.stringMatching(/^pods\/deploy-wasm-filter-scout-/),
      expect.stringMatching(/^envoyfilters\/add-header-[0-9a-f]{10}$/),
      `envoyfilters/add-header-${first}`,
      `configmaps/add-header-${first}`,
    ]);
    expect(await Promise.all(workloads.map(async (workload) => ownPart(await scene.now(workload))))).toEqual(before);
    expect(await podsOf(scene)).toEqual(pods);

    scene.forget();
    const again = await scene.deploy(NEW);
    expect(again.outcome).toBe('unchanged');
    expect(again.targets.map(revisionOf)).toEqual(report.targets.map(revisionOf));
    expect(scene.writes).toEqual([]);
    expect(scene.execs).toEqual([]);

    // And once more, over what was pushed.
    const next = await scene.deploy({ ...NEW, configuration: 'x-test: 3' });
    expect(next.targets.map(({ revisions }) => revisions[0]?.before)).toEqual(report.targets.map(revisionOf));
    expect(await podsOf(scene)).toEqual(pods);
  });

  test.concurrent.each([
    { insert: 'first' },
    { insert: 'before istio.stats', order: '3' },
    { 'fail-policy': 'open' },
    { 'root-id': 'other' },
  ])('other than the configuration are waited for until the proxies have them: %j', async (change) => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/xds-delay-ms': '3000' } });
    await scene.deploy();
    const pods = await podsOf(scene);
    scene.forget();
    const { outcome, verification, steps } = onlyTarget(await scene.deploy({ settings: 'push', ...change }));
    expect([outcome, verification?.level, steps.template]).toEqual(['deployed', 'listener', 'unchanged']);
    expect(await podsOf(scene)).toEqual(pods);
    // The first looks still find what was there before.
    expect(scene.execs.length).toBeGreaterThan(1);
  });

  test.concurrent('of every kind, one after the other, reach the same pods', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    await scene.deploy();
    const pods = await podsOf(scene);
    for (const change of [
      { insert: 'first' },
      { insert: 'after envoy.filters.http.fault' },
      { 'fail-policy': 'open' },
      { 'fail-policy': 'reload', 'reload-backoff': '90s' },
      { direction: 'any' },
      { direction: 'any', port: '9080' },
      { direction: 'outbound' },
      {},
    ]) {
      const { outcome, verification, steps } = onlyTarget(await scene.deploy({ settings: 'push', ...change }));
      expect([change, outcome, verification?.level, steps.template]).toEqual([
        change,
        'deployed',
        'listener',
        'unchanged',
      ]);
    }
    expect(await podsOf(scene)).toEqual(pods);
  });

  test.concurrent('that a proxy rejects are put back and reported; its pods keep what they had', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    await scene.workload('ratings');
    const [first = ''] = (await scene.deploy()).targets.map(revisionOf);
    const { spec } = await envoyFilterOf(scene, first);
    const pods = await podsOf(scene);
    const report = await scene.deploy({ ...NEW, configuration: 'bad' });
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
    const [reviews, ratings] = report.targets;
    expect(reviews?.outcome).toBe('failed');
    expect(reviews?.problem && describeProblem(reviews.problem)).toMatch(
      /rejects the filter: Unable to create Wasm plugin/,
    );
    expect(ratings?.outcome).toBe('rolled-back');
    for (const { rollback } of report.targets) {
      expect(rollback).toMatchObject({ state: 'rolled-back', to: { 'add-header': first } });
    }
    expect((await envoyFilterOf(scene, first)).spec).toEqual(spec);
    expect(await podsOf(scene)).toEqual(pods);

    scene.forget();
    const again = await scene.deploy({ probe: probe('1') });
    expect(again.outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('are what a failed rollout goes back to, and every report names them', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    const first = revisionOf(onlyTarget(await scene.deploy()));
    const pushed = revisionOf(onlyTarget(await scene.deploy(NEW)));
    const planned = await scene.deploy({ command: 'plan', configuration: 'x-test: 3' });
    expect(onlyTarget(planned).revisions[0]?.before).toBe(pushed);

    const failed = await scene.deploy({ configuration: 'bad' });
    expect(outputsOf(failed.whole).revision).toBe(pushed);
    expect(onlyTarget(failed)).toMatchObject({
      outcome: 'failed',
      revisions: [{ before: pushed }],
      rollback: { state: 'rolled-back', to: { 'add-header': pushed } },
    });
    // The pods have the label of before, and the settings that were pushed.
    const { labels } = (await awaitReady(cluster.api, workload)).spec?.template?.metadata ?? {};
    expect(labels?.['deploy-wasm-filter/add-header']).toBe(first);
    const { metadata } = await envoyFilterOf(scene, first ?? '');
    expect(metadata.annotations?.['deploy-wasm-filter/pushed']).toBe(pushed);
    scene.forget();
    expect((await scene.deploy({ ...NEW, probe: probe('2') })).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);

    expect(onlyTarget(await scene.deploy({ command: 'remove' })).revisions).toEqual([
      { filter: 'add-header', before: pushed },
    ]);
  });

  test.concurrent('that are refused stay with "on-failure: keep", and the next run sees it', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    await scene.deploy();
    const bad = { ...NEW, configuration: 'bad', 'on-failure': 'keep' };
    for (const _run of ['the first', 'the next']) {
      const report = await scene.deploy(bad);
      const { outcome, problem, rollback } = onlyTarget(report);
      expect(outputsOf(report.whole).revision).toBe(revisionOf(onlyTarget(report)));
      expect(outcome).toBe('failed');
      expect(problem?.message).toMatch(/rejects the filter/);
      expect(rollback).toBeUndefined();
    }
  });

  test.concurrent('without waiting are looked at by the next run that waits', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { podAnnotations: { 'sim/refuses': 'bad' } });
    await scene.deploy();
    expect((await scene.deploy({ ...NEW, configuration: 'bad', wait: 'false' })).outcome).toBe('deployed');
    const report = await scene.deploy({ ...NEW, configuration: 'bad' });
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report).problem?.message).toMatch(/rejects the filter/);
  });

  test.concurrent('would reach a workload that is no target: nothing is written', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('ratings');
    await scene.deploy();
    scene.forget();
    const report = await scene.deploy({ ...NEW, targets: '- deployment/reviews' });
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(
        /cannot be changed in place: Deployment \S+\/ratings would get the same settings.*settings: roll/,
      ),
    ]);
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('that differ among workloads of one revision: nothing is written', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.workload('ratings');
    await scene.deploy();
    scene.forget();
    const targets = '- deployment/reviews\n- {kind: Deployment, name: ratings, configuration: "x-test: 3"}';
    const report = await scene.deploy({ ...NEW, targets });
    expect(report.problems.map(describeProblem)).toContainEqual(expect.stringMatching(/cannot be changed in place/));
    expect(scene.writes).toEqual([]);
  });
});

describe('settings that were pushed in a run that fails with "on-failure: rollback-all"', () => {
  /** A run that pushes into one workload and rolls another, whose new pods do not become ready. */
  const open = async (): Promise<{ scene: Scene; first: string; before: EnvoyFilter }> => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews', { replicas: 2 });
    const first = revisionOf(onlyTarget(await scene.deploy()));
    await scene.workload('ratings', { podAnnotations: { 'sim/behaviour-with-filter': 'never-ready' } });
    scene.forget();
    return { scene, first, before: await envoyFilterOf(scene, first) };
  };
  const FAILING = { ...NEW, timeout: '2s', 'on-failure': 'rollback-all' };

  test.concurrent('are put back and verified, and the report says so', async () => {
    const { scene, first, before } = await open();
    const pods = (await podsOf(scene)).length;
    const { report, log } = await scene.run(FAILING);
    expect([report.outcome, report.changed]).toEqual(['failed', false]);
    const [reviews, ratings] = report.targets;
    expect(reviews).toMatchObject({
      outcome: 'rolled-back',
      phase: 'rolled-back-with-run',
      rollback: { state: 'rolled-back', to: { 'add-header': first } },
    });
    expect(reviews).not.toHaveProperty('verification');
    expect(ratings).toMatchObject({
      outcome: 'failed',
      rollback: { state: 'rolled-back', to: { 'add-header': null } },
    });
    expect(log).toContain('Another workload failed; rolling back to the previous settings.');
    const { metadata, spec } = await envoyFilterOf(scene, first);
    expect([spec, metadata.annotations?.['deploy-wasm-filter/pushed']]).toEqual([before.spec, undefined]);
    expect(await podsOf(scene)).toHaveLength(pods);
    scene.forget();
    expect((await scene.deploy({ targets: '- deployment/reviews', probe: probe('1') })).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('stay with "on-failure: rollback"', async () => {
    const { scene } = await open();
    const { targets } = await scene.deploy({ ...FAILING, 'on-failure': 'rollback' });
    expect(targets.map(({ outcome }) => outcome)).toEqual(['deployed', 'failed']);
  });

  test.concurrent('cannot be put back: that is reported as a rollback that failed', async () => {
    const { scene, first } = await open();
    const forbidden = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not any more' };
    scene.inject(({ method, path, body = '' }) =>
      method === 'PATCH' && path.includes(`/envoyfilters/add-header-${first}`) && body.includes('x-test: 1')
        ? { answer: { status: 403, body: JSON.stringify(forbidden) } }
        : undefined,
    );
    const report = await scene.deploy(FAILING);
    expect([report.outcome, report.changed]).toEqual(['failed', true]);
    const [reviews] = report.targets;
    expect(reviews).toMatchObject({ phase: 'rollback-failed', rollback: { state: 'failed' } });
    expect(reviews?.rollback?.problem).toMatchObject({ kind: 'rollback' });
    expect(reviews?.rollback?.problem && describeProblem(reviews.rollback.problem)).toMatch(
      /EnvoyFilter \S+\/add-header-\w+.*not any more/,
    );
  });

  test.concurrent('are left alone where another run has pushed others meanwhile', async () => {
    const { scene, first } = await open();
    const path = `/envoyfilters/add-header-${first}`;
    let left = 1;
    scene.inject((request) => {
      if (request.method !== 'GET' || !request.path.endsWith(path) || left-- < 1) return undefined;
      return {
        meanwhile: async () => {
          await cluster.api.patch(`/apis/networking.istio.io/v1alpha3/namespaces/${scene.namespace}${path}`, {
            metadata: { annotations: { 'deploy-wasm-filter/pushed': '0123456789' } },
          });
        },
      };
    });
    const [reviews] = (await scene.deploy(FAILING)).targets;
    expect(reviews?.rollback?.problem?.message).toMatch(/another run has pushed the settings of revision 0123456789/);
    expect((await envoyFilterOf(scene, first)).metadata.annotations?.['deploy-wasm-filter/pushed']).toBe('0123456789');
  });
});

describe('what cannot be pushed rolls', () => {
  test.concurrent('another module', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload();
    const first = revisionOf(onlyTarget(await scene.deploy()));
    const report = await scene.deploy(NEW, { files: { 'filter.wasm': makeModule('v2') } });
    const { revisions, steps, verification } = onlyTarget(report);
    expect(steps.template).toBe('done');
    expect(verification?.level).toBe('listener');
    expect(revisions).toEqual([{ filter: 'add-header', revision: expect.any(String), before: first }]);
    const labels = (await scene.now(workload)).spec?.template?.metadata?.labels;
    expect(labels?.['deploy-wasm-filter/add-header']).toBe(revisionOf(onlyTarget(report)));
  });

  test.concurrent('what Envoy reads only when it starts a filter, with a word about it', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const pods = await podsOf(scene);
    const first = revisionOf(onlyTarget(await scene.deploy({ environment: 'MODE: loose' })));
    const started = await podsOf(scene);
    // The filter of these tests reads no variables, which the check would say as well.
    const strict = { environment: 'MODE: strict', settings: 'push', check: 'off' };
    const report = await scene.deploy(strict);
    expect(report.outcome).toBe('deployed');
    const { revisions, steps } = onlyTarget(report);
    expect(steps.template).toBe('done');
    expect(revisions).toEqual([{ filter: 'add-header', revision: expect.any(String), before: first }]);
    expect(warningTexts(report.warnings)).toEqual([
      expect.stringMatching(
        /^"settings: push" cannot change "environment", .*: the pods of Deployment \S+\/reviews are/,
      ),
    ]);
    expect(new Set([...pods, ...started, ...(await podsOf(scene))]).size).toBe(3);
    // What changes beside it is pushed.
    expect(warningTexts((await scene.deploy({ ...strict, configuration: 'x-test: 2' })).warnings)).toEqual([]);
  });

  test.concurrent('a first deployment', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    const { outcome, steps } = onlyTarget(await scene.deploy(NEW));
    expect([outcome, steps.template]).toEqual(['deployed', 'done']);
  });

  test.concurrent('the same settings, when a later run is told to roll', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload();
    await scene.deploy();
    const pushed = revisionOf(onlyTarget(await scene.deploy(NEW)));
    const report = await scene.deploy({ ...NEW, settings: 'roll', probe: probe('2') });
    expect(report.outcome).toBe('deployed');
    const { steps, revisions } = onlyTarget(report);
    expect(steps.template).toBe('done');
    expect(revisions[0]?.revision).toBe(pushed);
    const now = await awaitReady(cluster.api, workload);
    expect(now.spec?.template?.metadata?.labels?.['deploy-wasm-filter/add-header']).toBe(pushed);
    // From here a push or a roll of them is nothing.
    scene.forget();
    expect((await scene.deploy(NEW)).outcome).toBe('unchanged');
    expect((await scene.deploy({ ...NEW, settings: 'roll' })).outcome).toBe('unchanged');
    expect(scene.writes).toEqual([]);
  });
});

describe('a push by a user who may not look into proxies', () => {
  test.concurrent('is refused before the first write', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload();
    await scene.deploy();
    scene.forget();
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list, POD_RULES.proxy);
    const report = await scene.deploy({ ...NEW, kubeconfig });
    expect(report.problems.map(describeProblem)).toEqual(
      ['create', 'get'].map((verb) => expect.stringContaining(`cannot ${verb} pods/exec`)),
    );
    expect(scene.writes).toEqual([]);
  });

  test.concurrent('is done with "verify: off"', async () => {
    const scene = await Scene.open(cluster);
    const workload = await scene.workload();
    await scene.deploy();
    scene.forget();
    const kubeconfig = await scene.user(...WRITE_RULES, POD_RULES.list);
    const report = await scene.deploy({ ...NEW, verify: 'off', kubeconfig });
    expect(report.outcome).toBe('deployed');
    expect(scene.execs).toEqual([]);
    expect(scene.writes.filter(({ path }) => path.startsWith(pathOf(workload)))).toEqual([]);
  });
});
