import { describe, expect, test } from '@jest/globals';
import { judge, type Verdict, verdictOf } from '../../../../src/action/verdict/verdict.ts';
import { meaningOf } from '../../../../src/action/verdict/words.ts';
import type { Problem } from '../../../../src/base/problem.ts';
import type { PlanReport, RemoveReport, Report } from '../../../../src/deploy/report/report.ts';
import {
  change,
  deployed,
  filter,
  found,
  interrupted,
  NEW,
  OLD,
  permission,
  planned,
  policy,
  pushed,
  ref,
  removed,
  report,
  rollback,
  rolledBack,
  running,
  stuck,
  superseded,
  unawaited,
  unchanged,
  untouched,
  verification,
  withdrawn,
} from '../report-builder.ts';

import { found as checkedOf } from '../scenarios-check.ts';

const problem = { kind: 'permission', message: 'May not patch.' } as const;
const filters = (...names: string[]): Report['filters'] => names.map((name) => filter({ name }));

test.each<[string, Report, string]>([
  [
    'deployed',
    report({ targets: [deployed('shop/a'), deployed('shop/b')] }),
    '✅ add-header deployed to 2 workloads, verified in 6 proxies',
  ],
  [
    'partly there',
    report({ targets: [deployed('shop/a'), unchanged('shop/b')] }),
    '✅ add-header deployed to 1 workload, verified in 3 proxies; 1 other already up to date',
  ],
  [
    'there already, but verified only now',
    report({
      targets: [
        deployed('shop/a'),
        ...['shop/b', 'shop/c'].map((at) => unchanged(at, { verification: verification() })),
      ],
    }),
    '✅ add-header deployed to 1 workload, verified in 9 proxies; 2 others already up to date',
  ],
  [
    'two filters',
    report({ filters: filters('a', 'b'), targets: [deployed('shop/a'), unchanged('shop/b')] }),
    '✅ a and b deployed to 1 workload, verified in 3 proxies; 1 other already up to date',
  ],
  [
    'many filters',
    report({ filters: filters('a', 'b', 'c', 'd'), targets: [deployed('shop/a')] }),
    '✅ 4 filters deployed to 1 workload, verified in 3 proxies',
  ],
  [
    'nothing to do',
    report({ targets: [unchanged('shop/a')] }),
    '✅ Nothing to do: add-header runs on 1 workload already',
  ],
  [
    'nothing to change, and all verified now',
    report({ targets: [deployed('shop/a', { outcome: 'unchanged' }), unchanged('shop/b')] }),
    '✅ Nothing to change: add-header runs on 2 workloads, verified in 3 proxies',
  ],
  [
    'nothing to do, not looked',
    report({ policy: policy({ wait: false }), targets: [unchanged('shop/a')] }),
    '✅ Nothing to do: 1 workload has add-header already',
  ],
  [
    'not waited for',
    report({ policy: policy({ wait: false }), targets: [unawaited('shop/a')] }),
    '⏳ add-header applied to 1 workload, not verified',
  ],
  [
    'failed and kept',
    report({ targets: [deployed('shop/a'), stuck('shop/b')] }),
    '❌ add-header: 1 of 2 workloads failed and was not rolled back; the other runs revision 4f2a91c07b',
  ],
  [
    'failed and rolled back',
    report({ targets: [deployed('shop/a'), unchanged('shop/b'), rolledBack('shop/c')] }),
    '❌ add-header: 1 of 3 workloads failed and was rolled back; the other 2 run revision 4f2a91c07b',
  ],
  [
    'failed and rolled back before the others were touched',
    report({ targets: [rolledBack('shop/a'), untouched('shop/b')] }),
    '❌ add-header: 1 of 2 workloads failed and was rolled back; every workload runs what it ran before',
  ],
  [
    'failed, and all were rolled back',
    report({ targets: [rolledBack('shop/a'), withdrawn('shop/b'), unchanged('shop/c')] }),
    '❌ add-header: 1 of 3 workloads failed; 2 were rolled back; every workload runs what it ran before',
  ],
  [
    'failed and rolled back to something older than this run has found',
    report({ targets: [rolledBack('shop/a', { rollback: rollback('rolled-back', { to: { 'add-header': null } }) })] }),
    '❌ add-header: Deployment shop/a failed and was rolled back',
  ],
  [
    'failed, some rolled back and some not',
    report({ targets: [rolledBack('shop/a'), stuck('shop/b')] }),
    '❌ add-header: both workloads failed, 1 was rolled back',
  ],
  [
    'the only failed one could not be rolled back',
    report({ targets: [deployed('shop/a'), stuck('shop/b', { rollback: rollback('failed') })] }),
    '🚨 add-header: 1 of 2 workloads failed; rolled back, but not ready: it needs attention',
  ],
  [
    'one that was well could not be rolled back',
    report({ targets: [rolledBack('shop/a'), withdrawn('shop/b', { rollback: rollback('failed') })] }),
    '🚨 add-header: 1 of 2 workloads failed; 1 was rolled back, but is not ready and needs attention',
  ],
  [
    'the only failed one could not be rolled back',
    report({ targets: [stuck('shop/a', { rollback: { ...rollback('failed'), template: 'new' } })] }),
    '🚨 add-header: Deployment shop/a failed and could not be rolled back: it needs attention',
  ],
  [
    'rolled back, and as little ready as before',
    report({ targets: [rolledBack('shop/a', { rollback: { ...rollback('rolled-back'), unready: 'p: app' } })] }),
    '❌ add-header: Deployment shop/a failed; rolled back, but still not ready, as before this run; every workload runs what it ran before',
  ],
  [
    'several rolled back, and as little ready as before',
    report({
      targets: ['a', 'b'].map((name) =>
        rolledBack(`shop/${name}`, { rollback: { ...rollback('rolled-back'), unready: 'p: app' } }),
      ),
    }),
    '❌ add-header: both workloads failed; rolled back, but still not ready, as before this run; every workload runs what it ran before',
  ],
  [
    'several rolled back that are not ready',
    report({ targets: ['a', 'b'].map((name) => stuck(`shop/${name}`, { rollback: rollback('failed') })) }),
    '🚨 add-header: both workloads failed; rolled back, but not ready: they need attention',
  ],
  [
    'several that were well were rolled back and are not ready',
    report({
      targets: [
        rolledBack('shop/a'),
        ...['b', 'c'].map((name) => withdrawn(`shop/${name}`, { rollback: rollback('failed') })),
      ],
    }),
    '🚨 add-header: 1 of 3 workloads failed; 2 were rolled back, but are not ready and need attention',
  ],
  [
    'deployed to one that is as little ready as before',
    report({ targets: [deployed('shop/a', { verification: null, unready: 'p: app' })] }),
    '⚠️ add-header deployed to 1 workload; not ready, as before, and not verified',
  ],
  [
    'deployed to some that are as little ready as before',
    report({
      targets: [
        ...['a', 'b'].map((name) => deployed(`shop/${name}`, { verification: null, unready: 'p: app' })),
        deployed('shop/c'),
      ],
    }),
    '⚠️ add-header deployed to 3 workloads, verified in 3 proxies; 2 of them not ready, as before, and not verified',
  ],
  [
    'weaker evidence',
    report({ targets: [deployed('shop/a', { verification: verification('stats') })] }),
    '✅ add-header deployed to 1 workload: every pod ready, no proxy rejected it',
  ],
  [
    'ready pods only',
    report({ targets: [deployed('shop/a', { verification: verification('ready') })] }),
    '✅ add-header deployed to 1 workload: every pod ready, proxies not inspected',
  ],
  [
    'evidence of different strength',
    report({ targets: [deployed('shop/a'), deployed('shop/b', { verification: verification('stats') })] }),
    '✅ add-header deployed to 2 workloads, verified in 3 of 6 proxies',
  ],
  [
    'no pods to prove anything by',
    report({ targets: [deployed('shop/a', { verification: null, pods: { ready: 0, wanted: 0 } })] }),
    '✅ add-header deployed to 1 workload',
  ],
  [
    'pushed',
    report({ targets: [pushed('shop/a'), unchanged('shop/b')] }),
    '✅ Settings of add-header pushed to 1 workload without a restart, verified in 3 proxies; 1 other already up to date',
  ],
  [
    'pushed to some',
    report({ targets: [pushed('shop/a'), deployed('shop/b')] }),
    '✅ add-header deployed to 2 workloads, 1 without a restart, verified in 6 proxies',
  ],
  [
    'repaired',
    report({
      targets: [
        deployed('shop/a', {
          drift: ['it was edited'],
          revisions: [{ filter: 'add-header', revision: NEW, before: NEW }],
        }),
      ],
    }),
    '✅ add-header repaired (drift corrected) on 1 workload, verified in 3 proxies',
  ],
  [
    'only unused objects deleted',
    report({ targets: [unchanged('shop/a')], collected: { deleted: ['ConfigMap shop/x'], left: [] } }),
    '✅ Nothing to do: add-header runs on 1 workload already',
  ],
  [
    'failed without a write, because an earlier run had written',
    report({
      targets: [
        stuck('shop/a', {
          steps: { configMap: 'unchanged', filterResource: 'unchanged', template: 'unchanged', rollout: 'failed' },
        }),
      ],
    }),
    '❌ add-header: Deployment shop/a failed and was not rolled back',
  ],
  [
    'refused',
    report({ targets: [untouched('shop/a')], problems: [problem] }),
    '❌ add-header not deployed: the kubeconfig user lacks a permission',
  ],
  [
    'refused for what a trial has shown',
    report({
      targets: [untouched('shop/a')],
      problems: [{ kind: 'filter', message: 'rejects it.', clause: 'the filter rejects its configuration' }],
    }),
    '❌ add-header not deployed: the filter rejects its configuration',
  ],
  [
    'refused for its credentials',
    report({ problems: [{ kind: 'credentials', message: 'The API server rejects the credentials.' }] }),
    '❌ add-header not deployed: the API server rejects the credentials',
  ],
  [
    'refused for several problems of a kind',
    report({ filters: [], problems: ['a', 'b'].map((subject) => ({ ...problem, subject })) }),
    '❌ Filter not deployed: the kubeconfig user lacks permissions',
  ],
  [
    'refused for problems of several kinds',
    report({ problems: [problem, { kind: 'input', message: 'Wrong.' }] }),
    '❌ add-header not deployed: 2 problems',
  ],
  [
    'one problem that many share',
    report({
      problems: [
        { ...problem, subject: 'a' },
        { ...problem, subject: 'a' },
      ],
    }),
    '❌ add-header not deployed: the kubeconfig user lacks a permission',
  ],
  [
    'stopped midway',
    report({
      targets: [
        untouched('shop/a', {
          steps: { configMap: 'done', filterResource: 'failed', template: 'skipped', rollout: 'skipped' },
        }),
      ],
      problems: [problem],
    }),
    '❌ add-header stopped: the kubeconfig user lacks a permission; every workload runs what it ran before',
  ],
  [
    'cancelled',
    report({ targets: [deployed('shop/a'), interrupted('shop/b')] }),
    '🛑 add-header: cancelled after 1 of 2 workloads',
  ],
  [
    'cancelled early',
    report({ problems: [{ kind: 'cancelled', message: 'The run was cancelled.' }] }),
    '🛑 Cancelled before anything was written',
  ],
])('%s', (_, given, expected) => {
  expect(verdictOf(given)).toBe(expected);
});

