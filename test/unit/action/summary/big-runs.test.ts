import { describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import { deployed, planned, ref, report, stuck, unchanged, untouched } from '../report-builder.ts';
import { visibleText } from './page.ts';

const many = <T>(n: number, build: (path: string) => T): T[] =>
  Array.from({ length: n }, (_, index) => build(`shop/service-${index}`));

const at = { patchedMs: 1_000, verifiedMs: 21_000 };

describe('the totals of waves', () => {
  const waves = [
    ...many(2, (path) => deployed(path, { wave: 1, times: at })),
    ...many(30, (path) => stuck(path, { wave: 2, times: { patchedMs: 30_000, failedMs: 330_000 } })),
    ...many(5, (path) => untouched(path, { wave: 3 })),
  ];

  test('stand on the page of many workloads, after what failed', () => {
    const page = renderSummary(report({ targets: waves }));
    expect(page).toContain('| 1 | ✅ 2 deployed | 20 s |\n| 2 | ❌ 30 failed | 5 min |\n| 3 | ⚪ 5 not touched |  |');
    expect(page.indexOf('### Failures')).toBeLessThan(page.indexOf('### Waves'));
    expect(page.indexOf('### Waves')).toBeLessThan(page.indexOf('### Workloads'));
  });

  test('are not told of few workloads, nor of one wave', () => {
    expect(renderSummary(report({ targets: waves.slice(0, 4) }))).not.toContain('### Waves');
    expect(renderSummary(report({ targets: many(40, (path) => deployed(path)) }))).not.toContain('### Waves');
  });

  test('tell of a plan what would restart', () => {
    const restarts = many(40, (path) => ({ ref: ref(path), pods: 3, wave: path.endsWith('7') ? 1 : 2 }));
    const page = renderSummary(report({ command: 'plan', plan: planned({ restarts, waves: 2 }) }));
    expect(page).toContain('| 1 | 🔁 4 workloads, 12 pods |\n| 2 | 🔁 36 workloads, 108 pods |');
  });
});

test('of many failed workloads the first ones stay open', () => {
  const page = renderSummary(report({ targets: many(60, (path) => stuck(path)) }));
  const [open = '', folded = ''] = page.split('<summary>35 more workloads: ❌ 35 failed</summary>');
  expect(open.match(/^\| Deployment shop/gm)).toHaveLength(25);
  expect(folded.match(/^\| Deployment shop/gm)).toHaveLength(35);
});

describe('what a page leaves out', () => {
  const big = (reportFile?: string) =>
    visibleText(
      renderSummary(
        report({ targets: many(1_003, (path) => unchanged(path)), ...(reportFile !== undefined && { reportFile }) }),
      ),
    );

  test('is counted, and the page says how to get it', () => {
    expect(big()).toContain('… and 3 more: ➖ 3 unchanged.');
    expect(big()).toContain('The input report-file gets all of it.');
  });

  test('is in the report file, where there is one', () => {
    expect(big('report.json')).toContain('The file report.json has all of it.');
  });

  test('a page that has all of its rows says nothing of it', () => {
    const page = renderSummary(report({ targets: many(1_000, (path) => unchanged(path)) }));
    expect(page).not.toContain('left out');
  });
});
