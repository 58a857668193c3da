import type { TestStep } from '../../filter/tests/filter-test.ts';
import { callRules } from './calls.ts';
import { expectationOf, expectMapping } from './expect.ts';
import { integer, type Key, type Mapped, orNull } from './forms.ts';
import { MAX_REPEAT, MAX_TICKS } from './limits.ts';
import { DEFAULT_REQUEST, DEFAULT_UPSTREAM, request, upstream } from './messages.ts';
import type { Spot } from './spot.ts';

/** What happens once, and what must be true of it: the keys of a step, and of a test that has no "sequence". */
export const STEP_KEYS = {
  request: {
    form: orNull(request),
    description: 'What the client sends; default is GET /. null: no request, ticks alone.',
  },
  upstream: { form: upstream, description: 'What the workload answers; default is status 200.' },
  calls: {
    form: callRules,
    description: "Answers to the filter's own HTTP and gRPC calls; the first whose cluster and path fit.",
  },
  ticks: {
    form: integer(0, MAX_TICKS),
    description: 'How often proxy_on_tick is called before the request, with the clock moved on; default is 0.',
  },
  repeat: {
    form: integer(1, MAX_REPEAT),
    description: 'How often the request is sent; what is expected is of the last one. Default is 1.',
  },
  expect: { form: expectMapping, description: 'What must be true afterwards; what is not named may be anything.' },
} as const satisfies Readonly<Record<string, Key<unknown>>>;

export type StepMapping = Mapped<typeof STEP_KEYS>;

/** What steps have of their test where they say nothing themselves. */
export type StepDefaults = Partial<Pick<TestStep, 'upstream' | 'calls'>>;

/** Returns the step that a mapping says; what contradicts itself is told. */
export function stepOf(mapped: StepMapping, defaults: StepDefaults = {}): TestStep {
  const { values, has, at } = mapped;
  const { ticks = 0, repeat = 1, expect } = values;
  const isRequest = values.request !== null;
  if (!isRequest) {
    const needless = (['upstream', 'repeat'] as const).find((key) => has(key));
    if (needless !== undefined) at(needless).wrong('is given, but "request: null" sends no request.', REQUEST);
    if (ticks === 0 && !has('ticks')) {
      at('request').wrong(
        'is null, and there are no "ticks": nothing would happen.',
        'Write "ticks: 1", or a request.',
      );
    }
    for (const key of ['request', 'response'] as const) {
      if (expect?.has(key)) expect.at(key).wrong('is expected, but "request: null" sends no request.', REQUEST);
    }
  }
  return {
    ticks,
    ...(isRequest && { request: values.request ?? DEFAULT_REQUEST }),
    upstream: values.upstream ?? defaults.upstream ?? DEFAULT_UPSTREAM,
    repeat,
    calls: [...(values.calls ?? []), ...(defaults.calls ?? [])],
    expect: expect === undefined ? {} : expectationOf(expect),
  };
}

const REQUEST = 'Write a request, or leave that out.';

/** Whether a step has an expectation, whatever is wrong with it. */
export function expectsSomething({ has, values: { expect } }: StepMapping): boolean {
  return has('expect') && !expect?.isEmpty;
}

/** Tells that a test, or its last step, could never fail. */
export function refuseNoExpectation(spot: Spot, what: 'test' | 'last step'): void {
  const remedy = 'Write what must be true under "expect", such as expect: {response: {status: 200}}.';
  spot.wrong(`expects nothing, so this ${what} could never fail.`, remedy);
}
