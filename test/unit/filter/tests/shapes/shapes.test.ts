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
    const { module, test: _, name: _filter, fails: _fails, stops: _stops, ...settings } = shape;
    const result = run(module, shape.test, settings);
    const expected = shape.stops ? 'stopped' : shape.fails ? 'failed' : 'passed';
    expect(result).toMatchObject({ state: expected });
    expect(result.state === 'failed' ? result.differences.map(({ where }) => where) : []).toEqual(shape.fails ?? []);
  });
});
