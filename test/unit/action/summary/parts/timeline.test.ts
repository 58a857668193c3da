import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FULL } from '../../../../../src/action/summary/parts/limits.ts';
import { renderTimeline } from '../../../../../src/action/summary/parts/timeline.ts';
import { timelineOf } from '../../../../../src/action/verdict/timeline.ts';
import type { TargetReport } from '../../../../../src/deploy/report/report.ts';
import { hostile } from '../../hostile.ts';
import { deployed, interrupted, ref, rollback, stuck, superseded, withdrawn } from '../../report-builder.ts';

/** GitHub draws no diagram of more characters: it is the limit of Mermaid itself (`maxTextSize`). */
const MAX_TEXT = 50_000;

/** Each line that a chart may have. */
const LINE =
  /^(gantt| {2}dateFormat YYYY-MM-DD HH:mm:ss\.SSS| {2}axisFormat %[HM]:%[MS]| {2}todayMarker off|---|config:| {2}gantt:| {4}leftPadding: \d+| {2}section ([\p{L}\p{N} .,/_·…-]|#\d+;)+| {2}(✅|❌|↩️|⏳) ([\p{L}\p{N} .,/_·…-]|#\d+;)+ :(done|crit|active|crit, done), (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}(, )?){2})$/u;

function chartOf(targets: readonly TargetReport[]): string[] {
  const [, chart = ''] = /^```mermaid\n(.*)\n```$/ms.exec(renderTimeline(targets, FULL)) ?? [];
  return chart === '' ? [] : chart.split('\n');
}

const barsOf = (chart: readonly string[]): string[] => chart.filter((line) => / :(done|crit|active)/.test(line));

const at = (fromMs: number, ms: number): Partial<TargetReport> => ({
  times: { patchedMs: fromMs, readyMs: fromMs + ms },
});

const target = fc
  .record({
    cluster: fc.option(hostile, { nil: undefined }),
    namespace: hostile,
    name: hostile,
    wave: fc.option(fc.nat(90), { nil: undefined }),
    from: fc.nat(4_000_000),
    ms: fc.nat(400_000),
    how: fc.constantFrom('verified', 'failed', 'rolled back', 'stuck', 'open'),
  })
  .map(({ cluster, namespace, name, wave, from, ms, how }): TargetReport => {
    const where = {
      ref: { kind: 'Deployment', namespace, name, ...(cluster !== undefined && { cluster }) },
      ...(wave !== undefined && { wave }),
    };
    const failed = { patchedMs: from, failedMs: from + ms };
    const back = { ...failed, rollbackStartedMs: from + ms, rollbackEndedMs: from + 2 * ms };
    switch (how) {
      case 'failed':
        return stuck('shop/x', { ...where, times: failed });
      case 'rolled back':
        return stuck('shop/x', { ...where, times: back, rollback: rollback() });
      case 'stuck':
        return stuck('shop/x', { ...where, times: back, rollback: rollback('failed') });
      case 'open':
        return interrupted('shop/x', { ...where, times: failed });
      default:
        return deployed('shop/x', { ...where, ...at(from, ms) });
    }
  });

test('no name breaks out of the chart, which stays within its limits', () => {
  fc.assert(
    fc.property(fc.array(target, { maxLength: 200 }), (targets) => {
      const chart = chartOf(targets);
      for (const line of chart) expect(line).toMatch(LINE);
      expect(barsOf(chart).length).toBeLessThanOrEqual(60);
      expect(chart.join('\n').length).toBeLessThan(MAX_TEXT);
    }),
    { numRuns: 300 },
  );
});

test('however it is folded, every workload of a wave that is shown is in a bar', () => {
  fc.assert(
    fc.property(fc.array(target, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 60 }), (targets, max) => {
      const timeline = timelineOf(targets, max);
      if (timeline === undefined || timeline.left > 0) return;
      // In a bar of one its name stands, in one of several their number; rollbacks are told by their words.
      const forward = timeline.sections
        .flatMap(({ bars }) => bars)
        .filter(({ label }) => !/ rolled back, | rollback failed, /.test(label));
      const counted = forward.map(({ label }) => Number(/^(\d+) workloads/.exec(label)?.[1] ?? 1));
      const total = counted.reduce((a, b) => a + b, 0);
      expect(total).toBe(targets.length);
      expect(forward.length).toBeLessThanOrEqual(targets.length);
    }),
    { numRuns: 200 },
  );
});

describe('how a workload looks', () => {
  const others = [deployed('shop/a', at(0, 9_000)), deployed('shop/b', at(0, 9_000))];
  const failed = { patchedMs: 1_000, failedMs: 5_000 };
  const back = { ...failed, rollbackStartedMs: 5_000, rollbackEndedMs: 8_000 };
  const well = { patchedMs: 1_000, readyMs: 5_000, rollbackStartedMs: 6_000, rollbackEndedMs: 8_000 };

  test.each<[string, TargetReport, readonly string[]]>([
    ['verified', deployed('shop/x', at(1_000, 4_000)), ['✅ x, 4.0 s :done']],
    ['failed', stuck('shop/x', { times: failed }), ['❌ x failed, 4.0 s :crit']],
    [
      'rolled back',
      stuck('shop/x', { times: back, rollback: rollback() }),
      ['❌ x failed, 4.0 s :crit', '↩️ x rolled back, 3.0 s :crit, done'],
    ],
    [
      'not rolled back',
      stuck('shop/x', { times: back, rollback: rollback('failed') }),
      ['❌ x failed, 4.0 s :crit', '❌ x rollback failed, 3.0 s :crit'],
    ],
    [
      'well and rolled back',
      withdrawn('shop/x', { times: well }),
      ['✅ x, 4.0 s :done', '↩️ x rolled back, 2.0 s :crit, done'],
    ],
    ['interrupted', interrupted('shop/x', { times: failed }), ['⏳ x not finished, 4.0 s :active']],
    ['replaced by another run', superseded('shop/x', { times: { patchedMs: 1_000 } }), []],
    ['not changed', deployed('shop/x'), []],
  ])('%s', (_, one, expected) => {
    const bars = barsOf(chartOf([...others, deployed('shop/c', at(0, 9_000)), one]));
    const own = bars.filter((line) => / x[ ,#]/.test(line));
    expect(own.map((line) => line.trim().replace(/, \d{4}-.*/, ''))).toEqual(expected);
  });
});

describe('there is no picture', () => {
  test.each<[string, readonly TargetReport[]]>([
    ['of nothing', []],
    ['of one workload', [deployed('shop/a', at(0, 60_000))]],
    ['of what is over at once', ['a', 'b', 'c'].map((name) => deployed(`shop/${name}`, at(0, 900)))],
    ['of what nobody waited for', ['a', 'b', 'c'].map((name) => ({ ...deployed(`shop/${name}`) }))],
  ])('%s', (_, targets) => {
    expect(renderTimeline(targets, FULL)).toBe('');
  });

  test('where a page has no room for it', () => {
    const targets = ['a', 'b', 'c'].map((name) => deployed(`shop/${name}`, at(0, 60_000)));
    expect(renderTimeline(targets, FULL)).not.toBe('');
    expect(renderTimeline(targets, { ...FULL, bars: 0 })).toBe('');
  });
});

test('waves that there is no room for are counted', () => {
  const targets = Array.from({ length: 90 }, (_, wave) =>
    deployed(`shop/w${wave}`, { ...at(wave * 1_000, 900), wave: wave + 1 }),
  );
  expect(renderTimeline(targets, FULL)).toContain('… and 30 more waves.');
});

test('the namespace stands where there are several, the cluster with its wave', () => {
  const one = deployed('shop/a', { ...at(0, 9_000), wave: 1 });
  const two = { ...one, ref: { ...ref('edge/a'), cluster: 'prod-eu' } };
  const chart = chartOf([one, two, two]);
  expect(chart).toContain('  section Wave 1 · prod-eu');
  expect(chart.join('\n')).toContain('✅ edge/a, 9.0 s');
});
