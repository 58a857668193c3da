import { describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../../src/action/summary.ts';
import { visibleText } from './page.ts';
import { deployed, filter, NEW, report, stuck, unawaited, unchanged, untouched } from './report-builder.ts';

const seen = (...args: Parameters<typeof renderSummary>): string => visibleText(renderSummary(...args));

describe('what failed', () => {
  test('tells an equal problem once, with all its workloads', () => {
    const page = seen(report({ targets: ['a', 'b', 'c'].map((name) => stuck(`shop/${name}`)) }));
    expect(page).toContain('Deployment shop/a , Deployment shop/b , Deployment shop/c : not ready after 5 min');
    expect(page.match(/Failed to configure base Wasm plugin/g)).toHaveLength(1);
    expect(page.match(/What to do:/g)).toHaveLength(1);
  });

  test('puts what is mended in the same way under one remedy', () => {
    const page = seen(
      report({
        problems: ['create', 'patch'].map((verb) => ({
          kind: 'permission' as const,
          message: `May not ${verb} configmaps.`,
          remedy: 'Grant the right.',
        })),
      }),
    );
    expect(page).toMatch(/May not create configmaps\..*May not patch configmaps\..*What to do: Grant the right\./);
    expect(page.match(/What to do:/g)).toHaveLength(1);
  });

  test('folds a long list of names, and keeps every one of them', () => {
    const page = renderSummary(
      report({
        problems: Array.from({ length: 30 }, (_, index) => ({
          kind: 'workload' as const,
          subject: `Deployment shop/w${index}`,
          message: 'is paused, so no pod would get the filter.',
        })),
      }),
    );
    expect(page).toContain('<code>Deployment shop/w7</code> and 22 more: is paused');
    expect(page).toContain('<summary>All 30 of them</summary>');
    expect(page).toContain('Deployment shop/w29');
  });

  test.each([
    ['short', 4, '<details open>\n<summary>Evidence'],
    ['long', 40, '<details>\n<summary>Evidence'],
  ])('%s evidence', (_, lines, expected) => {
    const evidence = Array.from({ length: lines }, (__, index) => `pod reviews-${index}: istio-proxy not ready`);
    expect(renderSummary(report({ targets: [stuck('shop/reviews', { evidence })] }))).toContain(expected);
  });
});

describe('what runs now', () => {
  const page = (...targets: ReturnType<typeof stuck>[]): string => seen(report({ targets }));

  test('is said only after a run that did not go well', () => {
    expect(page(deployed('shop/a'))).not.toContain('What runs now');
    expect(page(stuck('shop/a'))).toContain('What runs now');
  });

  test.each([
    ['Deployment', 'shop/a', 'The old pods keep serving'],
    ['StatefulSet', 'StatefulSet shop/a', 'the one in turn is down, the others keep serving'],
  ])('old pods of a %s', (_, path, expected) => {
    expect(page(stuck(path))).toContain(expected);
  });

  test('going back means the previous filter, where there was one', () => {
    expect(page(stuck('shop/a'))).toContain('run again with the previous filter file');
  });

  test('going back means undoing the rollout, where there was none', () => {
    const text = page(stuck('shop/a', { revisions: [{ filter: 'add-header', revision: NEW }] }));
    expect(text).toContain('kubectl rollout undo');
    expect(text).not.toContain('previous filter file');
  });

  test('says nothing of going back where this run did not touch the template', () => {
    const steps = {
      configMap: 'unchanged',
      envoyFilter: 'unchanged',
      template: 'unchanged',
      rollout: 'failed',
    } as const;
    const text = page(stuck('shop/a', { steps, revisions: [{ filter: 'add-header', revision: NEW, before: NEW }] }));
    expect(text).not.toContain('To go back');
    expect(text).not.toContain('rollout undo');
  });

  test('a workload whose patch was refused runs what it ran', () => {
    const text = page(
      stuck('shop/a', {
        steps: { configMap: 'done', envoyFilter: 'done', template: 'failed', rollout: 'skipped' },
        problem: { kind: 'conflict', message: 'was changed by others.' },
      }),
    );
    expect(text).toContain('1 workload ( shop/a ) was not touched and runs what ran there before.');
  });

  test('a workload that was patched and not seen ready is not called ready', () => {
    const text = seen(
      report({ targets: [unawaited('shop/a')], problems: [{ kind: 'permission', message: 'May not watch.' }] }),
    );
    expect(text).toContain('nobody saw the pods get ready');
    expect(text).not.toContain('every pod is ready');
  });
});

describe('workloads', () => {
  test('failed ones come first, then those that were not touched', () => {
    const page = seen(
      report({ targets: [unchanged('shop/d'), deployed('shop/c'), untouched('shop/b'), stuck('shop/a')] }),
    );
    const table = page.slice(page.indexOf('Namespace'));
    expect([...table.matchAll(/Deployment\/([a-d])/g)].map(([, name]) => name).join('')).toBe('abcd');
  });

  test('a revision that all share stands above the table', () => {
    const page = renderSummary(report({ targets: [deployed('shop/a'), deployed('shop/b')] }));
    expect(page).toContain('Revision: <code>0b6e4d1f93</code>&nbsp;→ <code>4f2a91c07b</code>');
    expect(page).not.toContain('| Revision |');
  });

  test('revisions that differ stand in the rows, as the run leaves them', () => {
    const rows = renderSummary(
      report({
        targets: [
          deployed('shop/a'),
          unchanged('shop/b'),
          untouched('shop/c'),
          untouched('shop/d', { revisions: [{ filter: 'add-header', revision: NEW }] }),
        ],
      }),
    )
      .split('\n')
      .filter((line) => line.startsWith('| shop'));
    const revision = (name: string): string | undefined =>
      rows
        .find((row) => row.includes(`<wbr>${name} |`))
        ?.split(' | ')
        .at(-1)
        ?.replace(' |', '');
    expect(revision('a')).toBe('<code>0b6e4d1f93</code>&nbsp;→ <code>4f2a91c07b</code>');
    expect(revision('b')).toBe('<code>4f2a91c07b</code>');
    expect(revision('c')).toBe('<code>0b6e4d1f93</code> kept');
    expect(revision('d')).toBe('none yet');
  });

  test('fold when there are many and all is well', () => {
    const page = renderSummary(report({ targets: Array.from({ length: 26 }, (_, i) => deployed(`shop/w${i}`)) }));
    expect(page).toContain('<summary>The 26 workloads of this run</summary>');
  });

  test('that failed stay open among many', () => {
    const page = renderSummary(
      report({ targets: [stuck('shop/bad'), ...Array.from({ length: 26 }, (_, i) => deployed(`shop/w${i}`))] }),
    );
    expect(page.indexOf('<wbr>bad')).toBeLessThan(page.indexOf('<summary>26 more workloads: ✅ 26 deployed</summary>'));
    expect(page.indexOf('<wbr>w0')).toBeGreaterThan(page.indexOf('<summary>26 more workloads'));
  });
});

describe('settings', () => {
  const page = (configuration: string): string =>
    renderSummary(report({ filters: [filter({ settings: { ...filter().settings, configuration } })] }));

  test('have the names of the inputs', () => {
    for (const name of ['root-id', 'vm-id', 'direction', 'port', 'fail-policy', 'mount-path', 'configuration']) {
      expect(page('x')).toContain(`${name}: `);
    }
  });

  test('never fold a line, in which the runner could then not mask a secret', () => {
    const secret = `key ${'s'.repeat(300)} with spaces ${'t'.repeat(300)}`;
    expect(page(secret)).toContain(secret);
  });

  test('show whole lines of a long configuration and how much is left out', () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}`);
    const text = page(lines.join('\n'));
    expect(text).toContain('line 100\n');
    expect(text).toMatch(/… 4\.\d KiB of 8\.7 KiB not shown/);
    expect(text).not.toContain('line 999');
  });

  test('show no part of a line that is too long', () => {
    const text = page('s'.repeat(5_000));
    expect(text).toContain('… 4.9 KiB of 4.9 KiB not shown');
    expect(text).not.toContain('sss');
  });
});

test('warnings are listed, each once', () => {
  const page = seen(report({ targets: [deployed('shop/a')], warnings: ['one', 'two', 'one'] }));
  expect(page).toContain('⚠️ one ⚠️ two');
  expect(page.match(/⚠️/g)).toHaveLength(2);
});