test.each<[string, Report, string]>([
  [
    'proved',
    report({ targets: [deployed('shop/a')] }),
    'All pods are ready, and every proxy has revision 4f2a91c07b in its listeners.',
  ],
  [
    'verified and probed',
    report({ targets: [deployed('shop/a', { verification: verification('listener', { probed: true }) })] }),
    'All pods are ready, and every proxy has revision 4f2a91c07b in its listeners. Each pod answered the probe.',
  ],
  [
    'only some were probed',
    report({
      targets: [deployed('shop/a', { verification: verification('listener', { probed: true }) }), deployed('shop/b')],
    }),
    'All pods are ready, and every proxy has revision 4f2a91c07b in its listeners.',
  ],
  [
    'no proxy rejected it',
    report({ targets: ['a', 'b'].map((name) => deployed(`shop/${name}`, { verification: verification('stats') })) }),
    'All pods are ready with revision 4f2a91c07b, and no proxy has rejected a listener. The listeners of the proxies were not inspected: the kubeconfig user is not allowed to exec into pods.',
  ],
  [
    'different reasons for less',
    report({
      targets: ['one', 'two', 'three'].map((weakness) =>
        deployed(`shop/${weakness}`, { verification: verification('ready', { weakness }) }),
      ),
    }),
    'All pods are ready with revision 4f2a91c07b. The proxies were not inspected: one (and 2 other reasons).',
  ],
  [
    'not to be verified',
    report({ targets: [deployed('shop/a', { verification: { level: 'ready', pods: 3, wanted: 3 } })] }),
    'All pods are ready with revision 4f2a91c07b. The proxies were not inspected, as "verify: off" asks for.',
  ],
  [
    'some less',
    report({ targets: [deployed('shop/a'), deployed('shop/b', { verification: verification('ready') })] }),
    'All pods are ready with revision 4f2a91c07b. The listeners of 3 proxies were not inspected: the kubeconfig user is not allowed to exec into pods.',
  ],
  ['refused', report({ problems: [problem] }), 'Nothing was written to the cluster.'],
  [
    'failed',
    report({ targets: [deployed('shop/a'), deployed('shop/b'), stuck('shop/c'), untouched('shop/d')] }),
    '1 workload has new pods that do not become ready; 2 workloads run revision 4f2a91c07b; 1 workload was not touched. Fix the cause and re-run, or roll back.',
  ],
  [
    'patched, and nobody watched the pods',
    report({ targets: [unawaited('shop/a')], problems: [{ kind: 'rollout', message: 'Another one failed.' }] }),
    '1 workload is patched, but its pods were not watched. Check whether the pods of patched workloads become ready.',
  ],
  [
    'patched, but the waiting failed',
    report({ targets: [unawaited('shop/a')], problems: [problem] }),
    '1 workload is patched, but its pods were not watched. It is not known what the pods do that this run could not watch to the end. Restore the access to the API server and re-run: the run continues from what is there, and verifies it or rolls it back.',
  ],
])('the sentence when %s', (_, given, expected) => {
  expect(meaningOf(judge(given))).toBe(expected);
});

