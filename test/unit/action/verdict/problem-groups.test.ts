import { expect, test } from '@jest/globals';
import { groupProblems } from '../../../../src/action/verdict/problem-groups.ts';
import { report, stuck } from '../report-builder.ts';

test('problems are grouped by what a reader fixes in one place, anew for each report', () => {
  const given = report({ targets: [stuck('shop/a'), stuck('shop/b')] });
  const groups = groupProblems(given);
  expect(groups).toMatchObject([{ kind: 'rollout', count: 2 }]);
  expect(groupProblems(given)).toEqual(groups);
  expect(groupProblems({ ...given, problems: [{ kind: 'conflict', message: 'was put back.' }] })).toHaveLength(2);
});
