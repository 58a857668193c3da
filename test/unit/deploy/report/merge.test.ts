import { describe, expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../../../../src/deploy/report/conclude.ts';
import { mergeDeploy, mergePlan, mergeRemoval } from '../../../../src/deploy/report/merge.ts';
import { deployed, deployPlan, planned, stuck } from '../../action/report-builder.ts';

function outcome(parts: Partial<OutcomeOf<'deploy'>> = {}): OutcomeOf<'deploy'> {
  const nothing = { problems: [], warnings: [], targets: [], collected: NOTHING_COLLECTED, plan: deployPlan() };
  return { command: 'deploy', ...nothing, ...parts };
}
const over = (...outcomes: readonly Partial<OutcomeOf<'deploy'>>[]): OutcomeOf<'deploy'> =>
  mergeDeploy(outcomes.map((parts, index) => ({ cluster: `c${index}`, outcome: outcome(parts) })));
const problem = (message: string, subject?: string): Problem => ({
  kind: 'targets',
  message,
  ...(subject !== undefined && { subject }),
});

describe('the outcomes of several clusters', () => {
  test.each<[OutcomeOf<'plan'>['account'][], OutcomeOf<'plan'>['account']]>([
    [[undefined, undefined], undefined],
    [[undefined, 'only-reads'], 'only-reads'],
    [['unknown', 'only-reads'], 'only-reads'],
    [['unknown', undefined], 'unknown'],
  ])('%j: one that is to be offered nothing to write is enough for that, %s', (accounts, account) => {
    const parts = accounts.map((one, index) => ({
      cluster: `c${index}`,
      outcome: {
        command: 'plan' as const,
        problems: [],
        warnings: [],
        targets: [],
        plan: planned(),
        ...(one !== undefined && { account: one }),
      },
    }));
    expect(mergePlan(parts).account).toBe(account);
  });

  test('of one cluster alone stay as they are', () => {
    const only = outcome({
      problems: [problem('is missing', 'targets')],
      warnings: [{ topic: 'w', text: 'w' }],
      targets: [deployed('shop/a')],
      collected: { deleted: ['ConfigMap shop/x'], left: [] },
    });
    expect(mergeDeploy([{ cluster: undefined, outcome: only }])).toEqual(only);
  });

  test('name the cluster of each workload, of what is wrong with it, and of each object', () => {
    const merged = over(
      { targets: [deployed('shop/a')], collected: { deleted: ['ConfigMap shop/x'], left: [] } },
      {
        targets: [stuck('shop/a')],
        collected: {
          deleted: [],
          left: [{ object: 'ConfigMap shop/y', why: 'a pod runs it', runOn: deployed('shop/a').ref }],
        },
      },
    );
    expect(merged.targets.map(({ ref, problem }) => [ref.cluster, problem?.subject])).toEqual([
      ['c0', undefined],
      ['c1', 'c1: Deployment shop/a'],
    ]);
    expect(merged.collected.deleted).toEqual(['c0: ConfigMap shop/x']);
    expect(merged.collected.left).toMatchObject([{ object: 'c1: ConfigMap shop/y', runOn: { cluster: 'c1' } }]);
  });

  test.each<[string, readonly (readonly Problem[])[], readonly Problem[]]>([
    ['what all say alike is said once, of none', [[problem('x', 's')], [problem('x', 's')]], [problem('x', 's')]],
    [
      'also where it came from other errors',
      [[{ ...problem('x'), cause: new Error('1') }], [problem('x')]],
      [problem('x')],
    ],
    ['what one says is said of it', [[], [problem('x', 's')]], [problem('x', 'c1: s')]],
    [
      'what is about nothing in particular is about the cluster',
      [[problem('x')], []],
      [{ ...problem('x', 'cluster c0'), form: 'sentence' }],
    ],
    [
      'what not all say is said of each',
      [[problem('x', 's')], [problem('x', 's')], []],
      [problem('x', 'c0: s'), problem('x', 'c1: s')],
    ],
  ])('%s', (_, said, merged) => {
    const [{ cause: __, ...first } = problem(''), ...others] = over(...said.map((problems) => ({ problems }))).problems;
    expect([first, ...others]).toEqual(merged);
  });

  test('a warning of one cluster names it, in its subject too; one of all is said once', () => {
    const all = { topic: 'Kubeconfig', text: 'of all' };
    const own = { topic: 'Moved tag', subject: 'r/f:v1', text: 'of one' };
    expect(over({ warnings: [all] }, { warnings: [all, own] }).warnings).toEqual([
      all,
      { topic: 'Moved tag', subject: 'c1: r/f:v1', text: 'c1: of one' },
    ]);
  });

  test('an image is pushed once, for all', () => {
    const image = { filter: 'f', pinned: 'r/f@sha256:0', state: 'pushed' } as const;
    const plan = deployPlan({ images: [image] });
    expect(over({ plan }, { plan }).plan).toMatchObject({ images: [image] });
  });

  test('the first expiry is that of all', () => {
    const merged = over(
      { plan: deployPlan({ expires: '2026-02-01T00:00:00Z' }) },
      { plan: deployPlan({ expires: '2026-01-01T00:00:00Z' }) },
    );
    expect(merged.plan).toMatchObject({ expires: '2026-01-01T00:00:00Z' });
  });

  const found = { state: 'found' } as const;
  const nothing = { state: 'nothing', filters: [], namespaces: ['shop'], present: [] } as const;
  const stopped = { state: 'stopped' } as const;

  test.each<[string, readonly OutcomeOf<'remove'>['removal'][], unknown]>([
    ['something to remove anywhere', [nothing, found], found],
    [
      'nothing anywhere',
      [nothing, nothing],
      { state: 'nothing', filters: [], namespaces: ['c0: shop', 'c1: shop'], present: [] },
    ],
    ['nothing in one, and nobody knows of the other', [nothing, stopped], stopped],
  ])('of a removal: %s', (_, removals, merged) => {
    const parts = removals.map((removal, index) => ({
      cluster: `c${index}`,
      outcome: {
        command: 'remove' as const,
        problems: [],
        warnings: [],
        targets: [],
        collected: NOTHING_COLLECTED,
        removal,
      },
    }));
    expect(mergeRemoval('remove', parts).removal).toEqual(merged);
  });
});
