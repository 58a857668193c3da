import { expect, test } from '@jest/globals';
import { outputsOf } from '../../../../src/action/outputs/outputs.ts';
import { testsJson } from '../../../../src/action/outputs/tests.ts';
import type { Report } from '../../../../src/deploy/report/report.ts';
import { TEST_SCENARIOS } from '../scenarios-tests.ts';

function scenario(name: string): Report {
  const build = TEST_SCENARIOS[name];
  if (build === undefined) throw new Error(`no scenario ${name}`);
  return build();
}

const testsOf = (name: string): unknown => JSON.parse(outputsOf(scenario(name)).tests);

test('each filter has its counts, and the names of what did not pass by version', () => {
  const late = ['closes after the third'];
  const early = [...late, 'writes the page anew', 'takes any body'];
  expect(testsOf('tests-failed-in-matrix')).toEqual({
    'add-header': {
      result: 'failed',
      tests: 7,
      passed: 4,
      failed: 3,
      inconclusive: 0,
      proxies: { '1.27': early, '1.28': early, '1.30': late, '1.31': late },
    },
  });
});

test('what is inconclusive is no success', () => {
  expect(testsOf('tests-inconclusive')).toMatchObject({
    'add-header': { result: 'failed', failed: 0, inconclusive: 1 },
  });
  expect(testsOf('tests-passed')).toMatchObject({ 'add-header': { result: 'passed', tests: 4, passed: 4 } });
  expect(testsOf('tests-plan-refused')).toMatchObject({ 'add-header': { proxies: { '*': ['writes the page anew'] } } });
});

test('what is too long loses the names first', () => {
  const { tests = [] } = scenario('tests-many');
  const short = JSON.parse(testsJson(tests, 400));
  expect(Object.keys(short)).toEqual(['limits', 'add-header']);
  expect(short.limits).not.toHaveProperty('proxies');
});
