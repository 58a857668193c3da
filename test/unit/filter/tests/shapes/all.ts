import { ANSWER_SHAPES } from './answers.ts';
import { CALL_SHAPES } from './calls.ts';
import { MESSAGE_SHAPES } from './messages.ts';
import type { Shape } from './shape.ts';
import { STATE_SHAPES } from './state.ts';

/** Every key and kind of a test, each with a filter made for it. */
export const ALL_SHAPES: readonly Shape[] = [...MESSAGE_SHAPES, ...ANSWER_SHAPES, ...CALL_SHAPES, ...STATE_SHAPES];