test.each<[string, Problem, string]>([
  [
    'a quota',
    { kind: 'rollout', causeIn: 'cluster', message: 'cannot become ready.' },
    'Nothing is urgent in the cluster, but the cause is there: fix it and re-run.',
  ],
  [
    'a missing permission',
    { kind: 'permission', message: 'The kubeconfig user cannot list pods.' },
    'Nothing is urgent in the cluster, but the cause is there: fix it and re-run.',
  ],
  [
    'a filter that crashes',
    { kind: 'rollout', message: 'cannot become ready.' },
    'No action is needed in the cluster; fix the cause and re-run.',
  ],
])('where to fix the cause after a rollback: %s', (_, cause, expected) => {
  expect(judge(report({ targets: [rolledBack('shop/a', { problem: cause })] })).sentence).toBe(expected);
});

test('a filter of others that proxies reject has to be seen to, although all is as before', () => {
  const rejected = { kind: 'proxy', subject: 'Deployment shop/a', message: 'cannot get ready.' } as const;
  expect(judge(report({ targets: [rolledBack('shop/a', { problem: rejected })] })).sentence).toMatch(
    /Action is needed in the cluster: .*with or without this run\.$/,
  );
});

describe('workloads without pods', () => {
  const none = { pods: { ready: 0, wanted: 0 }, verification: null };
  const sentenceOf = (parts: Parameters<typeof report>[0]): string => judge(report(parts)).sentence;

  test.each<[string, Parameters<typeof report>[0], string]>([
    [
      'of a removal, all of them',
      { command: 'remove', targets: [removed('shop/a', none)] },
      '1 workload has no pods: only the pod template had the filter there. There was no object to delete.',
    ],
    [
      'of a removal, some',
      { command: 'remove', targets: [removed('shop/a', none), removed('shop/b')] },
      'All pods are ready without it. 1 workload has no pods: only the pod template had the filter there. There was no object to delete.',
    ],
    [
      'that a newer run has all of',
      { targets: [superseded('shop/a', none)] },
      'Revision 9b822d30ca is in the pod templates there now. This run changes nothing more there.',
    ],
    [
      'that a superseded run has deployed to',
      { targets: [superseded('shop/a'), deployed('shop/b', none)] },
      'Revision 9b822d30ca is in the pod templates there now. This run changes nothing more there. This run deployed its own revision to 1 other workload. 1 workload has no pods: nothing runs there, and nothing was verified.',
    ],
  ])('%s are told', (_, parts, expected) => {
    expect(sentenceOf(parts)).toBe(expected);
  });
});

