import { describe, expect, test } from '@jest/globals';
import { warningTexts } from '../../../../src/base/warning.ts';
import type { RolloutPolicy } from '../../../../src/deploy/policy.ts';
import { type Given, goodInputs, messagesOn, read, warningsOn } from './reading.ts';

describe('a legal value', () => {
  test.each<[Given, Partial<RolloutPolicy>]>([
    [{ timeout: '90s' }, { timeoutMs: 90_000 }],
    [{ timeout: '24d' }, { timeoutMs: 2_073_600_000 }],
    [{ wait: 'true' }, { wait: true }],
    [{ wait: 'True' }, { wait: true }],
    [{ verify: 'required' }, { verify: 'required' }],
    [{ verify: ' off ' }, { verify: 'off' }],
    [{ scout: 'required' }, { scout: 'required' }],
    [{ 'on-failure': 'rollback-all' }, { onFailure: 'rollback-all' }],
    [{ 'on-failure': 'keep' }, { onFailure: 'keep' }],
    [{ canary: '1' }, { canary: { count: 1 } }],
    [{ canary: '10%' }, { canary: { percent: 10 } }],
    [{ canary: '1%' }, { canary: { percent: 1 } }],
    [{ 'max-parallel': '1' }, { maxParallel: { count: 1 } }],
    [{ 'max-parallel': '50%' }, { maxParallel: { percent: 50 } }],
    [{ 'max-failures': '0' }, { maxFailures: { count: 0 } }],
    [{ 'max-failures': '2' }, { maxFailures: { count: 2 } }],
    [{ 'max-failures': '25%' }, { maxFailures: { percent: 25 } }],
    [{ soak: '0s' }, { soakMs: 0 }],
    [{ soak: '0m' }, { soakMs: 0 }],
    [{ soak: '5m' }, { soakMs: 300_000 }],
    [{ probe: ':9080/health' }, { probe: expect.objectContaining({ port: 9080, path: '/health' }) as never }],
    [{ probe: '/health', port: '8080' }, { probe: expect.objectContaining({ port: 8080 }) as never }],
    [
      { probe: ':1/', verify: 'off' },
      { verify: 'off', probe: expect.objectContaining({ port: 1 }) as never },
    ],
  ])('%j', (over, expected) => {
    expect(goodInputs(over).policy).toMatchObject(expected);
    expect(warningsOn(over)).toEqual([]);
  });

  test('what is left out is absent', () => {
    const { policy } = goodInputs({ probe: ' \n', canary: '', 'max-parallel': ' ' });
    expect(Object.keys(policy)).not.toContain('probe');
    expect(Object.keys(policy)).not.toContain('canary');
    expect(Object.keys(policy)).not.toContain('maxParallel');
  });
});

describe('an illegal value', () => {
  test.each<[Given, string]>([
    [{ timeout: '10' }, 'input "timeout" is "10". Write a time such as 90s, 10m or 1h30m, at most 24d.'],
    [{ timeout: '0s' }, 'input "timeout" is "0s".'],
    [{ timeout: '24d1s' }, 'input "timeout" is "24d1s".'],
    [{ wait: 'yes' }, 'input "wait" has the unknown value "yes". Use true or false.'],
    [{ verify: 'on' }, 'input "verify" has the unknown value "on". Use auto, required or off.'],
    [
      { 'on-failure': 'rollback_all' },
      'input "on-failure" has the unknown value "rollback_all". Did you mean rollback-all? Use rollback, rollback-all or keep.',
    ],
    [{ canary: '0' }, 'input "canary" is "0". Give how many workloads go first, such as 1 or 10%'],
    [{ canary: '0%' }, 'input "canary" is "0%".'],
    [{ canary: '101%' }, 'input "canary" is "101%".'],
    [{ canary: '1.5' }, 'input "canary" is "1.5".'],
    [{ canary: '-1' }, 'input "canary" is "-1".'],
    [{ 'max-parallel': '0' }, 'input "max-parallel" is "0". Give how many workloads of a cluster'],
    [{ 'max-parallel': '0%' }, 'input "max-parallel" is "0%".'],
    [{ 'max-failures': 'none' }, 'input "max-failures" is "none". Give how many workloads may fail'],
    [{ soak: '0' }, 'input "soak" is "0". Write a time such as 0s, 90s or 10m, at most 24d.'],
    [{ soak: '25d' }, 'input "soak" is "25d".'],
    [{ probe: 'health' }, 'input "probe" is "health", which is not a probe.'],
    [{ probe: '/health' }, 'input "probe" names no port.'],
  ])('%j', (over, message) => {
    expect(messagesOn(over)).toEqual([expect.stringContaining(message)]);
  });

  test('of the port does not make a probe without one wrong', () => {
    expect(messagesOn({ port: 'x', probe: '/health' })).toEqual([expect.stringContaining('input "port"')]);
  });
});

