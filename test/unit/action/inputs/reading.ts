import { expect } from '@jest/globals';
import { type Inputs, type InputsRead, readInputs } from '../../../../src/action/inputs/inputs.ts';
import type { InputName } from '../../../../src/action/inputs/table.ts';
import { describeProblem } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';

export type Given = Partial<Readonly<Record<InputName, string>>>;

/** Inputs that are complete, for every command. */
export const COMPLETE: Given = {
  filter: 'build/add-header.wasm',
  targets: '- deployment/reviews',
};

/** What is read of exactly these inputs. */
export function read(given: Given): InputsRead {
  return readInputs((name) => given[name as InputName] ?? '');
}

/** The inputs, complete but for `over`, that have to be good. */
export function goodInputs(over: Given = {}): Inputs {
  const { inputs, problems } = read({ ...COMPLETE, ...over });
  expect(problems).toEqual([]);
  return inputs;
}

/** The problems of inputs that are complete but for `over`, in words. */
export function messagesOn(over: Given): string[] {
  const { problems } = read({ ...COMPLETE, ...over });
  for (const { kind } of problems) expect(kind).toBe('input');
  return problems.map(describeProblem);
}

/** The warnings about inputs that are complete but for `over` and have to be good. */
export function warningsOn(over: Given): readonly string[] {
  const { warnings, problems } = read({ ...COMPLETE, ...over });
  expect(problems).toEqual([]);
  return warningTexts(warnings);
}
