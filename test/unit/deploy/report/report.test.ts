import { expect, test } from '@jest/globals';
import { allRevisions, countOutcome, reportedTargets, runProblems } from '../../../../src/deploy/report/report.ts';
import { problem, target } from './target.ts';

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
  expect(reportedTargets({ command: 'sweep', targets })).toBe(targets);
  expect(reportedTargets({ command: 'status' })).toEqual([]);
});
