import { describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../../../src/action/summary/summary.ts';
import {
  change,
  deployed,
  filter,
  NEW,
  NEWER,
  OLD,
  planned,
  removed,
  report,
  rolledBack,
  untouched,
  waiting,
} from '../report-builder.ts';
import { visibleText } from './page.ts';

const seen = (...args: Parameters<typeof renderSummary>): string => visibleText(renderSummary(...args));

describe('a run with several filters', () => {
  const filters = ['auth', 'add-header'].map((name) => filter({ name }));
  const auth = { filter: 'auth', revision: 'a1b2c3d4e5' };
  const header = { filter: 'add-header', revision: NEW, before: OLD };
  const rowOf = (page: string, workload: string): string =>
    page.split('\n').find((line) => line.includes(`<wbr>${workload} |`)) ?? '';

  test('names the filter of each revision, on workloads with one of them, too', () => {
    const targets = [
      deployed('shop/a', { revisions: [auth, header] }),
      deployed('shop/b', { revisions: [header] }),
      deployed('shop/c', { revisions: [{ ...header, before: NEWER }] }),
    ];
    const page = renderSummary(report({ filters, targets }));
    expect(page).not.toContain('Revision: ');
    expect(rowOf(page, 'a')).toContain('auth: none&nbsp;→ <code>a1b2c3d4e5</code><br>add-header: <code>');
    expect(rowOf(page, 'b')).toContain(`add-header: <code>${OLD}</code>&nbsp;→ <code>${NEW}</code>`);
    expect(rowOf(page, 'c')).toContain(`add-header: <code>${NEWER}</code>&nbsp;→ <code>${NEW}</code>`);
  });

  test('names it where all workloads have just that one', () => {
    const targets = ['a', 'b'].map((name) => deployed(`shop/${name}`, { revisions: [header] }));
    expect(renderSummary(report({ filters, targets }))).toContain('Revision: add-header: <code>');
    expect(renderSummary(report({ targets }))).toContain('Revision: <code>');
  });

  test('names what was removed, where each workload had another filter', () => {
    const targets = [
      removed('shop/a', { revisions: [{ filter: 'auth', before: OLD }] }),
      removed('shop/b', { revisions: [{ filter: 'add-header', before: NEW }] }),
    ];
    const page = renderSummary(report({ command: 'remove', targets }));
    expect(page).toContain(`auth: <code>${OLD}</code>&nbsp;→ none, add-header: <code>${NEW}</code>&nbsp;→ none`);
  });

  test('names the filter that a workload was rolled back to', () => {
    const targets = [rolledBack('shop/a', { revisions: [header] })];
    expect(seen(report({ filters, targets }))).toContain(`rolled back to add-header ${OLD}`);
    expect(seen(report({ targets }))).toContain(`rolled back to ${OLD}`);
  });

  test('is headed by the filters that it is about', () => {
    const held = { filter: 'auth', revision: OLD, before: OLD };
    const revisions = [held, header];
    const titleOf = (page: string): string | undefined => page.split('\n')[0];
    const title = (parts: Parameters<typeof report>[0]): string | undefined =>
      titleOf(renderSummary(report({ filters, ...parts })));
    expect(title({ targets: [deployed('shop/a', { revisions })] })).toContain('✅ add-header deployed to 1 workload');
    expect(title({ targets: [waiting('shop/a', { revisions }), deployed('shop/b', { revisions: [auth] })] })).toContain(
      '⏸️ add-header waits for promotion on',
    );
    expect(title({ targets: [waiting('shop/a', { revisions: [auth, header] })] })).toContain(
      '⏸️ auth and add-header wait for promotion on',
    );
    const plan = planned({ changes: [change('change Deployment shop/a')] });
    expect(seen(report({ filters, command: 'plan', plan, targets: [untouched('shop/a', { revisions })] }))).toContain(
      `Plan: add-header ${OLD} → ${NEW} on 1 workload`,
    );
  });
});

test('what was written and deleted again is told as deleted, on workloads that were not touched, too', () => {
  const deletedAgain = ['ConfigMap', 'EnvoyFilter'].map((kind) => `${kind} shop/add-header-${NEW}`);
  const written = { configMap: 'done', filterResource: 'done', template: 'skipped', rollout: 'skipped' } as const;
  const targets = [rolledBack('shop/a'), untouched('shop/b', { steps: written })];
  const told = (deleted: readonly string[]): string => seen(report({ targets, collected: { deleted, left: [] } }));
  expect(told(deletedAgain)).toContain('↩️ deleted: ConfigMap, EnvoyFilter');
  expect(told([])).toContain('✅ written: ConfigMap, EnvoyFilter');
});
