/** Runs as users who may not see, or not delete, all that is to go: nothing is said to be gone that is still there. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { judge } from '../../src/action/verdict/verdict.ts';
import { describePermission } from '../../src/base/permission.ts';
import { describeProblem } from '../../src/base/problem.ts';
import type { ActionInputs, SeenReport } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { POD_RULES, Scene, WRITE_RULES } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

type Rule = (typeof WRITE_RULES)[number];
const without =
  (resource: string, verb?: string) =>
  (rule: Rule): Rule =>
    verb === undefined
      ? { ...rule, resources: rule.resources.filter((one) => one !== resource) }
      : { ...rule, verbs: rule.verbs.filter((one) => !rule.resources.includes(resource) || one !== verb) };
const usable = ({ resources, verbs }: Rule): boolean => resources.length > 0 && verbs.length > 0;
const ALL = [...WRITE_RULES, POD_RULES.listWithoutLogs];

/** What a user lacks who may do all the rest. */
const LACKS: Readonly<Record<string, { readonly rules: readonly Rule[]; readonly missing: readonly string[] }>> = {
  'list Rollouts': { rules: ALL.map(without('rollouts')), missing: ['list rollouts.argoproj.io'] },
  'list pods': { rules: ALL.map(without('pods')), missing: ['list pods'] },
  'list Rollouts and pods': {
    rules: ALL.map(without('rollouts')).map(without('pods')),
    missing: ['list pods', 'list rollouts.argoproj.io'],
  },
  'list Rollouts, and delete ConfigMaps': {
    rules: ALL.map(without('rollouts')).map(without('configmaps', 'delete')),
    missing: ['delete configmaps', 'list rollouts.argoproj.io'],
  },
};

const missingIn = ({ collected }: SeenReport, namespace: string): string[] =>
  [...new Set(collected.left.flatMap(({ missing = [] }) => missing.map(describePermission)))]
    .map((text) => text.replace(` in namespace "${namespace}"`, ''))
    .sort();

/** What is there is named, with the reason and a Role for it, and nothing else is claimed. */
function expectLeft(report: SeenReport, { namespace }: Scene, objects: readonly string[], missing: readonly string[]) {
  expect(report.problems.map(describeProblem)).toEqual([]);
  expect(report.collected.left.map(({ object }) => object).sort()).toEqual(objects);
  expect(missingIn(report, namespace)).toEqual(missing);
  const { icon, headline, sentence } = judge(report.whole);
  expect([icon, headline]).toEqual(['⚠️', expect.not.stringContaining('nothing of it is left')]);
  expect(sentence).toMatch(/no run can delete it without the permission to .*: grant it, then re-run\.$/);
  const page = renderSummary(report.whole);
  expect(page).toContain('### Left behind');
  const role = page.slice(page.indexOf('kind: Role'));
  for (const permission of missing) {
    const [verb = '', resource = ''] = permission.split(/[ .]/);
    expect(role).toMatch(new RegExp(`resources: \\[[^\\]]*${resource}[^\\]]*\\]\\s+verbs: \\[[^\\]]*${verb}`));
  }
}

const objectsIn = async (scene: Scene): Promise<string[]> => {
  const { configMaps, envoyFilters } = await scene.objects();
  const named = (kind: string) => (name: string) => `${kind} ${scene.namespace}/${name}`;
  return [...configMaps.map(named('ConfigMap')), ...envoyFilters.map(named('EnvoyFilter'))].sort();
};

const COMMANDS: Readonly<Record<string, ActionInputs>> = {
  remove: { command: 'remove', targets: '' },
  'remove of a target list': { command: 'remove', targets: '- deployment/reviews' },
  'remove that does not wait': { command: 'remove', targets: '', wait: 'false', timeout: '' },
};

describe.each(Object.keys(LACKS))('without the permission to %s', (lack) => {
  const { rules, missing } = LACKS[lack] as (typeof LACKS)[string];
  const lacking = (scene: Scene): Promise<string> => scene.user(...rules.filter(usable));

  test.concurrent.each(['remove', 'remove of a target list'])(
    '%s says what is left, until it is granted',
    async (name) => {
      const scene = await Scene.open(cluster);
      await scene.workload('reviews');
      await scene.deploy();
      const objects = await objectsIn(scene);
      const inputs = COMMANDS[name] as ActionInputs;
      const report = await scene.deploy({ ...inputs, kubeconfig: await lacking(scene) });
      expect([report.outcome, report.targets.map(({ outcome }) => outcome)]).toEqual(['removed', ['removed']]);
      expectLeft(report, scene, objects, missing);
      expect(await objectsIn(scene)).toEqual(objects);
      // Nothing has changed for who still may not; nor is it missing.
      const again = await scene.deploy({ ...inputs, kubeconfig: await lacking(scene) });
      expectLeft(again, scene, objects, missing);
      const status = await scene.deploy({ command: 'status', targets: '', kubeconfig: await lacking(scene) });
      expect([...(status.status?.unknown ?? [])].sort()).toEqual(objects);
      const granted = await scene.deploy(inputs);
      expect([granted.problems, granted.collected.deleted.length, granted.collected.left]).toEqual([[], 2, []]);
      expect(await objectsIn(scene)).toEqual([]);
    },
  );

  test.concurrent('sweep does, too', async () => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.deploy({ expires: '1h' });
    const objects = await objectsIn(scene);
    const report = await scene.deploy(
      { command: 'sweep', name: '', filter: '', targets: '', kubeconfig: await lacking(scene) },
      { date: new Date(Date.now() + 7_200_000) },
    );
    expect([report.outcome, report.targets.map(({ outcome }) => outcome)]).toEqual(['removed', ['removed']]);
    expectLeft(report, scene, objects, missing);
  });
});

test.each(['list Rollouts', 'list pods', 'list Rollouts and pods'])(
  'a deployment without the permission to %s says which superseded objects stay',
  async (lack) => {
    const scene = await Scene.open(cluster);
    await scene.workload('reviews');
    await scene.deploy();
    const { rules } = LACKS[lack] as (typeof LACKS)[string];
    const kubeconfig = await scene.user(...rules.filter(usable));
    const report = await scene.deploy({ configuration: 'x-test: 2', 'keep-revisions': '0', kubeconfig });
    expect([report.outcome, report.problems]).toEqual(['deployed', []]);
    const page = renderSummary(report.whole);
    expect(page).toMatch(/### Left behind|superseded objects kept/);
    expect(page).toContain('kind: Role');
  },
);

test('a removal that does not wait names the permission that a later one needs', async () => {
  const scene = await Scene.open(cluster);
  await scene.workload('reviews');
  await scene.deploy();
  const { rules } = LACKS['list Rollouts'] as (typeof LACKS)[string];
  const report = await scene.deploy({
    ...(COMMANDS['remove that does not wait'] as ActionInputs),
    kubeconfig: await scene.user(...rules.filter(usable)),
  });
  expect(report.collected.left).toHaveLength(2);
  expect(missingIn(report, scene.namespace)).toEqual(['list rollouts.argoproj.io']);
});
