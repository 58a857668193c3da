import { expect, test } from '@jest/globals';
import type { Problem } from '../../../../src/base/problem.ts';
import {
  allRevisions,
  countOutcome,
  runProblems,
  type StepState,
  type TargetReport,
  targetsOf,
} from '../../../../src/deploy/report/report.ts';
import { withPhase } from '../../../../src/deploy/rollout/target-phase.ts';
import { refOf } from '../../builders.ts';

const problem = (kind: Problem['kind']): Problem => ({ kind, message: kind });

function target(
  outcome: TargetReport['outcome'],
  step: StepState = 'unchanged',
  over: Partial<TargetReport> = {},
): TargetReport {
  return withPhase({
    ref: refOf('shop/deploy/reviews'),
    outcome,
    revisions: [{ filter: 'f', revision: 'r1' }],
    steps: { configMap: step, filterResource: 'unchanged', template: 'unchanged', rollout: 'done' },
    pods: { ready: 1, wanted: 1 },
    drift: [],
    evidence: [],
    ...over,
  });
}

test('counts, problems and revisions of all targets', () => {
  const targets = [
    target('failed', 'done', { problem: problem('rollout') }),
    target('deployed', 'done', {
      revisions: [
        { filter: 'g', revision: 'r2' },
        { filter: 'f', revision: 'r1' },
        { filter: 'h', before: 'r0' },
      ],
    }),
  ];
  expect([countOutcome({ targets }, 'failed'), countOutcome({ targets }, 'untouched')]).toEqual([1, 0]);
  expect(runProblems({ targets, problems: [problem('cluster')] }).map(({ kind }) => kind)).toEqual([
    'cluster',
    'rollout',
  ]);
  expect(allRevisions({ targets })).toEqual(['r1', 'r2']);
});

test('a command that changes no workloads has no targets', () => {
  const targets = [target('deployed')];
  expect(targetsOf({ command: 'sweep', targets })).toBe(targets);
  expect(targetsOf({ command: 'status' })).toEqual([]);
});