describe('remove and sweep', () => {
  test.each<[string, Partial<RemoveReport>]>([
    ['removed', { targets: [removed('shop/a')] }],
    ['nothing to remove', { targets: [] }],
  ])('%s: what no run can delete names the permission that is missing', (_, parts) => {
    const missing = [{ verb: 'list', group: '', resource: 'pods', namespace: 'shop' }];
    const why = 'the user of the kubeconfig may not list pods in namespace "shop"';
    const given = report({
      command: 'remove',
      ...parts,
      collected: { deleted: [], left: [{ object: 'ConfigMap shop/x', why, missing }] },
    });
    expect(judge(given).sentence).toMatch(
      /no run can delete it without the permission to list pods in namespace .+shop.+: grant it, then re-run\.$/,
    );
  });

  test('every permission is named that keeps objects behind, and nothing is said of no object to delete', () => {
    const resources = ['pods', 'statefulsets', 'daemonsets', 'rollouts'];
    const missing = resources.map((resource) => ({ verb: 'list', group: '', resource, namespace: 'shop' }));
    const object = { object: 'ConfigMap shop/x', why: 'no run can tell whether another workload uses it', missing };
    const given = report({
      command: 'remove',
      targets: [removed('shop/a')],
      collected: { deleted: [], left: [object] },
    });
    const { sentence } = judge(given);
    for (const resource of resources) expect(sentence).toContain(`list ${resource} in namespace`);
    expect(sentence).not.toMatch(/\bmore\b|There was no object to delete/);
  });

  const collected = { deleted: ['EnvoyFilter shop/x', 'ConfigMap shop/x'], left: [] };
  const left = { deleted: [], left: [{ object: 'ConfigMap shop/x', why: 'a pod is still ending' }] };

  test.each<[string, Partial<RemoveReport>, string]>([
    ['removed', { targets: [removed('shop/a')], collected }, '✅ add-header removed from 1 workload'],
    [
      'left',
      { targets: [removed('shop/a')], collected: left },
      '⚠️ add-header removed from 1 workload; 1 object is left behind',
    ],
    [
      'as little ready as before, and an old pod runs it',
      {
        targets: [removed('shop/a', { unready: 'not ready before either: a-1: ImagePullBackOff (app)' })],
        collected: {
          deleted: [],
          left: ['ConfigMap shop/x', 'EnvoyFilter shop/x'].map((object) => ({
            object,
            why: 'the pod a-7d4f runs it',
            runBy: 'a-7d4f',
          })),
        },
      },
      '⚠️ add-header removed from the pod template of 1 workload; not ready, as before; the old pod a-7d4f still runs it; 2 objects are left behind',
    ],
    [
      'some as little ready as before',
      { targets: [removed('shop/a'), removed('shop/b', { unready: 'p: app' })], collected },
      '⚠️ add-header removed from the pod templates of 2 workloads; 1 of them not ready, as before',
    ],
    ['nothing', { targets: [] }, '✅ Nothing to remove'],
    ['objects only', { targets: [], collected }, '✅ 2 leftover objects deleted; no workload was changed'],
    [
      'objects left only',
      { targets: [], collected: left },
      '⚠️ 1 leftover object could not be deleted; no workload was changed',
    ],
    [
      'objects that a run which does not wait leaves',
      { targets: [], collected: { deleted: [], left: left.left.map((one) => ({ ...one, untried: true as const })) } },
      '⚠️ 1 leftover object was not deleted; no workload was changed',
    ],
    [
      'not watched',
      { targets: [removed('shop/a')], policy: policy({ wait: false }) },
      '⏳ add-header removed from 1 pod template; pods not watched',
    ],
    [
      'failed',
      { targets: [removed('shop/a'), rolledBack('shop/b', { revisions: [{ filter: 'add-header', before: OLD }] })] },
      '❌ Removing add-header: 1 of 2 workloads failed and was rolled back; the other is without it',
    ],
    ['refused', { problems: [problem] }, '❌ Filter not removed: the kubeconfig user lacks a permission'],
  ])('%s', (_, parts, expected) => {
    expect(verdictOf(report({ command: 'remove', ...parts }))).toBe(expected);
  });

  test('objects that a run which does not wait leaves are told as its summary tells them, and for no sweep', () => {
    const untried = { deleted: [], left: left.left.map((one) => ({ ...one, untried: true as const })) };
    const parts = { command: 'remove', targets: [removed('shop/a')], policy: policy({ wait: false }) } as const;
    const { sentence } = judge(report({ ...parts, collected: untried }));
    expect(sentence).toMatch(
      /until they are replaced\. What is left behind does no harm; the next run for the same filter with "wait: true" deletes it\.$/,
    );
    expect(judge(report(parts)).sentence).toMatch(/until they are replaced\.$/);
  });

  test('a sweep says why', () => {
    const given = report({ command: 'sweep', targets: [removed('shop/a')], collected });
    expect(verdictOf(given)).toBe('✅ add-header has expired and was removed from 1 workload');
    expect(verdictOf(report({ command: 'sweep' }))).toBe('✅ Nothing to sweep');
    expect(verdictOf(report({ command: 'sweep', problems: [problem] }))).toMatch(/^❌ Expired filters not removed: /);
  });
});

