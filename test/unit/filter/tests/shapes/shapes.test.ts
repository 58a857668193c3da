import { describe, expect, test } from '@jest/globals';
import { run } from '../tests.ts';
import { ANSWER_SHAPES } from './answers.ts';
import { CALL_SHAPES } from './calls.ts';
import { MESSAGE_SHAPES } from './messages.ts';
import type { Shape } from './shape.ts';
import { STATE_SHAPES } from './state.ts';

describe.each([
  ['messages', MESSAGE_SHAPES],
  ['answers of the filter', ANSWER_SHAPES],
  ['calls', CALL_SHAPES],
  ['state', STATE_SHAPES],
])('%s', (_, shapes) => {
  test.each(shapes.map((shape): [string, Shape] => [shape.name, shape]))('%s', (_name, shape) => {
    const { rootId = 'root', configuration = 'hello' } = shape;
    const result = run(shape.module, shape.test, { rootId, configuration });
    const expected = shape.stops ? 'stopped' : shape.fails ? 'failed' : 'passed';
    expect(result).toMatchObject({ state: expected });
    expect(result.state === 'failed' ? result.differences.map(({ where }) => where) : []).toEqual(shape.fails ?? []);
  });
});