describe('without waiting', () => {
  const quiet = { wait: 'false' };

  test.each<Given>([
    {},
    { verify: 'off' },
    { verify: 'auto' },
    { 'on-failure': 'keep' },
    { 'on-failure': 'rollback' },
    { soak: '0s' },
    { command: 'plan' },
    { command: 'remove' },
    { command: 'sweep', namespace: 'shop' },
  ])('%j: nothing is verified, nothing rolled back', (over) => {
    expect(goodInputs({ ...quiet, ...over }).policy).toEqual({
      wait: false,
      timeoutMs: 600_000,
      verify: 'off',
      scout: 'off',
      onFailure: 'keep',
      unready: 'deploy',
      promote: 'report',
      maxFailures: { count: 0 },
      soakMs: 0,
    });
    expect(warningsOn({ ...quiet, ...over })).toEqual([]);
  });

  const contradictions: [Given, string][] = [
    [{ verify: 'required' }, 'input "verify" is required, but with "wait: false" the run ends before a proxy has'],
    [{ probe: ':80/' }, 'input "probe" is set, but with "wait: false" the run ends before there are new pods'],
    [{ 'on-failure': 'rollback-all' }, 'input "on-failure" is rollback-all, but with "wait: false" the run ends'],
    [{ canary: '1' }, 'input "canary" is set, but with "wait: false" nothing checks the first workloads'],
    [{ soak: '1s' }, 'input "soak" is set, but with "wait: false" the run ends at once and watches nothing.'],
  ];
  test.each(contradictions)('%j is refused', (over, message) => {
    for (const command of ['deploy', 'plan']) {
      expect(messagesOn({ ...quiet, ...over, command })).toEqual([expect.stringContaining(message)]);
    }
    const [name] = Object.keys(over);
    expect(messagesOn({ ...quiet, ...over })[0]).toMatch(new RegExp(`Set "wait: true", or leave "${name}" out\\.$`));
  });

  test('every contradiction is told', () => {
    const all = Object.assign({}, ...contradictions.map(([over]) => over), quiet);
    expect(messagesOn(all)).toHaveLength(contradictions.length);
  });

  test.each<Given>([{ probe: 'x' }, { canary: 'x' }, { soak: 'x' }, { wait: 'no', canary: '1' }])(
    '%j is told once, as wrong',
    (over) => {
      const messages = messagesOn({ ...quiet, ...over });
      expect(messages).toHaveLength(1);
      expect(messages[0]).not.toContain('wait: false');
    },
  );

  test('what has no effect is ignored with a warning', () => {
    const over = { ...quiet, timeout: '5m', 'max-parallel': '3', 'max-failures': '2' };
    expect(warningsOn(over)).toEqual([
      'The inputs "timeout", "max-parallel" and "max-failures" mean nothing with "wait: false" and are ignored.',
    ]);
    expect(warningTexts(read({ ...over, command: 'remove', name: 'f' }).warnings)).toEqual([
      'The input "max-failures" means nothing to "command: remove" and is ignored.',
      'The inputs "timeout" and "max-parallel" mean nothing with "wait: false" and are ignored.',
    ]);
    expect(goodInputs(over).policy).not.toHaveProperty('maxParallel');
  });
});
