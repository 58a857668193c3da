/** Runs as a user whose Role is from before the cluster had Argo Rollouts: only who names one has to be allowed to list them. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { judge } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { grant } from '../harness/api.ts';
import { TestRollout } from '../harness/argo-rollouts.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { makeWorkload } from '../harness/workloads.ts';

import { POD_RULES, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.open(cluster);
  await scene.workload('reviews');
  const rules = [...WRITE_RULES, POD_RULES.list];
  const old = rules.filter(({ resources }) => !resources.includes('rollouts'));
  await grant(cluster.api, scene.namespace, 'old-role', old);
});

const asOld = (inputs: ActionInputs): Promise<SeenReport> =>
  scene.deploy({ kubeconfig: cluster.recorder.kubeconfig('old-role'), ...inputs });
const problemsOf = (report: SeenReport): string[] => runProblems(report).map(describeProblem);
const unseen = (report: SeenReport): string[] =>
  warningTexts(report.warnings).filter((text) => text.startsWith('Not every workload was looked at'));

const EVERY = "- { name: '*' }";

test('it deploys, looks and removes, and is told what may have been missed', async () => {
  const planned = await asOld({ command: 'plan', targets: EVERY });
  expect([problemsOf(planned), unseen(planned)]).toEqual([[], []]);
  const deployed = await asOld({ targets: EVERY });
  expect([deployed.outcome, problemsOf(deployed), unseen(deployed)]).toEqual(['deployed', [], []]);
  const sentence = expect.stringMatching(
    /^Not every workload was looked at: the kubeconfig user cannot list rollouts\.argoproj\.io in namespace /,
  );
  const pruned = await asOld({ targets: EVERY, prune: 'true' });
  expect([pruned.outcome, problemsOf(pruned), unseen(pruned)]).toEqual(['unchanged', [], [sentence]]);
  for (const targets of ['', '- deployment/reviews', EVERY]) {
    const status = await asOld({ command: 'status', targets });
    expect([problemsOf(status), unseen(status)]).toEqual([[], [sentence]]);
    expect(status.status?.workloads.map(({ filters }) => filters[0]?.health)).toEqual(['verified']);
    expect(status.missingForCleanup?.map(({ resource }) => resource)).toEqual(['rollouts']);
  }
  const swept = await asOld({ command: 'sweep', name: '', filter: '', targets: '' });
  expect([problemsOf(swept), unseen(swept)]).toEqual([[], [sentence]]);
  const removed = await asOld({ command: 'remove', targets: '' });
  expect([removed.outcome, problemsOf(removed), unseen(removed)]).toEqual(['removed', [], [sentence]]);
  expect(removed.targets.map(({ outcome }) => outcome)).toEqual(['removed']);
  // A Rollout may use them; who may look takes them away.
  expect(removed.collected.deleted).toEqual([]);
  const again = await asOld({ command: 'remove', targets: '' });
  expect(problemsOf(again)).toEqual([]);
  const cleaned = await scene.deploy({ command: 'remove', targets: '' });
  expect(cleaned.collected.deleted).toHaveLength(2);
});

test('its Role for the rest has all that a later run needs, and names who lacks it', async () => {
  const verbsOf = ({ permissions = [] }: SeenReport, kind: string): string[] => [
    ...new Set(permissions.flatMap(({ resource, verb }) => (resource === kind ? [verb] : []))),
  ];
  await asOld({ targets: EVERY });
  const status = await asOld({ command: 'status', targets: '' });
  expect(verbsOf(status, 'rollouts').sort()).toEqual(['get', 'list']);
  const removed = await asOld({ command: 'remove', targets: '' });
  expect(verbsOf(removed, 'rollouts').sort()).toEqual(['get', 'list', 'patch', 'watch']);
  expect(verbsOf(removed, 'rollouts').sort()).toEqual(verbsOf(removed, 'deployments').sort());
  expect([status.users, removed.users]).toEqual([['old-role'], ['old-role']]);
});

test('no removal is a success while pods of a workload that may not be listed run the filter, and none says that nobody has it', async () => {
  await TestRollout.create(cluster.api, makeWorkload(scene.namespace, 'web', { replicas: 2 }), 'plain');
  const targets = '- rollout/web\n- deployment/reviews';
  expect((await scene.deploy({ targets })).outcome).toBe('deployed');
  const status = await asOld({ command: 'status', targets: '' });
  expect(status.status?.inUse ?? status.status?.inUseUnseen).toBeUndefined();
  const verdict = judge(status.whole);
  expect([verdict.icon, verdict.headline]).toEqual([
    '⚠️',
    expect.stringMatching(/; rollouts\.argoproj\.io not looked at$/),
  ]);
  expect(verdict.sentence).not.toContain('No action is needed');
  const refused = await asOld({ command: 'remove', targets: '' });
  expect([refused.outcome, refused.changed]).toEqual(['failed', false]);
  expect(refused.problems).toMatchObject([
    {
      kind: 'permission',
      permission: { verb: 'list', resource: 'rollouts' },
      permissionNote: expect.stringMatching(
        /^2 pods in namespace "\S+" still run add-header; they belong to Rollout web, which this user may not read\.$/,
      ),
    },
  ]);
  const named = await asOld({ command: 'remove', targets: '- deployment/reviews' });
  expect(named.outcome).toBe('removed');
  // No template that may be read names them now.
  const after = await asOld({ command: 'status', targets: '' });
  expect([after.status?.inUse, after.status?.inUseUnseen?.length]).toEqual([undefined, 2]);
  const blind = [...WRITE_RULES].filter(({ resources }) => !resources.includes('rollouts'));
  await grant(cluster.api, scene.namespace, 'blind', blind);
  const kubeconfig = cluster.recorder.kubeconfig('blind');
  const again = await scene.deploy({ command: 'remove', targets: '', kubeconfig });
  expect([problemsOf(again), again.collected.deleted]).toEqual([[], []]);
  expect(judge(again.whole)).toMatchObject({
    icon: '⚠️',
    sentence: expect.stringMatching(/it is not known whether others \(rollouts\.argoproj\.io\) have it/),
  });
});

test.each(['plan', 'deploy', 'status', 'remove'])(
  '%s of a Rollout that is named needs the permission',
  async (command) => {
    const report = await asOld({ command, targets: '- rollout/web\n- deployment/reviews' });
    expect(report.outcome).toBe('failed');
    expect(problemsOf(report)).toContainEqual(expect.stringMatching(/cannot list rollouts\.argoproj\.io/));
  },
);

test('a kind that is meant where none is named is needed, too', async () => {
  const rules = [...WRITE_RULES, POD_RULES.list].map((rule) => ({
    ...rule,
    resources: rule.resources.filter((resource) => resource !== 'daemonsets'),
  }));
  await grant(cluster.api, scene.namespace, 'no-daemons', rules);
  const kubeconfig = cluster.recorder.kubeconfig('no-daemons');
  const all = await scene.deploy({ command: 'status', targets: '', kubeconfig });
  expect(problemsOf(all)).toEqual([expect.stringMatching(/cannot list daemonsets\.apps/)]);
  const one = await scene.deploy({ command: 'status', targets: '- deployment/reviews', kubeconfig });
  expect([problemsOf(one), unseen(one)]).toEqual([[], [expect.stringMatching(/daemonsets\.apps/)]]);
});
