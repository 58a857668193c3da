import { expect, test } from '@jest/globals';
import { FULL } from '../../../../../src/action/summary/parts/limits.ts';
import { renderModuleChanges } from '../../../../../src/action/summary/parts/module-changes.ts';
import type { ModuleVersion, PlannedModule } from '../../../../../src/deploy/report/plan-report.ts';

const version = (digit: string, more: Partial<ModuleVersion> = {}): ModuleVersion => ({
  digest: `sha256:${digit.repeat(64)}`,
  ...more,
});
const AFTER = version('c', { bytes: 40_960 });
const NAMES = ['Deployment shop/reviews'];
const other = (before: ModuleVersion, after = AFTER, workloads = NAMES, filter = 'auth'): PlannedModule => {
  return { filter, state: 'other', before, after, workloads };
};
const same: PlannedModule = { filter: 'auth', state: 'same', before: AFTER, after: AFTER, workloads: NAMES };
const fresh: PlannedModule = { filter: 'auth', state: 'new', after: AFTER, workloads: NAMES };
const registry = (digit: string): string => `registry.example/auth@sha256:${digit.repeat(64)}`;

/** The page as it reads. */
function pageOf(modules: readonly PlannedModule[], items = FULL.items): string {
  return renderModuleChanges(modules, { ...FULL, items })
    .replaceAll('<wbr>', '')
    .replaceAll('&#58;', ':')
    .replaceAll('&#64;', '@')
    .replace(/<\/?code>/g, '`')
    .replace(/^### What changes in the module\n\n/, '');
}

test.each<[string, readonly PlannedModule[], string]>([
  ['nothing', [], ''],
  [
    'another module',
    [other(version('a'))],
    '`auth` on 1 workload: `sha256:aaaaaaaaaaaa` → `sha256:cccccccccccc` (40.0 KiB)',
  ],
  ['the same', [same], '`auth` on 1 workload: the same module, `sha256:cccccccccccc` (40.0 KiB)'],
  ['a first one', [fresh], '`auth` on 1 workload: none → `sha256:cccccccccccc` (40.0 KiB)'],
  [
    'one that nobody knows',
    [{ ...fresh, state: 'unknown' }],
    '`auth` on 1 workload: unknown → `sha256:cccccccccccc` (40.0 KiB)',
  ],
])('says %s', (_, modules, line) => {
  expect(pageOf(modules)).toBe(line);
});

test('says what runs now where that differs, most of it first', () => {
  const modules = [same, other(version('a')), other(version('b', { bytes: 100 }), AFTER, ['one', 'two'])];
  expect(pageOf(modules)).toBe(
    '`auth` on 4 workloads: `sha256:bbbbbbbbbbbb` (100 B) on 2 workloads, the same on 1 workload, `sha256:aaaaaaaaaaaa` on 1 workload → `sha256:cccccccccccc` (40.0 KiB)',
  );
});

test('says the images that proxies pull', () => {
  const image = (digit: string): ModuleVersion => version('c', { image: registry(digit) });
  expect(pageOf([other(version('d', { image: registry('a') }), image('b'))])).toBe(
    '`auth` on 1 workload: `registry.example/auth@sha256:aaaaaaaaaaaa` → `registry.example/auth@sha256:bbbbbbbbbbbb`',
  );
  expect(pageOf([other(image('a'), image('b'))])).toMatch(/bbbbbbbbbbbb`, the same module$/);
});

test('has a line for each filter, and for each module that workloads of one get', () => {
  const kept = version('a', { bytes: 1 });
  const modules = [{ ...same, before: kept, after: kept }, other(kept, AFTER), other(kept, AFTER, NAMES, 'limits')];
  expect(pageOf(modules).split('\n')).toEqual([
    '- `auth` on 1 workload: the same module, `sha256:aaaaaaaaaaaa` (1 B)',
    '- `auth` on 1 workload: `sha256:aaaaaaaaaaaa` (1 B) → `sha256:cccccccccccc` (40.0 KiB)',
    '- `limits` on 1 workload: `sha256:aaaaaaaaaaaa` (1 B) → `sha256:cccccccccccc` (40.0 KiB)',
  ]);
  expect(pageOf(modules, 1)).toContain('… and 2 more modules.');
});
