import { describe, expect, test } from '@jest/globals';
import type { Problem } from '../../../src/base/problem.ts';
import {
  allProblems,
  allRevisions,
  concludeRun,
  countOutcome,
  type StepState,
  type TargetReport,
} from '../../../src/deploy/report.ts';
import { refOf } from '../builders.ts';

const problem = (kind: Problem['kind']): Problem => ({ kind, message: kind });

function target(
  outcome: TargetReport['outcome'],
  step: StepState = 'unchanged',
  over: Partial<TargetReport> = {},
): TargetReport {
  return {
    ref: refOf('shop/deploy/reviews'),
    outcome,
    revisions: [{ filter: 'f', revision: 'r1' }],
    steps: { configMap: step, envoyFilter: 'unchanged', template: 'unchanged', rollout: 'done' },
    pods: { ready: 1, wanted: 1 },
    evidence: [],
    ...over,
  };
}

describe('concludeRun', () => {
  test.each<[string, TargetReport[], Problem[], ReturnType<typeof concludeRun>]>([
    ['nothing to do', [], [], { outcome: 'unchanged', changed: false, cancelled: false }],
    ['all as it was', [target('unchanged')], [], { outcome: 'unchanged', changed: false, cancelled: false }],
    [
      'deployed',
      [target('deployed', 'done'), target('unchanged')],
      [],
      { outcome: 'deployed', changed: true, cancelled: false },
    ],
    [
      'a failure',
      [target('deployed', 'done'), target('failed')],
      [],
      { outcome: 'failed', changed: true, cancelled: false },
    ],
    ['left out', [target('untouched', 'skipped')], [], { outcome: 'failed', changed: false, cancelled: false }],
    [
      'a problem of no target',
      [target('unchanged')],
      [problem('cluster')],
      { outcome: 'failed', changed: false, cancelled: false },
    ],
    ['cancelled early', [], [problem('cancelled')], { outcome: 'failed', changed: false, cancelled: true }],
    [
      'cancelled while it waited',
      [target('failed', 'done', { problem: problem('cancelled') })],
      [],
      { outcome: 'failed', changed: true, cancelled: true },
    ],
  ])('%s', (_, targets, problems, conclusion) => {
    expect(concludeRun({ targets, problems, requests: { reads: 5, writes: 0 } })).toEqual(conclusion);
  });

  test.each(['configMap', 'envoyFilter', 'template'] as const)('a written %s is a change', (step) => {
    const unchanged = target('failed');
    const steps = { ...unchanged.steps, [step]: 'done' as const };
    const requests = { reads: 5, writes: 1 };
    expect(concludeRun({ targets: [{ ...unchanged, steps }], problems: [], requests }).changed).toBe(true);
  });

  test.each<[Problem['kind'], boolean]>([
    ['connection', true],
    ['cancelled', true],
    ['internal', true],
    ['permission', false],
    ['conflict', false],
  ])('after a first write that ended in a %s problem, "something changed" is %s', (kind, changed) => {
    const targets = [target('untouched', 'skipped')];
    expect(concludeRun({ targets, problems: [problem(kind)], requests: { reads: 5, writes: 1 } }).changed).toBe(
      changed,
    );
    expect(concludeRun({ targets, problems: [problem(kind)], requests: { reads: 5, writes: 0 } }).changed).toBe(false);
  });
});

test('counts, problems and revisions of all targets', () => {
  const targets = [
    target('failed', 'done', { problem: problem('rollout') }),
    target('deployed', 'done', {
      revisions: [
        { filter: 'g', revision: 'r2' },
        { filter: 'f', revision: 'r1' },
      ],
    }),
  ];
  expect([countOutcome({ targets }, 'failed'), countOutcome({ targets }, 'untouched')]).toEqual([1, 0]);
  expect(allProblems({ targets, problems: [problem('cluster')] }).map(({ kind }) => kind)).toEqual([
    'cluster',
    'rollout',
  ]);
  expect(allRevisions({ targets })).toEqual(['r1', 'r2']);
});