describe('plan', () => {
  const restarts = [{ ref: ref('shop/a'), pods: 3, wave: 1 }];
  const create = change('create ConfigMap shop/x');
  const refused = change('change Deployment shop/a', { admission: { state: 'refused', message: 'no.' } });

  const steps = (
    ...all: readonly (readonly [before: string | undefined, revision: string])[]
  ): Partial<PlanReport> => ({
    plan: planned({ changes: [create] }),
    targets: all.map(([before, revision], index) =>
      untouched(`shop/w${index}`, {
        revisions: [{ filter: 'add-header', revision, ...(before !== undefined && { before }) }],
      }),
    ),
  });

  test.each<[account: PlanReport['account'], kind: Problem['kind'], sentence: string]>([
    [undefined, 'permission', '"deploy" would stop for the same reason.'],
    ['unknown', 'permission', '"deploy" with this account would stop for the same reason.'],
    [
      'only-reads',
      'permission',
      'This account only reads; whether the one that deploys has the permissions was not checked.',
    ],
    ['only-reads', 'targets', '"deploy" would stop for the same reason.'],
  ])('that could not be made by an account (%s) for want of %s tells what follows', (account, kind, sentence) => {
    const given = report({ command: 'plan', problems: [{ kind, message: 'No.' }], ...(account && { account }) });
    expect(judge(given).sentence).toContain(sentence);
  });

  test('says how many writes do what', () => {
    const given = report({
      command: 'plan',
      plan: planned({ changes: [create, create, change('change Deployment shop/a')] }),
    });
    expect(judge(given).sentence).toMatch(/^Objects: 2 to create, 1 to change, 0 to delete\. /);
  });

  test.each<[string, Partial<PlanReport>, string]>([
    ['nothing', { plan: planned() }, '✅ Plan: nothing to do'],
    [
      'something',
      { plan: planned({ changes: [create, change('delete ConfigMap shop/y')], restarts }) },
      '📋 Plan: add-header: 1 object to write, 1 to delete, 1 workload restarts (3 pods)',
    ],
    ['no restart', { plan: planned({ changes: [create] }) }, '📋 Plan: add-header: 1 object to write, no restart'],
    [
      'missing permissions',
      {
        plan: planned({
          changes: [create],
          missingPermissions: ['create', 'patch'].map((verb) => permission(`${verb} configmaps in namespace "shop"`)),
        }),
      },
      '❌ Plan: "deploy" of add-header would fail: 2 permissions are missing',
    ],
    [
      'an account that only reads',
      {
        plan: planned({
          changes: [create],
          uncheckedPermissions: [permission('create configmaps in namespace "shop"')],
        }),
      },
      '📋 Plan: add-header: 1 object to write, no restart',
    ],
    [
      'refused',
      { plan: planned({ changes: [create, refused] }), problems: [{ kind: 'cluster', message: 'no.' }] },
      '❌ Plan: "deploy" of add-header would fail: the API server rejects 1 write',
    ],
    [
      'a new revision',
      steps([OLD, NEW], [OLD, NEW], [NEW, NEW]),
      `📋 Plan: add-header ${OLD} → ${NEW} on 2 workloads: 1 object to write, no restart`,
    ],
    [
      'one that comes first',
      steps([undefined, NEW]),
      `📋 Plan: add-header ${NEW} on 1 workload: 1 object to write, no restart`,
    ],
    [
      'different ones before',
      steps([OLD, NEW], [undefined, NEW]),
      `📋 Plan: add-header → ${NEW} on 2 workloads: 1 object to write, no restart`,
    ],
    [
      'different ones after',
      steps([OLD, NEW], [OLD, 'other']),
      '📋 Plan: add-header on 2 workloads: 1 object to write, no restart',
    ],
    ['objects alone', steps([NEW, NEW]), '📋 Plan: add-header on 1 workload: 1 object to write, no restart'],
    ['no plan', { problems: [problem] }, '❌ No plan made: the kubeconfig user lacks a permission'],
  ])('%s', (_, parts, expected) => {
    expect(verdictOf(report({ command: 'plan', ...parts }))).toBe(expected);
  });
});

