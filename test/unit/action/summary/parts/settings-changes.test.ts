import { expect, test } from '@jest/globals';
import { FULL } from '../../../../../src/action/summary/parts/limits.ts';
import { renderSettingsChanges } from '../../../../../src/action/summary/parts/settings-changes.ts';
import type { PlannedSettings, ToldSettings } from '../../../../../src/deploy/report/plan-report.ts';

const told = (configuration: string, environment: ToldSettings['environment'] = {}): ToldSettings => ({
  configuration,
  environment,
});

/** The lines of the difference. */
function linesOf(before: ToldSettings, after: ToldSettings, isHidden?: true): string[] {
  const change: PlannedSettings = { filter: 'f', workloads: ['Deployment shop/reviews'], before, after };
  const page = renderSettingsChanges([isHidden ? { ...change, isHidden } : change], FULL);
  return (/```diff\n([\s\S]*?)\n```/.exec(page)?.[1] ?? '').split('\n');
}

test.each<[string, ToldSettings, ToldSettings, string[]]>([
  [
    'keys, at any depth',
    told('{"a":1,"b":{"c":[1,2],"gone":true}}'),
    told('{"a":1,"b":{"c":[1,3]},"new":"x"}'),
    [
      '- configuration.b.c[1]: 2',
      '+ configuration.b.c[1]: 3',
      '- configuration.b.gone: true',
      '+ configuration.new: "x"',
    ],
  ],
  [
    'YAML',
    told('mode: slow\nkeep: 1'),
    told('keep: 1\nmode: fast'),
    ['- configuration.mode: "slow"', '+ configuration.mode: "fast"'],
  ],
  ['a first configuration', told(''), told('{"a":1}'), ['+ configuration.a: 1']],
  [
    'text that is no object, by line',
    told('one\ntwo\n'),
    told('one\nthree\n'),
    ['- configuration: two', '+ configuration: three'],
  ],
  [
    'variables',
    told('', { A: 'x', B: 'y' }),
    told('', { B: 'z' }),
    ['- environment.A: "x"', '- environment.B: "y"', '+ environment.B: "z"'],
  ],
  [
    'a secret, of which only that it changes',
    told('{"pin":4711}'),
    told('{"pin":4712}'),
    ['- configuration.pin: "***"', '+ configuration.pin: "***"'],
  ],
  ['secrets that were taken out before', told('***'), told('***'), ['! only secret values change']],
  ['a secret in lines', told('pin: 1, 2\n-'), told('pin: 3, 4\n-'), ['! only secret values change']],
])('values are shown of %s', (_, before, after, lines) => {
  expect(linesOf(before, after)).toEqual(lines);
});

test('else digests, without the names of keys, and only of what changes', () => {
  const lines = linesOf(told('{"header":"open"}', { A: 'x' }), told('{"header":"closed"}', { A: 'x' }), true);
  expect(lines).toEqual([
    expect.stringMatching(/^- configuration: sha256:[0-9a-f]{12} \(17 B\)$/),
    expect.stringMatching(/^\+ configuration: sha256:[0-9a-f]{12} \(19 B\)$/),
  ]);
  expect(linesOf(told(''), told('', { A: 'x' }), true)).toEqual([
    '- environment: none',
    expect.stringMatching(/^\+ environment: sha256/),
  ]);
});

test('a digest tells nothing of a value with the name of a secret', () => {
  expect(linesOf(told('{"pin":4711}'), told('{"pin":4712}'), true)).toEqual(['! only secret values change']);
});

test('long differences are cut by whole lines', () => {
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at])));
  const lines = linesOf(told(''), told(many));
  expect(lines).toHaveLength(61);
  expect(lines.at(-1)).toBe('… 440 more lines');
  expect(linesOf(told(''), told(JSON.stringify({ a: 'x'.repeat(2_000) })))[0]).toMatch(/^\+ configuration\.a: sha256/);
});

test('without a change there is no section', () => {
  expect(renderSettingsChanges([], FULL)).toBe('');
});
