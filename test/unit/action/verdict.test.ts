import { expect, test } from '@jest/globals';
import { judge, verdictOf } from '../../../src/action/verdict.ts';
import type { Report } from '../../../src/deploy/report.ts';
import { deployed, filter, interrupted, report, stuck, unawaited, unchanged, untouched } from './report-builder.ts';

const problem = { kind: 'permission', message: 'May not patch.' } as const;
const filters = (...names: string[]): Report['filters'] => names.map((name) => filter({ name }));

test.each<[string, Report, string]>([
  ['deployed', report({ targets: [deployed('shop/a'), deployed('shop/b')] }), '✅ add-header deployed to 2 workloads'],
  [
    'partly there',
    report({ targets: [deployed('shop/a'), unchanged('shop/b')] }),
    '✅ add-header deployed to 1 workload, 1 other had it already',
  ],
  [
    'two filters',
    report({ filters: filters('a', 'b'), targets: [deployed('shop/a'), unchanged('shop/b')] }),
    '✅ a and b deployed to 1 workload, 1 other had them already',
  ],
  [
    'many filters',
    report({ filters: filters('a', 'b', 'c', 'd'), targets: [deployed('shop/a')] }),
    '✅ 4 filters deployed to 1 workload',
  ],
  [
    'nothing to do',
    report({ targets: [unchanged('shop/a')] }),
    '✅ Nothing to do: add-header runs on 1 workload already',
  ],
  [
    'nothing to do, not looked',
    report({ waited: false, targets: [unchanged('shop/a')] }),
    '✅ Nothing to do: 1 workload has add-header already',
  ],
  [
    'not waited for',
    report({ waited: false, targets: [unawaited('shop/a')] }),
    '⏳ add-header applied to 1 workload, not proven',
  ],
  ['failed', report({ targets: [deployed('shop/a'), stuck('shop/b')] }), '❌ add-header: 1 of 2 workloads failed'],
  [
    'failed without a write, because an earlier run had written',
    report({
      targets: [
        stuck('shop/a', {
          steps: { configMap: 'unchanged', envoyFilter: 'unchanged', template: 'unchanged', rollout: 'failed' },
        }),
      ],
    }),
    '❌ add-header: 1 of 1 workload failed',
  ],
  ['refused', report({ targets: [untouched('shop/a')], problems: [problem] }), '❌ Nothing was written: 1 problem'],
  [
    'inputs',
    report({ filters: [], problems: ['a', 'b'].map((subject) => ({ ...problem, subject })) }),
    '❌ Nothing was written: 2 problems',
  ],
  [
    'one problem that many share',
    report({
      problems: [
        { ...problem, subject: 'a' },
        { ...problem, subject: 'a' },
      ],
    }),
    '❌ Nothing was written: 1 problem',
  ],
  [
    'stopped midway',
    report({
      targets: [
        untouched('shop/a', {
          steps: { configMap: 'done', envoyFilter: 'failed', template: 'skipped', rollout: 'skipped' },
        }),
      ],
      problems: [problem],
    }),
    '❌ add-header: stopped by 1 problem',
  ],
  [
    'cancelled',
    report({ targets: [deployed('shop/a'), interrupted('shop/b')] }),
    '🛑 Cancelled: add-header runs on 1 of 2 workloads',
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
  ['deployed', report({ targets: [deployed('shop/a')] }), 'Every wanted pod is ready with revision 4f2a91c07b.'],
  ['refused', report({ problems: [problem] }), 'The cluster is as it was before this run.'],
  [
    'failed',
    report({ targets: [deployed('shop/a'), deployed('shop/b'), stuck('shop/c'), untouched('shop/d')] }),
    '1 workload has new pods that do not get ready; 2 workloads run revision 4f2a91c07b; 1 workload was not touched.',
  ],
  [
    'patched, but the waiting failed',
    report({ targets: [unawaited('shop/a')], problems: [problem] }),
    '1 workload is patched but not proven.',
  ],
])('the sentence when %s', (_, given, expected) => {
  expect(judge(given).sentence).toBe(expected);
});

test('is one line of plain text, whatever the filter is called', () => {
  const given = report({ filters: filters('a\n::error::b\u{202e}'), targets: [deployed('shop/a')] });
  expect(verdictOf(given)).toBe('✅ a ::error::b\u{fffd} deployed to 1 workload');
});
