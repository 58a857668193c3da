import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { eventually } from '../harness/api.ts';
import { type Strategy, TestRollout } from '../harness/argo-rollouts.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { WORKLOADS } from '../harness/kinds.ts';
import { makeWorkload } from '../harness/workloads.ts';
import { onlyTarget, ownPart, POD_RULES, REVISION_LABEL, revisionOf, Scene, WRITE_RULES } from './scene.ts';

// On the embedded cluster an imitation of Argo Rollouts makes the pods, on a real control plane its own controller.

const SIZE = 3;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

interface PlaceOptions {
  readonly refers?: boolean;
  readonly keeps?: number;
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/** A namespace with a healthy Rollout. */
class Place {
  readonly scene: Scene;
  readonly rollout: TestRollout;

  private constructor(scene: Scene, rollout: TestRollout) {
    this.scene = scene;
    this.rollout = rollout;
  }

  static async open(
    strategy: Strategy,
    { refers = false, keeps = 0, podAnnotations = {} }: PlaceOptions = {},
  ): Promise<Place> {
    const scene = await Scene.open(cluster);
    const workload = makeWorkload(scene.namespace, 'web', { replicas: SIZE, podAnnotations });
    return new Place(scene, await TestRollout.create(cluster.api, workload, strategy, { refers, keeps }));
  }

  run(inputs: Readonly<Record<string, string>> = {}): ReturnType<Scene['deploy']> {
    return this.scene.deploy({ targets: '- rollout/web', ...inputs });
  }

  /** What a run comes to while somebody promotes the Rollout whenever it waits. */
  async promoted<T>(running: Promise<T>): Promise<T> {
    let isOver = false;
    const ended = running.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const { status } = await this.rollout.now();
      if ((status?.pauseConditions?.length ?? 0) > 0) await this.rollout.promote();
      await pause(50);
    }
    return ended;
  }

  /** How many pods carry which revision. */
  async revisions(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { metadata } of await this.scene.pods()) {
      if (metadata.deletionTimestamp !== undefined) continue;
      const revision = metadata.labels?.[REVISION_LABEL] ?? 'none';
      counts[revision] = (counts[revision] ?? 0) + 1;
    }
    return counts;
  }

  /** The Deployment that has the pod template of the Rollout. */
  source(): Promise<Workload> {
    return cluster.api.get<Workload>(resourcePath(WORKLOADS.Deployment, this.scene.namespace, 'web'));
  }
}

/** What of a Rollout a user or this action decides. */
function ownRollout(rollout: Workload): unknown {
  const { metadata, spec } = ownPart(rollout) as { metadata: Workload['metadata']; spec: unknown };
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => !key.startsWith('rollout.argoproj.io/'));
  return { metadata: { ...metadata, annotations: Object.fromEntries(kept) }, spec };
}