describe('status', () => {
  const lacking = (filter: string): ReturnType<typeof running> => ({ filter, health: 'missing', notes: [] });
  const status = (...workloads: ReturnType<typeof found>[]): Report =>
    report({ command: 'status', status: { state: 'read', workloads, namespaces: ['shop'], garbage: [] } });

  test('two revisions of a filter are told, as a killed run leaves them, unless a manifest says so', () => {
    const sentenceOf = (compared: 'everything' | 'nothing') =>
      judge(status(found('shop/a', [running({ compared })]), found('shop/b', [running({ compared, revision: OLD })])))
        .sentence;
    expect(sentenceOf('everything')).toBe('No action is needed.');
    expect(sentenceOf('nothing')).not.toContain('No action is needed');
    const [one, other] = [running(), running({ revision: OLD })];
    const { sentence } = judge(status(found('shop/a', [one]), found('shop/b', [other])));
    expect(sentence).toMatch(/^add-header runs in 2 revisions: .*; re-run "deploy" or "remove"\.$/);
  });

  test('a tag that has moved is told in place of "No action is needed."', () => {
    const move = {
      image: 'ghcr.io/shop/a',
      tag: 'v1',
      from: 'sha256:1',
      to: 'sha256:2',
      run: 'r',
      onNewDigest: 'deploy',
    } as const;
    const read = { state: 'read', workloads: [found('shop/a')], namespaces: ['shop'], garbage: [] } as const;
    const movedTags = [{ ...move, workloads: [ref('shop/a')] }];
    const { sentence } = judge(report({ command: 'status', status: read, movedTags }));
    expect(sentence).toBe('A tag has moved: "deploy" brings what it names now, unless "on-new-digest" says otherwise.');
  });

  test('what to do about pods that are not ready is told', () => {
    const { sentence } = judge(status(found('shop/a', [running({ health: 'not-ready' })])));
    expect(sentence).toContain('Fix what keeps the pods from running as they should');
  });

  test('an aborted rollout goes back to previous settings only where there were some', () => {
    const { previous: _, ...first } = running({ health: 'aborted' });
    const changed = { ...first, previous: OLD };
    expect(judge(status(found('Rollout shop/a', [first]))).sentence).toContain(
      'To give up the change, "remove" the filter.',
    );
    expect(judge(status(found('Rollout shop/a', [changed]))).sentence).toContain('"deploy" the previous settings, or');
  });

  test.each<[string, Report, string]>([
    ['well', status(found('shop/a'), found('shop/b')), '✅ add-header on 2 workloads, verified in 6 proxies'],
    ['cancelled', { ...status(found('shop/a')), cancelled: true, outcome: 'failed' }, '🛑 Status: cancelled'],
    [
      'well, by less',
      status(found('shop/a', [running({ verification: verification('stats') })])),
      '✅ add-header on 1 workload: every pod ready, no proxy rejected it',
    ],
    [
      'two filters in the same proxies',
      status(found('shop/a', [running(), running({ filter: 'auth' })])),
      '✅ add-header and auth on 1 workload, verified in 3 proxies',
    ],
    ['nothing', status(), '⚪ Nothing found: no workload of namespace shop has a filter of this action'],
    [
      'trouble, each workload counted for each trouble of its filters, as the page lists them',
      status(
        found('shop/a', [running({ health: 'drifted' }), running({ filter: 'auth', health: 'no-effect' })]),
        found('shop/b', [running({ health: 'drifted' })]),
        found('shop/c'),
      ),
      '⚠️ add-header and auth: 1 of 3 workloads does not run auth, 2 have drifted',
    ],
    [
      'targets that have some of their filters',
      status(found('shop/a', [running(), lacking('auth')]), found('shop/b', [lacking('add-header')])),
      '⚠️ add-header and auth: 2 workloads do not have all of their filters',
    ],
    [
      'targets before the first deployment',
      status(found('shop/a', [lacking('add-header'), lacking('auth')]), found('shop/b', [lacking('auth')])),
      '⚠️ add-header and auth: 2 workloads have none of their filters',
    ],
    [
      'targets without one of several filters',
      status(found('shop/a', [running(), lacking('auth')]), found('shop/b', [lacking('auth')])),
      '⚠️ add-header and auth: 2 workloads do not have auth',
    ],
    [
      'a target without the only filter',
      status(found('shop/a'), found('shop/b', [lacking('add-header')])),
      '⚠️ add-header: 1 of 2 workloads does not have the filter',
    ],
    [
      'unreadable',
      report({ command: 'status', problems: [problem] }),
      '❌ Status not read: the kubeconfig user lacks a permission',
    ],
  ])('%s', (_, given, expected) => {
    expect(verdictOf(given)).toBe(expected);
  });

  test('says of a filter that no workload has which ones there are', () => {
    const found = { state: 'read', workloads: [], namespaces: ['shop'], garbage: [] } as const;
    const of = (names: readonly string[], present: readonly string[]): Verdict =>
      judge(report({ command: 'status', status: { ...found, asked: { names, present } } }));
    expect(of(['hdr2'], ['add-header', 'hdr'])).toMatchObject({
      headline: 'Nothing found: no workload of namespace shop has the filter hdr2',
      sentence: 'Filters there: add-header and hdr.',
    });
    expect(of(['a', 'b'], [])).toMatchObject({
      headline: 'Nothing found: no workload of namespace shop has the filter a or b',
      sentence: 'No filter of this action is there.',
    });
  });

  const drifted = running({ health: 'drifted', changed: true });
  test.each<[string, readonly ReturnType<typeof running>[], string]>([
    ['missing', [lacking('auth')], '"deploy" with the same inputs deploys what is missing.'],
    ['changed', [drifted], '"deploy" with the same inputs repairs what others have changed.'],
    [
      'both',
      [drifted, lacking('auth')],
      '"deploy" with the same inputs repairs what others have changed and deploys what is missing.',
    ],
  ])('says what "deploy" does about what is %s', (_, filters, expected) => {
    expect(judge(status(found('shop/a', [...filters]))).sentence).toBe(expected);
  });
});

