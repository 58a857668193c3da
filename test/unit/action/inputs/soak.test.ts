import { describe, expect, test } from '@jest/globals';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { DEFAULT_SOAK_LIMITS, soakInputs } from '../../../../src/deploy/policy.ts';

const READ = (given: Readonly<Record<string, string>>): ReturnType<typeof readInputs> =>
  readInputs((name) => ({ filter: 'f.wasm', targets: '- deployment/a', soak: '5m', ...given })[name] ?? '');

describe('what a soak is judged by', () => {
  test.each<[Readonly<Record<string, string>>, object]>([
    [{}, DEFAULT_SOAK_LIMITS],
    [{ 'max-error-rate': '1%' }, { maxErrorRate: { share: 0.01, beyond: 'zero' } }],
    [{ 'max-error-rate': '+0.5%' }, { maxErrorRate: { share: 0.005, beyond: 'old-pods' } }],
    [{ 'max-error-rate': '0%' }, { maxErrorRate: { share: 0, beyond: 'zero' } }],
    [{ 'max-latency-increase': '20%' }, { maxLatencyIncrease: { share: 0.2 } }],
    [{ 'max-latency-increase': '+100ms' }, { maxLatencyIncrease: { ms: 100 } }],
    [{ 'max-latency-increase': '1s' }, { maxLatencyIncrease: { ms: 1_000 } }],
    [{ 'min-requests': '500' }, { minRequests: 500 }],
    [{ 'soak-requires': 'traffic' }, { requires: 'traffic' }],
    [{ traffic: 'probe', probe: ':9080/health' }, { traffic: 'probe' }],
  ])('%j', (given, limits) => {
    const { problems, inputs } = READ(given);
    expect(problems).toEqual([]);
    expect(inputs.policy.soakLimits).toMatchObject(limits);
  });

  test.each<[Readonly<Record<string, string>>, string]>([
    [{ 'max-error-rate': '1' }, 'input "max-error-rate" is "1".'],
    [{ 'max-error-rate': '100%' }, 'input "max-error-rate" is "100%".'],
    [{ 'max-error-rate': '-1%' }, 'input "max-error-rate" is "-1%".'],
    [{ 'max-latency-increase': '0ms' }, 'input "max-latency-increase" is "0ms".'],
    [{ 'max-latency-increase': '100' }, 'input "max-latency-increase" is "100".'],
    [{ 'min-requests': '0' }, 'input "min-requests" is "0".'],
    [{ 'soak-requires': 'users' }, 'input "soak-requires" has the unknown value "users".'],
    [{ traffic: 'probe' }, 'input "traffic" is probe, but there is none.'],
  ])('%j is an error', (given, words) => {
    expect(READ(given).problems.map(describeProblem)).toEqual([expect.stringContaining(words)]);
  });

  test('means nothing without a soak, and a warning says so', () => {
    const { warnings, inputs } = READ({ soak: '0s', 'max-error-rate': '1%', 'min-requests': '5' });
    expect(inputs.policy.soakLimits).toBeUndefined();
    expect(warningTexts(warnings)).toEqual([
      'The inputs "max-error-rate" and "min-requests" mean nothing without "soak" and are ignored.',
    ]);
  });

  test('is told as it was given', () => {
    const { soakLimits = DEFAULT_SOAK_LIMITS } = READ({
      'max-error-rate': '+0.07%',
      'max-latency-increase': '12.5%',
    }).inputs.policy;
    expect(soakInputs(soakLimits)).toEqual({
      'max-error-rate': '+0.07%',
      'max-latency-increase': '12.5%',
      'min-requests': 10,
      'soak-requires': 'nothing',
      traffic: 'off',
    });
  });
});