describe('a Rollout that waits for nobody', () => {
  test.concurrent('is planned, deployed to, verified, shown, and loses its filter again', async () => {
    const place = await Place.open('plain');
    const before = ownRollout(await place.rollout.now());
    expect(await place.run({ command: 'plan' })).toMatchObject({
      problems: [],
      plan: { restarts: [{ ref: { kind: 'Rollout' }, pods: SIZE }] },
    });
    const kubeconfig = await place.scene.user(...WRITE_RULES, ...Object.values(POD_RULES));
    const deployed = await place.run({ kubeconfig, verify: 'required' });
    expect(deployed).toMatchObject({ outcome: 'deployed', problems: [] });
    const target = onlyTarget(deployed);
    expect(target).toMatchObject({
      ref: { kind: 'Rollout', name: 'web' },
      pods: { ready: SIZE, wanted: SIZE },
      verification: { level: 'listener', pods: SIZE },
    });
    expect(await place.revisions()).toEqual({ [revisionOf(target)]: SIZE });
    expect((await place.run({ kubeconfig })).outcome).toBe('unchanged');
    const status = await place.run({ command: 'status', targets: '', kubeconfig });
    expect(status.status?.workloads).toMatchObject([{ ref: { kind: 'Rollout' }, filters: [{ health: 'verified' }] }]);

    expect(await place.run({ command: 'remove', kubeconfig })).toMatchObject({ outcome: 'removed', problems: [] });
    expect(ownRollout(await place.rollout.phase('Healthy'))).toEqual(before);
    expect(await place.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('is rolled back when its new pods do not become ready', async () => {
    const place = await Place.open('plain', { podAnnotations: { 'sim/behaviour-with-filter': 'crash-loop' } });
    const before = ownRollout(await place.rollout.now());
    const report = await place.run({ timeout: '5s' });
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report)).toMatchObject({ rollback: { state: 'rolled-back', to: { 'add-header': null } } });
    expect(ownRollout(await place.rollout.phase('Healthy'))).toEqual(before);
    expect(await place.revisions()).toEqual({ none: SIZE });
  });
});

describe('a Rollout that waits for promotion', () => {
  test.concurrent('is reported as that, with its canary verified, and verified whole by the run after', async () => {
    const place = await Place.open('canary');
    const first = await place.run();
    expect(first).toMatchObject({ outcome: 'waiting', changed: true, problems: [] });
    const target = onlyTarget(first);
    expect(target).toMatchObject({
      outcome: 'waiting',
      phase: 'waiting-for-promotion',
      waiting: 'paused at step 2 of 2 of its canary',
      pods: { ready: 1, wanted: SIZE },
      verification: { level: 'listener', pods: 1, wanted: 1 },
    });
    const id = revisionOf(target);
    expect(await place.revisions()).toEqual({ [id]: 1, none: SIZE - 1 });

    place.scene.forget();
    expect(await place.run()).toMatchObject({ outcome: 'waiting', changed: false });
    expect(place.scene.writes).toEqual([]);
    const status = await place.run({ command: 'status' });
    expect(status.status?.workloads).toMatchObject([
      {
        pods: { ready: 1, wanted: SIZE },
        filters: [
          {
            health: 'waiting-for-promotion',
            verification: { pods: 1 },
            notes: [{ text: 'waits for promotion: paused at step 2 of 2 of its canary' }],
          },
        ],
      },
    ]);

    await place.rollout.promote();
    await place.rollout.phase('Healthy');
    const last = await place.run();
    expect(last).toMatchObject({ outcome: 'unchanged' });
    expect(onlyTarget(last)).toMatchObject({ verification: { pods: SIZE } });
    expect(await place.revisions()).toEqual({ [id]: SIZE });
  });

  test.concurrent('is waited for with "promote: wait", within the time', async () => {
    const place = await Place.open('canary');
    const running = place.run({ promote: 'wait' });
    await place.rollout.phase('Paused');
    await place.rollout.promote();
    const report = await running;
    expect(report).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(onlyTarget(report)).toMatchObject({ phase: 'succeeded', verification: { pods: SIZE } });

    const late = await place.run({ promote: 'wait', configuration: 'x-test: 2', timeout: '12s' });
    expect(late).toMatchObject({
      outcome: 'failed',
      problems: [{ kind: 'promotion', message: expect.stringContaining('was not promoted within 12') }],
    });
    expect(onlyTarget(late)).toMatchObject({ outcome: 'waiting' });
    expect(onlyTarget(late)).not.toHaveProperty('rollback');
    await place.rollout.phase('Paused');
  });

  test.concurrent('is rolled back when somebody aborts it', async () => {
    const place = await Place.open('canary');
    const before = ownRollout(await place.rollout.now());
    const running = place.run({ promote: 'wait' });
    await place.rollout.phase('Paused');
    const canary = (await place.scene.pods()).find(({ metadata }) => metadata.labels?.[REVISION_LABEL] !== undefined);
    await place.scene.seen('a look into the canary', ({ path }) => path.includes(`/${canary?.metadata.name}/exec?`));
    await place.rollout.abort();
    const report = await running;
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report)).toMatchObject({
      problem: { message: expect.stringContaining('RolloutAborted') },
      rollback: { state: 'rolled-back' },
    });
    expect(ownRollout(await place.rollout.phase('Healthy'))).toEqual(before);
    expect(await place.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('is rolled back to a revision that nobody had promoted, and the run says that it waits again', async () => {
    const place = await Place.open('canary');
    const first = await place.run({ configuration: 'x-test: 1' });
    const found = await place.rollout.now();
    const before = ownRollout(found);
    const running = place.run({ configuration: 'x-test: 2', promote: 'wait' });
    await eventually('the second canary waits', async () => {
      const { status = {} } = await place.rollout.now();
      const isSecond = status.currentPodHash !== found.status?.currentPodHash;
      return isSecond && status.phase === 'Paused' ? status : undefined;
    });
    await place.rollout.abort();
    const report = await running;
    const summary = renderSummary(report.whole);
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report)).toMatchObject({
      outcome: 'failed',
      phase: 'rolled-back',
      rollback: { state: 'rolled-back', waiting: 'paused at step 2 of 2 of its canary' },
    });
    expect(outputsOf(report.whole)).toMatchObject({ waiting: '1', 'rolled-back': '1' });
    expect(summary).toContain('it waits for promotion again');
    expect(summary).toContain(`kubectl argo rollouts promote web -n ${place.scene.namespace}`);
    expect(summary).not.toMatch(/No action is needed|every pod is ready|what it ran before/);
    expect(ownRollout(await place.rollout.phase('Paused'))).toEqual(before);
    expect(await place.revisions()).toEqual({ [revisionOf(onlyTarget(first))]: 1, none: SIZE - 1 });
  });

  test.concurrent.each([
    ['without the filter', {}],
    ['an earlier revision', { configuration: 'x-test: 1' }],
  ])('is shown as aborted once somebody aborts it, with what its stable pods run: %s', async (_, earlier) => {
    const place = await Place.open('canary');
    const isFirst = Object.keys(earlier).length === 0;
    let stable = 'without the filter';
    if (!isFirst) {
      const before = await place.promoted(place.run({ ...earlier, promote: 'wait' }));
      stable = `revision ${revisionOf(onlyTarget(before))} of the filter`;
    }
    await place.run({ configuration: 'x-test: 2' });
    await place.rollout.abort();
    await place.rollout.phase('Degraded');
    const { status } = await place.run({ command: 'status' });
    expect(status?.workloads).toMatchObject([
      {
        filters: [
          {
            health: 'aborted',
            notes: [
              { text: expect.stringMatching(/^its rollout was aborted: RolloutAborted: /) },
              // As soon as it is aborted, they are made anew.
              { text: expect.stringMatching(new RegExp(`^its \\d stable pods? runs? ${stable}$`)) },
            ],
          },
        ],
      },
    ]);
    await place.rollout.retry();
    await place.rollout.phase('Paused');
    expect((await place.run({ command: 'status' })).status?.workloads).toMatchObject([
      { filters: [{ health: 'waiting-for-promotion' }] },
    ]);
  });

  test.concurrent('that was aborted takes the settings of before, and takes the filter away', async () => {
    const place = await Place.open('canary');
    const before = await place.promoted(place.run({ configuration: 'x-test: 1', promote: 'wait' }));
    await place.run({ configuration: 'x-test: 2' });
    await place.rollout.abort();
    await place.rollout.phase('Degraded');
    const again = await place.run({ configuration: 'x-test: 1' });
    expect(again).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(await place.revisions()).toEqual({ [revisionOf(onlyTarget(before))]: SIZE });

    await place.run({ configuration: 'x-test: 2' });
    await place.rollout.abort();
    await place.rollout.phase('Degraded');
    const removed = await place.promoted(place.run({ command: 'remove', promote: 'wait' }));
    expect(removed).toMatchObject({ outcome: 'removed', problems: [] });
    expect(await place.revisions()).toEqual({ none: SIZE });
  });

  test.concurrent('that was aborted for another change is left alone, and the run says how to retry it', async () => {
    const place = await Place.open('canary');
    await place.rollout.patch({ spec: { template: { metadata: { labels: { version: 'v2' } } } } });
    await place.rollout.phase('Paused');
    await place.rollout.abort();
    await place.rollout.phase('Degraded');
    const retry = `kubectl argo rollouts retry rollout web -n ${place.scene.namespace}`;
    const plan = await place.run({ command: 'plan' });
    expect(warningTexts(plan.warnings)).toContainEqual(expect.stringContaining(retry));
    expect(onlyTarget(await place.run({ timeout: '3s' }))).toMatchObject({
      phase: 'untouched',
      problem: { message: expect.stringContaining('RolloutAborted'), remedy: expect.stringContaining(retry) },
    });
  });

  test.concurrent('waits with no pod of its canary, of which nothing can be verified yet', async () => {
    const place = await Place.open('idle');
    const report = await place.run();
    expect(report).toMatchObject({ outcome: 'waiting', problems: [] });
    expect(onlyTarget(report)).toMatchObject({ waiting: 'paused at step 2 of 2 of its canary', pods: { ready: 0 } });
    expect(await place.revisions()).toEqual({ none: SIZE });
  });

  test.concurrent('is not changed while it waits for a change of somebody else', async () => {
    const place = await Place.open('canary');
    await place.rollout.patch({ spec: { template: { metadata: { labels: { version: 'v2' } } } } });
    await place.rollout.phase('Paused');
    const plan = await place.run({ command: 'plan' });
    expect(warningTexts(plan.warnings)).toContainEqual(
      expect.stringContaining('waits for the promotion of an earlier change'),
    );
    const report = await place.run();
    expect(onlyTarget(report)).toMatchObject({
      phase: 'untouched',
      problem: {
        message: expect.stringContaining('waited for the promotion of an earlier change'),
        remedy: expect.stringContaining(`kubectl argo rollouts promote web -n ${place.scene.namespace}`),
      },
    });
    expect(await place.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('is refused before the first write where somebody has paused it', async () => {
    const place = await Place.open('canary');
    await place.rollout.patch({ spec: { paused: true } });
    for (const inputs of [{ command: 'plan' }, {}, { promote: 'wait' }]) {
      expect((await place.run(inputs)).problems).toMatchObject([
        {
          kind: 'workload',
          message: 'is paused (spec.paused), so no pod would get the change.',
          remedy: expect.stringContaining(`kubectl patch rollout web -n ${place.scene.namespace} --type=merge`),
        },
      ]);
    }
    expect(place.scene.writes).toEqual([]);
  });

  test.concurrent('that somebody pauses while it rolls waits for its resumption, and goes on after it', async () => {
    const place = await Place.open('canary', { podAnnotations: { 'sim/ready-after-ms': '2000' } });
    const running = place.run();
    await eventually('the canary begins', async () => {
      const { status = {} } = await place.rollout.now();
      return status.currentPodHash === status.stableRS ? undefined : status;
    });
    await place.rollout.patch({ spec: { paused: true } });
    const report = await running;
    expect(report).toMatchObject({ outcome: 'waiting', problems: [] });
    expect(onlyTarget(report).waiting).toContain(
      `it is paused (spec.paused) until somebody resumes it (\`kubectl argo rollouts promote web -n ${place.scene.namespace}\``,
    );
    await place.rollout.patch({ spec: { paused: false } });
    const last = await place.promoted(place.run({ promote: 'wait' }));
    expect(onlyTarget(last)).toMatchObject({ phase: 'succeeded', verification: { pods: SIZE } });
  });

  test.concurrent('with a preview is verified there, and gets rid of the filter once it is promoted', async () => {
    const place = await Place.open('blueGreen');
    const report = await place.run();
    expect(report).toMatchObject({ outcome: 'waiting', problems: [] });
    expect(onlyTarget(report)).toMatchObject({
      waiting: 'its preview is ready',
      verification: { level: 'listener', pods: SIZE },
    });
    await place.rollout.promote();
    await place.rollout.phase('Healthy');
    expect((await place.run()).outcome).toBe('unchanged');

    // Argo goes back at once, without a pause, as long as the old pods are there.
    const removed = await place.promoted(place.run({ command: 'remove', promote: 'wait' }));
    expect(removed).toMatchObject({ outcome: 'removed', problems: [], collected: { left: [] } });
    expect(await place.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });
});

describe('a Rollout with an analysis', () => {
  test.concurrent.each<[string, Strategy, string]>([
    ['at a step of a canary', 'failing', 'its analysis of a canary step'],
    ['beside a canary', 'background', 'its background analysis'],
    ['before a preview is promoted', 'previewFails', 'its analysis before promotion'],
  ])('that fails is rolled back, and the analysis is named: %s', async (_, strategy, which) => {
    const place = await Place.open(strategy);
    const before = ownRollout(await place.rollout.now());
    const report = await place.run();
    expect(report.outcome).toBe('failed');
    expect(onlyTarget(report)).toMatchObject({
      problem: {
        // The controller may have forgotten the AnalysisRun when it aborts.
        message: expect.stringMatching(
          new RegExp(`${which} \\(Analysis(Template fails|Run web-\\S+)\\) failed: Metric "errors" assessed Failed`),
        ),
        remedy: expect.stringContaining(`kubectl argo rollouts get rollout web -n ${place.scene.namespace}`),
      },
      rollback: { state: 'rolled-back' },
    });
    expect(ownRollout(await place.rollout.phase('Healthy'))).toEqual(before);
    expect(await place.scene.objects()).toEqual({ configMaps: [], envoyFilters: [] });
  });

  test.concurrent('that is inconclusive waits for promotion, with what was measured', async () => {
    const place = await Place.open('inconclusive');
    const report = await place.run();
    expect(report).toMatchObject({ outcome: 'waiting', problems: [] });
    const target = onlyTarget(report);
    expect(target).toMatchObject({
      waiting: expect.stringMatching(/^AnalysisRun web-.+ was inconclusive: Metric "errors" assessed Inconclusive/),
      verification: { level: 'listener', pods: 1, wanted: 1 },
    });
    await place.rollout.promotePastAnalysis();
    await place.rollout.phase('Healthy');
    expect(await place.revisions()).toEqual({ [revisionOf(target)]: SIZE });
  });
});

describe('a Rollout with the pod template of a Deployment', () => {
  test.concurrent('has that changed, and is itself what is waited for and shown', async () => {
    const place = await Place.open('canary', { refers: true });
    const before = ownPart(await place.source());
    const report = await place.run();
    expect(report).toMatchObject({ outcome: 'waiting', problems: [] });
    const id = revisionOf(onlyTarget(report));
    expect((await place.source()).spec?.template?.metadata?.labels?.[REVISION_LABEL]).toBe(id);
    expect(await place.revisions()).toEqual({ [id]: 1, none: SIZE - 1 });
    await place.rollout.promote();
    await place.rollout.phase('Healthy');
    expect(onlyTarget(await place.run())).toMatchObject({ outcome: 'unchanged', verification: { pods: SIZE } });

    const status = await place.run({ command: 'status', targets: '' });
    expect(status.status?.workloads).toMatchObject([{ ref: { kind: 'Rollout' }, filters: [{ health: 'verified' }] }]);
    const removed = await place.promoted(place.run({ command: 'remove', targets: '', promote: 'wait' }));
    expect(removed).toMatchObject({ outcome: 'removed', problems: [] });
    expect(ownPart(await place.source())).toEqual(before);
  });

  test.concurrent.each([
    ['its name', '- deployment/web'],
    ['its labels', "- { name: '*' }"],
    ['its name, beside the Rollout', '- rollout/web\n- deployment/web'],
  ])('is what has to be named, and not that Deployment: by %s', async (_, targets) => {
    const place = await Place.open('plain', { refers: true });
    const before = ownPart(await place.source());
    for (const command of ['plan', 'deploy']) {
      expect((await place.run({ command, targets })).problems).toMatchObject([
        {
          kind: 'targets',
          subject: expect.stringMatching(/^Deployment .+\/web$/),
          message: expect.stringMatching(/^lends its pod template to Rollout .+\/web \(workloadRef\)/),
          remedy: expect.stringContaining('Write "rollout/web" in the target list, and not "deployment/web"'),
        },
      ]);
    }
    expect(ownPart(await place.source())).toEqual(before);
  });

  test.concurrent('may leave that its own pods, which restart beside its steps: the run says so before', async () => {
    const place = await Place.open('canary', { refers: true, keeps: 2 });
    const told = expect.stringMatching(
      /^Rollout \S+\/web takes its pod template from Deployment web, which has 2 pods of its own\. The change restarts them, too, .*`kubectl scale deployment\/web -n \S+ --replicas=0`/,
    );
    const planned = await place.run({ command: 'plan' });
    expect(warningTexts(planned.warnings)).toContainEqual(told);
    const report = await place.run();
    expect(report).toMatchObject({ outcome: 'waiting', problems: [] });
    expect(warningTexts(report.warnings)).toContainEqual(told);
    // Those of the Rollout alone are judged.
    expect(onlyTarget(report)).toMatchObject({
      pods: { ready: 1, wanted: SIZE },
      verification: { pods: 1, wanted: 1 },
    });
    const id = revisionOf(onlyTarget(report));
    await eventually('the pods of the Deployment restart', async () => {
      const counts = await place.revisions();
      return counts[id] === 3 && counts.none === SIZE - 1 ? counts : undefined;
    });
    await place.rollout.promote();
    await place.rollout.phase('Healthy');
    const last = await place.run();
    expect(onlyTarget(last)).toMatchObject({ outcome: 'unchanged', verification: { pods: SIZE, wanted: SIZE } });
    expect(warningTexts(last.warnings)).not.toContainEqual(told);
    const removed = await place.promoted(place.run({ command: 'remove', promote: 'wait' }));
    expect(removed).toMatchObject({ outcome: 'removed', problems: [] });
    expect(warningTexts(removed.warnings)).toContainEqual(told);
  });

  test.concurrent('belongs to who has made that Deployment, and the run says what becomes of the change', async () => {
    const place = await Place.open('plain', { refers: true });
    await cluster.api.patch(resourcePath(WORKLOADS.Deployment, place.scene.namespace, 'web'), {
      metadata: {
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'shop' },
      },
    });
    const { warnings } = await place.run({ command: 'plan' });
    expect(warningTexts(warnings)).toContainEqual(
      expect.stringMatching(/^Rollout \S+\/web belongs to Helm \(release shop\/shop\): an upgrade leaves keys alone/),
    );
  });

  test.concurrent('is what has to be named, and not that Deployment, although that has pods', async () => {
    const place = await Place.open('plain', { refers: true, keeps: 2 });
    const before = ownPart(await place.source());
    for (const command of ['plan', 'deploy']) {
      expect((await place.run({ command, targets: '- deployment/web' })).problems).toMatchObject([
        { kind: 'targets', message: expect.stringMatching(/^lends its pod template to Rollout .+\/web/) },
      ]);
    }
    expect(ownPart(await place.source())).toEqual(before);
  });

  test.concurrent.each([0, 2])(
    'is not known to somebody who may not list Rollouts, which the run says (of %d pods)',
    async (keeps) => {
      const place = await Place.open('plain', { refers: true, keeps });
      const rules = WRITE_RULES.filter(({ apiGroups }) => !apiGroups.includes('argoproj.io'));
      const kubeconfig = await place.scene.user(...rules, ...Object.values(POD_RULES));
      const { problems, warnings } = await place.run({ command: 'plan', targets: '- deployment/web', kubeconfig });
      expect(problems).toEqual([]);
      expect(warningTexts(warnings)).toContainEqual(
        expect.stringMatching(
          /^It is not known whether a Rollout takes its pod template from a Deployment of the target list \(workloadRef\): .* cannot list rollouts/,
        ),
      );
    },
  );

  test.concurrent('needs the permission to change that', async () => {
    const place = await Place.open('plain', { refers: true });
    const rules = WRITE_RULES.filter(({ apiGroups }) => !apiGroups.includes('apps'));
    const reading = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] };
    const kubeconfig = await place.scene.user(...rules, reading, ...Object.values(POD_RULES));
    const report = await place.run({ kubeconfig });
    expect(report.problems).toMatchObject([
      { kind: 'permission', permission: { verb: 'patch', group: 'apps', resource: 'deployments' } },
    ]);
  });

  test.concurrent('is refused where that is of another kind', async () => {
    const place = await Place.open('plain', { refers: true });
    await place.rollout.patch({ spec: { workloadRef: { kind: 'ReplicaSet' } } });
    expect((await place.run()).problems).toMatchObject([
      { message: expect.stringContaining('takes its pod template from ReplicaSet web (workloadRef)') },
    ]);
  });
});

describe('where the cluster has no Rollouts', () => {
  let without: TestCluster;
  beforeAll(async () => {
    without = await startTestCluster(['rollouts.argoproj.io']);
  });
  afterAll(() => without.stop());

  test('one among the targets is a problem that says so', async () => {
    const scene = await Scene.open(without);
    const { problems } = await scene.deploy({ targets: '- rollout/web' });
    expect(problems).toMatchObject([
      { kind: 'cluster', message: expect.stringContaining('The cluster has no Rollout resource (argoproj.io)') },
    ]);
  });

  test('nobody needs a permission on them', async () => {
    const scene = await Scene.open(without);
    await scene.workload();
    const rules = WRITE_RULES.filter(({ apiGroups }) => !apiGroups.includes('argoproj.io'));
    const kubeconfig = await scene.user(...rules, ...Object.values(POD_RULES));
    expect(await scene.deploy({ kubeconfig })).toMatchObject({ outcome: 'deployed', problems: [] });
    expect(await scene.deploy({ command: 'remove', targets: '', kubeconfig })).toMatchObject({
      outcome: 'removed',
      problems: [],
      collected: { left: [] },
    });
  });
});