test('render', () => {
  const files = [{ path: 'out/kustomization.yaml', bytes: 12, content: 'all' }];
  expect(
    verdictOf(
      report({ command: 'render', rendered: { state: 'written', folder: 'out', revisions: [], removed: [], files } }),
    ),
  ).toBe('📦 add-header rendered to 1 file in out');
  expect(verdictOf(report({ command: 'render', problems: [problem] }))).toBe(
    '❌ add-header not rendered: the kubeconfig user lacks a permission',
  );
});

test.each<[string, Parameters<typeof checkedOf>, readonly Problem[], string]>([
  ['passed', [{ auth: {}, waf: {} }], [], '✅ auth and waf passed the check for Istio 1.9 – 1.32'],
  [
    'passed for some',
    [{ auth: {} }, ['1.24', '1.28', '1.29', '1.30', 'envoy/1.36.2']],
    [],
    '✅ auth passed the check for Istio 1.24, 1.28 – 1.30, Envoy 1.36.2',
  ],
  [
    'one of one failed',
    [{ auth: { trial: () => 'failed' } }],
    [problem],
    '❌ auth failed the check: the kubeconfig user lacks a permission',
  ],
  [
    'one of one failed for some',
    [{ auth: { 'host-functions': (envoy) => (envoy < 39 ? 'failed' : 'passed') } }],
    [{ kind: 'filter', subject: 'filter "auth"', message: 'imports what came later.' }],
    '❌ auth failed the check for Istio 1.9 – 1.30 and passed it for Istio 1.31, 1.32',
  ],
  [
    'one of one failed for some, and why is known',
    [{ auth: { trial: (envoy) => (envoy < 39 ? 'failed' : envoy < 40 ? 'warned' : 'undecided') } }],
    [{ kind: 'filter', message: 'rejects it.', clause: 'the filter rejects its configuration' }],
    '❌ auth failed the check for Istio 1.9 – 1.30 (the filter rejects its configuration) and passed it for Istio 1.31',
  ],
  [
    'one of one failed for some, and is not decided for others',
    [{ auth: { trial: (envoy) => (envoy < 39 ? 'failed' : 'undecided') } }],
    [{ kind: 'filter', message: 'rejects it.' }],
    '❌ auth failed the check for Istio 1.9 – 1.30',
  ],
  [
    'one of two failed',
    [{ auth: { trial: () => 'failed' }, waf: {} }],
    [problem],
    '❌ 1 of 2 filters failed the check: auth',
  ],
  ['something else is wrong', [{ auth: {} }], [problem], '❌ Check failed: the kubeconfig user lacks a permission'],
])('check: %s', (_, parts, problems, expected) => {
  expect(verdictOf(report({ command: 'check', problems, checked: checkedOf(...parts) }))).toBe(expected);
});

