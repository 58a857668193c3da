import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readInputs } from '../../../../src/action/inputs/inputs.ts';
import { INPUT_NAMES } from '../../../../src/action/inputs/table.ts';
import { findUnknownInputs } from '../../../../src/action/inputs/unknown.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { VERSION } from '../../../../src/base/version.ts';

/** What is said of the variables of an environment. */
const said = (...variables: string[]): string[] =>
  findUnknownInputs(Object.fromEntries(variables.map((variable) => [variable, 'a secret']))).map(({ problem }) =>
    describeProblem(problem),
  );
const NONE = `does not exist in version ${VERSION} of this action, so it would have no effect.`;

describe('inputs that the action does not have', () => {
  test.each([
    ['a mistyped one', 'INPUT_CANRY', `input "canry" ${NONE} Did you mean "canary"?`],
    ['underscores for hyphens', 'INPUT_ROOT_ID', `input "root_id" ${NONE} Did you mean "root-id"?`],
    [
      'one that is written with a blank',
      'INPUT_FAIL_POLICY',
      `input "fail_policy" ${NONE} Did you mean "fail-policy"?`,
    ],
    ['a key of a target', 'INPUT_WAVE', expect.stringContaining('It belongs to a target, an entry of "targets".')],
    [
      'one that is like none',
      'INPUT_SOMETHING_ELSE',
      `input "something_else" ${NONE} Take it out of "with", or out of the runner's environment if no step sets it: it is the variable INPUT_SOMETHING_ELSE.`,
    ],
  ])('%s', (_, variable, sentence) => {
    expect(said(variable)).toEqual([sentence]);
  });

  test('are all named, in the order of their names, beside what else is wrong; values are not shown', () => {
    const environment = { INPUT_TIMEUOT: 'token', INPUT_CANRY: '1', INPUT_CANARY: '1', PATH: '/bin', MY_INPUT_X: '' };
    const { problems, faulty } = readInputs(() => '', environment);
    expect(problems.map(({ subject }) => subject)).toEqual([
      'input "canry"',
      'input "timeuot"',
      'input "filter"',
      'input "targets"',
    ]);
    expect(JSON.stringify(problems)).not.toContain('token');
    expect([...faulty].sort()).toEqual(['canary', 'filter', 'targets', 'timeout']);
  });

  test('are none of those that action.yml has, however their case', () => {
    const names = INPUT_NAMES.map((name) => `INPUT_${name.toUpperCase()}`);
    expect(said(...names)).toEqual([]);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.array(fc.boolean(), { minLength: 48, maxLength: 48 }),
        (name, upper) => {
          const written = [...name].map((letter, at) => (upper[at] ? letter : letter.toLowerCase())).join('');
          expect(said(written)).toEqual([]);
        },
      ),
    );
  });
});
