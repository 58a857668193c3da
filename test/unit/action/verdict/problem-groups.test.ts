import { expect, test } from '@jest/globals';
import { groupProblems } from '../../../../src/action/verdict/problem-groups.ts';
import { report, stuck } from '../report-builder.ts';

test('the problems of one report are grouped once, those of another one anew', () => {
  const given = report({ targets: [stuck('shop/a'), stuck('shop/b')] });
  const groups = groupProblems(given);
  expect(groups).toMatchObject([{ kind: 'rollout', count: 2 }]);
  expect(groupProblems(given)).toBe(groups);
  expect(groupProblems({ ...given })).toEqual(groups);
  expect(groupProblems({ ...given, problems: [{ kind: 'conflict', message: 'was put back.' }] })).toHaveLength(2);
});