test('a rollback is promised only where the page says it', () => {
  const conflict = { kind: 'conflict', subject: 'Deployment shop/a', message: 'was put back.' } as const;
  const { sentence } = judge(report({ targets: [stuck('shop/a', { problem: conflict })] }));
  expect(sentence).toMatch(/Fix the cause and re-run\.$/);
});

test('of what others have changed, an owner that may do it again is named', () => {
  const drifted = running({ health: 'drifted', changed: true, owner: 'Shop hello' });
  const { sentence } = judge(
    report({
      command: 'status',
      status: { state: 'read', workloads: [found('shop/a', [drifted])], namespaces: ['shop'], garbage: [] },
    }),
  );
  expect(sentence).toMatch(
    /repairs what others have changed\. The controller of Shop hello may have reverted the pod template, and may do it again\. /,
  );
});

test('a run that lost the cluster does not say that all is as before', () => {
  const given = report({
    problems: [{ kind: 'connection', message: 'no answer.' }],
    requests: { reads: 9, writes: 3 },
  });
  expect(judge(given)).toMatchObject({
    headline: 'add-header stopped: the cluster could not be reached',
    sentence: expect.stringContaining('It is not known how far the run got'),
  });
});

test('is one line of plain text, whatever the filter is called', () => {
  const given = report({ filters: filters('a\n::error::b\u{202e}'), targets: [deployed('shop/a')] });
  expect(verdictOf(given)).toBe('✅ a ::error::b[U+202E] deployed to 1 workload, verified in 3 proxies');
});
