import { describe, expect, test } from '@jest/globals';
import { trialFinding } from '../../../../src/deploy/preflight/trial-problem.ts';
import type { Toolchain } from '../../../../src/filter/module/toolchain.ts';
import type { TrialVerdict } from '../../../../src/filter/trial/verdict.ts';

const logs = ['info: one', 'warn: two', 'error: three', 'critical: four'];

describe('what a trial has against a filter', () => {
  test.each<[TrialVerdict, RegExp]>([
    [
      { state: 'refused', step: 'configure', reason: 'returned false', logs },
      /rejects its configuration.*returned false\./,
    ],
    [
      { state: 'refused', step: 'vm-start', reason: 'abort: no root context.', logs },
      /fails to start.*no root context\. /,
    ],
    [{ state: 'refused', step: 'link', reason: 'no allocator', logs: [] }, /cannot be linked.*no allocator\.$/],
    [{ state: 'refused', step: 'start', reason: 'unreachable', logs: [] }, /fails as soon as it starts/],
    [{ state: 'refused', step: 'compile', reason: 'bad magic', logs: [] }, /cannot be compiled/],
    [
      { state: 'crashed', step: 'start', reason: 'its start function calls proxy_log', logs: [] },
      /would crash the whole proxy \(start\).*calls proxy_log\.$/,
    ],
  ])('%j is a problem', (verdict, message) => {
    const { problem, warning } = trialFinding(verdict, 'filter "f"');
    expect(problem).toMatchObject({ kind: 'filter', subject: 'filter "f"', message: expect.stringMatching(message) });
    expect(problem?.remedy).toContain('check: off');
    expect(warning).toBeUndefined();
  });

  test.each<[string, string, RegExp]>([
    [
      '',
      'AssemblyScript',
      /^The input "root-id" is empty\. Set it to the name .*: the last argument of registerRootContext\(…, "NAME"\)\. If/,
    ],
    ['nobody', 'AssemblyScript', /^Set the input "root-id" to the name /],
    ['', 'C++', /RegisterContextFactory/],
    ['', 'Rust', /proxy_wasm::set_root_context/],
    ['', 'unknown', /registerRootContext.*RegisterContextFactory/],
  ])(
    'the root id %j that a filter of %s has not registered is shown, and where its name is found',
    (rootId, name, said) => {
      const line = `Missing root context factory for root id: ${rootId} at: ~lib/runtime.ts(991:5)`;
      const { problem } = trialFinding(
        { state: 'refused', step: 'vm-start', reason: `it ended, having logged: ${line}`, logs: [`critical: ${line}`] },
        'f',
        undefined,
        { written: { filter: 'add-header' }, rootId, toolchain: name as Toolchain },
      );
      const shown = `Missing root context factory for root id "${rootId}"`;
      expect(problem?.message).toMatch(new RegExp(`having logged: ${shown}\\. The filter said: critical: ${shown}$`));
      expect(problem?.remedy).toMatch(said);
    },
  );

  test('the headline says what the filter does', () => {
    const clauseOf = (step: 'configure' | 'link') =>
      trialFinding({ state: 'refused', step, reason: 'no', logs: [] }, 'filter "f"').problem?.clause;
    expect(clauseOf('configure')).toBe('the filter rejects its configuration');
    expect(clauseOf('link')).toBe('the filter cannot be linked');
  });

  test('the last lines of the filter are quoted, and long ones cut', () => {
    const { problem } = trialFinding(
      { state: 'refused', step: 'configure', reason: 'no', logs: [...logs, 'x'.repeat(5_000)] },
      'f',
    );
    expect(problem?.message).toContain('error: three / critical: four / xxx');
    expect(problem?.message).not.toContain('warn: two');
    expect(problem?.message.length).toBeLessThan(600);
  });

  test.each<[TrialVerdict, RegExp]>([
    [
      { state: 'trapped', step: 'request-headers', reason: 'unreachable', logs: [] },
      /first request fails \(request-headers\): unreachable\.$/,
    ],
    [{ state: 'timeout', step: 'start', logs: [] }, /did not finish its trial run in time \(start\)/],
    [
      {
        state: 'inconclusive',
        brokeOff: true,
        why: 'its process was ended by SIGKILL in configure',
        logs: ['warn: much'],
      },
      /^The trial run of filter "f" was interrupted and is inconclusive: .*SIGKILL in configure\. The filter said: warn: much$/,
    ],
  ])('%j is a warning only: Envoy may load it', (verdict, text) => {
    const { problem, warning } = trialFinding(verdict, 'filter "f"');
    expect(problem).toBeUndefined();
    expect(warning).toMatchObject({ subject: 'filter "f"', text: expect.stringMatching(text) });
  });

  test.each<[TrialVerdict]>([
    [{ state: 'passed', logs }],
    [{ state: 'inconclusive', why: 'it asks for a foreign function', logs }],
  ])('%j is nothing', (verdict) => {
    expect(trialFinding(verdict, 'f')).toEqual({});
  });
});
