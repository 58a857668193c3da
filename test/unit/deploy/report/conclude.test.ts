import { describe, expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import { stoppedOutcome } from '../../../../src/deploy/commands/outcome.ts';
import { type CommandOutcome, concludeReport, NOTHING_COLLECTED } from '../../../../src/deploy/report/conclude.ts';
import type { Collected, Command, Rollback, TargetReport } from '../../../../src/deploy/report/report.ts';
import { policy } from '../../action/report-builder.ts';
import { problem, target } from './target.ts';

const rolledBackWell: Rollback = { state: 'rolled-back', to: { f: null }, durationMs: 1 };

interface Case {
  readonly command?: Command;
  readonly targets?: readonly TargetReport[];
  readonly problems?: readonly Problem[];
  readonly collected?: Partial<Collected>;
  readonly writes?: number;
}

/** The outcome of a command, with what it has of targets and of what was deleted. */
function outcomeOf({ command = 'deploy', targets = [], problems = [], collected = {} }: Case): CommandOutcome {
  const stopped = stoppedOutcome(command, problems);
  switch (stopped.command) {
    case 'deploy':
    case 'remove':
    case 'sweep':
      return { ...stopped, targets, collected: { ...NOTHING_COLLECTED, ...collected } };
    case 'plan':
      return { ...stopped, targets };
    case 'status':
    case 'render':
    case 'check':
      return stopped;
  }
}

const conclude = (given: Case): string => {
  const run = concludeReport(outcomeOf(given), {
    filters: [],
    clusters: [],
    policy: policy(),
    refusedInputs: [],
    requests: { reads: 5, writes: given.writes ?? 0 },
    started: '2026-11-28T09:30:00.000Z',
    durationMs: 1,
  });
  return [run.outcome, ...(run.changed ? ['changed'] : []), ...(run.cancelled ? ['cancelled'] : [])].join(' ');
};

describe('concludeReport', () => {
  const cancelled = target('failed', 'done', { problem: problem('cancelled') });
  const rolledBack = target('failed', 'done', { problem: problem('rollout'), rollback: rolledBackWell });
  const leftover = {
    revisions: [{ filter: 'f', revision: 'r1', before: 'r1' }],
    rollback: { ...rolledBackWell, to: { f: 'r0' } },
  };
  const notRolledBack = target('failed', 'done', {
    steps: { configMap: 'unchanged', filterResource: 'unchanged', template: 'done', rollout: 'failed' },
    rollback: { ...rolledBackWell, state: 'failed' },
  });

  const patched = { configMap: 'done', filterResource: 'done', template: 'done', rollout: 'skipped' } as const;

  test.each<[string, Case, string]>([
    ['nothing to do', {}, 'unchanged'],
    ['all as it was', { targets: [target('unchanged')] }, 'unchanged'],
    ['deployed', { targets: [target('deployed', 'done'), target('unchanged')] }, 'deployed changed'],
    ['a failure', { targets: [target('deployed', 'done'), target('failed')] }, 'failed changed'],
    ['left out', { targets: [target('untouched', 'skipped')] }, 'failed'],
    ['waiting for promotion', { targets: [target('waiting', 'done')] }, 'waiting changed'],
    ['waiting still', { targets: [target('waiting')] }, 'waiting'],
    [
      'left out behind what waits',
      { targets: [target('waiting', 'done'), target('untouched', 'skipped')] },
      'waiting changed',
    ],
    ['a problem of no target', { targets: [target('unchanged')], problems: [problem('cluster')] }, 'failed'],
    ['cancelled early', { problems: [problem('cancelled')] }, 'failed cancelled'],
    ['cancelled while it waited', { targets: [cancelled] }, 'failed changed cancelled'],
    [
      'rolled back, all of it',
      { targets: [rolledBack], writes: 4, collected: { deleted: ['ConfigMap a/b'] } },
      'failed',
    ],
    [
      'rolled back from what an earlier run had left unverified',
      { targets: [target('failed', 'unchanged', { ...leftover, problem: problem('rollout') })] },
      'failed changed',
    ],
    [
      'rolled back, its objects still there',
      { targets: [rolledBack], collected: { left: [{ object: 'ConfigMap a/b', why: 'w' }] } },
      'failed changed',
    ],
    ['not rolled back', { targets: [notRolledBack] }, 'failed changed'],
    [
      'good, but rolled back with the others',
      { targets: [target('rolled-back', 'done', { rollback: rolledBackWell })] },
      'failed',
    ],
    ['objects of a workload that was never patched', { targets: [target('untouched', 'done')] }, 'failed'],
    [
      'nothing but garbage',
      { targets: [target('unchanged')], collected: { deleted: ['ConfigMap a/b'] } },
      'deployed changed',
    ],
    [
      'garbage that stays',
      { targets: [target('unchanged')], collected: { left: [{ object: 'x', why: 'w' }] } },
      'unchanged',
    ],
    ['replaced by a newer run before its patch', { targets: [target('superseded', 'done')] }, 'superseded'],
    [
      'replaced by a newer run after it',
      { targets: [target('superseded', 'done', { steps: patched })] },
      'superseded changed',
    ],
    [
      'replaced by a newer run, its objects still there',
      { targets: [target('superseded')], collected: { left: [{ object: 'x', why: 'w', replaced: true }] } },
      'superseded changed',
    ],
  ])('%s', (_, parts, conclusion) => {
    expect(conclude(parts)).toBe(conclusion);
  });

  test.each<[Command, string]>([
    ['remove', 'unchanged'],
    ['sweep', 'unchanged'],
    ['plan', 'planned'],
    ['status', 'reported'],
    ['render', 'rendered'],
    ['check', 'passed'],
  ])('a %s that wrote nothing is "%s", unless something is wrong', (command, outcome) => {
    expect(conclude({ command, targets: [target('unchanged')] })).toBe(outcome);
    expect(conclude({ command, problems: [problem('cluster')] })).toBe('failed');
  });

  test.each<Command>(['remove', 'sweep'])('a %s that took something away is "removed"', (command) => {
    expect(conclude({ command, targets: [target('removed', 'done')] })).toBe('removed changed');
    expect(conclude({ command, collected: { deleted: ['ConfigMap a/b'] } })).toBe('removed changed');
  });

  test.each(['configMap', 'filterResource', 'template'] as const)('a written %s is a change', (step) => {
    const unchanged = target('failed');
    const steps = { ...unchanged.steps, [step]: 'done' as const };
    expect(conclude({ targets: [{ ...unchanged, steps }], writes: 1 })).toBe('failed changed');
  });

  test.each<[Problem['kind'], boolean]>([
    ['connection', true],
    ['cancelled', true],
    ['internal', true],
    ['permission', false],
    ['conflict', false],
  ])('after a first write that ended in a %s problem, "something changed" is %s', (kind, changed) => {
    const ended = { targets: [target('untouched', 'skipped')], problems: [problem(kind)] };
    expect(conclude({ ...ended, writes: 1 }).includes('changed')).toBe(changed);
    expect(conclude(ended)).not.toContain('changed');
  });
});
